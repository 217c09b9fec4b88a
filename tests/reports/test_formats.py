"""Every format renders every standard report: valid, inert, complete, the same each time."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from scantling.core.model.report import ScanReport
from scantling.reports.api import Format, Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import REPORTS

from .conftest import Check

SNAPSHOTS = Path(__file__).parent.parent / "snapshots"

_CASES = [
    pytest.param(format_, name, id=f"{name}_{format_.name}")
    for format_ in FORMATS.values()
    for name in REPORTS
    if name != "inventory" or format_.inventory
]


# What a format for a CI system orders itself; nothing from an image may look like it.
_OWN_COMMANDS = re.compile(
    r"(?m)^(?:::(?:error|warning|notice) |##vso\[task\.(?:logissue|complete) |##teamcity\[)"
)


def _rendered(format_: Format, name: str) -> str:
    return render(REPORTS[name], format_, Look(show_suppressed=True))


@pytest.mark.parametrize(("format_", "name"), _CASES)
def test_a_report_reads_as_it_did(format_: Format, name: str) -> None:
    """Run with SCANTLING_ACCEPT=1 to take the present output as the new snapshot."""
    typeset = ".json" if format_.document else ""  # what it is made of: bytes say nothing in a diff
    snapshot = SNAPSHOTS / f"{name}{format_.suffix}{typeset}"
    text = _rendered(format_, name)
    if os.environ.get("SCANTLING_ACCEPT"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_bytes(text.encode())  # line ends as the format has them

    assert text == snapshot.read_bytes().decode()


@pytest.mark.parametrize("format_", FORMATS.values(), ids=lambda one: one.name)
def test_nothing_from_an_image_stays_active(format_: Format) -> None:
    text = _OWN_COMMANDS.sub("", _rendered(format_, "hostile")).replace("\r\n", "\n")

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    assert not re.search(r"(?m)^\s*::", text)
    assert not re.search(r"##(?:\[|vso\[|teamcity\[)", text)


def test_markdown_from_an_image_is_no_markdown() -> None:
    text = _rendered(FORMATS["markdown"], "hostile")
    outside_code = re.sub(r"`[^`\n]*`", "", text)

    assert "<script>" not in outside_code
    assert "](javascript" not in outside_code
    assert "@team" not in outside_code
    assert "www.example" not in outside_code
    rows = [line for line in text.split("\n") if line.startswith("| ") and "CVE-2026-1" in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7]


@pytest.mark.parametrize("name", REPORTS)
def test_cyclonedx_satisfies_the_official_schema(name: str, check_cyclonedx: Check) -> None:
    check_cyclonedx(_rendered(FORMATS["cyclonedx-json"], name))


@pytest.mark.parametrize("name", [name for name in REPORTS if name != "inventory"])
def test_sarif_satisfies_the_official_schema(name: str, check_sarif: Check) -> None:
    check_sarif(_rendered(FORMATS["sarif"], name))


def test_the_native_json_holds_the_whole_report() -> None:
    document = json.loads(_rendered(FORMATS["json"], "findings"))

    report = document["report"]
    assert [one["id"] for one in report["findings"]] == [
        "CVE-2019-19844",
        "CVE-2025-27587",
        "CVE-2020-9402",
    ]
    assert report["packages"][1]["locations"][0]["layer"] == 1
    assert report["verdict"]["status"] == "findings"


@pytest.mark.parametrize("format_", FORMATS.values(), ids=lambda one: one.name)
def test_every_format_shows_what_was_not_looked_at(format_: Format) -> None:
    text = _rendered(format_, "unknown")

    assert "parse.failed" in text
    assert "unknown" in text.lower()


def test_sarif_says_that_an_incomplete_scan_did_not_succeed() -> None:
    incomplete = json.loads(_rendered(FORMATS["sarif"], "unknown"))["runs"][0]["invocations"][0]
    complete = json.loads(_rendered(FORMATS["sarif"], "findings"))["runs"][0]["invocations"][0]

    assert incomplete["executionSuccessful"] is False
    assert complete["executionSuccessful"] is True
    assert {one["descriptor"]["id"] for one in incomplete["toolExecutionNotifications"]} == {
        "parse.failed",
        "version.incomparable",
    }


def test_cyclonedx_says_that_an_incomplete_inventory_is_incomplete() -> None:
    incomplete = json.loads(_rendered(FORMATS["cyclonedx-json"], "unknown"))
    complete = json.loads(_rendered(FORMATS["cyclonedx-json"], "findings"))

    assert incomplete["compositions"][0]["aggregate"] == "incomplete"
    assert complete["compositions"][0]["aggregate"] == "complete"


def test_color_is_only_where_it_is_wanted() -> None:
    report: ScanReport = REPORTS["findings"]

    assert "\x1b[" in render(report, FORMATS["table"], Look(color=True))
    assert "\x1b[" not in render(report, FORMATS["table"], Look())


def test_suppressed_findings_are_counted_even_when_not_listed() -> None:
    text = render(REPORTS["findings"], FORMATS["table"], Look())

    assert "Suppressed: 1 (1 high)" in text
    assert "CVE-2020-9402" not in text


_RENDER_ALL = """
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.testing.reports import REPORTS
import hashlib
texts = [render(r, f, Look()) for r in REPORTS.values() for f in FORMATS.values()]
print(hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def test_the_hash_seed_of_the_process_changes_nothing() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _RENDER_ALL],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_the_native_json_satisfies_the_committed_schema() -> None:
    [path] = (Path(__file__).parents[2] / "docs" / "schema").glob("report-1.*.json")
    validator = jsonschema_rs.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))

    for name in REPORTS:
        validator.validate(json.loads(_rendered(FORMATS["json"], name)))


def test_the_committed_schema_is_what_the_types_say() -> None:
    """A difference means that the report changed: raise its version, then run `make schema`."""
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, str(root / "tools" / "schema.py"), "--check"],
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
