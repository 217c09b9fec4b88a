"""SPDX 3.0.1 JSON-LD: the same bill as SPDX 2.3 in the newer model.

The document's root is a `software_Sbom` of the kind `analyzed`, whose root is the image. Each
package is contained in the image or in the package that installed it; those relationships say
`incomplete` where something was not read, and `complete` only where all was. Declared licenses are
expressions; words that are none are licensing texts of their own. Places and gaps are annotations.

Source: SPDX Specification 3.0.1, https://spdx.github.io/spdx-spec/v3.0.1/ (Core, Software and
SimpleLicensing profiles; Annex "JSON-LD serialization").
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.core.model.gap import GapKind
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import bill
from scantling.reports.api import Format, Look
from scantling.reports.bill import Entry
from scantling.reports.claims import image_purl
from scantling.reports.license_names import VERSION

_Json = dict[str, object]

_CREATION: Final = "_:creation"


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the document, indented by two spaces; elements are sorted by identifier."""
    del look
    entries = bill.entries(report)
    known = [report.image.digest, bill.statement(report), report.created, report.tool_version]
    space = f"urn:uuid:{bill.uuid([known, entries])}#"
    elements = [*_elements(report, entries, space)]
    for element in elements:
        element["creationInfo"] = _CREATION
    creation: _Json = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": report.created,
        "createdBy": [f"{space}Agent"],
    }
    document = {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [creation, *sorted(elements, key=lambda one: str(one["spdxId"]))],
    }
    yield msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _elements(report: ScanReport, entries: tuple[Entry, ...], space: str) -> Iterator[_Json]:
    name = neutral(report.image.reference) or "image"
    yield _element("SoftwareAgent", f"{space}Agent", name=f"scantling {report.tool_version}")
    yield _element(
        "SpdxDocument",
        f"{space}Document",
        name=name,
        comment=bill.statement(report),
        profileConformance=["core", "software", "simpleLicensing"],
        rootElement=[f"{space}Sbom"],
    )
    yield _element(
        "software_Sbom",
        f"{space}Sbom",
        name=name,
        software_sbomType=["analyzed"],
        rootElement=[f"{space}Image"],
    )
    yield from _image(report, space)
    for one in entries:
        yield _package(one, space)
    yield from _contained(report, entries, space)
    yield from _licenses(entries, space)
    yield from _annotations(report, entries, space)


def _element(type_: str, id_: str, **fields: object) -> _Json:
    return {"type": type_, "spdxId": id_, **{key: value for key, value in fields.items() if value}}


def _image(report: ScanReport, space: str) -> Iterator[_Json]:
    image = report.image
    yield _element(
        "software_Package",
        f"{space}Image",
        name=neutral(image.reference) or "image",
        software_packageVersion=neutral(image.digest),
        software_packageUrl=image_purl(image),
        software_primaryPurpose="container",
        verifiedUsing=_hashes(bill.digests(report)),
    )
    if report.distro is not None:
        yield _element(
            "software_Package",
            f"{space}OperatingSystem",
            name=neutral(report.distro.id) or "unknown",
            software_packageVersion=neutral(report.distro.version_id),
            description=neutral(report.distro.pretty_name),
            software_primaryPurpose="operatingSystem",
        )


def _package(entry: Entry, space: str) -> _Json:
    return _element(
        "software_Package",
        space + entry.id,
        name=entry.name,
        software_packageVersion=entry.version,
        software_packageUrl=entry.purl,
        software_sourceInfo=entry.source,
        comment=f"vendor: {entry.vendor}" if entry.vendor else "",
        verifiedUsing=_hashes(entry.hashes),
    )


def _hashes(hashes: tuple[tuple[str, str], ...]) -> list[_Json]:
    return [{"type": "Hash", "algorithm": name, "hashValue": value} for name, value in hashes]


def _contained(report: ScanReport, entries: tuple[Entry, ...], space: str) -> Iterator[_Json]:
    """Yield one relationship for each holder, with all it contains."""
    unread = any(one.kind is GapKind.BLOCKING for one in report.gaps)
    held: dict[str, list[str]] = {"Image": []}
    if report.distro is not None:
        held["Image"].append(f"{space}OperatingSystem")
    for one in entries:
        held.setdefault(one.owner or "Image", []).append(space + one.id)
    for holder, inside in held.items():
        if inside:
            yield _element(
                "Relationship",
                f"{space}Contains-{holder}",
                **{"from": space + holder},
                relationshipType="contains",
                to=inside,
                completeness="incomplete" if unread else "complete",
            )


def _licenses(entries: tuple[Entry, ...], space: str) -> Iterator[_Json]:
    """Yield each declaration once, its texts, and which packages declare it."""
    declaring: dict[str, list[Entry]] = {}
    for one in entries:
        if one.license.expression != "NOASSERTION":
            declaring.setdefault(one.license.expression, []).append(one)
    texts: dict[str, str] = {}
    for at, (expression, some) in enumerate(sorted(declaring.items())):
        custom = some[0].license.texts
        texts.update(custom)
        yield _element(
            "simplelicensing_LicenseExpression",
            f"{space}License-{at}",
            simplelicensing_licenseExpression=expression,
            simplelicensing_licenseListVersion=f"{VERSION}.0",
            simplelicensing_customIdToUri=[
                {"type": "DictionaryEntry", "key": name, "value": space + name}
                for name, _ in custom
            ],
        )
        for one in some:
            yield _element(
                "Relationship",
                f"{space}Declares-{one.id}",
                **{"from": space + one.id},
                relationshipType="hasDeclaredLicense",
                to=[f"{space}License-{at}"],
            )
    for name, text in texts.items():
        yield _element(
            "simplelicensing_SimpleLicensingText",
            space + name,
            name=name,
            simplelicensing_licenseText=text or "(empty)",
        )


def _annotations(report: ScanReport, entries: tuple[Entry, ...], space: str) -> Iterator[_Json]:
    for at, gap in enumerate(report.gaps):
        words = bill.gap_words(gap)
        yield _annotation(f"{space}Gap-{at}", f"{space}Image", words)
    for one in entries:
        if one.comments:
            words = "\n".join(one.comments)
            yield _annotation(f"{space}Note-{one.id}", space + one.id, words)


def _annotation(id_: str, subject: str, statement: str) -> _Json:
    return _element("Annotation", id_, annotationType="other", subject=subject, statement=statement)


PLUGIN = Format(
    name="spdx3",
    media_type="application/spdx+json; version=3.0.1",
    suffix=".spdx3.json",
    render=render,
    inventory=True,
)
