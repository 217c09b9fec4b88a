"""Cases beside policies, replays of old reports, explanations; and the built-in policies."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.assess.policy.cases import read_cases, try_cases
from scantling.assess.policy.explain import explain
from scantling.assess.policy.layers import effective
from scantling.assess.policy.library import BUILT_IN, policies_of
from scantling.assess.policy.replay import replay, summary
from scantling.assess.policy.subjects import Setting
from scantling.core.errors import UsageError
from scantling.core.model.context import Context
from scantling.core.model.decision import Action
from scantling.testing.reports import REPORTS
from tests.assess.policy.conftest import HIGH, TODAY, policy, report

HERE = Path(__file__).parent
CASES = """
scantling: policy-tests/1
today: 2026-08-23
cases:
- name: as expected
  finding: {severity: critical, fix: fixed}
  expect: block
- name: not as expected
  finding: {severity: low}
  expect: {action: block, rule: baseline/critical}
"""


def test_a_case_that_is_not_as_expected_is_told_with_its_place() -> None:
    file = read_cases(CASES.encode(), origin="cases.yaml")

    first, second = try_cases(file, policies_of(["baseline"]), ())

    assert (first.wrong, second.place) == ("", "cases.yaml:8")
    assert second.wrong == "expected block, got warn by baseline/open (It is open.)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("cases: [{name: x, expect: blok}]", "cases.yaml:3", id="action"),
        pytest.param(
            "cases: [{name: x, expect: block, gap: {code: a.b}}]", "no gap code", id="gap"
        ),
        pytest.param(
            "cases: [{name: x, expect: block, finding: {}, gap: {code: tar.type}}]",
            "make it two",
            id="two_subjects",
        ),
        pytest.param(
            "cases: [{name: x, expect: block, finding: {fixed_since: x}}]",
            "takes a date",
            id="date",
        ),
    ],
)
def test_a_mistake_in_a_case_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_cases(
            f"scantling: policy-tests/1\ntoday: 2026-08-23\n{text}".encode(), origin="cases.yaml"
        )


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_policies_decide_what_their_cases_say(name: str) -> None:
    file = read_cases((HERE / "cases" / f"{name}.yaml").read_bytes(), origin=name)

    tried = try_cases(file, policies_of([name]), ())

    assert [(one.name, one.wrong) for one in tried if one.wrong] == []
    assert len(tried) >= 4


def test_a_replay_judges_a_report_on_its_own_day() -> None:
    rules = effective([policy("rules: [{id: x, action: defer, until: 2026-08-23}]")])
    before, after = (
        replay("r.json", replace(report(HIGH), created=day), rules, (), Context(product="shop"))
        for day in ("2026-08-22T23:00:00Z", "2026-08-23T01:00:00Z")
    )

    assert (before.action, before.after) == (Action.DEFER, 0)
    assert (after.action, after.after, after.whom) == (Action.BLOCK, 1, "shop")
    assert after.rules == (("test/x", 1),)


def test_a_replay_is_about_the_policies_not_about_the_limit_of_then() -> None:
    then = replace(report(HIGH), fail_on="high")
    then = replace(then, verdict=replace(then.verdict, exit_code=1))

    one = replay("r.json", then, effective(policies_of(["advisory-only"])), (), Context())

    assert (one.before, one.after) == (1, 0)


@pytest.mark.parametrize("policy_name", BUILT_IN)
@pytest.mark.parametrize("name", REPORTS)
def test_the_exit_code_is_zero_exactly_when_nothing_blocks(policy_name: str, name: str) -> None:
    one = replay(name, REPORTS[name], effective(policies_of([policy_name])), (), Context())

    assert (one.after == 0) == (one.action is not Action.BLOCK)


def test_a_report_without_a_day_needs_one() -> None:
    rules = effective([policy("rules: []")])
    undated = replace(report(), created="")

    with pytest.raises(UsageError, match=r"r\.json: the report has no date"):
        replay("r.json", undated, rules, (), Context())
    assert replay("r.json", undated, rules, (), Context(), today=TODAY).day == "2026-08-23"


def test_the_summary_counts_by_rule_owner_and_month() -> None:
    rules = effective(policies_of(["baseline"]))
    replayed = [
        replay(name, one, rules, (), Context(product="shop"), today=date(2026, 8, at + 1))
        for at, (name, one) in enumerate(sorted(REPORTS.items()))
    ]

    found = summary(replayed)

    assert (found.reports, found.passed, found.blocked) == (6, 1, 5)
    assert found.newly_blocked == 1
    assert found.by_whom == (("shop", 5),)
    assert found.by_month == (("2026-08", 5),)
    assert ("baseline/critical", 2) in found.by_rule


@pytest.mark.parametrize("term", ["CVE-2026-1", "pkg:pypi/django@2.2", HIGH.identity])
def test_an_explanation_shows_every_rule_its_values_and_what_it_said(term: str) -> None:
    rules = effective(policies_of(["baseline"]))
    setting = Setting(report=report(HIGH), context=Context(), today=TODAY)

    first = next(explain(rules, (), setting, term))

    assert first.decision is not None
    assert first.decision.rule == "baseline/open"
    said = {one.rule: (one.said, dict(one.values)) for one in first.asked}
    assert said["baseline/critical"] == (
        False,
        {"finding.severity": "high", "finding.fixable": "true"},
    )


def test_an_explanation_of_something_else_has_nothing() -> None:
    setting = Setting(report=report(HIGH), context=Context(), today=TODAY)

    assert [*explain(effective(policies_of(["baseline"])), (), setting, "CVE-0")] == []
