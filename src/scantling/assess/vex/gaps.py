"""What became of VEX, as gaps: documents that cannot be read, statements that were not applied."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from scantling.assess.vex.api import VexProblem
from scantling.assess.vex.apply import Applied, Unused, Why
from scantling.core.model.gap import Gap, gap

_ELSEWHERE: Final = frozenset({Why.VULNERABILITY, Why.PRODUCT})


def problem_gaps(problems: Iterable[VexProblem]) -> tuple[Gap, ...]:
    """Return a `vex.unreadable` gap for each reason of each origin, sorted, with its count."""
    counts = Counter((one.origin, one.reason) for one in problems)
    where = {(one.origin, one.reason): one.where for one in sorted(problems, reverse=True)}
    gaps = []
    for (origin, reason), count in counts.items():
        place = f"{origin}, {where[origin, reason]}" if where[origin, reason] else origin
        gaps.append(gap("vex.unreadable", f"{place}: {reason}", count=count))
    return tuple(sorted(gaps))


def unused_gaps(applied: Applied, *, catalogs: Collection[str] = ()) -> tuple[Gap, ...]:
    """Return a `vex.unused` gap for each reason of each document, sorted, with its count.

    Statements of `catalogs` (origins that speak of many products) are left out if they are about
    something else; of a document that the user chose, every unused statement is reported.
    """
    told = [
        one
        for one in applied.unused
        if one.why not in _ELSEWHERE or one.statement.origin not in catalogs
    ]
    groups: dict[tuple[str, str, str], list[Unused]] = {}
    for one in told:
        origin = one.statement.origin or one.statement.document
        groups.setdefault((origin, one.why, one.detail), []).append(one)
    gaps = []
    for (origin, _, detail), members in groups.items():
        names = sorted({one.statement.vulnerabilities[0] for one in members})
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        text = f"{origin}: {names[0]}{more}: {detail}"
        gaps.append(gap("vex.unused", text, count=len(members)))
    return tuple(sorted(gaps))
