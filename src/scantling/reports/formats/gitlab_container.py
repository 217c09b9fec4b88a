"""GitLab container scanning report 15.2.1: for the vulnerability report and security policies.

    artifacts:
      reports:
        container_scanning: gl-container-scanning-report.json

GitLab follows a vulnerability over scans by its first identifier, package, image and operating
system. Suppressed and excepted findings are left out and counted in a message, since GitLab would
call them open. Gaps are messages, and a scan with blocking ones has the status `failure`.

Source: GitLab, security-report-schemas, container-scanning-report-format.json.
"""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

import msgspec

from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, VerdictStatus
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import gate, view
from scantling.reports.api import Format, Look
from scantling.reports.gate import Seen

_Json = dict[str, object]

_SCHEMA: Final = "15.2.1"
_MOST_NAME: Final = 255
_MOST_SOLUTION: Final = 7000
_MOST_TEXT: Final = 4096
_MOST_VECTORS: Final = 10
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_IDENTITY: Final = re.compile(r"[0-9a-f]{32}")
# One metric that GitLab does not know makes it refuse the whole report.
_VECTOR: Final = re.compile(
    r"""
    CVSS:3\.[01](?:/(?:
      M?AV:[NALP] | M?AC:[LH] | M?PR:[NLH] | M?UI:[NR] | M?S:[UC] | M?[CIA]:[NLH]
      | E:[XUPFH] | RL:[XOTWU] | RC:[XURC] | [CIA]R:[XLMH] | M(?:AV|AC|PR|UI|S|[CIA]):X
    ))++
    """,
    re.VERBOSE,
)
_VECTOR_CHARS: Final = range(32, 129)
_SEVERITIES: Final = {
    Level.CRITICAL: "Critical",
    Level.HIGH: "High",
    Level.MEDIUM: "Medium",
    Level.LOW: "Low",
    Level.NEGLIGIBLE: "Info",
    Level.UNKNOWN: "Unknown",
}
_PAGES: Final = {
    "CVE-": ("cve", "https://nvd.nist.gov/vuln/detail/"),
    "GHSA-": ("ghsa", "https://github.com/advisories/"),
    "OSV-": ("osv", "https://osv.dev/vulnerability/"),
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    del look
    found = gate.seen(report)
    document: _Json = {
        "version": _SCHEMA,
        "scan": _scan(report, found),
        "vulnerabilities": [_vulnerability(report, one) for one in found if one.counts],
        "remediations": [],
    }
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _scan(report: ScanReport, found: tuple[Seen, ...]) -> _Json:
    tool = {
        "id": "scantling",
        "name": "Scantling",
        "version": neutral(report.tool_version) or "0",
        "vendor": {"name": "Scantling"},
    }
    time = report.created[:19] if _TIME.match(report.created) else "1970-01-01T00:00:00"
    unknown = report.verdict.status is VerdictStatus.UNKNOWN
    return {
        "type": "container_scanning",
        "status": "failure" if unknown else "success",
        "start_time": time,
        "end_time": time,
        "analyzer": tool,
        "scanner": tool,
        "messages": [*_messages(report, found)],
    }


def _messages(report: ScanReport, found: tuple[Seen, ...]) -> Iterator[_Json]:
    yield _message("info", view.headline(report))
    yield _message("info", gate.proof(report))
    for text in gate.errors(report):
        yield _message("fatal", f"a rule failed: {text}")
    for decision in gate.other_decisions(report):
        words = f"{gate.decided(decision)}: {decision.reason}"
        yield _message("warn", f"{decision.subject}: {words}")
    hidden = sum(not one.counts for one in found)
    if hidden:
        yield _message("info", f"{view.number(hidden, 'finding')} suppressed or excepted")
    for gap in report.gaps:
        level = "warn" if gap.kind is GapKind.BLOCKING else "info"
        yield _message(level, _gap(gap))


def _message(level: str, text: str) -> _Json:
    return {"level": level, "value": neutral(text, limit=_MOST_TEXT)}


def _gap(one: Gap) -> str:
    place = view.place(one)
    return f"{one.code}: {f'{place}: ' if place else ''}{one.detail}. {one.advice}"


def _vulnerability(report: ScanReport, one: Seen) -> _Json:
    finding = one.finding
    name = neutral(finding.summary or finding.id, limit=_MOST_NAME)
    vulnerability: _Json = {
        "id": _uuid(finding),
        "name": name,
        "description": neutral(_description(one), limit=_MOST_TEXT),
        "severity": _SEVERITIES[finding.severity],
        "solution": neutral(_solution(one), limit=_MOST_SOLUTION),
        "identifiers": [_identifier(id_) for id_ in (finding.id, *finding.aliases)],
        "links": [{"url": page} for page in map(view.link, finding.references) if page],
        "location": {
            "dependency": {
                "package": {"name": neutral(one.name)},
                "version": neutral(one.version),
            },
            "operating_system": _system(report),
            "image": neutral(report.image.reference) or "image",
        },
        "details": _details(report, one),
    }
    vectors = _vectors(finding)
    if vectors:
        vulnerability["cvss_vectors"] = vectors
    return vulnerability


def _uuid(finding: Finding) -> str:
    if _IDENTITY.fullmatch(finding.identity):
        return str(UUID(finding.identity))
    return neutral(finding.identity) or "unknown"


def _system(report: ScanReport) -> str:
    distro = report.distro
    return neutral(f"{distro.id} {distro.version_id}".strip()) if distro else "unknown"


def _description(one: Seen) -> str:
    finding = one.finding
    text = f"{one.name} {one.version} ({one.type}) has {finding.id}, {finding.state}."
    if finding.reason:
        text += f" {finding.reason}."
    return f"{text} {finding.summary}".strip()


def _solution(one: Seen) -> str:
    finding = one.finding
    if finding.fixed_in:
        return f"Upgrade {one.name} to {' or '.join(finding.fixed_in)}."
    return f"Fix: {view.fix_words(finding)}."


def _identifier(id_: str) -> _Json:
    shown = neutral(id_, limit=_MOST_NAME) or "unknown"
    kind, page = _PAGES.get("".join(shown.partition("-")[:2]).upper(), ("scantling", ""))
    identifier: _Json = {"type": kind, "name": shown, "value": shown}
    url = view.link(f"{page}{shown}") if page else ""
    return identifier | ({"url": url} if url else {})


def _vectors(finding: Finding) -> list[_Json]:
    """Return the CVSS 3 vectors, the deciding one first; GitLab takes ten, and no version 4."""
    said = [(finding.severity_source, finding.vector)]
    said += [(s.source, s.value) for match in finding.matches for s in match.severities]
    known: dict[str, str] = {}
    for source, vector in said:
        if len(vector) in _VECTOR_CHARS and _VECTOR.fullmatch(vector):
            known.setdefault(vector, neutral(source) or "unknown")
    return [
        {"vendor": source, "vector": vector} for vector, source in [*known.items()][:_MOST_VECTORS]
    ]


def _details(report: ScanReport, one: Seen) -> _Json:
    finding = one.finding
    origin = one.package.origin if one.package else 0
    step = view.instruction(report, origin)
    values = {
        "purl": ("Package URL", finding.purl),
        "layer": ("Layer", f"{origin}: {step}" if step else str(origin)),
        "part": ("Part", one.part),
        "decision": ("Decision", gate.why(one, report.fail_on)),
        "risk": ("Risk", f"{finding.risk.score:.0f} of 100" if finding.risk else ""),
    }
    details: _Json = {
        key: {"name": name, "type": "text", "value": neutral(value)}
        for key, (name, value) in values.items()
        if value
    }
    if one.place is not None:
        details["place"] = {
            "name": "Line",
            "type": "file-location",
            "file_name": neutral(one.place.path) or "unknown",
            "line_start": one.place.line,
        }
    return details


PLUGIN: Final = Format(
    name="gitlab-container",
    media_type="application/json",
    suffix=".gl-container-scanning-report.json",
    render=render,
)
