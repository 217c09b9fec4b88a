"""OpenVEX 0.2.0: the findings as statements about the image.

One statement for each vulnerability and status; the packages are subcomponents of the image. What
was not looked at is named in `tooling`, the only place for it. A report without findings gives a
document without statements: it has nothing to say, and the schema asks for at least one.

Source: OpenVEX specification 0.2.0, https://github.com/openvex/spec (OPENVEX-SPEC.md).
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from scantling.core.model.report import ScanReport
from scantling.core.model.vex import VexStatus
from scantling.reports.api import Format, Look
from scantling.reports.claims import Claim, claims, image_purl, not_seen

_Json = dict[str, object]

_CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
_ALGORITHMS: Final = {"sha256": "sha-256", "sha512": "sha-512"}


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces; its id is a hash of its content."""
    del look
    unseen = ", ".join(not_seen(report))
    tooling = f"scantling {report.tool_version}; verdict: {report.verdict.status}"
    body: _Json = {
        "author": "scantling",
        "role": "vulnerability scanner",
        "timestamp": report.created,
        "version": 1,
        "tooling": f"{tooling}; not fully looked at: {unseen}" if unseen else tooling,
        "statements": [_statement(one, report) for one in claims(report)],
    }
    digest = sha256(msgspec.json.encode(body, order="sorted")).digest()
    id_ = f"urn:uuid:{UUID(bytes=digest[:16], version=5)}"
    document = {"@context": _CONTEXT, "@id": id_, **body}
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _statement(claim: Claim, report: ScanReport) -> _Json:
    vulnerability: _Json = {"name": claim.vulnerability}
    if claim.aliases:
        vulnerability["aliases"] = claim.aliases
    statement: _Json = {
        "vulnerability": vulnerability,
        "products": [_product(claim, report)],
        "status": claim.status,
    }
    if claim.justification:
        statement["justification"] = claim.justification
    if claim.impact:
        key = "impact_statement" if claim.status is VexStatus.NOT_AFFECTED else "status_notes"
        statement[key] = claim.impact
    if claim.action:
        statement["action_statement"] = claim.action
    return statement


def _product(claim: Claim, report: ScanReport) -> _Json:
    named = image_purl(report.image)
    product: _Json = {"@id": named, "identifiers": {"purl": named}}
    algorithm, _, value = report.image.digest.partition(":")
    if algorithm in _ALGORITHMS:
        product["hashes"] = {_ALGORITHMS[algorithm]: value}
    product["subcomponents"] = [
        {"@id": one, "identifiers": {"purl": one}} for one in claim.components
    ]
    return product


PLUGIN: Final = Format(
    name="openvex",
    media_type="application/json; profile=openvex",
    suffix=".openvex.json",
    render=render,
)
