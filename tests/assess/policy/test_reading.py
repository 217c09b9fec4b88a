"""Policies and exceptions from files: whatever is wrong is named with file and line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.policy.document import Layer
from scantling.assess.policy.reading import read_exceptions, read_policy
from scantling.core.errors import UsageError
from tests.assess.policy.conftest import exceptions, policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("rulez: []", r"policy\.yaml:3: contains unknown field 'rulez'", id="field"),
        pytest.param(
            "rules:\n- id: a\n  action: blok\n", r"policy\.yaml:5: rules\[0\]\.action", id="action"
        ),
        pytest.param("rules:\n- id: a\n", r"policy\.yaml:4: rules\[0\]: missing", id="missing"),
        pytest.param(
            "rules:\n- {id: a, action: warn}\n- {id: a, action: warn}\n",
            r"policy\.yaml:5: a second rule 'test/a'",
            id="twice",
        ),
        pytest.param(
            "rules: [{id: a, action: defer}]", "takes one of sla, days and until", id="no_time"
        ),
        pytest.param(
            "rules: [{id: a, action: defer, days: 1, until: 2026-01-01}]",
            "takes one of sla, days and until",
            id="two_times",
        ),
        pytest.param(
            "rules: [{id: a, action: block, days: 1}]", "'days' belongs to action defer", id="days"
        ),
        pytest.param(
            "rules: [{id: a, action: defer, until: 2026-02-30}]", "takes a date such as", id="date"
        ),
        pytest.param(
            "rules: [{id: a, about: image, action: defer, days: 3}]",
            "only a finding has a day a fix exists",
            id="days_of_an_image",
        ),
        pytest.param(
            "rules: [{id: a, action: defer, sla: x}]", "has no sla table 'test/x'", id="table"
        ),
        pytest.param("rules: [{id: A b, action: warn}]", "a name has small letters", id="name"),
        pytest.param("gaps: {coverage.nope: warn}", "there is no gap code", id="gap"),
        pytest.param("gaps: {coverage.none: defer}", "a gap cannot be deferred", id="gap_defer"),
        pytest.param("locked: [nothing]", "there is nothing named 'nothing'", id="lock"),
        pytest.param("overrides: {a: {action: warn}}", "as policy/rule", id="override"),
        pytest.param(
            "sla: {t: {critical: 1}}", "the table has no row for high, medium, low", id="rows"
        ),
        pytest.param("rules: [{id: a, when: true, action: warn}]", "expected 'str'", id="bool"),
    ],
)
def test_a_mistake_in_a_policy_is_named_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        policy(text)

    assert str(caught.value).startswith("policy.yaml:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("expires: 2026-13-01", "expires takes a date", id="date"),
        pytest.param("expires: 2026-12-01, since: x", "unknown field 'since'", id="field"),
        pytest.param("expires: 2026-12-01, owner: ''", "owner", id="owner"),
    ],
)
def test_a_mistake_in_an_exception_is_named_with_its_place(text: str, said: str) -> None:
    owner = "" if "owner" in text else "owner: x, "

    with pytest.raises(UsageError, match=said) as caught:
        exceptions(f"- {{id: E, scope: {{rules: [a/b]}}, {owner}reason: r, {text}}}")

    assert str(caught.value).startswith("exceptions.yaml:3")


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        pytest.param("{}", "would accept everything", id="empty"),
        pytest.param("{images: [x]}", "would accept everything", id="image_only"),
        pytest.param("{gaps: [x.y]}", "there is no gap code", id="gap"),
        pytest.param("{packages: ['*a*b*c*']}", "more than 3 asterisks", id="asterisks"),
    ],
)
def test_a_scope_that_is_too_wide_or_wrong_is_refused(scope: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        exceptions(f"- {{id: E, scope: {scope}, owner: o, reason: r, expires: 2026-12-01}}")


@settings(max_examples=100, deadline=None)
@given(
    st.text("abc: -\n'\"[]{}&*|>#?!%", max_size=80)
    | st.sampled_from(["scantling: policy/1\n", "scantling: exceptions/1\nexceptions:\n"]).flatmap(
        lambda head: st.text("- idnamerules:{}[],\n '", max_size=60).map(lambda rest: head + rest)
    )
)
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    said = []
    for read in (read_policy, read_exceptions):
        try:
            read(text.encode(), origin="x.yaml", layer=Layer.PROJECT)
        except UsageError as error:
            said.append(str(error))

    assert all(one.startswith("x.yaml:") for one in said)
