"""GitLab code quality: findings at lines of the project, shown in a merge request.

    artifacts:
      reports:
        codequality: gl-code-quality-report.json

GitLab compares fingerprints with those of the target branch, so the widget shows what a change
brings. Gaps are entries of their own. A finding without a known line is at its file in the image.

Source: GitLab Docs, "Code Quality", "Code Quality report format" (a subset of Code Climate's).
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import msgspec

from scantling.core.model.advisory import Level
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_Json = dict[str, object]

_MOST_CHARS: Final = 2000
_SEVERITIES: Final = {
    Level.CRITICAL: "critical",
    Level.HIGH: "major",
    Level.MEDIUM: "minor",
    Level.LOW: "info",
    Level.NEGLIGIBLE: "info",
    Level.UNKNOWN: "minor",
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document: a list, indented by two spaces."""
    del look
    entries = [_gap(report, one) for one in report.gaps]
    entries += [_finding(report, one) for one in gate.seen(report) if one.counts]
    # GitLab takes the first of several entries with one fingerprint.
    unique = {entry["fingerprint"]: entry for entry in reversed(entries)}
    yield msgspec.json.format(msgspec.json.encode([*reversed(unique.values())]), indent=2).decode()


def _finding(report: ScanReport, one: Seen) -> _Json:
    finding = one.finding
    decision = gate.why(one, report.fail_on)
    text = (
        f"{one.name} {one.version} ({one.type}) has {finding.id} ({finding.severity}, "
        f"{finding.state}). Fix: {view.fix_words(finding)}.{f' {decision}.' if decision else ''}"
    )
    path, line = "", 1
    if one.place is not None:
        path, line = one.place.path, one.place.line
    elif one.package is not None and one.package.locations:
        path = one.package.locations[0].path
    severity = "blocker" if one.blocks else _SEVERITIES[finding.severity]
    return _entry(text, finding.id, finding.identity, severity, (path or "image", line))


def _gap(report: ScanReport, one: Gap) -> _Json:
    place = view.place(one)
    at = f" at {place}" if place else ""
    known = f"{gate.category(report)}\n{one.code}\n{place}\n{one.detail}"
    unknown = one.kind is GapKind.BLOCKING
    words = "Not looked at, so the verdict is unknown" if unknown else "Worth knowing"
    severity = "blocker" if gate.stops(report, one) else "major" if unknown else "info"
    return _entry(
        f"{words}{at}: {one.detail}. {one.advice}",
        one.code,
        sha256(octets(known)).hexdigest(),
        severity,
        (one.path or "image", 1),
    )


def _entry(text: str, check: str, fingerprint: str, severity: str, place: tuple[str, int]) -> _Json:
    path, line = place
    return {
        "description": neutral(text, limit=_MOST_CHARS),
        "check_name": neutral(check),
        "fingerprint": neutral(fingerprint),
        "severity": severity,
        "location": {"path": neutral(path), "lines": {"begin": line}},
    }


PLUGIN: Final = Format(
    name="gitlab-quality",
    media_type="application/json",
    suffix=".gl-code-quality-report.json",
    render=render,
)
