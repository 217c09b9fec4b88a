"""VERS: a range of versions as one line of text, `vers:deb/>=1.0|<2.0`.

Constraints are a comparator (none means `=`) and a version, percent-encoded, separated by `|` and
sorted by version; each version occurs once. `*` alone is every version.

Source: VERS, https://github.com/package-url/vers-spec.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote, unquote

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval
from scantling.versions.api import Scheme
from scantling.versions.ranges import (
    EVERYTHING,
    LEAST,
    NOTHING,
    Cuts,
    Range,
    compile_range,
    is_first,
    union,
)
from scantling.versions.registry import scheme_for

_CODE: Final = "parse.failed"
_VERS: Final = re.compile(r"vers:(?P<scheme>[a-z][a-z0-9.-]*+)/(?P<constraints>[!-~]++)")
_CONSTRAINT: Final = re.compile(r"(?P<comparator>>=|<=|!=|[><=]?+)(?P<version>[^<>=!*|]++)")
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MAX_CHARS: Final = 1 << 20
_ALIASES: Final = {"alpine": "apk"}


class Constraint(Struct, frozen=True):
    """A comparator (`=`, `!=`, `<`, `<=`, `>` or `>=`) and a version, decoded."""

    comparator: str
    version: str


class Vers(Struct, frozen=True):
    """A VERS text taken apart; no constraints means `*`, every version."""

    scheme: str
    constraints: tuple[Constraint, ...] = ()


def parse(text: str) -> Vers:
    """Return the parts of a VERS text, constraints in the text's order.

    Raises InputError if it breaks the grammar or names a version twice.
    """
    match = _VERS.fullmatch(text) if len(text) <= _MAX_CHARS else None
    if match is None:
        raise InputError(_CODE, "not a VERS text: expected vers:<scheme>/<constraints>")
    if match["constraints"] == "*":
        return Vers(match["scheme"])
    constraints = tuple(_constraint(part) for part in match["constraints"].split("|"))
    if len({one.version for one in constraints}) < len(constraints):
        raise InputError(_CODE, "a version occurs twice in a VERS text")
    return Vers(match["scheme"], constraints)


def render(vers: Vers) -> str:
    """Return the text: sorted by version; where a version has no key, in the given order."""
    if not vers.constraints:
        return f"vers:{vers.scheme}/*"
    scheme = scheme_named(vers.scheme)
    keyed = [(scheme.key(one.version), one) for one in vers.constraints]
    if all(key is not None for key, _ in keyed):
        keyed.sort(key=lambda pair: (pair[0] or b"", pair[1].version))
    return f"vers:{vers.scheme}/" + "|".join([_text(one) for _, one in keyed])


def from_intervals(
    scheme: Scheme, intervals: Sequence[Interval], versions: Sequence[str] = ()
) -> str:
    """Return the VERS text of the union of the intervals and the single versions.

    Overlaps are merged where every bound has a key; else, and for an empty set, which VERS cannot
    say, the bounds are listed as given. Without intervals and versions it is `*`: a statement about
    nothing in particular is about every version.
    """
    if not intervals and not versions:
        return f"vers:{scheme.vers}/*"
    if len(intervals) == 1 and not versions and intervals[0].low != intervals[0].high:
        # The common case: there is nothing to merge, so no key is needed.
        constraints = _as_given(intervals, ())
        return f"vers:{scheme.vers}/" + ("|".join([_text(one) for one in constraints]) or "*")
    ranged = compile_range(scheme, intervals, versions)
    strays = [Constraint("=", one) for one in sorted({*versions}) if scheme.key(one) is None]
    if ranged.sure == EVERYTHING:
        return f"vers:{scheme.vers}/*"
    if ranged.decided and (ranged.sure != NOTHING or (strays and not intervals)):
        texts = _texts_by_key(scheme, intervals, versions)
        constraints = [*_constraints(ranged.sure, texts), *strays]
    else:
        constraints = _as_given(intervals, versions)
    return f"vers:{scheme.vers}/" + "|".join([_text(one) for one in constraints])


def to_range(vers: Vers) -> Range:
    """Return the set of versions; a comparator whose version has no key leaves all undetermined.

    A single version without a key is left out: it can be equal as text only.
    Raises InputError if the scheme is unknown.
    """
    if not vers.constraints:
        return Range(EVERYTHING, EVERYTHING)
    scheme = scheme_named(vers.scheme)
    points, holes, bounds = [], [], []
    for one in vers.constraints:
        key = scheme.key(one.version)
        if one.comparator == "=":
            points += [] if key is None else [_point(key)]
        elif one.comparator == "!=":
            holes += [] if key is None else [_point(key)]
        elif key is None:
            return Range(NOTHING, EVERYTHING)
        else:
            bounds.append((key, one.comparator))
    only_holes = all(one.comparator == "!=" for one in vers.constraints)
    found = EVERYTHING if only_holes else _spans(sorted(bounds))
    found = (found & ~union(holes)) | union(points)
    return Range(found, found)


def scheme_named(name: str) -> Scheme:
    """Return the scheme with this name in VERS texts. Raises InputError if there is none."""
    name = _ALIASES.get(name, name)
    scheme = scheme_for(name)
    if scheme.vers != name:
        raise InputError(_CODE, f"no version scheme {name!r}")
    return scheme


def _constraint(text: str) -> Constraint:
    match = _CONSTRAINT.fullmatch(text)
    if match is None or _BROKEN_ESCAPE.search(text):
        raise InputError(_CODE, "a constraint of a VERS text is not a comparator and a version")
    return Constraint(match["comparator"] or "=", unquote(match["version"]))


def _text(constraint: Constraint) -> str:
    comparator = "" if constraint.comparator == "=" else constraint.comparator
    return comparator + quote(constraint.version, safe="", errors="replace")


def _point(key: bytes) -> Cuts:
    return Cuts((key, key + b"\x00"))


def _spans(bounds: Iterable[tuple[bytes, str]]) -> Cuts:
    """Return the union that sorted `<`, `<=`, `>`, `>=` describe.

    Of several lower bounds in a row the first counts, of several upper bounds the last.
    """
    spans: list[Cuts] = []
    start: bytes | None = None
    end: bytes | None = None
    for key, comparator in bounds:
        after = key + b"\x00"
        if comparator in {"<", "<="}:
            start = LEAST if start is None else start
            end = key if comparator == "<" else after
            continue
        if start is not None and end is not None:
            spans.append(Cuts((start, end)))
            start = end = None
        if start is None:
            start = after if comparator == ">" else key
    if start is not None:
        spans.append(Cuts((start,) if end is None else (start, end)))
    return union(spans)


def _texts_by_key(
    scheme: Scheme, intervals: Iterable[Interval], versions: Iterable[str]
) -> dict[bytes, str]:
    """Return one spelling per key: the first in text order, so that order of input is no matter."""
    texts = {*versions}
    for interval in intervals:
        texts |= {interval.low, interval.high}
    keyed = ((scheme.key(text), text) for text in sorted(texts, reverse=True) if text)
    return {key: text for key, text in keyed if key is not None}


def _constraints(cuts: Cuts, texts: dict[bytes, str]) -> Iterator[Constraint]:
    """Yield the constraints of a set, sorted by version."""
    at = [cut for cut in cuts.at if cut != LEAST]
    entering = cuts.at[:1] != (LEAST,)
    index = 0
    while index < len(at):
        cut = at[index]
        if at[index + 1 : index + 2] == [cut + b"\x00"] and cut in texts:
            # In and out again around one version, or out and in.
            yield Constraint("=" if entering else "!=", texts[cut])
            index += 2
            continue
        if cut in texts:
            yield Constraint(">=" if entering else "<", texts[cut])
        else:
            yield Constraint(">" if entering else "<=", texts[cut[:-1]])
        entering = not entering
        index += 1


def _as_given(intervals: Iterable[Interval], versions: Iterable[str]) -> list[Constraint]:
    constraints: dict[Constraint, None] = {}
    for interval in intervals:
        if not is_first(interval):
            constraints[Constraint(">=" if interval.low_inclusive else ">", interval.low)] = None
        if interval.high:
            constraints[Constraint("<=" if interval.high_inclusive else "<", interval.high)] = None
    for version in sorted({*versions}):
        constraints[Constraint("=", version)] = None
    return list(constraints)
