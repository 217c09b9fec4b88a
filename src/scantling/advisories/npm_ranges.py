"""Ranges in npm's grammar as intervals: `>=1.2.0 <2.0.0 || 3.x || ^4.1.0 || ~5.2`.

Pre-releases are ordered like any other version; npm's own rule, that a range admits pre-releases of
the versions it names only, is about what to install, not about what is affected.

Source: node-semver, README, "Ranges" and "Range Grammar", https://github.com/npm/node-semver.
"""

import re
from typing import Final

from scantling.advisories.ecosystems import key_of
from scantling.advisories.intervals import EVERYTHING, intersection
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval

_PART: Final = r"(?:0|[1-9][0-9]{0,15}|[xX*])"
_VERSION: Final = (
    rf"[v=]*(?P<numbers>{_PART}(?:\.{_PART}){{0,2}})"
    r"(?:-?(?P<pre>[A-Za-z-][0-9A-Za-z.-]*|(?<=-)[0-9][0-9A-Za-z.-]*))?(?:\+[0-9A-Za-z.-]+)?"
)
_COMPARATOR: Final = re.compile(rf"(?P<op>\^|~>?|>=|<=|>|<|=)? *{_VERSION}")
_SPACES: Final = re.compile(r"(?P<op>\^|~>?|>=|<=|>|<|=) +")
_WILD: Final = frozenset("xX*")
_LENGTH: Final = 3


def intervals(text: str) -> tuple[Interval, ...]:
    """Return the intervals of a range, in the order written. Raises InputError."""
    key = key_of("npm")
    found: list[Interval] = []
    for alternative in text.split("||"):
        both: tuple[Interval, ...] = EVERYTHING
        if " - " in alternative.strip():
            low, _, high = alternative.strip().partition(" - ")
            comparators = [f">={low.strip()}", f"<={high.strip()}"]
        else:
            comparators = _SPACES.sub(r"\g<op>", alternative).split()
        for comparator in comparators or ["*"]:
            both = intersection(both, (_interval(comparator),), key)
        found += both
    if not found:
        raise InputError("advisories.record", f"range {text!r} admits no version")
    return tuple(found)


def _interval(comparator: str) -> Interval:
    match = _COMPARATOR.fullmatch(comparator)
    if match is None:
        raise InputError("advisories.record", f"not a range of npm's grammar: {comparator!r}")
    numbers = _numbers(match["numbers"])
    if not numbers:
        return Interval()
    whole = len(numbers) == _LENGTH
    low = ".".join(map(str, (*numbers, 0, 0)[:_LENGTH]))
    low = f"{low}-{match['pre']}" if whole and match["pre"] else low
    return _bounded(match["op"] or "=", numbers, low, whole=whole)


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers before the first wildcard."""
    numbers: list[int] = []
    for part in text.split("."):
        if part in _WILD:
            break
        numbers.append(int(part))
    return tuple(numbers)


def _bounded(op: str, numbers: tuple[int, ...], low: str, *, whole: bool) -> Interval:
    after = _raised(numbers)
    match op:
        case "<":
            return Interval(high=low if whole else f"{low}-0")
        case "<=":
            return Interval(high=low, high_inclusive=True) if whole else Interval(high=after)
        case ">":
            return Interval(low=low, low_inclusive=False) if whole else Interval(low=after[:-2])
        case ">=":
            return Interval(low=low)
        case "^":
            significant = next((at for at, one in enumerate(numbers) if one), len(numbers) - 1)
            return Interval(low=low, high=_raised(numbers[: significant + 1]))
        case "~" | "~>":
            return Interval(low=low, high=_raised(numbers[:2]))
        case _ if whole:
            return Interval(low=low, high=low, high_inclusive=True)
        case _:
            return Interval(low=low, high=after)


def _raised(numbers: tuple[int, ...]) -> str:
    """Return the lowest version above all that start with these numbers: `1.3.0-0` for (1, 2)."""
    raised = (*numbers[:-1], numbers[-1] + 1, 0, 0)[:_LENGTH]
    return ".".join(map(str, raised)) + "-0"
