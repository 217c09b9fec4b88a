"""Sets of versions as intervals: union, complement, intersection, difference.

Bounds are kept as written. They are ordered by their version keys, so all functions raise
InputError (`version.incomparable`) when a bound has none.
"""

from collections.abc import Callable, Iterable
from typing import Final

from scantling.advisories.ecosystems import Key
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval

# A cut lies between versions: just below a version (side 0) or just above it (side 1).
Cut = tuple[int, bytes, int]

_LOWEST: Final[Cut] = (0, b"", 0)
_HIGHEST: Final[Cut] = (2, b"", 0)
EVERYTHING: Final = (Interval(),)


class _Line:
    """The line of versions of one ecosystem; remembers how each cut's version was written."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._texts: dict[tuple[int, bytes], str] = {}

    def spans(self, intervals: Iterable[Interval]) -> list[tuple[Cut, Cut]]:
        """Return the disjoint, sorted spans that cover the same versions."""
        spans = sorted((self._low(interval), self._high(interval)) for interval in intervals)
        merged: list[tuple[Cut, Cut]] = []
        for low, high in spans:
            if low >= high:
                continue
            if merged and low <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return merged

    def intervals(self, spans: Iterable[tuple[Cut, Cut]]) -> tuple[Interval, ...]:
        return tuple(
            Interval(
                low=self._texts.get(low[:2], ""),
                low_inclusive=low[2] == 0,
                high=self._texts.get(high[:2], ""),
                high_inclusive=high[2] == 1,
            )
            for low, high in spans
        )

    def _low(self, interval: Interval) -> Cut:
        if not interval.low:
            return _LOWEST
        return self._cut(interval.low, 0 if interval.low_inclusive else 1)

    def _high(self, interval: Interval) -> Cut:
        if not interval.high:
            return _HIGHEST
        return self._cut(interval.high, 1 if interval.high_inclusive else 0)

    def _cut(self, text: str, side: int) -> Cut:
        key = self._key(text)
        if key is None:
            raise InputError("version.incomparable", f"version {text!r} cannot be compared")
        self._texts.setdefault((1, key), text)
        return 1, key, side


def union(intervals: Iterable[Interval], key: Key) -> tuple[Interval, ...]:
    """Return disjoint intervals, lowest first, that cover the same versions."""
    line = _Line(key)
    return line.intervals(line.spans(intervals))


def complement(intervals: Iterable[Interval], key: Key) -> tuple[Interval, ...]:
    """Return the intervals of all versions that none of `intervals` covers."""
    line = _Line(key)
    return line.intervals(_gaps(line.spans(intervals)))


def intersection(
    one: Iterable[Interval], other: Iterable[Interval], key: Key
) -> tuple[Interval, ...]:
    """Return the intervals of the versions that both cover."""
    line = _Line(key)
    spans = [
        (max(low, start), min(high, end))
        for low, high in line.spans(one)
        for start, end in line.spans(other)
        if max(low, start) < min(high, end)
    ]
    return line.intervals(sorted(spans))


def difference(
    one: Iterable[Interval], other: Iterable[Interval], key: Key
) -> tuple[Interval, ...]:
    """Return the intervals of the versions that `one` covers and `other` does not."""
    return intersection(one, complement(other, key), key)


def membership(intervals: Iterable[Interval], key: Key) -> Callable[[bytes], bool]:
    """Return a function that says whether a version, given by its key, lies in the intervals."""
    spans = _Line(key).spans(intervals)
    return lambda at: any(low <= (1, at, 0) and (1, at, 1) <= high for low, high in spans)


def _gaps(spans: list[tuple[Cut, Cut]]) -> list[tuple[Cut, Cut]]:
    gaps: list[tuple[Cut, Cut]] = []
    at = _LOWEST
    for low, high in spans:
        if at < low:
            gaps.append((at, low))
        at = high
    if at < _HIGHEST:
        gaps.append((at, _HIGHEST))
    return gaps
