"""The PDF report: always typeset, the same bytes each time, nothing lost without a sign."""

import json
import re
import subprocess
import sys
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.driver import written
from scantling.reports.pdf import content
from scantling.reports.registry import FORMATS
from scantling.testing.reports import DJANGO, HOSTILE_NAME, REPORTS, finding

_LAST: Final = 0x2FFFF


def _pdf(report: ScanReport) -> bytes:
    return written(report, FORMATS["pdf"], Look())


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_becomes_an_accessible_document(name: str) -> None:
    made = _pdf(REPORTS[name])

    assert made.startswith(b"%PDF-1.7")
    assert b"pdfuaid" in made
    assert b"/MarkInfo" in made
    assert not re.search(rb"/(?:JavaScript|JS|Launch|OpenAction|EmbeddedFile|CreationDate)\b", made)


def test_every_character_that_is_let_through_can_be_drawn() -> None:
    drawn = [
        chr(code)
        for code in range(0x20, _LAST)
        if not 0xD800 <= code < 0xE000 and content.words(chr(code)) == chr(code)
    ]
    lines = ("".join(drawn[at : at + 200]) for at in range(0, len(drawn), 200))
    some = tuple(finding(DJANGO, f"CVE-2026-{at}", reason=line) for at, line in enumerate(lines))

    made = _pdf(replace(REPORTS["findings"], findings=some))

    assert len(drawn) > 1500
    assert made.startswith(b"%PDF")


@settings(max_examples=20, deadline=None)
@given(st.one_of(st.just(HOSTILE_NAME), st.text(max_size=20)))
def test_whatever_an_image_says_can_be_typeset(said: str) -> None:
    image = replace(REPORTS["findings"].image, reference=said)
    one = finding(replace(DJANGO, name=said, version=said), "CVE-2026-1", reason=said)

    assert _pdf(replace(REPORTS["findings"], image=image, findings=(one,))).startswith(b"%PDF")


def test_what_cannot_be_drawn_is_shown_as_its_code_point() -> None:
    assert content.words("a漢b\U0001f600\x1b") == "a\\u6f22b\\u1f600\\x1b"


def test_the_content_has_the_gaps_before_the_findings_and_sorts_by_risk() -> None:
    said = json.loads(content.content(REPORTS["unknown"]))
    keys = [*said]

    assert keys.index("gaps") < keys.index("findings")
    assert [one["code"] for one in said["gaps"]] == ["parse.failed", "version.incomparable"]
    assert "not proven clean" in said["meaning"]
    assert said["findings"][0]["title"] == "Undetermined findings: 1"


_MAKE = """
import hashlib
from scantling.reports.api import Look
from scantling.reports.driver import written
from scantling.reports.registry import FORMATS
from scantling.testing.reports import REPORTS
print(hashlib.sha256(written(REPORTS["findings"], FORMATS["pdf"], Look())).hexdigest())
"""


def test_the_same_report_gives_the_same_bytes_in_another_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _MAKE],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }

    assert len(digests) == 1
