"""Azure Pipelines: logging commands, printed to a step's standard output.

An issue for each finding, package, gap and failed rule that matters, worst first, at the line of
the project when it is known, at most 100; then the result of the task. Azure shows a
summary from a file: write `--format github-summary=summary.md` and name its absolute path in
`##vso[task.uploadsummary]`.

Source: Microsoft Learn, "Logging commands"; azure-pipelines-task-lib, `taskcommand.ts` (escaping).
`%AZP25` is how an agent since 2.171 reads a percent sign.
"""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.decision import Action
from scantling.core.model.gap import GapKind
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_MOST: Final = 100
_MOST_CHARS: Final = 2000
_DATA: Final = str.maketrans({"%": "%AZP25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _DATA | str.maketrans({"]": "%5D", ";": "%3B"})

_Issue = tuple[str, str, str, Place | None]
"""Type, code, text, place."""


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield one command per line."""
    del look
    issues = sorted(_issues(report), key=lambda one: one[0] != "error")
    yield from (_issue(one) for one in issues[:_MOST])
    if len(issues) > _MOST:
        text = f"{len(issues) - _MOST} more; the JSON report has all"
        yield _issue((issues[_MOST][0], "scantling.more", text, None))
    result = "SucceededWithIssues" if issues else "Succeeded"
    if report.verdict.exit_code:
        result = "Failed"
    headline = neutral(view.headline(report), limit=_MOST_CHARS).translate(_DATA)
    yield f"##vso[task.complete result={result};]{headline}\n"


def _issues(report: ScanReport) -> Iterator[_Issue]:
    for gap in report.gaps:
        if gap.kind is GapKind.BLOCKING:
            kind = "error" if gate.stops(report, gap) else "warning"
            place = view.place(gap)
            at = f"{place}: " if place else ""
            yield kind, gap.code, f"not looked at: {at}{gap.detail}. {gap.advice}", None
    for text in gate.errors(report):
        yield "error", "policy.error", text, None
    for one in gate.seen(report):
        if one.counts:
            kind = "error" if one.blocks else "warning"
            yield kind, one.finding.id, _text(report, one), one.place
    for decision in gate.other_decisions(report):
        if decision.action is not Action.ALLOW:
            kind = "error" if decision.action is Action.BLOCK else "warning"
            text = f"{decision.subject}: {gate.decided(decision)}: {decision.reason}"
            yield kind, decision.rule, text, None


def _text(report: ScanReport, one: Seen) -> str:
    finding = one.finding
    why = gate.why(one, report.fail_on)
    return (
        f"{one.name} {one.version} ({one.type}) has {finding.id} ({finding.severity}), "
        f"{finding.state}. Fix: {view.fix_words(finding)}.{f' Decision: {why}.' if why else ''}"
    )


def _issue(issue: _Issue) -> str:
    kind, code, text, place = issue
    properties = [("type", kind)]
    if place is not None:
        properties += [("sourcepath", place.path), ("linenumber", str(place.line))]
        properties += [("columnnumber", str(place.column))] if place.column else []
    properties.append(("code", code))
    given = "".join(f"{name}={neutral(value).translate(_PROPERTY)};" for name, value in properties)
    return f"##vso[task.logissue {given}]{neutral(text, limit=_MOST_CHARS).translate(_DATA)}\n"


PLUGIN: Final = Format(name="azure", media_type="text/plain", suffix=".azure.txt", render=render)
