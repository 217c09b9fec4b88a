"""The scoring of CVSS v4.0: a published score for each macrovector, and steps between them.

1. Six groups of metrics ("equivalence sets") give the macrovector, which has a published score.
2. For each group, the vector lies some steps below the worst one of its macrovector. The score
   falls by the mean, over the groups that can fall further, of the same part of the way down to
   the next macrovector.

Source: FIRST, CVSS v4.0 specification, section 8 "Scoring".
"""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from scantling.core.cvss.v4_data import SCORES
from scantling.core.cvss.vector import Vector

ENVIRONMENTAL: Final = frozenset(
    "CR IR AR MAV MAC MAT MPR MUI MVC MVI MVA MSC MSI MSA".split()  # noqa: SIM905 - reads as written
)
_BASE: Final = ("AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA")
_IMPACTS: Final = ("VC", "VI", "VA", "SC", "SI", "SA")
_WORST: Final = {"E": "A", "CR": "H", "IR": "H", "AR": "H"}
"""What an undefined threat or environmental metric counts as."""
# Steps from the worst value of a metric; subsequent systems have a worse one than H, safety.
_STEPS: Final = {
    "AV": {"N": 0, "A": 1, "L": 2, "P": 3},
    "PR": {"N": 0, "L": 1, "H": 2},
    "UI": {"N": 0, "P": 1, "A": 2},
    "AC": {"L": 0, "H": 1},
    "AT": {"N": 0, "P": 1},
    **{name: {"H": 0, "L": 1, "N": 2} for name in ("VC", "VI", "VA")},
    **{name: {"S": 0, "H": 1, "L": 2, "N": 3} for name in ("SC", "SI", "SA")},
    **{name: {"H": 0, "M": 1, "L": 2} for name in ("CR", "IR", "AR")},
}
# The metrics of each group, and for each of its levels the worst vectors and the depth (table 24).
_GROUPS: Final[dict[str, tuple[tuple[str, ...], dict[str, tuple[tuple[str, ...], int]]]]] = {
    "1": (
        ("AV", "PR", "UI"),
        {"0": (("NNN",), 1), "1": (("ANN", "NLN", "NNP"), 4), "2": (("PNN", "ALP"), 5)},
    ),
    "2": (("AC", "AT"), {"0": (("LN",), 1), "1": (("HN", "LP"), 2)}),
    "36": (
        ("VC", "VI", "VA", "CR", "IR", "AR"),
        {
            "00": (("HHHHHH",), 7),
            "01": (("HHLMMH", "HHHMMM"), 6),
            "10": (("LHHHHH", "HLHHHH"), 8),
            "11": (("LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"), 8),
            "21": (("LLLHHH",), 10),
        },
    ),
    "4": (("SC", "SI", "SA"), {"0": (("HSS",), 6), "1": (("HHH",), 5), "2": (("LLL",), 4)}),
}


def base(vector: Vector) -> Decimal:
    """Return the score of the base metrics (CVSS-B)."""
    return _score({name: vector.get(name) for name in _BASE} | _WORST)


def threat(vector: Vector) -> Decimal:
    """Return the score of base and threat metrics (CVSS-BT)."""
    metrics = {name: vector.get(name) for name in _BASE} | _WORST
    return _score(metrics | {"E": vector.get("E") or "A"})


def environmental(vector: Vector) -> Decimal:
    """Return the score of all metrics (CVSS-BE or CVSS-BTE)."""
    metrics = {name: vector.modified(name) for name in _BASE}
    return _score(metrics | {name: vector.get(name) or worst for name, worst in _WORST.items()})


def _score(metrics: dict[str, str]) -> Decimal:
    if all(metrics[name] == "N" for name in _IMPACTS):
        return Decimal("0.0")
    levels = _macrovector(metrics)
    top = _published(levels)
    if top is None:  # the macrovector of a vector always has a score
        raise AssertionError(f"no score of macrovector {levels}")
    falls = [
        (top - lower) * _part(metrics, group, levels)
        for group in ("1", "2", "36", "4")
        if (lower := _next_lower(levels, group)) is not None
    ]
    # The fifth set, exploit maturity, has one metric and so no way between: it counts with 0.
    count = len(falls) + (_published(levels | {"5": levels["5"] + 1}) is not None)
    value = top - sum(falls, Fraction(0)) / count if count else Fraction(top)
    tenths = (2 * max(value, Fraction(0)) + 1) // 2  # a half is rounded up
    return Decimal(tenths) / 10


def _macrovector(metrics: dict[str, str]) -> dict[str, int]:
    """Return the level of each equivalence set (tables 24 to 29), 0 the worst."""
    easy = [metrics["AV"] == "N", metrics["PR"] == "N", metrics["UI"] == "N"]
    high = [metrics[name] == "H" for name in ("VC", "VI", "VA")]
    needed = [metrics[name] == "H" for name in ("CR", "IR", "AR")]
    safety = "S" in {metrics["SI"], metrics["SA"]}
    beyond = "H" in {metrics["SC"], metrics["SI"], metrics["SA"]}
    return {
        "1": 0 if all(easy) else 1 if any(easy) and metrics["AV"] != "P" else 2,
        "2": 0 if metrics["AC"] == "L" and metrics["AT"] == "N" else 1,
        "3": 0 if high[0] and high[1] else 1 if any(high) else 2,
        "4": 0 if safety else 1 if beyond else 2,
        "5": "APU".index(metrics["E"]),
        "6": 0 if any(map(all, zip(high, needed, strict=True))) else 1,
    }


def _published(levels: dict[str, int]) -> int | None:
    row = SCORES.get("".join(str(levels[name]) for name in "1236"))
    at = levels["4"], levels["5"]
    return None if row is None or max(at) > 2 else row[3 * at[0] + at[1]]  # noqa: PLR2004


def _next_lower(levels: dict[str, int], group: str) -> int | None:
    """Return the score of the next lower macrovector, None when the group is at its lowest."""
    if group != "36":
        return _published(levels | {group: levels[group] + 1})
    # Sets 3 and 6 hang together: 00 falls to the better of 01 and 10, 01 and 10 fall to 11, then 21
    falling = ("6",) if (levels["3"], levels["6"]) == (1, 0) else ("3", "6")
    found = [_published(levels | {name: levels[name] + 1}) for name in falling]
    return max((score for score in found if score is not None), default=None)


def _part(metrics: dict[str, str], group: str, levels: dict[str, int]) -> Fraction:
    """Return how far down its macrovector the group is, from 0 up to below 1."""
    names, table = _GROUPS[group]
    worst, depth = table["".join(str(levels[name]) for name in group)]
    for values in worst:
        steps = [
            _STEPS[name][metrics[name]] - _STEPS[name][value]
            for name, value in zip(names, values, strict=True)
        ]
        if min(steps) >= 0:
            return Fraction(sum(steps), depth)
    raise AssertionError(f"no worst vector of group {group} is above {metrics}")
