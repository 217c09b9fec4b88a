"""Why a risk is what it is: what each factor adds to the risk of a finding nobody knows about.

The points of a factor are its Shapley value: what it changes when it becomes known, averaged over
all orders in which the factors could have become known. They add up to the score, whatever the
order, and a factor that says nothing gets none.

Source: L. S. Shapley, "A Value for n-Person Games", 1953.
"""

from math import factorial
from typing import Final

from msgspec import Struct

from scantling.assess.risk.formula import TERMS, risk_of
from scantling.core.model.risk import Risk

_PRIOR: Final = tuple(term.value for term in TERMS.values())


class Row(Struct, frozen=True, kw_only=True):
    """A factor's part in a risk.

    `value`, `low`, `high`, `known` and `because` as in `Factor`. `points` is what it adds to the
    score, negative if it lowers it. `down` and `up` are how far the score could still fall and
    rise if this factor alone were settled; both are 0 when it is.
    """

    name: str
    value: float
    low: float
    high: float
    known: bool
    because: str
    points: float
    down: float
    up: float


class Explanation(Struct, frozen=True, kw_only=True):
    """`baseline` plus the points of all rows is `score`, exactly, in tenths.

    `baseline` is the risk of an open finding that nothing is known about. Rows are in the
    formula's order.
    """

    baseline: float
    score: float
    low: float
    high: float
    rows: tuple[Row, ...]
    formula: str


def explain(risk: Risk) -> Explanation:
    """Return what each factor of a risk contributes to it."""
    values = tuple(factor.value for factor in risk.factors)
    points = _shapley(values)
    score = risk_of(values)
    start = risk_of(_PRIOR)
    rows, sum_so_far = [], start
    for at, factor in enumerate(risk.factors):
        # Rounding the running sum, not each part, keeps the sum of the rounded parts exact.
        before, sum_so_far = sum_so_far, sum_so_far + points[at]
        rows.append(
            Row(
                name=factor.name,
                value=factor.value,
                low=factor.low,
                high=factor.high,
                known=factor.known,
                because=factor.because,
                points=_tenth(_tenth(sum_so_far) - _tenth(before)),
                down=_tenth(score - risk_of(_with(values, at, factor.low))),
                up=_tenth(risk_of(_with(values, at, factor.high)) - score),
            )
        )
    return Explanation(
        baseline=_tenth(start),
        score=risk.score,
        low=risk.low,
        high=risk.high,
        rows=tuple(rows),
        formula=risk.formula,
    )


def _shapley(values: tuple[float, ...]) -> list[float]:
    """Return the Shapley value of each factor that differs from the prior; 0 for the others."""
    different = [at for at, value in enumerate(values) if value != _PRIOR[at]]
    count = len(different)
    risks = []
    for chosen in range(1 << count):
        taken = list(_PRIOR)
        for bit, at in enumerate(different):
            if chosen >> bit & 1:
                taken[at] = values[at]
        risks.append(risk_of(taken))
    points = [0.0] * len(values)
    for bit, at in enumerate(different):
        for chosen in range(1 << count):
            if not chosen >> bit & 1:
                size = chosen.bit_count()
                weight = factorial(size) * factorial(count - size - 1) / factorial(count)
                points[at] += weight * (risks[chosen | 1 << bit] - risks[chosen])
    return points


def _with(values: tuple[float, ...], at: int, value: float) -> tuple[float, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _tenth(number: float) -> float:
    return round(number, 1) + 0.0  # no negative zero
