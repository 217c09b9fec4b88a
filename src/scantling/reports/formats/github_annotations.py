"""Annotations of a GitHub Actions run: workflow commands, printed to a step's standard output.

One annotation per package and line of the project, worst first: an error for what blocks, a warning
for other findings. GitHub shows ten of each kind per step; the last one of a kind sums up the rest.
The verdict is a notice.

Source: GitHub Docs, "Workflow commands for GitHub Actions"; actions/toolkit, `command.ts`
(escaping), docs/problem-matchers.md (limits).
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.model.decision import Action
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_MOST: Final = 10
_MOST_NAMED: Final = 5
_MOST_CHARS: Final = 2000
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


class _Note(Struct, frozen=True, kw_only=True):
    title: str
    text: str
    place: Place | None = None


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield one command per line."""
    del look
    notes: dict[str, list[_Note]] = {"error": [], "warning": []}
    for one in report.gaps:
        if one.kind is GapKind.BLOCKING:
            notes["error" if gate.stops(report, one) else "warning"].append(_gap(one))
    for text in gate.errors(report):
        notes["error"].append(_Note(title="a rule failed", text=text))
    for group in _groups(report):
        notes["error" if group[0].blocks else "warning"].append(_finding(report, group))
    for decision in gate.other_decisions(report):
        note = _Note(title=gate.decided(decision), text=f"{decision.subject}: {decision.reason}")
        if decision.action is not Action.ALLOW:
            notes["error" if decision.action is Action.BLOCK else "warning"].append(note)
    for kind, some in notes.items():
        yield from _commands(kind, some)
    title = f"Scantling: {report.image.reference}"
    yield _command("notice", _Note(title=title, text=view.headline(report)))


def _groups(report: ScanReport) -> list[tuple[Seen, ...]]:
    """Return what counts, in groups that one annotation speaks of."""
    groups: dict[tuple[bool, str], list[Seen]] = {}
    for one in gate.seen(report):
        if one.counts:
            groups.setdefault((one.blocks, one.finding.purl), []).append(one)
    return [tuple(group) for group in groups.values()]


def _finding(report: ScanReport, group: tuple[Seen, ...]) -> _Note:
    first = group[0]
    named = ", ".join(
        f"{one.finding.id} ({one.finding.severity}; {view.fix_words(one.finding)})"
        for one in group[:_MOST_NAMED]
    )
    more = f" and {len(group) - _MOST_NAMED} more" if len(group) > _MOST_NAMED else ""
    reasons = sorted({text for text in (gate.why(one, report.fail_on) for one in group) if text})
    because = f": {'; '.join(reasons[:_MOST_NAMED])}" if reasons else ""
    return _Note(
        title=f"{first.name} {first.version}: {view.number(len(group), 'finding')}",
        text=f"{named}{more}{because}",
        place=first.place,
    )


def _gap(one: Gap) -> _Note:
    place = view.place(one)
    at = f"{place}: " if place else ""
    return _Note(title=f"not looked at: {one.code}", text=f"{at}{one.detail}. {one.advice}")


def _commands(kind: str, notes: list[_Note]) -> Iterator[str]:
    if len(notes) <= _MOST:
        yield from (_command(kind, one) for one in notes)
        return
    yield from (_command(kind, one) for one in notes[: _MOST - 1])
    rest = len(notes) - _MOST + 1
    text = f"{rest} more of this kind; the summary and the JSON report have all"
    yield _command(kind, _Note(title=f"{rest} more", text=text))


def _command(kind: str, note: _Note) -> str:
    properties = []
    if note.place is not None:
        properties += [f"file={_property(note.place.path)}", f"line={note.place.line}"]
        if note.place.end_line:
            properties.append(f"endLine={note.place.end_line}")
        elif note.place.column:  # GitHub takes columns only of a single line.
            properties.append(f"col={note.place.column}")
    properties.append(f"title={_property(neutral(note.title, limit=200))}")
    text = neutral(note.text, limit=_MOST_CHARS).translate(_DATA)
    return f"::{kind} {','.join(properties)}::{text}\n"


def _property(value: str) -> str:
    return neutral(value).translate(_PROPERTY)


PLUGIN: Final = Format(
    name="github-annotations", media_type="text/plain", suffix=".github.txt", render=render
)
