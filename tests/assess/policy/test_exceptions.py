"""Exceptions: an accepted risk has an owner and an end, and bears on what it names only."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.policy.document import Layer
from scantling.assess.policy.evaluate import evaluate
from scantling.assess.policy.exceptions import _fits
from scantling.core.model.advisory import Level
from scantling.core.model.context import Context
from scantling.core.model.decision import Action
from scantling.core.model.gap import gap
from scantling.testing.reports import DJANGO, finding
from tests.assess.policy.conftest import (
    HIGH,
    TODAY,
    exceptions,
    judge,
    only,
    policy,
    report,
)

BLOCK = "rules: [{id: all, action: block, reason: It is open.}]"
WHO = "owner: '@example/web', reason: not reachable"


def accepted(scope: str, expires: str = "2026-12-31", more: str = "", id_: str = "EX-1") -> str:
    return f"- {{id: {id_}, scope: {scope}, {WHO}, expires: {expires}{more}}}\n"


def test_an_exception_allows_and_is_shown_with_owner_reason_and_end() -> None:
    mine = exceptions(
        accepted("{vulnerabilities: [CVE-2026-1]}", more=", approver: '@example/sec'")
    )

    decision = only(judge(BLOCK, HIGH, accepted=mine))

    assert (decision.action, decision.rule) == (Action.ALLOW, "test/all")
    assert decision.exception is not None
    assert decision.exception.owner == "@example/web"
    assert decision.exception.approver == "@example/sec"
    assert (decision.exception.expires, decision.exception.expired) == ("2026-12-31", False)
    assert decision.exception.origin == "exceptions.yaml:3"
    assert decision.reason == "accepted: not reachable"


@pytest.mark.parametrize("action", ["warn", "defer, days: 90", "block"])
def test_from_its_last_day_on_an_exception_blocks_and_says_so(action: str) -> None:
    mine = exceptions(accepted("{vulnerabilities: [CVE-2026-1]}", expires="2026-08-23"))

    result = judge(f"rules: [{{id: all, action: {action}}}]", HIGH, accepted=mine)

    decision = only(result)
    assert decision.action is Action.BLOCK
    assert "exception EX-1 of @example/web expired on 2026-08-23" in decision.reason
    assert decision.exception is not None
    assert decision.exception.expired


def test_an_expired_exception_that_nothing_asks_about_does_nothing() -> None:
    mine = exceptions(accepted("{vulnerabilities: [CVE-2026-1]}", expires="2026-01-01"))

    result = judge("rules: [{id: x, when: finding.kev, action: block}]", HIGH, accepted=mine)

    assert result.action is Action.ALLOW
    assert result.unused_exceptions == ("EX-1 (exceptions.yaml:3)",)


def test_one_that_holds_counts_before_one_that_is_over() -> None:
    scope = "{vulnerabilities: [CVE-2026-1]}"
    mine = exceptions(accepted(scope, "2026-01-01", id_="A") + accepted(scope, id_="B"))

    decision = only(judge(BLOCK, HIGH, accepted=mine))

    assert decision.exception is not None
    assert (decision.action, decision.exception.id) == (Action.ALLOW, "B")


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        pytest.param("{vulnerabilities: [CVE-2026-1]}", True, id="id"),
        pytest.param("{vulnerabilities: [CVE-2026-11]}", False, id="another_id"),
        pytest.param("{vulnerabilities: [GHSA-x]}", True, id="alias"),
        pytest.param("{packages: ['pkg:pypi/django']}", True, id="any_version"),
        pytest.param("{packages: ['pkg:pypi/django@2.2']}", True, id="this_version"),
        pytest.param("{packages: ['pkg:pypi/django@2.3']}", False, id="another_version"),
        pytest.param("{packages: ['pkg:pypi/dj*']}", True, id="pattern"),
        pytest.param("{packages: ['pkg:*/dj*@2.2']}", True, id="pattern_with_a_middle"),
        pytest.param("{packages: ['pkg:*x*']}", False, id="pattern_without_its_middle"),
        pytest.param("{packages: ['*django']}", True, id="pattern_of_an_end"),
        pytest.param("{packages: ['*pypi']}", False, id="pattern_of_another_end"),
        pytest.param("{packages: ['pkg:pypi/djangoo*']}", False, id="pattern_too_long"),
        pytest.param("{packages: ['pkg:pypi/djang']}", False, id="not_a_prefix"),
        pytest.param("{paths: ['app/*']}", True, id="path"),
        pytest.param("{paths: ['srv/*']}", False, id="another_path"),
        pytest.param("{rules: [test/all]}", True, id="rule"),
        pytest.param("{rules: [test/other]}", False, id="another_rule"),
        pytest.param("{vulnerabilities: [CVE-2026-1], images: [shop.tar]}", True, id="image"),
        pytest.param("{vulnerabilities: [CVE-2026-1], images: ['x/*']}", False, id="other_image"),
        pytest.param("{vulnerabilities: [CVE-2026-1], products: [shop]}", True, id="product"),
        pytest.param("{vulnerabilities: [CVE-2026-1], products: [bank]}", False, id="no_product"),
        pytest.param(
            "{vulnerabilities: [CVE-2026-1], environments: [staging]}", False, id="environment"
        ),
        pytest.param("{gaps: [coverage.none]}", False, id="gap"),
    ],
)
def test_every_field_of_a_scope_must_fit(scope: str, fits: bool) -> None:  # noqa: FBT001
    one = finding(DJANGO, "CVE-2026-1", Level.HIGH, aliases=("GHSA-x",))
    mine = exceptions(accepted(scope))

    decision = only(judge(BLOCK, one, accepted=mine, context=Context(product="shop")))

    assert (decision.action is Action.ALLOW) == fits


def test_a_gap_can_be_accepted() -> None:
    mine = exceptions(accepted("{gaps: [coverage.none]}"))
    gaps = (gap("coverage.none", "x"), gap("parse.failed", "x"))

    result = evaluate(report(gaps=gaps), [policy(BLOCK)], mine, Context(), TODAY)

    assert {one.subject: one.action for one in result.decisions} == {
        "gap:coverage.none": Action.ALLOW,
        "gap:parse.failed": Action.BLOCK,
    }


@pytest.mark.parametrize(
    ("granter", "layer", "action"),
    [
        pytest.param("project", Layer.PROJECT, Action.ALLOW, id="anybody"),
        pytest.param("organization", Layer.PROJECT, Action.BLOCK, id="not_by_the_project"),
        pytest.param("organization", Layer.TEAM, Action.BLOCK, id="not_by_the_team"),
        pytest.param("organization", Layer.ORGANIZATION, Action.ALLOW, id="by_the_organization"),
        pytest.param("nobody", Layer.ORGANIZATION, Action.BLOCK, id="by_nobody"),
    ],
)
def test_a_rule_says_who_may_grant_exceptions(granter: str, layer: Layer, action: Action) -> None:
    mine = exceptions(accepted("{vulnerabilities: [CVE-2026-1]}"), layer=layer)

    text = f"rules: [{{id: all, action: block, exceptions: {granter}}}]"

    assert only(judge(text, HIGH, accepted=mine)).action is action


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        pytest.param("max_days: 30", "it expires after 2026-09-22", id="too_long"),
        pytest.param("approver: required", "it names no approver", id="no_approver"),
        pytest.param("by: team", "exceptions are granted by team only", id="granted_below"),
    ],
)
def test_an_exception_that_the_policy_refuses_does_not_count_and_says_why(
    demand: str, why: str
) -> None:
    mine = exceptions(accepted("{vulnerabilities: [CVE-2026-1]}"))

    result = judge(f"{BLOCK}\nexceptions: {{{demand}}}", HIGH, accepted=mine)

    decision = only(result)
    assert decision.action is Action.BLOCK
    assert why in decision.reason
    assert why in result.unused_exceptions[0]


_SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "vulnerabilities": st.lists(st.sampled_from(["CVE-2026-1", "CVE-2026-2"]), min_size=1),
        "packages": st.lists(st.sampled_from(["pkg:pypi/django", "pkg:deb/*"]), min_size=1),
        "rules": st.lists(st.sampled_from(["test/a", "test/*"]), min_size=1),
        "gaps": st.just(["coverage.none"]),
        "images": st.lists(st.sampled_from(["shop.tar", "no"]), min_size=1),
    },
).filter(lambda scope: bool({*scope} - {"images"}))
_GRANTED = st.tuples(_SCOPES, st.sampled_from(["2026-08-22", "2026-08-24"]))
_POLICY = """
rules:
- {id: a, when: finding.severity == "high", action: block}
- {id: b, action: defer, days: 10, exceptions: organization}
- {id: c, action: warn}
"""


@settings(max_examples=100, deadline=None)
@given(st.lists(_GRANTED, max_size=3), _SCOPES)
def test_an_exception_that_holds_never_blocks_more(
    others: list[tuple[dict[str, object], str]], scope: dict[str, object]
) -> None:
    findings = (HIGH, finding(DJANGO, "CVE-2026-2", Level.LOW))
    rows = [accepted(str(one), expires, id_=f"E{at}") for at, (one, expires) in enumerate(others)]
    one = report(*findings, gaps=(gap("coverage.none", "x"),))
    before, after = (
        evaluate(
            one, [policy(_POLICY)], exceptions("".join(text)) if text else (), Context(), TODAY
        )
        for text in (rows, [*rows, accepted(str(scope), "2026-12-31", id_="NEW")])
    )

    ranks = {decision.subject: decision.action.rank for decision in before.decisions}
    assert all(ranks[decision.subject] >= decision.action.rank for decision in after.decisions)
    assert after.action.rank <= before.action.rank


@settings(max_examples=300, deadline=None)
@given(st.text("ab*", max_size=7).filter(lambda text: "*" in text), st.text("ab", max_size=8))
def test_an_asterisk_stands_for_any_characters(pattern: str, text: str) -> None:
    oracle = re.fullmatch(pattern.replace("*", ".*"), text) is not None

    assert _fits(pattern, text) == oracle
