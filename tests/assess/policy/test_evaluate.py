"""What policies decide: the strictest word counts, deferrals mature, errors block."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.policy.evaluate import evaluate
from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.context import Context, Criticality
from scantling.core.model.decision import Action
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import gap
from scantling.core.model.report import Baseline
from scantling.core.model.risk import Risk
from scantling.testing.reports import DJANGO, OPENSSL, REPORTS, finding
from tests.assess.policy.conftest import HIGH, TODAY, dated, judge, only, policy, report

RULES = """
rules:
- id: severe
  when: finding.severity in ["critical", "high"]
  action: block
  reason: It is severe.
- id: open
  when: "true"
  action: warn
"""


def test_the_strictest_rule_decides_and_the_others_are_named() -> None:
    decision = only(judge(RULES, HIGH))

    assert (decision.subject, decision.action) == (HIGH.identity, Action.BLOCK)
    assert (decision.rule, decision.others) == ("test/severe", ("test/open",))
    assert decision.reason == "It is severe."


def test_a_subject_no_rule_speaks_of_is_not_listed() -> None:
    result = judge("rules: [{id: never, when: finding.kev, action: block}]", HIGH)

    assert (result.action, result.decisions) == (Action.ALLOW, ())


def test_suppressed_findings_are_not_judged() -> None:
    suppressed = finding(DJANGO, "CVE-1", Level.CRITICAL, FindingState.SUPPRESSED)

    assert judge(RULES, suppressed).decisions == ()


def test_decisions_are_sorted_worst_first_then_by_subject() -> None:
    low = finding(DJANGO, "CVE-2026-0", Level.LOW)

    result = judge(RULES, low, HIGH, finding(DJANGO, "CVE-2026-2", Level.HIGH))

    assert [one.action for one in result.decisions] == ["block", "block", "warn"]
    assert [one.subject for one in result.decisions[:2]] == sorted(
        one.subject for one in result.decisions[:2]
    )


@pytest.mark.parametrize(
    ("today", "action"),
    [
        pytest.param("2026-08-14", Action.DEFER, id="the_day_before"),
        pytest.param("2026-08-15", Action.BLOCK, id="the_day_it_is_due"),
        pytest.param("2026-12-01", Action.BLOCK, id="long_after"),
    ],
)
def test_a_deferral_counts_from_the_day_a_fix_exists_and_blocks_when_due(
    today: str, action: Action
) -> None:
    rules = "rules: [{id: time, action: defer, days: 14}]"

    decision = only(
        judge(rules, dated("CVE-1", "2026-08-01T09:00:00Z"), today=date.fromisoformat(today))
    )

    assert (decision.action, decision.due) == (action, "2026-08-15")
    assert "14 days from 2026-08-01, when a source knew a fix" in decision.reason


def test_without_a_date_a_deferral_counts_from_today_and_says_so() -> None:
    decision = only(judge("rules: [{id: time, action: defer, days: 14}]", HIGH))

    assert (decision.action, decision.due) == (Action.DEFER, "2026-09-06")
    assert "from today, for no source dates the fix" in decision.reason


def test_the_first_report_dates_a_fix_where_somebody_remembers_it() -> None:
    seen = {HIGH.identity: date(2026, 8, 1)}
    policies = [policy("rules: [{id: time, action: defer, days: 14}]")]

    decision = only(evaluate(report(HIGH), policies, (), Context(), TODAY, first_seen=seen))

    assert (decision.action, decision.due) == (Action.BLOCK, "2026-08-15")


def test_without_a_fix_the_time_has_not_begun() -> None:
    unfixed = finding(DJANGO, "CVE-1", fix=Fix.NONE, fixed_in=())

    decision = only(judge("rules: [{id: time, action: defer, days: 14}]", unfixed))

    assert (decision.action, decision.due) == (Action.WARN, "")
    assert "no fix exists; 14 days count from the day there is one" in decision.reason


SLA = """
rules: [{id: time, action: defer, sla: standard}]
sla:
  standard:
    critical: {critical: 2, high: 7}
    high: {critical: 5, low: 60}
    medium: 30
    low: 90
