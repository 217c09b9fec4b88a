"""SPDX 2.3 JSON: the image, its operating system and its packages, with licenses as declared.

The image is the package that the document describes; it contains the others, and a package that was
installed by another is contained in that one. Where a package was seen, and in which layer, is in
its annotations, as `scantling:location`. What was not read is in the document's annotations, one
`scantling:gap` for each, and in its comment: a reader that takes the list for the whole is told.
The namespace is a hash of the content: the same image gives the same document.

Concluded licenses are `NOASSERTION`: we say what is declared. A declaration that is no SPDX
expression is a `LicenseRef` with its own words as the text.

Source: SPDX Specification 2.3, https://spdx.github.io/spdx-spec/v2.3/.
"""

from collections.abc import Iterable, Iterator

import msgspec

from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import bill, view
from scantling.reports.api import Format, Look
from scantling.reports.bill import Entry
from scantling.reports.claims import image_purl
from scantling.reports.license_names import VERSION

_Json = dict[str, object]


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces."""
    del look
    entries = bill.entries(report)
    body: _Json = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": neutral(report.image.reference) or "image",
        "creationInfo": {
            "created": report.created,
            "creators": [_tool(report)],
            "licenseListVersion": VERSION,
        },
        "comment": bill.statement(report),
        "annotations": _annotations(report, map(bill.gap_words, report.gaps)),
        "packages": [_image(report), *_system(report), *(_package(report, one) for one in entries)],
        "hasExtractedLicensingInfos": _texts(entries),
        "relationships": [*_relationships(report, entries)],
    }
    document = {"documentNamespace": f"urn:uuid:{bill.uuid(body)}", **body}
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _tool(report: ScanReport) -> str:
    return f"Tool: scantling-{report.tool_version}"


def _annotations(report: ScanReport, comments: Iterable[str]) -> list[_Json]:
    return [
        {
            "annotationDate": report.created,
            "annotationType": "OTHER",
            "annotator": _tool(report),
            "comment": one,
        }
        for one in comments
    ]


def _image(report: ScanReport) -> _Json:
    image = report.image
    layers = (
        f"scantling:layer {one.index} {one.diff_id or one.digest} "
        f"{view.instruction(report, one.index)}".strip()
        for one in image.layers
    )
    return {
        **_common(neutral(image.reference) or "image", "SPDXRef-Image", "CONTAINER"),
        "versionInfo": neutral(image.digest),
        "checksums": _checksums(bill.digests(report)),
        "externalRefs": [_reference(image_purl(image))],
        "annotations": _annotations(report, (neutral(one, limit=4096) for one in layers)),
    }


def _system(report: ScanReport) -> Iterator[_Json]:
    distro = report.distro
    if distro is not None:
        yield {
            **_common(
                neutral(distro.id) or "unknown", "SPDXRef-OperatingSystem", "OPERATING-SYSTEM"
            ),
            "versionInfo": neutral(distro.version_id),
            "description": neutral(distro.pretty_name),
        }


def _package(report: ScanReport, entry: Entry) -> _Json:
    package: _Json = {
        **_common(entry.name, f"SPDXRef-{entry.id}", "LIBRARY"),
        "versionInfo": entry.version,
        "licenseDeclared": entry.license.expression,
        "sourceInfo": entry.source,
        "externalRefs": [_reference(entry.purl)],
        "annotations": _annotations(report, entry.comments),
    }
    del package["primaryPackagePurpose"]  # an application or a library: the image does not say
    if entry.vendor:
        package["supplier"] = f"Organization: {entry.vendor}"
    if entry.hashes:
        package["checksums"] = _checksums(entry.hashes)
    return package


def _common(name: str, id_: str, purpose: str) -> _Json:
    return {
        "name": name,
        "SPDXID": id_,
        "primaryPackagePurpose": purpose,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def _checksums(hashes: tuple[tuple[str, str], ...]) -> list[_Json]:
    return [{"algorithm": name.upper(), "checksumValue": value} for name, value in hashes]


def _reference(purl: str) -> _Json:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }


def _texts(entries: tuple[Entry, ...]) -> list[_Json]:
    texts = dict(pair for entry in entries for pair in entry.license.texts)
    return [
        {"licenseId": name, "extractedText": text or "(empty)", "name": text[:200] or "(empty)"}
        for name, text in sorted(texts.items())
    ]


def _relationships(report: ScanReport, entries: tuple[Entry, ...]) -> Iterator[_Json]:
    yield _related("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image")
    if report.distro is not None:
        yield _related("SPDXRef-Image", "CONTAINS", "SPDXRef-OperatingSystem")
    for one in entries:
        holder = f"SPDXRef-{one.owner}" if one.owner else "SPDXRef-Image"
        yield _related(holder, "CONTAINS", f"SPDXRef-{one.id}")


def _related(subject: str, how: str, to: str) -> _Json:
    return {"spdxElementId": subject, "relationshipType": how, "relatedSpdxElement": to}


PLUGIN = Format(
    name="spdx",
    media_type="application/spdx+json; version=2.3",
    suffix=".spdx.json",
    render=render,
    inventory=True,
)
