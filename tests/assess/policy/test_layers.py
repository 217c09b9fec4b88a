"""Layers: lower ones may add and override, never weaken what is locked; files have no order."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.policy.document import Layer, Policy
from scantling.assess.policy.evaluate import evaluate
from scantling.assess.policy.layers import effective
from scantling.core.errors import UsageError
from scantling.core.model.context import Context
from scantling.core.model.decision import Action
from scantling.core.model.gap import gap
from tests.assess.policy.conftest import HIGH, TODAY, dated, exceptions, judge, only, policy, report


def organization(text: str) -> Policy:
    return policy("name: org\n" + text, layer=Layer.ORGANIZATION, origin="org.yaml")


def team(text: str) -> Policy:
    return policy("name: team\n" + text, layer=Layer.TEAM, origin="team.yaml")


def project(text: str) -> Policy:
    return policy("name: app\n" + text, origin="app.yaml")


RULE = "rules: [{id: all, action: block}]\n"


def test_a_lower_layer_may_override_a_rule_that_is_not_locked() -> None:
    decision = only(
        judge([organization(RULE), project("overrides: {org/all: {action: warn}}")], HIGH)
    )

    assert (decision.action, decision.rule) == (Action.WARN, "org/all")


def test_the_lowest_layer_that_overrides_counts() -> None:
    policies = [
        project("overrides: {org/all: {action: block}}"),
        team("overrides: {org/all: {action: warn}}"),
        organization(RULE),
    ]

    assert all(
        only(judge([*order], HIGH)).action is Action.BLOCK for order in permutations(policies)
    )


@pytest.mark.parametrize(
    ("locked", "below"),
    [
        pytest.param("locked: [all]", "overrides: {org/all: {action: warn}}", id="rule"),
        pytest.param("locked: ['*']", "overrides: {org/all: {action: warn}}", id="everything"),
        pytest.param(
            "locked: [all]",
            "overrides: {org/all: {action: defer, days: 1}}",
            id="deferring_a_block",
        ),
        pytest.param("locked: [gaps]", "gaps: {coverage.none: warn}", id="gaps"),
        pytest.param("locked: [gaps.coverage.none]", "gaps: {'*': warn}", id="gap_by_a_pattern"),
        pytest.param(
            "locked: [time]", "overrides: {org/time: {action: defer, days: 31}}", id="days"
        ),
        pytest.param(
            "locked: [time]", "overrides: {org/time: {action: defer, until: 2020-01-01}}", id="kind"
        ),
    ],
)
def test_a_lock_that_is_broken_is_an_error_with_both_places(locked: str, below: str) -> None:
    above = organization(
        f"owner: '@example/security'\n{locked}\nrules:\n- {{id: all, action: block}}\n"
        "- {id: time, action: defer, days: 30}\n"
    )

    with pytest.raises(
        UsageError,
        match=r"app\.yaml:3: .*locked by organization \(org\.yaml:4\).*ask @example/security",
    ):
        effective([above, project(below)])


@pytest.mark.parametrize(
    "below",
    [
        pytest.param("overrides: {org/time: {action: block}}", id="block"),
        pytest.param("overrides: {org/time: {action: defer, days: 10}}", id="less_time"),
        pytest.param("gaps: {coverage.none: block}", id="gap"),
    ],
)
def test_what_is_locked_may_be_made_stricter(below: str) -> None:
    above = organization("locked: ['*', gaps]\nrules: [{id: time, action: defer, days: 30}]")

    assert effective([above, project(below)]).rules


def test_an_organization_can_lock_what_is_built_in() -> None:
    base = policy("name: base\n" + RULE, layer=Layer.BUILT_IN, origin="built-in base")

    with pytest.raises(UsageError, match="base/all is locked by organization"):
        effective(
            [
                base,
                organization("locked: [base/*]"),
                project("overrides: {base/all: {action: warn}}"),
            ]
        )


def test_a_locked_gap_is_not_accepted_for_a_run() -> None:
    one = report(gaps=(gap("coverage.none", "x"),), allowed=("coverage.none",))

    result = evaluate(one, [organization("locked: [gaps]\nrules: []")], (), Context(), TODAY)

    assert only(result).action is Action.BLOCK


@pytest.mark.parametrize(
    ("layer", "action"), [(Layer.PROJECT, Action.BLOCK), (Layer.ORGANIZATION, Action.ALLOW)]
)
def test_an_exception_of_a_lower_layer_does_not_accept_a_locked_gap(
    layer: Layer, action: Action
) -> None:
    row = "- {id: E, scope: {gaps: [coverage.none]}, owner: o, reason: r, expires: 2027-01-01}"
    policies = [organization("locked: [gaps]\nrules: []")]
    one = report(gaps=(gap("coverage.none", "x"),))

    result = evaluate(one, policies, exceptions(row, layer=layer), Context(), TODAY)

    assert only(result).action is action


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        pytest.param(
            [project("overrides: {org/all: {action: warn}}")],
            "app.yaml:3: there is no rule 'org/all'",
            id="nothing_to_override",
        ),
        pytest.param(
            [team(RULE), organization("overrides: {team/all: {action: warn}}")],
            "org.yaml:3: team/all is not of a higher layer",
            id="override_upwards",
        ),
        pytest.param(
            [project(RULE), policy("name: app\nrules: []", origin="b.yaml")],
            "b.yaml: a policy named 'app' is already in app.yaml",
            id="one_name_twice",
        ),
        pytest.param(
            [project("rules: [{id: x, action: defer, sla: other/table}]")],
            "app.yaml:3: there is no sla table 'other/table'",
            id="no_such_table",
        ),
        pytest.param(
            [project("rules: [{id: x, when: finding.serverity == 'x', action: warn}]")],
            r"app.yaml:3: rule app/x: column \d+ of the condition: there is no fact"
            " 'finding.serverity' about a finding; did you mean finding.severity",
            id="no_such_fact",
        ),
    ],
)
def test_policies_that_do_not_fit_together_are_an_error(policies: list[Policy], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        effective(policies)


def test_a_table_of_another_policy_can_be_used() -> None:
    tables = organization("sla: {slow: {critical: 9, high: 9, medium: 9, low: 9}}")
    user = project("rules: [{id: x, action: defer, sla: org/slow}]")

    assert only(judge([user, tables], dated("CVE-1", "2026-08-22"))).due == "2026-08-31"


def test_the_strictest_demand_on_exceptions_counts() -> None:
    grants = effective(
        [
            organization("exceptions: {max_days: 30, by: team}"),
            project("exceptions: {max_days: 300, approver: required}"),
        ]
    ).grants

    assert (grants.by, grants.max_days, grants.approver) == ("team", 30, True)


def test_the_digest_is_of_what_is_said() -> None:
    one = project("description: x\nrules: [{id: a, action: warn}, {id: b, action: block}]")
    same = project("# y\nrules:\n- {id: b, action: block}\n- {id: a, action: warn}\n")
    other = project("rules: [{id: a, action: warn}, {id: b, action: warn}]")
    accepted = exceptions(
        "- {id: E, scope: {rules: [app/a]}, owner: o, reason: r, expires: 2027-01-01}"
    )

    assert effective([one]).digest == effective([same]).digest
    assert effective([one]).digest != effective([other]).digest
    assert effective([one]).digest != effective([one], accepted).digest


_ACTION = st.sampled_from(["allow", "warn", "defer, days: 5", "defer, days: 50", "block"])
_SET = st.tuples(_ACTION, st.lists(_ACTION, max_size=3), st.sampled_from(["warn", "block"]))


@settings(max_examples=80, deadline=None)
@given(_SET, st.permutations(range(3)))
def test_a_locked_rule_is_never_weaker_and_the_order_of_files_does_not_matter(
    drawn: tuple[str, list[str], str], order: list[int]
) -> None:
    action, overrides, extra = drawn
    above = organization(f"locked: [all]\nrules: [{{id: all, action: {action}}}]")
    below = [
        policy(
            f"name: p{at}\noverrides: {{org/all: {{action: {one}}}}}\n"
            f"rules: [{{id: x, action: {extra}}}]",
            origin=f"{at}.yaml",
        )
        for at, one in enumerate(overrides)
    ]
    one = dated("CVE-1", "2026-08-20")
    alone = only(judge([above], one))

    try:
        result = judge([above, *below], one)
    except UsageError as error:
        broken = str(error)
    else:
        broken = ""
        decision = only(result)
        shuffled = [below[at] for at in order if at < len(below)]
        assert (-decision.action.rank, decision.due or "9") <= (
            -alone.action.rank,
            alone.due or "9",
        )
        assert judge([*shuffled, above], one) == result

    assert not broken or "locked by organization" in broken
