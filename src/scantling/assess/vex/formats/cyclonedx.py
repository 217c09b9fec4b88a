"""CycloneDX 1.4 to 1.7, JSON: vulnerabilities that have an analysis.

The product is the document's main component (`metadata.component`); what `affects` refers to is a
part of it, or itself. Without a main component the part stands for itself. A reference may be a
BOM-Link into another document, whose fragment has to be a package URL. Entries without an analysis
are a list of vulnerabilities rather than VEX; they are counted in one problem.

Source: CycloneDX JSON reference, https://cyclonedx.org/docs/1.7/json/ (vulnerabilities, analysis,
affects); BOM-Link, https://cyclonedx.org/capabilities/bomlink/.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct, field
from msgspec.structs import replace

from scantling.assess.vex.api import Marks, Source, VexDocument, VexFormat, VexProblem
from scantling.assess.vex.products import component, products
from scantling.core import image_name, purl
from scantling.core.errors import InputError
from scantling.core.model.vex import JUSTIFICATIONS, VexProduct, VexStatement, VexStatus
from scantling.core.purl_parts import parse

_CODE: Final = "vex.unreadable"
_VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
_LABEL_PROPERTY: Final = "scantling:justification"
_STATES: Final = {
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
    "exploitable": VexStatus.AFFECTED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
    "false_positive": VexStatus.NOT_AFFECTED,
    "not_affected": VexStatus.NOT_AFFECTED,
}
_LABELS: Final = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
_VERSION_STATES: Final = {
    "affected": VexStatus.AFFECTED,
    "unaffected": VexStatus.NOT_AFFECTED,
    "unknown": VexStatus.UNDER_INVESTIGATION,
}


class _Hash(Struct):
    alg: str
    content: str


class _Component(Struct):
    name: str = ""
    version: str = ""
    bom_ref: str = field(name="bom-ref", default="")
    purl: str = ""
    cpe: str = ""
    hashes: list[_Hash] = []
    components: "list[_Component]" = []


class _Party(Struct):
    name: str = ""


class _Metadata(Struct):
    timestamp: str = ""
    component: _Component | None = None
    authors: list[_Party] = []
    manufacturer: _Party | None = None
    supplier: _Party | None = None


class _Document(Struct):
    version_text: str = field(name="specVersion")
    serial: str = field(name="serialNumber", default="")
    metadata: _Metadata = field(default_factory=_Metadata)
    components: list[_Component] = []
    vulnerabilities: list[Raw] = []


class _Reference(Struct):
    id: str = ""


class _Analysis(Struct):
    state: str = ""
    justification: str = ""
    response: list[str] = []
    detail: str = ""
    updated: str = field(name="lastUpdated", default="")


class _Version(Struct):
    version: str = ""
    range: str = ""
    status: str = ""


class _Affects(Struct):
    ref: str
    versions: list[_Version] = []


class _Property(Struct):
    name: str = ""
    value: str = ""


class _Vulnerability(Struct):
    id: str
    references: list[_Reference] = []
    analysis: _Analysis | None = None
    affects: list[_Affects] = []
    recommendation: str = ""
    updated: str = ""
    properties: list[_Property] = []


_decode_document: Final = msgspec.json.Decoder(_Document).decode
_decode_vulnerability: Final = msgspec.json.Decoder(_Vulnerability).decode


def read(data: bytes, source: Source) -> VexDocument:
    """Return the statements of a CycloneDX document. Raises InputError if it is none."""
    try:
        document = _decode_document(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not a CycloneDX document: {error}") from error
    if document.version_text not in _VERSIONS:
        raise InputError(_CODE, f"CycloneDX {document.version_text!r} has no VEX that we know")
    return _Reader(document, source).statements()


class _Reader:
    """One document with its components by reference."""

    def __init__(self, document: _Document, source: Source) -> None:
        self._document = document
        self._source = source
        self._problems: list[VexProblem] = []
        self._components: dict[str, _Component] = {}
        waiting = [*document.components]
        while waiting:
            one = waiting.pop()
            waiting += one.components
            if one.bom_ref:
                self._components[one.bom_ref] = one

    def statements(self) -> VexDocument:
        """Return the statements and problems."""
        statements: list[VexStatement] = []
        silent = 0
        for index, raw in enumerate(self._document.vulnerabilities):
            where = f"vulnerabilities[{index}]"
            try:
                one = _decode_vulnerability(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                self._problem(where, str(error))
                continue
            if one.analysis is None or not one.analysis.state:
                silent += 1
            elif one.analysis.state not in _STATES:
                self._problem(where, f"{one.analysis.state!r} is no state of an analysis")
            else:
                statements += self._statements(one, one.analysis, where)
        if silent:
            self._problem("", f"{silent} vulnerabilities have no analysis: they are no VEX")
        return VexDocument(statements=tuple(statements), problems=tuple(self._problems))

    def _statements(
        self, raw: _Vulnerability, analysis: _Analysis, where: str
    ) -> Iterator[VexStatement]:
        """Yield a statement for each status that the versions have."""
        groups: dict[VexStatus, dict[VexProduct, None]] = {}
        for affects in raw.affects:
            about = self._about(affects.ref, where)
            for version in affects.versions or [_Version()]:
                status = _status(analysis, version)
                for product in about:
                    limited = _limited(product, version)
                    if limited is None:
                        self._problem(where, f"versions of {affects.ref!r} contradict its name")
                    else:
                        groups.setdefault(status, {})[limited] = None
        if not raw.affects:
            self._problem(where, "it affects nothing")
        for status, about_all in groups.items():
            yield self._statement(raw, analysis, status, tuple(about_all))

    def _statement(
        self,
        raw: _Vulnerability,
        analysis: _Analysis,
        status: VexStatus,
        about: tuple[VexProduct, ...],
    ) -> VexStatement:
        own = status is _STATES[analysis.state]
        metadata = self._document.metadata
        parties = (*metadata.authors, metadata.manufacturer, metadata.supplier)
        names = (raw.id, *(one.id for one in raw.references if one.id))
        denies = own and status is VexStatus.NOT_AFFECTED
        acts = own and status is VexStatus.AFFECTED
        return VexStatement(
            vulnerabilities=tuple(dict.fromkeys(names)),
            products=about,
            status=status,
            justification=_label(raw, analysis) if denies else "",
            impact=analysis.detail if own else "",
            action=(raw.recommendation or ", ".join(analysis.response)) if acts else "",
            document=self._document.serial,
            author=next((one.name for one in parties if one and one.name), ""),
            origin=self._source.origin,
            timestamp=analysis.updated or raw.updated or metadata.timestamp,
            trusted=self._source.trusted,
        )

    def _about(self, ref: str, where: str) -> tuple[VexProduct, ...]:
        """Return what a reference means; empty, and a problem, if nothing identifies it."""
        ref = self._local(ref)
        main = self._document.metadata.component
        if main is not None and ref == main.bom_ref:
            found = _identities(main)
        else:
            known = self._components.get(ref)
            part = _purl_of(known) if known is not None else component(ids=(_named(ref),))
            if main is not None:
                found = _identities(main, part) if part else ()
            else:
                found = products(ids=(part or _named(ref),))
        if not found:
            self._problem(where, f"nothing identifies {ref!r} outside this document")
        return found or ()

    def _local(self, ref: str) -> str:
        """Return the reference within a document, of a BOM-Link too: `urn:cdx:serial/1#ref`."""
        if not ref.startswith("urn:cdx:"):
            return ref
        return unquote(ref.partition("#")[2])

    def _problem(self, where: str, reason: str) -> None:
        self._problems.append(VexProblem(origin=self._source.origin, where=where, reason=reason))


def _status(analysis: _Analysis, version: _Version) -> VexStatus:
    """Return the status of one version: its own, where that contradicts the whole."""
    whole = _STATES[analysis.state]
    said = _VERSION_STATES.get(version.status, whole)
    if said is VexStatus.NOT_AFFECTED and whole is not VexStatus.AFFECTED:
        return whole  # "unaffected" is what not_affected, resolved and in_triage say as well
    return said


def _limited(product: VexProduct, version: _Version) -> VexProduct | None:
    """Return the product limited to a version or range; None if its name has another version."""
    if version.range:
        return replace(product, versions=version.range)
    named = product.component or product.purl
    parts = parse(named)
    if not version.version or parts is None:
        return product
    if parts.version:
        return product if parts.version == version.version else None
    exact = purl.build(
        parts.type,
        parts.namespace,
        parts.name,
        version.version,
        qualifiers=parts.qualifiers,
        subpath=parts.subpath,
    )
    if product.component:
        return replace(product, component=exact)
    return replace(product, purl=exact)


def _label(raw: _Vulnerability, analysis: _Analysis) -> str:
    """Return the justification; ours is kept exactly in a property, CycloneDX has other words."""
    kept = (one.value for one in raw.properties if one.name == _LABEL_PROPERTY)
    return next((one for one in kept if one in JUSTIFICATIONS), "") or _LABELS.get(
        analysis.justification, ""
    )


def _identities(main: _Component, part: str = "") -> tuple[VexProduct, ...]:
    digest = main.version if image_name.is_digest(main.version) else ""
    purl_text = main.purl if digest else _purl_of(main)
    return products(
        ids=(digest,) if digest else (),
        purls=(purl_text,) if purl_text else (),
        cpes=(main.cpe,) if main.cpe else (),
        hashes={one.alg: one.content for one in main.hashes},
        component=part,
    )


def _purl_of(one: _Component) -> str:
    """Return its package URL, with the version that the component has beside it."""
    parts = parse(one.purl)
    if parts is None or parts.version or not one.version:
        return one.purl if parts is not None else ""
    return purl.build(
        parts.type,
        parts.namespace,
        parts.name,
        one.version,
        qualifiers=parts.qualifiers,
        subpath=parts.subpath,
    )


def _named(ref: str) -> str:
    """Return what a reference says by itself: tools use package URLs and digests as names."""
    return ref.removeprefix("image:").partition(" owned by ")[0]


def _claims(marks: Marks) -> bool:
    return marks.bom_format == "CycloneDX"


PLUGIN: Final = VexFormat(name="cyclonedx", claims=_claims, read=read)
