"""A comparison of two reports, as text for people and as JSON for programs."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.model.compare import Change, Comparison
from scantling.core.model.finding import Finding, FindingState
from scantling.core.text import neutral
from scantling.reports.formats.json import inert
from scantling.reports.view import fix_words, number

_SCHEMA_VERSION: Final = "1.0.0"


class Named(Struct, frozen=True):
    """How the user named the two sides."""

    before: str
    after: str


def counting(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that are not suppressed."""
    return tuple(one for one in findings if one.state is not FindingState.SUPPRESSED)


def reopened(found: Comparison) -> tuple[Change, ...]:
    """Return what was suppressed before and is not any more."""
    return tuple(
        one
        for one in found.unchanged
        if one.before.state is FindingState.SUPPRESSED
        and one.after.state is not FindingState.SUPPRESSED
    )


def json(found: Comparison, named: Named) -> str:
    """Return the comparison, whole, as JSON; strings as `reports.formats.json` writes them."""
    document = {"schema_version": _SCHEMA_VERSION, "names": named, "comparison": found}
    return msgspec.json.format(msgspec.json.encode(inert(document)), indent=2).decode() + "\n"


def text(found: Comparison, named: Named) -> str:
    """Return the comparison for a person: what counts first, what stays the same as a number."""
    return "\n".join(_rows(found, named)) + "\n"


def _rows(found: Comparison, named: Named) -> Iterator[str]:
    yield f"{neutral(named.before)} → {neutral(named.after)}"
    yield from _part("new", found.new)
    again = [one.after for one in reopened(found)]
    yield from _part("no longer suppressed", again)
    yield from _part("fixed", found.fixed)
    yield from _part("lost: not found, but something hides where they were", found.lost)
    yield from _changes(found)
    added, removed = len(found.packages_added), len(found.packages_removed)
    if added or removed:
        yield f"packages: {added} added, {removed} removed"
    yield from (f"note: {neutral(one)}" for one in found.because)


def _part(title: str, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the findings that count, and how many are suppressed; nothing for none at all."""
    every = [*findings]
    shown = counting(every)
    hidden = len(every) - len(shown)
    if not every:
        return
    more = f" and {hidden} suppressed" if hidden else ""
    yield f"{title}: {len(shown)}{more}"
    for one in shown:
        state = " (undetermined)" if one.state is FindingState.UNDETERMINED else ""
        fix = neutral(fix_words(one))
        yield f"  {one.severity:<10}  {neutral(one.id)}  {neutral(one.purl)}{state}  {fix}"


def _changes(found: Comparison) -> Iterator[str]:
    different = [one for one in found.unchanged if _said(one)]
    yield f"unchanged: {len(found.unchanged)}" + (
        f", of which {number(len(different), 'finding')} read differently now" if different else ""
    )
    for one in different:
        yield f"  {neutral(one.after.id)}  {neutral(one.after.purl)}: {'; '.join(_said(one))}"


def _said(change: Change) -> list[str]:
    """Return what a reader would want to know of a finding that is in both reports."""
    old, new = change.before, change.after
    pairs = (
        ("severity", old.severity, new.severity),
        ("state", old.state, new.state),
        ("fix", fix_words(old), fix_words(new)),
        ("name", old.id, new.id),
    )
    return [f"{name} {neutral(was)} → {neutral(is_)}" for name, was, is_ in pairs if was != is_]
