"""Points of factors add up to the score, and have the sign of what they say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.assess.risk.explain import Row, explain
from scantling.assess.risk.formula import TERMS
from scantling.assess.risk.rate import rate, risk_from
from scantling.core.model.advisory import Level
from scantling.core.model.context import Exposure
from scantling.core.model.risk import Factor
from tests.assess.risk.examples import (
    EXAMPLES,
    NOWHERE,
    TAKE_OVER,
    TODAY,
    Example,
    context,
    epss,
    finding,
    kev,
)


@st.composite
def factors(draw: st.DrawFn) -> tuple[Factor, ...]:
    found = []
    for name in TERMS:
        low, value, high = sorted(draw(st.tuples(*[st.integers(0, 10_000)] * 3)))
        found.append(
            Factor(
                name=name,
                value=value / 10_000,
                low=low / 10_000,
                high=high / 10_000,
                known=low == high,
                because="",
            )
        )
    return tuple(found)


@settings(max_examples=40, deadline=None)
@given(factors())
def test_points_add_up_exactly(found: tuple[Factor, ...]) -> None:
    said = explain(risk_from(found))

    tenths = round(10 * said.baseline) + sum(round(10 * row.points) for row in said.rows)
    assert tenths == round(10 * said.score)
    assert all(row.down >= 0 and row.up >= 0 for row in said.rows)


@settings(max_examples=40, deadline=None)
@given(factors())
def test_points_have_the_sign_of_the_difference_to_the_prior(found: tuple[Factor, ...]) -> None:
    for row, term in zip(explain(risk_from(found)).rows, TERMS.values(), strict=True):
        assert row.points == 0 or (row.points > 0) == (row.value > term.value)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.title.replace(" ", "_"))
def test_examples_are_explained(example: Example) -> None:
    risk = rate(example.finding, example.context, TODAY)

    said = explain(risk)

    assert (said.score, said.low, said.high) == (risk.score, risk.low, risk.high)
    assert [row.name for row in said.rows] == list(TERMS)
    assert all(row.because for row in said.rows)


def test_what_is_not_known_has_no_points_but_room() -> None:
    one = finding(Level.CRITICAL, TAKE_OVER, 9.8, epss(0.001))

    rows = {row.name: row for row in explain(rate(one, NOWHERE, TODAY)).rows}

    assert (rows["criticality"].points, rows["exposure"].known) == (0.0, False)
    assert rows["exposure"].up > 1 < rows["exposure"].down
    assert (rows["impact"].down, rows["impact"].up) == (0.0, 0.0)


def test_known_exploitation_gives_most_points() -> None:
    one = finding(Level.CRITICAL, TAKE_OVER, 9.8, kev())

    rows = explain(rate(one, context(Exposure.INTERNET), TODAY)).rows

    assert max(rows, key=points).name == "likelihood"


def points(row: Row) -> float:
    return row.points
