"""Values between bounds, and the factors made of them."""

from functools import lru_cache
from typing import Final, NamedTuple

from scantling.assess.risk.formula import TERMS
from scantling.core.cvss.vector import Vector, read_vector
from scantling.core.errors import InputError
from scantling.core.model.risk import Factor

KEPT: Final = 16_384
"""Answers kept for each factor: findings of one image share vectors, signals and dates."""
_DIGITS: Final = 4


class Range(NamedTuple):
    """The least, the expected and the greatest value, each in 0..1."""

    low: float
    value: float
    high: float


def exactly(value: float) -> Range:
    """Return the range of what is known."""
    return Range(value, value, value)


def factor(name: str, at: Range, because: str, *, known: bool = True) -> Factor:
    """Return the factor, with four decimals, from which its risk is computed."""
    return Factor(
        name=name,
        value=round(at.value, _DIGITS),
        low=round(at.low, _DIGITS),
        high=round(at.high, _DIGITS),
        known=known,
        because=because,
    )


def unknown(name: str, because: str) -> Factor:
    """Return the factor as it is when nothing is known: the prior of the formula."""
    term = TERMS[name]
    return factor(name, Range(term.low, term.value, term.high), because, known=False)


@lru_cache(maxsize=KEPT)
def vector_of(text: str) -> Vector | None:
    """Return the vector; None if there is none that can be read."""
    if not text:
        return None
    try:
        return read_vector(text)
    except InputError:
        return None
