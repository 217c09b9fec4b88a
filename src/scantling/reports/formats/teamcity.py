"""TeamCity service messages, printed to a build step's standard output.

Findings are inspections (a type per vulnerability, shown under *Inspections*), what stops the
pipeline is a build problem, and counts are statistics that TeamCity draws over builds.

Source: JetBrains, TeamCity documentation, "Service Messages" (escaping, limits of attributes:
identifiers 255 characters, texts 4,000, identity of a problem 60).
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from scantling.core.model.advisory import Level
from scantling.core.model.decision import Action
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import CODES, GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_SHORT: Final = 255
_LONG: Final = 4000
_ESCAPES: Final = {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}
_SEVERITIES: Final = {
    Level.CRITICAL: "ERROR",
    Level.HIGH: "ERROR",
    Level.MEDIUM: "WARNING",
    Level.LOW: "WEAK WARNING",
    Level.NEGLIGIBLE: "INFO",
    Level.UNKNOWN: "WARNING",
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield one message per line."""
    del look
    counting = [one for one in gate.seen(report) if one.counts]
    yield from _types(report, counting)
    for one in counting:
        yield _finding(report, one)
    for gap in report.gaps:
        text = f"{gap.detail}. {gap.advice}"
        severity = "ERROR" if gap.kind is GapKind.BLOCKING else "INFO"
        place = view.place(gap) or report.image.reference
        yield _message("inspection", typeId=gap.code, message=text, file=place, SEVERITY=severity)
    yield from _problems(report, counting)
    yield from _statistics(report, counting)


def _types(report: ScanReport, counting: list[Seen]) -> Iterator[str]:
    worst: dict[str, Finding] = {}
    for one in counting:
        worst.setdefault(one.finding.id, one.finding)
    for id_, finding in worst.items():
        name = finding.summary or f"{id_} in {view.display_name(finding.purl)}"
        yield _type(id_, name, f"Vulnerable package: {finding.severity}", finding.summary or name)
    for code in dict.fromkeys(one.code for one in report.gaps):
        yield _type(code, CODES[code][1], "Not looked at", f"{CODES[code][1]}. {CODES[code][2]}")


def _type(id_: str, name: str, category: str, description: str) -> str:
    return _message("inspectionType", id=id_, name=name, category=category, description=description)


def _finding(report: ScanReport, one: Seen) -> str:
    finding = one.finding
    decision = gate.why(one, report.fail_on)
    text = f"{one.name} {one.version} ({one.type}) has {finding.id}"
    text += "" if finding.state is FindingState.OPEN else f", {finding.state}"
    text += f"; fix: {view.fix_words(finding)}" + (f"; {decision}" if decision else "")
    severity = "ERROR" if one.blocks else _SEVERITIES[finding.severity]
    if one.place is not None:
        line = str(one.place.line)
        return _message(
            "inspection",
            typeId=finding.id,
            message=text,
            file=one.place.path,
            line=line,
            SEVERITY=severity,
        )
    path = next((at.path for at in one.package.locations), "") if one.package else ""
    file = path or report.image.reference
    return _message("inspection", typeId=finding.id, message=text, file=file, SEVERITY=severity)


def _problems(report: ScanReport, counting: list[Seen]) -> Iterator[str]:
    """Yield a problem if the pipeline stops: TeamCity fails the build for it."""
    if not report.verdict.exit_code:
        return
    # Problems of one image keep their identity over builds, so that TeamCity can mute them.
    category = sha256(octets(gate.category(report))).hexdigest()[:32]
    blocking = sum(one.blocks for one in counting)
    text = f"{view.headline(report)} ({view.number(blocking, 'blocking finding')})"
    yield _message("buildProblem", description=text, identity=f"scantling-{category}")
    for number, error in enumerate(gate.errors(report)):
        yield _message("buildProblem", description=error, identity=f"scantling-rule-{number}")
    for decision in gate.other_decisions(report):
        if decision.action is Action.BLOCK:
            text = f"{decision.subject}: {gate.decided(decision)}: {decision.reason}"
            subject = sha256(octets(decision.subject)).hexdigest()[:32]
            yield _message("buildProblem", description=text, identity=f"scantling-{subject}")


def _statistics(report: ScanReport, counting: list[Seen]) -> Iterator[str]:
    levels = Counter(one.finding.severity for one in counting)
    values = {f"scantling.{level}": levels[level] for level in view.LEVELS}
    values["scantling.blocking"] = sum(one.blocks for one in counting)
    values["scantling.excepted"] = sum(one.exception is not None for one in gate.seen(report))
    values["scantling.gaps"] = sum(one.kind is GapKind.BLOCKING for one in report.gaps)
    values["scantling.packages"] = len(report.packages)
    for key, value in values.items():
        yield _message("buildStatisticValue", key=key, value=str(value))
    yield _message("buildStatus", text=f"{{build.status.text}}; Scantling: {gate.outcome(report)}")


def _message(message_name: str, /, **attributes: str) -> str:
    limits = {"message": _LONG, "description": _LONG, "file": _LONG, "text": _LONG}
    given = " ".join(
        f"{key}='{_value(text, limits.get(key, _SHORT))}'" for key, text in attributes.items()
    )
    return f"##teamcity[{message_name} {given}]\n"


def _value(text: str, limit: int) -> str:
    """Return the escaped value: `|` before special characters, UTF-16 units beyond ASCII."""
    return "".join(map(_escaped, neutral(text, limit=limit)))


def _escaped(char: str) -> str:
    if char.isascii():
        return _ESCAPES.get(char, char)
    units = char.encode("utf-16-be")
    return "".join(f"|0x{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


PLUGIN: Final = Format(
    name="teamcity", media_type="text/plain", suffix=".teamcity.txt", render=render
)
