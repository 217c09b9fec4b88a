"""CycloneDX 1.6 JSON: packages with their places, and vulnerabilities where they were looked for.

What was not looked at is in `compositions` (`incomplete`) and, gap by gap, in the metadata's
properties named `scantling:gap`. Property names under `scantling:` are listed in the manual.

Source: CycloneDX 1.6 JSON reference, https://cyclonedx.org/docs/1.6/json/.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from scantling.core.model.advisory import Level, Severity
from scantling.core.model.finding import Finding, FindingState, Match
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral, octets
from scantling.reports import view
from scantling.reports.api import Format, Look

_Json = dict[str, object]

_SEVERITIES: Final = {Level.NEGLIGIBLE: "info"}
_METHODS: Final = {"cvss2": "CVSSv2", "cvss4": "CVSSv4"}
_HASHES: Final = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_DIGEST: Final = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})")
_STATES: Final = {
    FindingState.UNDETERMINED: "in_triage",
    FindingState.SUPPRESSED: "not_affected",
}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces; the serial number is a hash of its content."""
    del look
    body: _Json = {
        "metadata": _metadata(report),
        "components": _components(report),
        "dependencies": [],
        "compositions": _compositions(report),
    }
    if report.database is not None:
        body["vulnerabilities"] = [_vulnerability(one) for one in report.findings]
    digest = sha256(msgspec.json.encode(body, order="sorted")).digest()
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{UUID(bytes=digest[:16], version=5)}",
        "version": 1,
        **body,
    }
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _metadata(report: ScanReport) -> _Json:
    return {
        "timestamp": report.created,
        "tools": {
            "components": [
                {"type": "application", "name": "scantling", "version": report.tool_version}
            ]
        },
        "component": _image(report),
        "properties": [
            _property("scantling:verdict", view.status_words(report)),
            _property("scantling:profile", report.profile),
            *_database_properties(report),
            *(_property("scantling:allowed", code) for code in report.verdict.allowed),
            *(_property("scantling:gap", _gap(one)) for one in report.gaps),
        ],
    }


def _image(report: ScanReport) -> _Json:
    image = report.image
    component: _Json = {
        "type": "container",
        "bom-ref": _image_ref(report),
        "name": neutral(image.reference),
        "version": image.digest,
        "properties": [
            _property("scantling:platform", str(image.platform)),
            *(
                _property(f"scantling:layer:{layer.index}", layer.diff_id or layer.digest)
                for layer in image.layers
            ),
        ],
    }
    algorithm, _, value = image.digest.partition(":")
    if algorithm in _HASHES and _DIGEST.fullmatch(value):
        component["hashes"] = [{"alg": _HASHES[algorithm], "content": value}]
    return component


def _image_ref(report: ScanReport) -> str:
    return f"image:{report.image.digest or quote(octets(report.image.reference))}"


def _database_properties(report: ScanReport) -> Iterator[_Json]:
    if report.database is not None:
        yield _property("scantling:database", report.database.digest)
        for one in report.database.sources:
            yield _property("scantling:source", f"{one.name} of {one.as_of} ({one.complete})")


def _gap(one: Gap) -> str:
    where = view.place(one)
    return f"{one.code} ({one.kind}){f' at {where}' if where else ''}: {one.detail}"


def _components(report: ScanReport) -> list[_Json]:
    components = [_component(report, one) for one in report.packages]
    distro = report.distro
    if distro is not None:
        system: _Json = {
            "type": "operating-system",
            "bom-ref": f"os:{neutral(distro.id)}",
            "name": neutral(distro.id),
            "version": neutral(distro.version_id),
            "description": neutral(distro.pretty_name),
        }
        components.append(system)
    return components


def _component(report: ScanReport, package: Package) -> _Json:
    component: _Json = {
        "type": "application" if package.root else "library",
        "bom-ref": _ref(package.purl, package.owner),
        "name": neutral(package.name),
        "version": neutral(package.version),
        "purl": package.purl,
    }
    if package.namespace and package.type not in {"deb", "apk", "rpm"}:
        component["group"] = neutral(package.namespace)
    hashes = [
        {"alg": _HASHES[algorithm], "content": value}
        for algorithm, value in package.hashes
        if algorithm in _HASHES and _DIGEST.fullmatch(value)
    ]
    if hashes:
        component["hashes"] = hashes
    if package.licenses:
        component["licenses"] = [
            {"license": {"name": neutral(text), "acknowledgement": "declared"}}
            for text in package.licenses
        ]
    component["evidence"] = {
        "occurrences": [{"location": neutral(one.path)} for one in package.locations]
    }
    component["properties"] = [*_package_properties(report, package)]
    return component


