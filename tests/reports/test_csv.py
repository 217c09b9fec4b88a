"""The CSV report: what a spreadsheet reads is what was said, and nothing of it runs."""

import csv
import inspect
import io
import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.formats import csv as module
from scantling.reports.formats.csv import COLUMNS, PLUGIN
from scantling.testing.reports import DJANGO, REPORTS, finding

_STARTS = st.sampled_from(
    ["", "=", "+", "-", "@", "\t=", "\r", "\n", "'", " =", '"', ",", "\uff1d"]
)


def _rows(report: ScanReport) -> list[dict[str, str]]:
    text = render(report, PLUGIN, Look())
    return [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]


def test_every_finding_and_every_gap_has_a_row() -> None:
    rows = _rows(REPORTS["unknown"])

    assert [(one["state"], one["id"], one["verdict"]) for one in rows] == [
        ("undetermined", "CVE-2021-3281", "unknown"),
        ("gap", "parse.failed", "unknown"),
        ("gap", "version.incomparable", "unknown"),
    ]


def test_a_finding_is_told_in_full() -> None:
    row = _rows(REPORTS["findings"])[0]

    assert [*row] == [*COLUMNS]
    assert row["id"] == "CVE-2019-19844"
    assert row["aliases"] == "GHSA-vfq6-hq5r-27r6 PYSEC-2019-16"
    assert (row["severity"], row["score"], row["kev"], row["epss"]) == (
        "critical",
        "9.8",
        "2026-01-02",
        "0.31000",
    )
    assert (row["package"], row["version"], row["fixed_in"]) == ("Django", "2.2", "2.2.9")


@given(_STARTS, st.text(max_size=8))
def test_no_cell_is_a_formula_and_every_cell_comes_back(start: str, rest: str) -> None:
    said = start + rest
    report = REPORTS["findings"]
    one = finding(DJANGO, "CVE-2026-1", summary=said, reason=said)

    [row] = _rows(replace(report, findings=(one,), gaps=()))

    cell = row["summary"]
    assert not cell.lstrip().startswith(
        ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    )
    assert cell.removeprefix("'") == neutral(said, limit=4096)


def test_the_manual_names_every_column() -> None:
    said = re.findall(r"`([a-z_]+)`", inspect.getdoc(module) or "")

    assert {*COLUMNS} <= {*said}


def test_lines_end_as_the_standard_says() -> None:
    text = render(REPORTS["findings"], PLUGIN, Look())

    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
