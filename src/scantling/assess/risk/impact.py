"""Impact: what can an attacker do?

A vector says it exactly; a word or CISA's technical impact says it within bounds.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from scantling.assess.risk.ranges import KEPT, Range, exactly, factor, vector_of
from scantling.assess.severity import level_of_score
from scantling.core.cvss.vector import Vector
from scantling.core.model.advisory import Level
from scantling.core.model.risk import Factor

_LEVELS: Final[Mapping[Level, Range]] = {
    Level.UNKNOWN: Range(0.0, 0.74, 1.0),
    Level.NEGLIGIBLE: Range(0.0, 0.05, 0.15),
    Level.LOW: Range(0.1, 0.3, 0.5),
    Level.MEDIUM: Range(0.3, 0.55, 0.85),
    Level.HIGH: Range(0.6, 0.9, 1.0),
    Level.CRITICAL: Range(0.9, 0.98, 1.0),
}
_LOSSES: Final = {
    "2.0": {"N": 0.0, "P": 0.45, "C": 0.8},
    "3": {"N": 0.0, "L": 0.35, "H": 0.8},
}
_BEYOND: Final = {"N": 0.0, "L": 0.1, "H": 0.3, "S": 0.5}
_SCOPE_CHANGED: Final = 0.2
_ALL_LOST: Final = 1.0 - (1.0 - 0.8) ** 3
_TECHNICAL: Final = {"total": Range(0.6, 0.95, 1.0), "partial": Range(0.0, 0.6, 0.9)}
"""CISA's technical impact, where nobody gave a vector."""


@lru_cache(maxsize=KEPT)
def impact(level: Level, score: float | None, text: str, technical: str) -> Factor:
    """Return what the vector's impact metrics say, bounded by a word that differs from its score.

    `level` is the finding's severity; `technical` CISA's `total` or `partial`, empty if not said.
    """
    vector = vector_of(text)
    if vector is not None:
        return factor("impact", *_by_vector(vector, level, score))
    at = _LEVELS[level]
    said = f"severity {level}, no CVSS vector" if level.rank else "no severity and no CVSS vector"
    if technical in _TECHNICAL:
        at = _within(_TECHNICAL[technical], at) if level.rank else _TECHNICAL[technical]
        said += f"; technical impact {technical} (CISA)"
    return factor("impact", at, said, known=bool(level.rank or technical))


def _within(bound: Range, at: Range) -> Range:
    """Return `at`, narrowed by `bound` as far as that does not contradict it."""
    low = min(max(at.low, bound.low), at.high)
    high = max(min(at.high, bound.high), low)
    return Range(low, min(max(at.value, low), high), high)


def _by_vector(vector: Vector, level: Level, score: float | None) -> tuple[Range, str]:
    value, said = _loss(vector), f"CVSS {vector.version} impact {_metrics(vector)}"
    usual = level if score is None else level_of_score(score)
    # A distribution knows how it builds a package; its word may differ from the score for all.
    if 0 < level.rank < usual.rank and value > _LEVELS[level].high:
        value, said = _LEVELS[level].high, f"{said}, held down by the word {level}"
    elif level.rank > usual.rank and value < _LEVELS[level].low:
        value, said = _LEVELS[level].low, f"{said}, held up by the word {level}"
    return exactly(value), said


def _loss(vector: Vector) -> float:
    """Return the part of everything that is lost, each loss taking its part of what is left."""
    get, left = vector.modified, 1.0
    if vector.version == "4.0":
        for name in "CIA":
            left *= (1.0 - _LOSSES["3"][get(f"V{name}")]) * (1.0 - _BEYOND[get(f"S{name}")])
    else:
        losses = _LOSSES["2.0" if vector.version == "2.0" else "3"]
        for name in "CIA":
            left *= 1.0 - losses[get(name)]
        if get("S") == "C" and left < 1.0:
            left *= 1.0 - _SCOPE_CHANGED
    return min((1.0 - left) / _ALL_LOST, 1.0)


def _metrics(vector: Vector) -> str:
    if vector.version == "4.0":
        names = ["VC", "VI", "VA", "SC", "SI", "SA"]
    else:
        names = ["C", "I", "A"] if vector.version == "2.0" else ["C", "I", "A", "S"]
    return "/".join(f"{name}:{vector.modified(name)}" for name in names)