def _package_properties(report: ScanReport, package: Package) -> Iterator[_Json]:
    yield _property("scantling:layer", str(package.origin))
    instruction = view.instruction(report, package.origin)
    if instruction:
        yield _property("scantling:instruction", instruction)
    if package.owner:
        yield _property("scantling:owner", package.owner)
    if package.source_name:
        source = f"{package.source_name} {package.source_version or package.version}"
        yield _property("scantling:source-package", source)
    if package.note:
        yield _property("scantling:note", package.note)


def _ref(purl: str, owner: str) -> str:
    return f"{purl} owned by {owner}" if owner else purl


def _compositions(report: ScanReport) -> list[_Json]:
    unread = any(one.kind is GapKind.BLOCKING for one in report.gaps)
    aggregate = "incomplete" if unread else "complete"
    return [{"aggregate": aggregate, "assemblies": [_image_ref(report)]}]


def _vulnerability(finding: Finding) -> _Json:
    vulnerability: _Json = {
        "bom-ref": f"finding:{finding.identity}:{sha256(finding.purl.encode()).hexdigest()[:8]}",
        "id": neutral(finding.id),
        "source": {"name": neutral(finding.decided_by)},
        "references": [
            {"id": neutral(one.advisory), "source": {"name": neutral(one.source)}}
            for one in finding.matches
        ],
        "ratings": _ratings(finding),
        "affects": [_affects(finding)],
        "properties": [*_finding_properties(finding)],
    }
    if finding.summary:
        vulnerability["description"] = neutral(finding.summary, limit=4096)
    pages = [page for page in map(view.link, finding.references) if page]
    if pages:
        vulnerability["advisories"] = [{"url": page} for page in pages]
    if finding.fixed_in:
        versions = neutral(", ".join(finding.fixed_in))
        vulnerability["recommendation"] = f"Fixed in {versions}."
    if finding.state in _STATES:
        vulnerability["analysis"] = {
            "state": _STATES[finding.state],
            "detail": neutral(finding.reason, limit=4096),
        }
    return vulnerability


def _ratings(finding: Finding) -> list[_Json]:
    ratings: list[_Json] = []
    level = _SEVERITIES.get(finding.severity, finding.severity.value)
    chosen: _Json = {"severity": level, "method": "other"}
    if finding.severity_source:
        chosen["source"] = {"name": neutral(finding.severity_source)}
    ratings.append(chosen)
    seen = {severity for match in finding.matches for severity in match.severities}
    for one in sorted(seen):
        ratings += _rating(one)
    return ratings


def _rating(one: Severity) -> Iterator[_Json]:
    if one.kind != "word" and one.score is not None:
        yield {
            "source": {"name": neutral(one.source)},
            "score": one.score,
            "method": _method(one.kind, one.value),
            "vector": neutral(one.value),
        }


def _method(kind: str, vector: str) -> str:
    if kind == "cvss3":
        return "CVSSv31" if vector.startswith("CVSS:3.1") else "CVSSv3"
    return _METHODS[kind]


def _affects(finding: Finding) -> _Json:
    status = "affected" if finding.state is FindingState.OPEN else "unknown"
    if finding.state is FindingState.SUPPRESSED:
        status = "unaffected"
    version = finding.matches[0].version if finding.matches else ""
    return {
        "ref": _ref(finding.purl, finding.owner),
        "versions": [{"version": neutral(version), "status": status}],
    }


def _finding_properties(finding: Finding) -> Iterator[_Json]:
    yield _property("scantling:identity", finding.identity)
    yield _property("scantling:fix", finding.fix)
    for one in finding.aliases:
        yield _property("scantling:alias", one)
    for signal in finding.signals:
        yield _property(f"scantling:{signal.kind}", f"{signal.value} {signal.note}".strip())
    for match in finding.matches:
        yield _property("scantling:match", _match(match))


def _match(match: Match) -> str:
    return f"{match.source} {match.advisory}: {match.outcome}, {match.because} ({match.range})"


def _property(name: str, value: str) -> _Json:
    return {"name": name, "value": neutral(value, limit=4096)}


PLUGIN: Final = Format(
    name="cyclonedx-json",
    media_type="application/vnd.cyclonedx+json; version=1.6",
    suffix=".cdx.json",
    render=render,
    inventory=True,
)
