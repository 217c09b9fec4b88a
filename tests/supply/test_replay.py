"""Two reports side by side: the same bytes, other inputs, or a real difference."""

import pytest
from msgspec.structs import replace

from scantling.core.errors import ExitCode
from scantling.core.model.context import Context
from scantling.core.model.decision import Action, PolicyResult, PolicyUsed
from scantling.core.model.report import Baseline, ScanReport
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.registry import FORMATS
from scantling.supply.replay import Pair, Replayed, Sameness, compare
from scantling.testing.reports import REPORTS

_REPORT = REPORTS["findings"]
_POLICY = PolicyResult(
    action=Action.WARN,
    digest="sha256:1",
    today="2026-01-01",
    policies=(PolicyUsed(name="ours", layer="project", origin="ours.yaml", digest="sha256:2"),),
)


def _compared(before: ScanReport, after: ScanReport) -> Replayed:
    def pair(report: ScanReport) -> Pair:
        return Pair(report=report, data=render(report, FORMATS["json"], Look()).encode())

    return compare(pair(before), pair(after))


@pytest.mark.parametrize("name", REPORTS)
def test_the_same_report_is_identical(name: str) -> None:
    result = _compared(REPORTS[name], REPORTS[name])

    assert result.sameness is Sameness.IDENTICAL
    assert result.exit_code is ExitCode.PASSED
    assert not result.differences


_IMAGE = replace(_REPORT.image, manifest_digest="sha256:" + "00" * 32)
assert _REPORT.database is not None
_DATABASE = replace(_REPORT.database, digest="sha256:other")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (replace(_REPORT, tool_version="0.0.1"), "written by version 0.0.1"),
        (replace(_REPORT, image=_IMAGE), "the image was sha256:0000"),
        (replace(_REPORT, database=_DATABASE), "the database was sha256:other"),
        (replace(_REPORT, database=replace(_REPORT.database, verified=False)), "not verified then"),
        (replace(_REPORT, database=replace(_REPORT.database, origin="local")), "from local then"),
        (replace(_REPORT, policy=_POLICY), "give --policy for ours"),
        (replace(_REPORT, baseline=Baseline(name="old.json", digest="x")), "with old.json"),
        (replace(_REPORT, context=Context(team="a")), "--context"),
    ],
)
def test_another_input_is_said_and_no_comparison_made(before: ScanReport, said: str) -> None:
    result = _compared(before, _REPORT)

    assert result.exit_code is ExitCode.INCOMPLETE
    assert said in "\n".join(result.inputs)


def test_every_part_that_differs_is_named() -> None:
    before = replace(_REPORT, findings=_REPORT.findings[1:], packages=(), gaps=(), fail_on="low")

    result = _compared(before, _REPORT)

    assert result.exit_code is ExitCode.BLOCKED
    assert [one.partition(":")[0] for one in result.differences] == [
        "findings only now",
        "packages only now",
        "gaps only now",
        "fail on",
    ]