"""


@pytest.mark.parametrize(
    ("severity", "criticality", "due"),
    [
        pytest.param("critical", "high", "2026-08-08", id="in_the_table"),
        pytest.param("high", "low", "2026-09-30", id="another_cell"),
        pytest.param("medium", "unknown", "2026-08-31", id="one_number_for_all"),
        pytest.param("high", "unknown", "2026-08-06", id="unknown_criticality_is_the_strictest"),
        pytest.param("high", "medium", "2026-08-06", id="a_missing_cell_is_the_strictest"),
        pytest.param("unknown", "critical", "2026-08-03", id="unknown_severity_is_the_strictest"),
        pytest.param("negligible", "low", "2026-10-30", id="negligible_is_as_low"),
    ],
)
def test_the_table_gives_days_by_severity_and_criticality(
    severity: str, criticality: str, due: str
) -> None:
    one = dated("CVE-1", "2026-08-01", Level(severity))

    decision = only(judge(SLA, one, context=Context(criticality=Criticality(criticality))))

    assert decision.due == due


def test_of_two_deferrals_the_earlier_counts() -> None:
    rules = "rules: [{id: a, action: defer, days: 30}, {id: b, action: defer, until: 2026-09-01}]"

    decision = only(judge(rules, dated("CVE-1", "2026-08-20")))

    assert (decision.rule, decision.due) == ("test/b", "2026-09-01")


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("1 / (size(finding.aliases) * 0) == 1", id="division_by_zero"),
        pytest.param('image.labels["nobody"] == "x"', id="missing_key"),
        pytest.param('finding.id.matches(finding.id + "(")', id="broken_expression"),
        pytest.param(
            "[1,2,3,4,5,6,7,8,9,0].all(a,[1,2,3,4,5,6,7,8,9,0].all(b,[1,2,3,4,5,6,7,8,9,0].all(c,"
            "[1,2,3,4,5,6,7,8,9,0].all(d,[1,2,3,4,5,6,7,8,9,0].all(e,finding.id != ''&& a+b+c+d+e"
            " >= 0)))))",
            id="too_many_iterations",
        ),
    ],
)
def test_a_condition_without_an_answer_blocks_and_says_where(condition: str) -> None:
    result = judge(f"rules:\n- id: bad\n  when: |\n    {condition}\n  action: warn\n", HIGH)

    assert result.action is Action.BLOCK
    [error] = result.errors
    assert error.startswith("policy.yaml:4: rule test/bad: no answer about CVE-2026-1 in pkg:pypi/")


def test_an_evaluation_that_takes_too_long_blocks() -> None:
    result = evaluate(report(HIGH), [policy(RULES)], (), Context(), TODAY, budget_s=-1)

    assert result.action is Action.BLOCK
    assert all("took too long" in one for one in result.errors)


def test_rules_may_ask_for_package_image_scan_and_context() -> None:
    text = """
    rules:
    - id: pkg
      about: package
      when: pkg.type == "deb" && pkg.paths.exists(path, path.startsWith("var/lib"))
      action: warn
    - id: image
      about: image
      when: image.distro == "debian:12" && scan.open.critical == 0 && scan.complete
      action: warn
    - id: finding
      when: >
        context.criticality == "high" && pkg.name == "Django"
        && today < timestamp("2027-01-01T00:00:00Z")
      action: warn
    """

    result = judge(text, HIGH, context=Context(criticality=Criticality.HIGH))

    assert {one.subject: one.rule for one in result.decisions} == {
        HIGH.identity: "test/finding",
        "image": "test/image",
        f"package:{OPENSSL.purl}": "test/pkg",
    }


@pytest.mark.parametrize(
    "condition",
    ["finding.epss >= 0.9", "finding.score >= 9.0", "finding.risk > 99.0", "scan.open.high == 1"],
)
def test_what_is_unknown_counts_as_the_worst(condition: str) -> None:
    assert judge(f"rules: [{{id: x, when: '{condition}', action: block}}]", HIGH).decisions


def test_what_is_known_counts() -> None:
    risk = Risk(score=10, low=5, high=20, factors=(), formula="x")
    signal = Signal(id=HIGH.id, kind="epss", value="0.01")
    one = msgspec.structs.replace(HIGH, signals=(signal,), risk=risk)
    policies = [
        policy("rules: [{id: x, when: finding.risk > 50.0 || finding.epss > 0.5, action: block}]")
    ]

    result = evaluate(report(one), policies, (), Context(), TODAY)

    assert result.decisions == ()


def test_only_what_is_new_can_be_blocked() -> None:
    old = finding(DJANGO, "CVE-2026-0", Level.HIGH)
    compared = msgspec.structs.replace(
        report(HIGH, old), baseline=Baseline(name="main", digest="", new=(HIGH.identity,))
    )
    policies = [policy("rules: [{id: new, when: finding.new, action: block}]")]

    with_baseline = evaluate(compared, policies, (), Context(), TODAY)
    without = evaluate(report(HIGH, old), policies, (), Context(), TODAY)

    assert [one.subject for one in with_baseline.decisions] == [HIGH.identity]
    assert len(without.decisions) == 2


def test_gaps_block_unless_a_policy_says_otherwise() -> None:
    gaps = (gap("coverage.none", "x"), gap("parse.failed", "x"), gap("tar.note", "x"))
    text = "gaps: {coverage.*: warn}"

    result = evaluate(report(gaps=gaps), [policy(text)], (), Context(), TODAY)

    assert [(one.subject, one.action, one.rule) for one in result.decisions] == [
        ("gap:parse.failed", Action.BLOCK, "scantling/gaps.parse.failed"),
        ("gap:coverage.none", Action.WARN, "test/gaps.coverage.none"),
    ]


def test_a_rule_about_gaps_can_be_stricter_than_the_table() -> None:
    text = """
    rules: [{id: prod, about: gap, when: context.environment == "production", action: block}]
    gaps: {"*": warn}
    """
    context = Context(environment="production")

    result = evaluate(report(gaps=(gap("coverage.none", "x"),)), [policy(text)], (), context, TODAY)

    assert only(result).rule == "test/prod"


def test_a_gap_accepted_for_the_run_warns() -> None:
    one = report(gaps=(gap("coverage.none", "x"),), allowed=("coverage.none",))

    assert only(evaluate(one, [policy("rules: []")], (), Context(), TODAY)).action is Action.WARN


def test_an_inventory_that_was_never_matched_does_not_pass() -> None:
    result = evaluate(REPORTS["inventory"], [policy("rules: []")], (), Context(), TODAY)

    assert only(result).subject == "gap:advisories.missing"


@pytest.mark.parametrize("name", REPORTS)
def test_the_same_inputs_give_the_same_bytes_in_any_order(name: str) -> None:
    first = policy(RULES, origin="a.yaml")
    second = policy("name: other\nrules: [{id: x, action: defer, days: 3}]", origin="b.yaml")
    results = [
        evaluate(REPORTS[name], order, (), Context(), TODAY)
        for order in ([first, second], [second, first])
    ]

    assert msgspec.json.encode(results[0]) == msgspec.json.encode(results[1])


_CONDITIONS = (
    "true",
    "finding.kev",
    'finding.severity == "high"',
    "finding.epss > 0.5",
    "1 / size(finding.aliases) > 0",
    'image.labels["x"] == "y"',
)
_RULE = st.tuples(st.sampled_from(_CONDITIONS), st.sampled_from(["allow", "warn", "block"]))


def _rules(rules: list[tuple[str, str]]) -> str:
    rows = [
        f"- {{id: r{at}, when: '{when}', action: {action}}}"
        for at, (when, action) in enumerate(rules)
    ]
    return "rules:\n" + "\n".join(rows) + "\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(_RULE, min_size=1, max_size=4), _RULE)
def test_another_rule_never_makes_it_milder(
    rules: list[tuple[str, str]], more: tuple[str, str]
) -> None:
    before = judge(_rules(rules), HIGH)
    after = judge(_rules([*rules, more]), HIGH)

    assert after.action.rank >= before.action.rank
    assert {*before.errors} <= {*after.errors}


@settings(max_examples=60, deadline=None)
@given(st.lists(_RULE, min_size=1, max_size=4))
def test_an_error_never_allows(rules: list[tuple[str, str]]) -> None:
    result = judge(_rules(rules), HIGH)

    failing = any(when in _CONDITIONS[4:] for when, _ in rules)
    assert bool(result.errors) == failing
    assert not failing or result.action is Action.BLOCK
