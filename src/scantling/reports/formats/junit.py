"""JUnit XML: for Jenkins, GitLab, Azure Pipelines and whatever else shows test results.

A suite per part and package type, a case per finding: it fails if it blocks, is skipped if it is
suppressed or excepted, and passes with a note if it is only reported. A suite `completeness` has a
case per kind of gap, an error if it makes the verdict unknown; a suite `policy` one per decision on
something else; `verdict` is one case that says what it rests on.

Source: Jenkins xUnit plugin, junit-10.xsd; GitLab Docs, "Unit test reports"; Microsoft Learn,
"PublishTestResults@2" (which outcomes they read).
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from msgspec import Struct

from scantling.core.model.decision import Action
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import CODES, Gap, GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_MOST_CHARS: Final = 4096
# What `neutral` leaves and XML 1.0, 2.2 has no place for.
_NO_CHARACTER: Final = re.compile("[\ufffe\uffff]")


class _Case(Struct, frozen=True, kw_only=True):
    """`result`: `failure`, `error`, `skipped`, or empty if it passed. `kind` is its type."""

    name: str
    group: str
    result: str = ""
    kind: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document."""
    del look
    suites = [*_suites(report)]
    every = [one for _, cases in suites for one in cases]
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites{_attribute('name', gate.category(report))}{_counts(every)}>\n"
    for name, cases in suites:
        yield from _suite(report, name, cases)
    yield "</testsuites>\n"


def _suites(report: ScanReport) -> Iterator[tuple[str, list[_Case]]]:
    yield "verdict", [_verdict(report)]
    yield "completeness", [*_gaps(report)]
    groups: dict[str, list[_Case]] = {}
    for one in gate.seen(report):
        groups.setdefault(f"{one.part} {one.type}", []).append(_finding(report, one))
    yield from sorted(groups.items())
    decided = [*_policy(report)]
    if decided:
        yield "policy", decided


def _verdict(report: ScanReport) -> _Case:
    """Return a case that passes exactly if the scan does."""
    stopped = report.verdict.exit_code != 0
    return _Case(
        name=report.image.reference,
        group="verdict",
        result="failure" if stopped else "",
        kind=report.verdict.status,
        message=view.headline(report),
        lines=(view.headline(report), gate.proof(report)),
    )


def _gaps(report: ScanReport) -> Iterator[_Case]:
    for alike in view.by_code([*report.gaps]):
        first = alike[0]
        result = "error" if gate.stops(report, first) else ""
        if first.kind is GapKind.BLOCKING and not result:
            result = "skipped"
        yield _Case(
            name=f"{first.code}: {CODES[first.code][1]}",
            group="completeness",
            result=result,
            kind=first.code,
            message="accepted" if result == "skipped" else f"{first.detail}. {first.advice}",
            lines=tuple(map(_gap, alike)),
        )
    if not any(one.kind is GapKind.BLOCKING for one in report.gaps):
        yield _Case(name="everything was looked at", group="completeness")


def _gap(one: Gap) -> str:
    place = view.place(one)
    return f"{f'{place}: ' if place else ''}{one.detail}. {one.advice}"


def _finding(report: ScanReport, one: Seen) -> _Case:
    finding = one.finding
    decision = gate.why(one, report.fail_on)
    result, message = "", decision or f"{finding.severity}, reported only"
    if one.blocks:
        result = "failure"
    elif finding.state is FindingState.SUPPRESSED:
        result, message = "skipped", finding.reason
    elif one.exception is not None:
        result, message = "skipped", f"{decision}: {one.exception.reason}"
    return _Case(
        name=f"{finding.id} in {one.name} {one.version}",
        group=f"{one.part}.{one.type}.{one.name}",
        result=result,
        kind=finding.severity,
        message=message,
        lines=tuple(_lines(report, one)),
    )


def _lines(report: ScanReport, one: Seen) -> Iterator[str]:
    finding = one.finding
    yield finding.summary or finding.id
    yield f"Severity {finding.severity}, {finding.state}. Fix: {view.fix_words(finding)}."
    if finding.reason:
        yield finding.reason
    if one.decision is not None:
        yield one.decision.reason
    if finding.risk is not None:
        yield f"Risk {finding.risk.score:.0f} of 100."
    if one.place is not None:
        yield f"Line: {gate.where(one.place)}"
    if one.package is not None:
        step = view.instruction(report, one.package.origin)
        yield f"Layer {one.package.origin}{f' ({step})' if step else ''}: {finding.purl}"


def _policy(report: ScanReport) -> Iterator[_Case]:
    for one in gate.other_decisions(report):
        skipped = "skipped" if one.action is Action.ALLOW else ""
        yield _Case(
            name=f"{one.rule}: {one.subject}",
            group="policy",
            result="failure" if one.action is Action.BLOCK else skipped,
            kind=one.action,
            message=gate.decided(one),
            lines=(one.reason,),
        )
    for text in gate.errors(report):
        yield _Case(name=text, group="policy", result="error", kind="error", message=text)


def _suite(report: ScanReport, name: str, cases: list[_Case]) -> Iterator[str]:
    skipped = sum(one.result == "skipped" for one in cases)
    yield (
        f"  <testsuite{_attribute('name', name)}{_counts(cases)}"
        f"{_attribute('skipped', str(skipped))}{_attribute('timestamp', report.created)}>\n"
    )
    for one in cases:
        yield from _case(one)
    yield "  </testsuite>\n"


def _counts(cases: Iterable[_Case]) -> str:
    results = [one.result for one in cases]
    return (
        f"{_attribute('tests', str(len(results)))}"
        f"{_attribute('failures', str(results.count('failure')))}"
        f"{_attribute('errors', str(results.count('error')))}"
    )


def _case(one: _Case) -> Iterator[str]:
    head = f"    <testcase{_attribute('name', one.name)}"
    head += _attribute("classname", f"scantling.{one.group}")
    text = "\n".join(map(_text, one.lines))
    if one.result:
        yield f"{head}>\n      <{one.result}"
        if one.kind:
            yield _attribute("type", one.kind)
        yield f"{_attribute('message', one.message)}>{text}</{one.result}>\n    </testcase>\n"
    elif text:
        yield f"{head}>\n      <system-out>{text}</system-out>\n    </testcase>\n"
    else:
        yield f"{head}/>\n"


def _attribute(name: str, value: str) -> str:
    return f' {name}="{_text(value)}"'


def _text(value: str) -> str:
    return escape(_NO_CHARACTER.sub("\ufffd", neutral(value, limit=_MOST_CHARS)))


PLUGIN: Final = Format(
    name="junit", media_type="application/xml", suffix=".junit.xml", render=render
)
