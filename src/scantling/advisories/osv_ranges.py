"""OSV ranges as intervals.

Events are evaluated as the OSV schema says ("Evaluation"): sorted by version, a version is affected
after an `introduced`, until a `fixed` (exclusive) or a `last_affected` (inclusive); a `limit` cuts
off what lies at or above it. Where events cannot be sorted because a version has no key, those that
stand in pairs are taken in pairs; anything else raises InputError rather than being guessed.

Source: OSV schema 1.7, https://ossf.github.io/osv-schema/#evaluation.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from scantling.advisories.ecosystems import Key
from scantling.advisories.intervals import intersection, membership
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval


class Event(Struct):
    """One event; exactly one field is set."""

    introduced: str | int | None = None
    fixed: str | int | None = None
    last_affected: str | int | None = None
    limit: str | int | None = None


_BEGINNING: Final = frozenset({"0", "0.0.0-0"})
"""The schema's word for "from the first version", and the lowest version there is in SemVer."""
# Order of events at one version: what ends there ends before what starts there; `last_affected`
# still covers it.
_AT_ONE_VERSION: Final = {"fixed": 0, "introduced": 1, "last_affected": 2}


def intervals(events: Sequence[Event], key: Key) -> tuple[Interval, ...]:
    """Return the affected intervals; a low bound of `0` becomes none.

    Raises InputError when there are no events, or when their order matters and cannot be known.
    """
    marks = [_mark(event) for event in events]
    limits = [text for kind, text in marks if kind == "limit" and text != "*"]
    marks = [mark for mark in marks if mark[0] != "limit"]
    if not any(kind == "introduced" for kind, _ in marks):
        raise InputError("advisories.record", "a range never says where it starts")
    keys = [_event_key(mark, key) for mark in marks]
    known = [at for at in keys if at is not None]
    ascending = _regular(marks) and all(low <= high for low, high in pairwise(known))
    if len(known) < len(keys) or ascending:
        found = _paired(marks)
    else:
        found = _swept(sorted(zip(known, marks, strict=True), key=_order))
    return _limited(found, limits, key) if limits else found


def fixes(events: Sequence[Event]) -> list[str]:
    """Return the versions of `fixed` events, as written."""
    return [str(event.fixed) for event in events if event.fixed is not None]


def uncovered(versions: Sequence[str], ranges: tuple[Interval, ...], key: Key) -> tuple[str, ...]:
    """Return the listed versions that the ranges do not cover already.

    A version without a key stays: it can only be compared as text.
    """
    keys = [(version, key(version)) for version in versions]
    try:
        within = membership(ranges, key)
    except InputError:  # a bound without a key: nobody can say what the ranges cover
        return tuple(versions)
    return tuple(version for version, at in keys if at is None or not within(at))


def _mark(event: Event) -> tuple[str, str]:
    for kind in ("introduced", "fixed", "last_affected", "limit"):
        value = getattr(event, kind)
        if value is not None and value != "":
            return kind, str(value)
    raise InputError("advisories.record", "a range has an event that says nothing")


def _event_key(mark: tuple[str, str], key: Key) -> bytes | None:
    return b"" if mark[0] == "introduced" and mark[1] in _BEGINNING else key(mark[1])


def _order(item: tuple[bytes, tuple[str, str]]) -> tuple[bytes, int]:
    return item[0], _AT_ONE_VERSION[item[1][0]]


def _regular(marks: Sequence[tuple[str, str]]) -> bool:
    """Return whether introductions and ends alternate, starting with an introduction."""
    return all((kind == "introduced") == (at % 2 == 0) for at, (kind, _) in enumerate(marks))


def _paired(marks: Sequence[tuple[str, str]]) -> tuple[Interval, ...]:
    if not _regular(marks):
        raise InputError(
            "version.incomparable",
            "a range has events whose order cannot be told: its versions cannot be compared",
        )
    starts = [text for kind, text in marks if kind == "introduced"]
    ends = [mark for mark in marks if mark[0] != "introduced"]
    padded = [*ends, *(("", ""),) * (len(starts) - len(ends))]
    return tuple(
        _interval(start, kind, end) for start, (kind, end) in zip(starts, padded, strict=True)
    )


def _swept(marks: Sequence[tuple[bytes, tuple[str, str]]]) -> tuple[Interval, ...]:
    found: list[Interval] = []
    start: str | None = None
    for _, (kind, text) in marks:
        if kind == "introduced":
            start = text if start is None else start
        elif start is not None:
            found.append(_interval(start, kind, text))
            start = None
    if start is not None:
        found.append(_interval(start, "", ""))
    return tuple(found)


def _interval(start: str, kind: str, end: str) -> Interval:
    low = "" if start in _BEGINNING else start
    return Interval(low=low, high=end, high_inclusive=kind == "last_affected")


def _limited(found: tuple[Interval, ...], limits: Sequence[str], key: Key) -> tuple[Interval, ...]:
    """Cut off what lies at or above the highest limit (a version must be below any of them)."""
    below = tuple(Interval(high=limit) for limit in limits)
    return intersection(found, below, key)
