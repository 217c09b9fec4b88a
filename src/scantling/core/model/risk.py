"""Risk: one number from 0 to 100, with everything that went into it."""

from msgspec import Struct


class Factor(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that risk depends on.

    `value` is the estimate in 0..1, between `low` and `high`; the three are equal when the fact is
    known. `known` is False when nothing is said and the range is that of ignorance. `because` says
    where the value comes from (`EPSS 0.42 (FIRST, 2026-11-20)`), or what is missing.
    """

    name: str
    value: float
    low: float
    high: float
    known: bool
    because: str


class Risk(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The risk of one finding. `score` lies between `low` and `high`, all in 0..100.

    The width of that range is what missing facts amount to. `factors` are in the formula's order;
    a report has none, since they are made from its finding and context again. `formula` names its
    version (`scantling-risk/1`), see docs/explanation/risk.md.
    """

    score: float
    low: float
    high: float
    formula: str
    factors: tuple[Factor, ...] = ()
