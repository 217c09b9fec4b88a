"""What a comparison says, for every way of writing it: groups of findings, what reads differently.

No syntax; texts from images are not yet neutralized.
"""

from collections.abc import Iterable

from msgspec import Struct

from scantling.core.model.compare import Change, Comparison
from scantling.core.model.finding import Finding, FindingState
from scantling.reports import view


class Group(Struct, frozen=True, kw_only=True):
    """Findings of one fate. `shown` count; `hidden` is how many more are suppressed."""

    name: str
    title: str
    meaning: str
    shown: tuple[Finding, ...]
    hidden: int


def groups(found: Comparison) -> tuple[Group, ...]:
    """Return the groups that matter, in the order to show them, empty ones too."""
    again = tuple(one.after for one in found.unchanged if _reopened(one))
    return (
        _group("new", "New", "Not in the first report.", found.new),
        _group("reopened", "No longer suppressed", "In both; it counts again.", again),
        _group("lost", "Lost", "Something hides where they were: not fixed.", found.lost),
        _group("fixed", "Fixed", "Gone, and the second scan could have seen them.", found.fixed),
    )


def changed(found: Comparison) -> tuple[tuple[Finding, str], ...]:
    """Return findings in both reports that read differently now, each with what changed."""
    told = ((one.after, "; ".join(differences(one))) for one in found.unchanged)
    return tuple((finding, words) for finding, words in told if words)


def differences(change: Change) -> tuple[str, ...]:
    """Return what a reader would want to know of a finding in both reports, as phrases."""
    old, new = change.before, change.after
    pairs = (
        ("name", old.id, new.id),
        ("severity", old.severity, new.severity),
        ("state", old.state, new.state),
        ("fix", view.fix_words(old), view.fix_words(new)),
        ("risk", _risk(old), _risk(new)),
    )
    return tuple(f"{name} {was} → {now}" for name, was, now in pairs if was != now)


def totals(found: Comparison) -> str:
    """Return the counts as one sentence."""
    counts = ", ".join(f"{len(one.shown)} {one.title.lower()}" for one in groups(found))
    return f"{counts}, {len(found.unchanged)} in both"


def _group(name: str, title: str, meaning: str, findings: Iterable[Finding]) -> Group:
    every = tuple(findings)
    shown = tuple(one for one in every if one.state is not FindingState.SUPPRESSED)
    hidden = len(every) - len(shown)
    return Group(name=name, title=title, meaning=meaning, shown=shown, hidden=hidden)


def _reopened(change: Change) -> bool:
    before, after = change.before.state, change.after.state
    return before is FindingState.SUPPRESSED and after is not FindingState.SUPPRESSED


def _risk(finding: Finding) -> str:
    return "not rated" if finding.risk is None else f"{finding.risk.score:.0f}"
