"""The exit code once policies have spoken: each means one thing, unknown stays unknown."""

import pytest

from scantling.assess.policy.evaluate import evaluate
from scantling.assess.policy.library import policies_of
from scantling.assess.policy.verdict import verdict_with
from scantling.core.model.context import Context
from scantling.core.model.decision import Action, PolicyResult
from scantling.core.model.finding import Finding, Verdict, VerdictStatus
from scantling.core.model.gap import Gap, gap
from tests.assess.policy.conftest import HIGH, TODAY, policy, report

KEV = "rules: [{id: all, action: block}]"
WARN = "rules: [{id: all, action: warn}]\ngaps: {'*': warn}"


@pytest.mark.parametrize(
    ("text", "findings", "gaps", "code"),
    [
        pytest.param(WARN, [HIGH], [], 0, id="warned"),
        pytest.param(KEV, [HIGH], [], 1, id="blocked"),
        pytest.param(KEV, [], ["coverage.none"], 3, id="gap"),
        pytest.param(KEV, [], ["advisories.stale", "coverage.none"], 5, id="stale_first"),
        pytest.param(KEV, [HIGH], ["advisories.stale"], 1, id="certain_first"),
        pytest.param(WARN, [], ["coverage.none"], 0, id="gap_that_only_warns"),
        pytest.param(
            "rules: [{id: bad, when: '1 / size(finding.aliases) > 0', action: warn}]",
            [HIGH],
            [],
            1,
            id="error",
        ),
    ],
)
def test_the_exit_code_says_why(
    text: str, findings: list[Finding], gaps: list[str], code: int
) -> None:
    one = report(*findings, gaps=[gap(name, "x") for name in gaps])

    verdict = verdict_with(evaluate(one, [policy(text)], (), Context(), TODAY), one.verdict)

    assert verdict.exit_code == code
    assert verdict.status is one.verdict.status


def test_the_limit_of_the_scan_still_blocks() -> None:
    result = PolicyResult(action=Action.ALLOW, digest="", today="2026-08-23")
    limit = Verdict(status=VerdictStatus.FINDINGS, exit_code=1, reasons=("1 finding",))

    assert verdict_with(result, limit) == limit


@pytest.mark.parametrize("code", [3, 5])
def test_an_incomplete_scan_that_no_policy_spoke_of_stays_incomplete(code: int) -> None:
    result = PolicyResult(action=Action.ALLOW, digest="", today="2026-08-23")

    verdict = verdict_with(result, Verdict(status=VerdictStatus.UNKNOWN, exit_code=code))

    assert verdict.exit_code == code


@pytest.mark.parametrize("gaps", [(), (gap("coverage.none", "x"),), (gap("tar.note", "x"),)])
@pytest.mark.parametrize("name", ["baseline", "strict", "sla"])
def test_no_built_in_gate_passes_what_the_scan_alone_stops(
    name: str, gaps: tuple[Gap, ...]
) -> None:
    one = report(gaps=gaps)
    before = 3 if any(each.code == "coverage.none" for each in gaps) else 0

    result = evaluate(one, policies_of([name]), (), Context(), TODAY)

    assert bool(verdict_with(result, one.verdict).exit_code) >= bool(before)


def test_the_reasons_begin_with_the_rules_that_block() -> None:
    one = report(HIGH)

    verdict = verdict_with(evaluate(one, [policy(KEV)], (), Context(), TODAY), one.verdict)

    assert verdict.reasons[0] == "test/all blocks"


@pytest.mark.parametrize(
    ("text", "last"), [(WARN, "the policy lets pass: coverage.none"), (KEV, "coverage.none: x")]
)
def test_the_reasons_tell_gaps_that_pass_from_gaps_that_block(text: str, last: str) -> None:
    result = evaluate(
        report(gaps=[gap("coverage.none", "x")]), [policy(text)], (), Context(), TODAY
    )
    alone = Verdict(status=VerdictStatus.UNKNOWN, exit_code=3, reasons=("coverage.none: x",))

    assert verdict_with(result, alone).reasons[-1] == last
