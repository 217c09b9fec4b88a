"""Sets of versions over keys.

Keys are bytes, and between a key and the key followed by a zero byte lies no other bytes value. So
"up to and including k" is "below k + zero", every interval is half-open, and a set of versions is a
rising row of *cuts*: a version is inside if the number of cuts at or below its key is odd.

A bound that has no key makes the answer three-valued. A `Range` therefore holds two such sets: what
is surely inside and what may be inside; where they differ the answer is undetermined.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Interval
from scantling.versions.api import Scheme

_FIRST: Final = "0"
LEAST: Final = b""
"""At or below every key, as a cut: the set begins with the first version."""


class Undetermined(Enum):
    """The one value that says: a bound, or the version, has no key, and nothing else decides."""

    UNDETERMINED = "undetermined"


UNDETERMINED: Final = Undetermined.UNDETERMINED


class Cuts(Struct, frozen=True):
    """A set of keys: strictly rising cuts; inside from each even-numbered one (0, 2, …)."""

    at: tuple[bytes, ...] = ()

    def __contains__(self, key: bytes) -> bool:
        return bisect_right(self.at, key) % 2 == 1

    def __or__(self, other: "Cuts") -> "Cuts":
        return self._merged(other, least=1)

    def __and__(self, other: "Cuts") -> "Cuts":
        return self._merged(other, least=2)

    def __invert__(self) -> "Cuts":
        return Cuts(self.at[1:] if self.at[:1] == (LEAST,) else (LEAST, *self.at))

    def _merged(self, other: "Cuts", *, least: int) -> "Cuts":
        """Return the keys that are in at least so many of the two sets."""
        steps = [(cut, -1 if index % 2 else 1) for index, cut in enumerate(self.at)]
        steps += [(cut, -1 if index % 2 else 1) for index, cut in enumerate(other.at)]
        steps.sort()
        at: list[bytes] = []
        depth = 0
        for cut, step in steps:
            was, depth = depth >= least, depth + step
            if was == (depth >= least):
                continue
            # Two sets that touch leave and enter at one cut: no cut at all.
            if at and at[-1] == cut:
                at.pop()
            else:
                at.append(cut)
        return Cuts(tuple(at))


NOTHING: Final = Cuts()
EVERYTHING: Final = Cuts((LEAST,))


class Range(Struct, frozen=True):
    """A set of versions of one scheme: `sure` is in it, what is not in `maybe` is not."""

    sure: Cuts
    maybe: Cuts

    def covers(self, key: bytes | None) -> bool | None:
        """Return whether the version is in the set; None if that is undetermined.

        A key of None (the text is no version) is in a set of everything and in no empty set.
        """
        if key is None:
            if self.sure == EVERYTHING:
                return True
            return False if self.maybe == NOTHING else None
        if key in self.sure:
            return True
        return None if key in self.maybe else False

    def __or__(self, other: "Range") -> "Range":
        return Range(self.sure | other.sure, self.maybe | other.maybe)

    def __and__(self, other: "Range") -> "Range":
        return Range(self.sure & other.sure, self.maybe & other.maybe)

    def __invert__(self) -> "Range":
        return Range(~self.maybe, ~self.sure)

    @property
    def decided(self) -> bool:
        """Return whether every version with a key has an answer."""
        return self.sure == self.maybe


def compile_range(
    scheme: Scheme, intervals: Iterable[Interval], versions: Iterable[str] = ()
) -> Range:
    """Return the union of the intervals and of the single versions.

    A single version without a key is left out: it can only be equal as text, which a key cannot
    tell. An interval whose low bound is above its high bound is empty.
    """
    sure, maybe = [], []
    for interval in intervals:
        low, high = _bound(scheme, interval.low), _bound(scheme, interval.high)
        cuts = between(low, high, interval)
        maybe.append(cuts)
        if not (_is_unknown_low(interval, low) or (interval.high and high is None)):
            sure.append(cuts)
    for version in versions:
        key = scheme.key(version)
        if key is not None:
            sure.append(Cuts((key, key + b"\x00")))
            maybe.append(sure[-1])
    return Range(union(sure), union(maybe))


def between(low: bytes | None, high: bytes | None, interval: Interval) -> Cuts:
    """Return the keys of an interval, with None for no bound."""
    start, end = LEAST, high
    if low is not None and not is_first(interval):
        start = low if interval.low_inclusive else low + b"\x00"
    if end is None:
        return Cuts((start,))
    if interval.high_inclusive:
        end += b"\x00"
    return Cuts((start, end)) if start < end else NOTHING


def is_first(interval: Interval) -> bool:
    """Return whether the interval begins with the first version of all: no low bound, or `0`.

    OSV's `introduced: 0` sorts before every version, also where `0` is a version with others
    below it (`0~beta` in Debian, `0.dev1` in Python).
    """
    return not interval.low or (interval.low == _FIRST and interval.low_inclusive)


def covering(
    intervals: Sequence[Interval],
    keys: Sequence[tuple[bytes | None, bytes | None]],
    key: bytes | None,
) -> Interval | Undetermined | None:
    """Return the first interval that covers the version, None if surely none does.

    `keys` pairs with `intervals`, as in `Stored`; nothing is compiled, so this is the way to ask
    once. UNDETERMINED if some interval has a bound without a key and its other bound does not
    exclude the version, or if the version itself has no key (unless an interval has no bounds).
    """
    open_question = False
    for interval, (low, high) in zip(intervals, keys, strict=True):
        if key is not None and high is not None and key > high:
            continue  # most of what is ever asked: fixed before this version
        found = _inside(interval, low, high, key)
        if found:
            return interval
        open_question = open_question or found is None
    return UNDETERMINED if open_question else None


def _inside(
    interval: Interval, low: bytes | None, high: bytes | None, key: bytes | None
) -> bool | None:
    from_first = is_first(interval)
    if key is None:
        return True if from_first and not interval.high else None
    if (
        not from_first
        and low is not None
        and (key < low or (key == low and not interval.low_inclusive))
    ):
        return False
    if high is not None and (key > high or (key == high and not interval.high_inclusive)):
        return False
    if (low is None and not from_first) or (high is None and interval.high):
        return None
    return True


def _bound(scheme: Scheme, text: str) -> bytes | None:
    return scheme.key(text) if text else None


def _is_unknown_low(interval: Interval, low: bytes | None) -> bool:
    return low is None and not is_first(interval)


def union(sets: Sequence[Cuts]) -> Cuts:
    """Return the union; by halves, so that many sets cost n log n comparisons."""
    if len(sets) <= 1:
        return sets[0] if sets else NOTHING
    middle = len(sets) // 2
    return union(sets[:middle]) | union(sets[middle:])
