"""OpenVEX 0.2.0, and the shapes of 0.0.x that are still published.

A statement without products is about the subjects of the attestation around the document. One with
neither is a problem: it speaks of nothing.

Source: OpenVEX specification 0.2.0, https://github.com/openvex/spec (OPENVEX-SPEC.md, "The OpenVEX
Format" and "Data Inheritance"); 0.0.1 for plain texts in place of structs.
"""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from scantling.assess.vex.api import Marks, Source, VexDocument, VexFormat, VexProblem
from scantling.assess.vex.products import component, products
from scantling.core.errors import InputError
from scantling.core.model.vex import JUSTIFICATIONS, VexProduct, VexStatement, VexStatus

_CODE: Final = "vex.unreadable"
_CONTEXT: Final = "https://openvex.dev/ns"


class _Identifiers(Struct):
    purl: str = ""
    cpe22: str = ""
    cpe23: str = ""


class _Component(Struct):
    id: str = field(name="@id", default="")
    identifiers: _Identifiers = field(default_factory=_Identifiers)
    hashes: dict[str, str] = {}


class _Product(_Component):
    subcomponents: list[_Component] = []


class _Vulnerability(Struct):
    name: str
    aliases: list[str] = []


class _Statement(Struct):
    vulnerability: _Vulnerability | str
    status: VexStatus
    products: list[_Product | str] = []
    subcomponents: list[str] = []
    justification: str = ""
    impact_statement: str = ""
    action_statement: str = ""
    status_notes: str = ""
    timestamp: str = ""
    last_updated: str = ""


class _Document(Struct):
    context: str = field(name="@context")
    statements: list[Raw]
    id: str = field(name="@id", default="")
    author: str = ""
    timestamp: str = ""


_decode_document: Final = msgspec.json.Decoder(_Document).decode
_decode_statement: Final = msgspec.json.Decoder(_Statement).decode


def read(data: bytes, source: Source) -> VexDocument:
    """Return the statements of an OpenVEX document. Raises InputError if it is none."""
    try:
        document = _decode_document(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not an OpenVEX document: {error}") from error
    statements: list[VexStatement] = []
    problems: list[VexProblem] = []
    for index, raw in enumerate(document.statements):
        where = f"statements[{index}]"
        try:
            one = _decode_statement(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(_problem(source, where, str(error)))
            continue
        about, faults = _products(one, source)
        problems += [_problem(source, where, fault) for fault in faults]
        if about:
            statements.append(_statement(one, about, document, source))
    return VexDocument(statements=tuple(statements), problems=tuple(problems))


def _statement(
    raw: _Statement, about: tuple[VexProduct, ...], document: _Document, source: Source
) -> VexStatement:
    named = raw.vulnerability
    names = (named,) if isinstance(named, str) else (named.name, *named.aliases)
    # Notes explain a status; only an impact statement justifies "not affected".
    notes = "" if raw.status is VexStatus.NOT_AFFECTED else raw.status_notes
    return VexStatement(
        vulnerabilities=tuple(dict.fromkeys(names)),
        products=about,
        status=raw.status,
        justification=raw.justification if raw.justification in JUSTIFICATIONS else "",
        impact=raw.impact_statement or notes,
        action=raw.action_statement,
        document=document.id,
        author=document.author,
        origin=source.origin,
        timestamp=raw.last_updated or raw.timestamp or document.timestamp,
        trusted=source.trusted,
    )


def _products(raw: _Statement, source: Source) -> tuple[tuple[VexProduct, ...], list[str]]:
    """Return what the statement is about, and why parts of that cannot be identified."""
    faults: list[str] = []
    found: dict[VexProduct, None] = {}
    old_parts = [_Component(id=one) for one in raw.subcomponents]
    for one in raw.products:
        product = _Product(id=one) if isinstance(one, str) else one
        parts = _parts(product.subcomponents or old_parts, faults)
        for part in parts:
            known = _identities(product, part)
            if not known:
                faults.append(f"the product {product.id!r} has no identity that a scan can meet")
            found.update(dict.fromkeys(known))
    if not raw.products:
        for part in _parts(old_parts, faults):
            for subject in source.subjects:
                found[msgspec.structs.replace(subject, component=part)] = None
        if not found:
            faults.append("it names no product")
    if raw.justification and raw.justification not in JUSTIFICATIONS:
        faults.append(f"{raw.justification!r} is no justification")
    return tuple(found), faults


def _parts(parts: Iterable[_Component], faults: list[str]) -> list[str]:
    """Return the package URLs of the parts, [""] for the whole; none if none can be identified."""
    parts = [*parts]
    found = []
    for one in parts:
        text = component(ids=(one.id,), purls=(one.identifiers.purl,))
        if text:
            found.append(text)
        else:
            faults.append(f"the subcomponent {one.id!r} has no package URL")
    return found if parts else [""]


def _identities(product: _Component, part: str) -> tuple[VexProduct, ...]:
    names = product.identifiers
    return products(
        ids=(product.id,) if product.id else (),
        purls=(names.purl,) if names.purl else (),
        cpes=tuple(one for one in (names.cpe23, names.cpe22) if one),
        hashes=product.hashes,
        component=part,
    )


def _problem(source: Source, where: str, reason: str) -> VexProblem:
    return VexProblem(origin=source.origin, where=where, reason=reason)


def _claims(marks: Marks) -> bool:
    return marks.context.startswith(_CONTEXT)


PLUGIN: Final = VexFormat(name="openvex", claims=_claims, read=read)
