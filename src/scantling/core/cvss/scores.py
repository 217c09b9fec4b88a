"""CVSS scores of a vector, exact as the specifications write them.

Numbers are decimals, so that no score depends on how a binary fraction happens to round.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from scantling.core.cvss import v2, v3, v4
from scantling.core.cvss.vector import Vector, read_vector
from scantling.core.errors import InputError


class Scores(Struct, frozen=True, kw_only=True):
    """Scores from 0.0 to 10.0 in steps of 0.1.

    `temporal` and `environmental` are None where the vector defines no metric of theirs. In CVSS
    4.0 the temporal ones are called threat metrics, and a score with both is the environmental one.
    `overall` is the one of them that takes most of the vector into account.
    """

    base: float
    temporal: float | None = None
    environmental: float | None = None

    @property
    def overall(self) -> float:
        """Return the environmental, else the temporal, else the base score."""
        if self.environmental is not None:
            return self.environmental
        return self.base if self.temporal is None else self.temporal


_TEMPORAL: Final = frozenset({"E", "RL", "RC"})
_KINDS: Final = {"2.0": "cvss2", "3.0": "cvss3", "3.1": "cvss3", "4.0": "cvss4"}


def scores(vector: Vector) -> Scores:
    """Return the scores of a vector."""
    named = vector.metrics.keys()
    match vector.version:
        case "2.0":
            base, temporal, environmental = v2.base, v2.temporal, v2.environmental
            environment = v2.ENVIRONMENTAL
        case "4.0":
            base, temporal, environmental = v4.base, v4.threat, v4.environmental
            environment = v4.ENVIRONMENTAL
        case _:
            base, temporal, environmental = v3.base, v3.temporal, v3.environmental
            environment = v3.ENVIRONMENTAL
    has_temporal = not _TEMPORAL.isdisjoint(named)
    return Scores(
        base=_number(base(vector)),
        temporal=_number(temporal(vector)) if has_temporal else None,
        environmental=(None if environment.isdisjoint(named) else _number(environmental(vector))),
    )


@lru_cache(maxsize=65_536)
def base_score(kind: str, text: str) -> float | None:
    """Return the base score of a vector of this kind (`cvss2`, `cvss3`, `cvss4`).

    Of 4.0 it is the score of the whole vector, which is the one that publishers give. None if it
    cannot be read or is of another kind.
    """
    try:
        vector = read_vector(text)
    except InputError:
        return None
    if _KINDS[vector.version] != kind:
        return None
    found = scores(vector)
    return found.overall if kind == "cvss4" else found.base


def _number(score: Decimal) -> float:
    return float(score)
