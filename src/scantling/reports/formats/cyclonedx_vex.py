"""CycloneDX 1.6 VEX: the findings with an analysis each, and only the packages they are about.

The full inventory with its vulnerabilities is `cyclonedx-json`. CycloneDX has other words for
justifications; ours are kept exactly in the property `scantling:justification`. What was not looked
at is in the metadata's properties named `scantling:gap`.

Source: CycloneDX 1.6 JSON reference, https://cyclonedx.org/docs/1.6/json/ (vulnerabilities);
https://cyclonedx.org/capabilities/vex/.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from scantling.core.model.report import ScanReport
from scantling.core.model.vex import VexStatus
from scantling.core.text import neutral
from scantling.reports.api import Format, Look
from scantling.reports.claims import Claim, claims, image_purl, not_seen

_Json = dict[str, object]

_STATES: Final = {
    VexStatus.AFFECTED: "exploitable",
    VexStatus.NOT_AFFECTED: "not_affected",
    VexStatus.FIXED: "resolved",
    VexStatus.UNDER_INVESTIGATION: "in_triage",
}
_LABELS: Final = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "vulnerable_code_cannot_be_controlled_by_adversary": "requires_environment",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
_HASHES: Final = {"sha256": "SHA-256", "sha512": "SHA-512"}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces; the serial number is a hash of its content."""
    del look
    every = claims(report)
    body: _Json = {
        "metadata": {
            "timestamp": report.created,
            "tools": {
                "components": [
                    {"type": "application", "name": "scantling", "version": report.tool_version}
                ]
            },
            "authors": [{"name": "scantling"}],
            "component": _image(report),
            "properties": [
                {"name": "scantling:verdict", "value": report.verdict.status},
                *({"name": "scantling:gap", "value": code} for code in not_seen(report)),
            ],
        },
        "components": _components(report, every),
        "vulnerabilities": [_vulnerability(one) for one in every],
    }
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


def _image(report: ScanReport) -> _Json:
    named = image_purl(report.image)
    component: _Json = {
        "type": "container",
        "bom-ref": named,
        "name": neutral(report.image.reference),
        "version": report.image.digest,
        "purl": named,
    }
    algorithm, _, value = report.image.digest.partition(":")
    if algorithm in _HASHES:
        component["hashes"] = [{"alg": _HASHES[algorithm], "content": value}]
    return component


def _components(report: ScanReport, every: tuple[Claim, ...]) -> list[_Json]:
    known = {one.purl: one for one in report.packages}
    components: list[_Json] = []
    for named in sorted({one for claim in every for one in claim.components}):
        package = known.get(named)
        component: _Json = {"type": "library", "bom-ref": named, "name": named, "purl": named}
        if package is not None:
            component["name"] = neutral(package.name)
            component["version"] = neutral(package.version)
        components.append(component)
    return components


def _vulnerability(claim: Claim) -> _Json:
    analysis: _Json = {"state": _STATES[claim.status]}
    if claim.justification:
        analysis["justification"] = _LABELS[claim.justification]
    if claim.action.startswith("Upgrade "):
        analysis["response"] = ["update"]
    if claim.impact:
        analysis["detail"] = claim.impact
    about = "\0".join((claim.vulnerability, claim.status, *claim.components))
    vulnerability: _Json = {
        "bom-ref": f"vex:{sha256(about.encode()).hexdigest()[:32]}",
        "id": claim.vulnerability,
        "references": [
            {"id": one, "source": {"name": one.partition("-")[0]}} for one in claim.aliases
        ],
        "analysis": analysis,
        "affects": [{"ref": one} for one in claim.components],
    }
    if claim.action:
        vulnerability["recommendation"] = claim.action
    if claim.justification:
        vulnerability["properties"] = [
            {"name": "scantling:justification", "value": claim.justification}
        ]
    return vulnerability


PLUGIN: Final = Format(
    name="cyclonedx-vex",
    media_type="application/vnd.cyclonedx+json; version=1.6",
    suffix=".vex.cdx.json",
    render=render,
)
