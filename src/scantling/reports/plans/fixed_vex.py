"""OpenVEX about a patched image: what the patch fixed, as statements of status `fixed`.

Source: OpenVEX specification 0.2.0, https://github.com/openvex/spec (OPENVEX-SPEC.md, "Status").
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from scantling.core.model.finding import Finding
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports.claims import image_purl

_CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"


def render(report: ScanReport, fixed: Iterable[Finding], packages: dict[str, str]) -> str:
    """Return the document about the image of `report`, which no longer has the findings `fixed`.

    `packages` gives for a finding's package the package URL that is there now.
    """
    image = neutral(image_purl(report.image))
    groups: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for one in fixed:
        now = packages.get(one.purl, one.purl)
        groups.setdefault((one.id, one.aliases), set()).add(now)
    statements = [
        {
            "vulnerability": {
                "name": neutral(id_),
                **({"aliases": [neutral(one) for one in aliases]} if aliases else {}),
            },
            "products": [
                {
                    "@id": image,
                    "identifiers": {"purl": image},
                    "subcomponents": [
                        {"@id": neutral(one), "identifiers": {"purl": neutral(one)}}
                        for one in sorted(purls)
                    ],
                }
            ],
            "status": "fixed",
            "status_notes": "Upgraded in a layer on top; the image was scanned again.",
        }
        for (id_, aliases), purls in sorted(groups.items())
    ]
    body = {
        "author": "scantling",
        "role": "vulnerability scanner",
        "timestamp": report.created,
        "version": 1,
        "tooling": f"scantling {report.tool_version}",
        "statements": statements,
    }
    digest = sha256(msgspec.json.encode(body, order="sorted")).digest()
    document = {"@context": _CONTEXT, "@id": f"urn:uuid:{UUID(bytes=digest[:16], version=5)}"}
    text = msgspec.json.format(msgspec.json.encode({**document, **body}), indent=2)
    return text.decode() + "\n"
