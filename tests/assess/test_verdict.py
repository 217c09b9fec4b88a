"""Unknown beats findings beats clean; each exit code means one thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.assess.verdict import decide
from scantling.core.model.advisory import Level
from scantling.core.model.finding import FindingState, VerdictStatus
from scantling.core.model.gap import CODES, Gap, GapKind, gap
from scantling.testing.reports import DJANGO, finding

HIGH = finding(DJANGO, "CVE-1", Level.HIGH)
SUPPRESSED = finding(DJANGO, "CVE-2", Level.CRITICAL, FindingState.SUPPRESSED)
BLOCKING = gap("parse.failed", "x")
INFO = gap("tar.note", "x")
STALE = gap("advisories.stale", "x")


@pytest.mark.parametrize(
    ("findings", "gaps", "fail_on", "allowed", "status", "code"),
    [
        pytest.param((), (), None, (), "clean", 0, id="nothing"),
        pytest.param((), (INFO,), None, (), "clean", 0, id="info_gap"),
        pytest.param((HIGH,), (), None, (), "findings", 0, id="finding_without_limit"),
        pytest.param((HIGH,), (), "high", (), "findings", 1, id="finding_at_the_limit"),
        pytest.param((HIGH,), (), "critical", (), "findings", 0, id="finding_below_the_limit"),
        pytest.param((SUPPRESSED,), (), "low", (), "clean", 0, id="suppressed_only"),
        pytest.param((), (BLOCKING,), None, (), "unknown", 3, id="blocking_gap"),
        pytest.param((), (STALE,), None, (), "unknown", 5, id="stale_data"),
        pytest.param((), (STALE, BLOCKING), None, (), "unknown", 5, id="stale_and_gap"),
        pytest.param((HIGH,), (STALE,), "high", (), "unknown", 1, id="blocked_beats_all"),
        pytest.param((), (BLOCKING,), None, ("parse.failed",), "unknown", 0, id="allowed"),
        pytest.param((), (STALE, BLOCKING), None, ("parse.failed",), "unknown", 5, id="one_left"),
    ],
)
def test_verdict_and_exit_code(  # noqa: PLR0917 - a table
    findings: tuple[object, ...],
    gaps: tuple[Gap, ...],
    fail_on: str | None,
    allowed: tuple[str, ...],
    status: str,
    code: int,
) -> None:
    verdict = decide(
        findings,  # type: ignore[arg-type]  # a table of findings
        gaps,
        fail_on=Level(fail_on) if fail_on else None,
        allowed=frozenset(allowed),
    )

    assert (verdict.status, verdict.exit_code) == (status, code)


def test_what_was_accepted_is_named() -> None:
    verdict = decide((), (BLOCKING,), allowed=frozenset({"parse.failed", "os.unknown"}))

    assert verdict.allowed == ("parse.failed",)


_GAPS = st.lists(st.sampled_from([gap(code, "x") for code in CODES]), max_size=4)
_FINDINGS = st.lists(st.sampled_from([HIGH, SUPPRESSED]), max_size=3)


@given(_FINDINGS, _GAPS, st.frozensets(st.sampled_from(sorted(CODES)), max_size=4))
def test_clean_needs_proof(
    findings: list[object], gaps: list[Gap], allowed: frozenset[str]
) -> None:
    verdict = decide(findings, gaps, allowed=allowed)  # type: ignore[arg-type]  # findings

    if any(one.kind is GapKind.BLOCKING for one in gaps):
        assert verdict.status is VerdictStatus.UNKNOWN
    if verdict.status is VerdictStatus.CLEAN:
        assert HIGH not in findings


@given(_FINDINGS, _GAPS)
def test_more_gaps_never_make_a_verdict_better(findings: list[object], gaps: list[Gap]) -> None:
    order = [VerdictStatus.CLEAN, VerdictStatus.FINDINGS, VerdictStatus.UNKNOWN]
    for cut in range(len(gaps)):
        less = decide(findings, gaps[:cut])  # type: ignore[arg-type]  # findings
        more = decide(findings, gaps)  # type: ignore[arg-type]  # findings
        assert order.index(more.status) >= order.index(less.status)
