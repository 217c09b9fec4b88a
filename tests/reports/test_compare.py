"""A comparison as Markdown and as a page: lost is not fixed, nothing is left out, all is inert."""

import os
from pathlib import Path

import html5lib  # type: ignore[import-untyped]  # ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.assess.compare import compare
from scantling.core.model.advisory import Level
from scantling.core.model.compare import Change, Comparison
from scantling.core.model.finding import FindingState
from scantling.reports.compare.markdown import markdown
from scantling.reports.compare.page import page
from scantling.reports.compare.words import changed, groups, totals
from scantling.testing.reports import DJANGO, HOSTILE_NAME, OPENSSL, REPORTS, finding

SNAPSHOTS = Path(__file__).parent.parent / "snapshots"

_HIGH, _LOW = (
    finding(DJANGO, "CVE-2024-1"),
    finding(OPENSSL, "CVE-2024-2", Level.LOW, fixed_in=("3.0.12",)),
)
_SILENT = replace(_HIGH, state=FindingState.SUPPRESSED, reason="by VEX")


def _comparison(said: str = "CVE-2024-9") -> Comparison:
    odd = replace(finding(DJANGO, "x"), id=said, summary=said, fixed_in=(said,))
    return Comparison(
        before="sha256:" + "11" * 32,
        after="sha256:" + "22" * 32,
        new=(odd, replace(_SILENT, id="CVE-2024-8")),
        fixed=(_LOW,),
        lost=(replace(_LOW, id="CVE-2024-3"),),
        unchanged=(
            Change(before=_SILENT, after=_HIGH),
            Change(before=_LOW, after=replace(_LOW, severity=Level.HIGH)),
            Change(before=_LOW, after=_LOW),
        ),
        packages_added=(f"pkg:pypi/{said}@1",),
        packages_removed=("pkg:pypi/b@1",),
        because=(f"the database: {said}",),
    )


_WRITERS = {"md": markdown, "html": page}


@pytest.mark.parametrize("suffix", _WRITERS)
def test_a_comparison_reads_as_it_did(suffix: str) -> None:
    """Run with SCANTLING_ACCEPT=1 to take the present output as the new snapshot."""
    snapshot = SNAPSHOTS / f"comparison.{suffix}"
    text = _WRITERS[suffix](_comparison(), "shop:1", "shop:2")
    if os.environ.get("SCANTLING_ACCEPT"):
        snapshot.write_text(text, encoding="utf-8")

    assert text == snapshot.read_text(encoding="utf-8")


def test_lost_and_reopened_findings_are_neither_fixed_nor_unchanged() -> None:
    found = {one.name: [each.id for each in one.shown] for one in groups(_comparison())}

    assert found == {
        "new": ["CVE-2024-9"],
        "reopened": ["CVE-2024-1"],
        "lost": ["CVE-2024-3"],
        "fixed": ["CVE-2024-2"],
    }
    assert totals(_comparison()) == "1 new, 1 no longer suppressed, 1 lost, 1 fixed, 3 in both"


def test_what_reads_differently_is_said() -> None:
    assert [(one.id, words) for one, words in changed(_comparison())] == [
        ("CVE-2024-1", "state suppressed → open"),
        ("CVE-2024-2", "severity low → high"),
    ]


@settings(max_examples=30, deadline=None)
@given(st.one_of(st.just(HOSTILE_NAME), st.text(min_size=1, max_size=12)))
def test_the_page_is_strictly_valid_whatever_is_said(said: str) -> None:
    parser = html5lib.HTMLParser(strict=True)

    plain = parser.parse(page(_comparison("abz"), "aaz", "aaz"))
    made = parser.parse(page(_comparison(f"a{said}z"), f"a{said}z", f"a{said}z"))

    assert [one.tag for one in made.iter()] == [one.tag for one in plain.iter()]


def test_markdown_from_an_image_is_no_markdown() -> None:
    text = markdown(_comparison(HOSTILE_NAME), HOSTILE_NAME, "b")

    assert "<script>" not in text
    assert "](javascript" not in text
    assert "\n::" not in text


@pytest.mark.parametrize("write", _WRITERS.values())
def test_equal_reports_have_nothing_to_tell(write: object) -> None:
    found = compare(REPORTS["findings"], REPORTS["findings"])

    text = write(found, "a", "b")  # type: ignore[operator]  # both writers take the same

    assert "0 new, 0 no longer suppressed, 0 lost, 0 fixed, 3 in both" in text
