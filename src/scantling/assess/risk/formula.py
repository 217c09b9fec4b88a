"""The formula of risk, version `scantling-risk/1`: from the values of factors to 0..100.

Two cases are weighed against each other by the likelihood L that attackers use the flaw:

    risk = 100 · P · ( L · attacked + (1 - L) · quiet )

`attacked` is how bad it is when they do, `quiet` what the flaw is worth while they do not. Each is
a product with one term for each factor, `1 - weight · (1 - value)`: a factor at its worst (1) takes
nothing off, at its best (0) it takes off its weight. P is the presence, 1 for an open finding.

The formula is linear in each factor alone. For factors that are independent, the risk of the
expected values is therefore the expected risk: `score` needs no simulation. It grows with each
factor, so the risk of all low ends is the lowest one, and that of all high ends the highest.

docs/explanation/risk.md says why the weights are what they are.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

FORMULA: Final = "scantling-risk/1"
_QUIET: Final = 0.45
"""The worst that a flaw nobody attacks can come to."""


class Term(Struct, frozen=True, kw_only=True):
    """A factor's place in the formula.

    `attacked` and `quiet` are its weights there. `low`, `value` and `high` are what it is when
    nothing is known: the bounds, and the expected value under the prior.
    """

    attacked: float = 0.0
    quiet: float = 0.0
    low: float
    value: float
    high: float


# The formula's order. The priors' sources are in docs/explanation/risk.md.
TERMS: Final[Mapping[str, Term]] = {
    "presence": Term(low=1.0, value=1.0, high=1.0),
    "impact": Term(attacked=0.25, quiet=1.0, low=0.0, value=0.74, high=1.0),
    "likelihood": Term(low=0.0, value=0.1, high=1.0),
    "exposure": Term(attacked=0.4, quiet=0.6, low=0.05, value=0.7337, high=1.0),
    "effort": Term(quiet=0.5, low=0.2, value=0.82, high=1.0),
    "criticality": Term(attacked=0.08, quiet=0.4, low=0.2, value=0.625, high=1.0),
    "fix": Term(attacked=0.01, quiet=0.2, low=0.3, value=0.7, high=1.0),
    "age": Term(quiet=0.15, low=0.0, value=0.6, high=1.0),
}
# The weights as numbers: a look-up in a table would take longer than the formula.
_A_IMPACT, _Q_IMPACT = TERMS["impact"].attacked, TERMS["impact"].quiet
_A_EXPOSURE, _Q_EXPOSURE = TERMS["exposure"].attacked, TERMS["exposure"].quiet
_Q_EFFORT = TERMS["effort"].quiet
_A_CRITICALITY, _Q_CRITICALITY = TERMS["criticality"].attacked, TERMS["criticality"].quiet
_A_FIX, _Q_FIX = TERMS["fix"].attacked, TERMS["fix"].quiet
_Q_AGE = TERMS["age"].quiet


def risk_of(values: Sequence[float]) -> float:
    """Return the risk, 0 to 100, of values in 0..1, one for each of TERMS in their order."""
    presence, impact, likelihood, exposure, effort, criticality, fix, age = values
    impact, exposure, criticality, fix = 1.0 - impact, 1.0 - exposure, 1.0 - criticality, 1.0 - fix
    attacked = (
        (1.0 - _A_IMPACT * impact)
        * (1.0 - _A_EXPOSURE * exposure)
        * (1.0 - _A_CRITICALITY * criticality)
        * (1.0 - _A_FIX * fix)
    )
    quiet = (
        _QUIET
        * (1.0 - _Q_IMPACT * impact)
        * (1.0 - _Q_EXPOSURE * exposure)
        * (1.0 - _Q_EFFORT * (1.0 - effort))
        * (1.0 - _Q_CRITICALITY * criticality)
        * (1.0 - _Q_FIX * fix)
        * (1.0 - _Q_AGE * (1.0 - age))
    )
    return 100.0 * presence * (likelihood * attacked + (1.0 - likelihood) * quiet)
