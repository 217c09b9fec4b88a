"""SARIF 2.1.0: for code scanning. One run per image, one rule per vulnerability.

`automationDetails.id` is set per image, so that results of one image never replace another's, and
fingerprints are the findings' identities, so that a rebuild does not reopen everything. A scan with
blocking gaps says `executionSuccessful: false` and lists them as notifications.

Source: OASIS SARIF 2.1.0; GitHub, "SARIF support for code scanning" (`security-severity`).
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.gap import CODES, Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import view
from scantling.reports.api import Format, Look

_Json = dict[str, object]

_LEVELS: Final = {
    Level.CRITICAL: "error",
    Level.HIGH: "error",
    Level.MEDIUM: "warning",
    Level.LOW: "note",
    Level.NEGLIGIBLE: "note",
    Level.UNKNOWN: "warning",
}
# GitHub sorts by this number; a level without a score gets the middle of its range.
_SCORES: Final = {
    Level.CRITICAL: "9.5",
    Level.HIGH: "8.0",
    Level.MEDIUM: "5.5",
    Level.LOW: "2.0",
    Level.NEGLIGIBLE: "0.1",
    Level.UNKNOWN: "5.0",
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    del look
    rules, places = _rules(report)
    packages = view.packages_by_purl(report)
    run: _Json = {
        "tool": {
            "driver": {
                "name": "Scantling",
                "version": report.tool_version,
                "semanticVersion": report.tool_version,
                "rules": rules,
                "notifications": _descriptors(report),
            }
        },
        "automationDetails": {
            "id": f"scantling/{quote(octets(report.image.reference), safe=':@/')}/"
        },
        "invocations": [_invocation(report)],
        "results": [
            _result(report, one, packages[one.purl, one.owner], places[one.id])
            for one in report.findings
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": report.verdict.status,
            "imageDigest": report.image.digest,
            "databaseDigest": report.database.digest if report.database else "",
        },
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _rules(report: ScanReport) -> tuple[list[_Json], dict[str, int]]:
    """Return the rules, sorted by id, and the place of each id among them."""
    worst: dict[str, Finding] = {}
    for one in report.findings:
        before = worst.get(one.id)
        if before is None or one.severity.rank > before.severity.rank:
            worst[one.id] = one
    ordered = sorted(worst)
    return [_rule(worst[id_]) for id_ in ordered], {id_: at for at, id_ in enumerate(ordered)}


def _rule(finding: Finding) -> _Json:
    score = _SCORES[finding.severity] if finding.score is None else f"{finding.score:.1f}"
    summary = neutral(finding.summary or f"{finding.id} in {view.display_name(finding.purl)}")
    rule: _Json = {
        "id": neutral(finding.id),
        "name": "VulnerablePackage",
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "tags": ["security", "vulnerability", finding.severity],
            "security-severity": score,
            "aliases": [neutral(one) for one in finding.aliases],
        },
    }
    pages = [page for page in map(view.link, finding.references) if page]
    if pages:
        rule["helpUri"] = pages[0]
    return rule


def _result(report: ScanReport, finding: Finding, package: Package, rule: int) -> _Json:
    result: _Json = {
        "ruleId": neutral(finding.id),
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(report, finding, package)},
        "locations": [_location(package)],
        "partialFingerprints": {"scantlingIdentity/v1": finding.identity},
        "properties": {
            "purl": package.purl,
            "layer": package.origin,
            "fixedIn": [neutral(one) for one in finding.fixed_in],
            "state": finding.state,
        },
    }
    if finding.state is FindingState.SUPPRESSED:
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": neutral(finding.reason, limit=4096),
            }
        ]
    return result


def _message(report: ScanReport, finding: Finding, package: Package) -> str:
    name = f"{view.package_name(package)} {package.version}"
    about = f"{name} ({package.type}) has {finding.id} ({finding.severity})"
    if finding.state is not FindingState.OPEN:
        about += f", {finding.state}: {finding.reason}"
    instruction = view.instruction(report, package.origin)
    origin = f" It came with layer {package.origin}"
    origin += f" ({instruction})." if instruction else "."
    return neutral(f"{about}. Fix: {view.fix_words(finding)}.{origin}", limit=4096)


def _location(package: Package) -> _Json:
    path = package.locations[0].path if package.locations else ""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(octets(path), safe="/")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [{"fullyQualifiedName": package.purl, "kind": "module"}],
    }


def _descriptors(report: ScanReport) -> list[_Json]:
    codes = sorted({one.code for one in report.gaps})
    return [{"id": code, "shortDescription": {"text": CODES[code][1]}} for code in codes]


def _invocation(report: ScanReport) -> _Json:
    codes = sorted({one.code for one in report.gaps})
    blocking = any(one.kind is GapKind.BLOCKING for one in report.gaps)
    return {
        "executionSuccessful": not blocking,
        "exitCode": report.verdict.exit_code,
        "exitCodeDescription": neutral(view.headline(report), limit=4096),
        "endTimeUtc": report.created,
        "toolExecutionNotifications": [_notification(one, codes) for one in report.gaps],
    }


def _notification(one: Gap, codes: list[str]) -> _Json:
    where = view.place(one)
    text = f"{f'{where}: ' if where else ''}{one.detail}. {one.advice}"
    return {
        "descriptor": {"id": one.code, "index": codes.index(one.code)},
        "level": "error" if one.kind is GapKind.BLOCKING else "note",
        "message": {"text": neutral(text, limit=4096)},
    }


PLUGIN: Final = Format(
    name="sarif", media_type="application/sarif+json", suffix=".sarif", render=render
)
