"""`scantling diff` compares stored reports and says so in text, JSON and its exit code."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.cli.main import main
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import gap
from scantling.core.model.report import ScanReport
from scantling.reports.api import Look
from scantling.reports.formats.json import render
from scantling.testing.reports import DJANGO, HOSTILE_NAME, REPORTS, finding

_OLD, _NEW = finding(DJANGO, "CVE-2024-1"), finding(DJANGO, "CVE-2024-2")
_BASE = replace(REPORTS["findings"], findings=(_OLD,), gaps=())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a folder with stored reports."""
    hidden = gap("layer.unread", "it ends early", layer=0)
    for name, report in {
        "old": _BASE,
        "new": replace(_BASE, findings=(_OLD, _NEW)),
        "fixed": replace(_BASE, findings=()),
        "lost": replace(_BASE, findings=(), gaps=(hidden,)),
        "silenced": replace(
            _BASE, findings=(replace(_OLD, state=FindingState.SUPPRESSED, reason="no"),)
        ),
        "hostile": replace(
            _BASE, findings=(replace(_NEW, id=HOSTILE_NAME, fixed_in=(HOSTILE_NAME,)),)
        ),
    }.items():
        _write(tmp_path / f"{name}.json", report)
    return tmp_path


def _write(path: Path, report: ScanReport) -> None:
    path.write_text("".join(render(report, Look())), encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("old", "old", 0),
        ("old", "new", 1),
        ("old", "fixed", 0),
        ("old", "lost", 3),
        ("silenced", "old", 1),
        ("old", "silenced", 0),
        ("fixed", "silenced", 0),
    ],
)
def test_new_findings_block_and_lost_ones_are_incomplete(
    store: Path, before: str, after: str, code: int
) -> None:
    files = [str(store / f"{name}.json") for name in (before, after)]

    assert main(["diff", *files, "--fail-on", "new"]) == code
    assert main(["diff", *files]) == 0


def test_the_text_says_what_changed(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["diff", str(store / "new.json"), str(store / "lost.json")])

    said = capsys.readouterr().out
    assert "lost: not found, but something hides where they were: 2" in said
    assert "CVE-2024-2  pkg:pypi/django@2.2  2.2.9" in said
    assert "unchanged: 0" in said


def test_the_json_holds_the_whole_comparison(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["diff", str(store / "old.json"), str(store / "new.json"), "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == "1.0.0"
    assert [one["id"] for one in document["comparison"]["new"]] == ["CVE-2024-2"]
    assert document["comparison"]["unchanged"][0]["before"]["identity"] == _OLD.identity


def test_names_from_an_image_are_inert(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for format_ in ("text", "json"):
        main(["diff", str(store / "old.json"), str(store / "hostile.json"), "--format", format_])

        said = capsys.readouterr().out
        assert "\x1b" not in said
        assert "\u202e" not in said


def test_a_bad_file_is_an_error_of_usage(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "bad.json").write_text("{}")

    assert main(["diff", str(store / "bad.json"), str(store / "old.json")]) == 2
    assert "bad.json: not a report" in capsys.readouterr().err
