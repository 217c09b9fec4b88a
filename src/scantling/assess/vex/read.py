"""The only caller of VEX formats: finds out what a document is, and unwraps attestations."""

from typing import Final

import msgspec
from msgspec import Struct, field

from scantling.assess.vex.api import Marks, Source, VexDocument, VexProblem
from scantling.assess.vex.envelope import open_envelope, open_statement
from scantling.assess.vex.registry import FORMATS
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT
from scantling.core.model.vex import VexProduct

_CODE: Final = "vex.unreadable"


class _Head(Struct):
    csaf_version: str = ""


class _Top(Struct):
    """The members that tell what a JSON document is; the rest is not looked at."""

    context: str = field(name="@context", default="")
    bom_format: str = field(name="bomFormat", default="")
    document: _Head | None = None
    payload_type: str = field(name="payloadType", default="")
    type: str = field(name="_type", default="")


def read_document(data: bytes, *, origin: str, trusted: bool) -> VexDocument:
    """Return the statements of a VEX document and what could not be used of it.

    Understood are OpenVEX, CSAF 2.0, CycloneDX JSON, and OpenVEX inside an in-toto statement, also
    in a DSSE envelope (whose signature is not looked at). `origin` says where it was read;
    `trusted` what the trust list says of that place. Raises InputError (`vex.unreadable`, or
    `limit.bytes`) when it is none of these.
    """
    if len(data) > DEFAULT.json_bytes:
        raise InputError(
            "limit.bytes", f"a VEX document of {len(data):,} bytes", limit="json_bytes"
        )
    top = _top(data)
    if top.payload_type:
        data = open_envelope(data)
        top = _top(data)
    subjects: tuple[VexProduct, ...] = ()
    if top.type:
        data, subjects = open_statement(data)
        top = _top(data)
    marks = Marks(
        context=top.context,
        bom_format=top.bom_format,
        csaf_version=top.document.csaf_version if top.document else "",
    )
    source = Source(origin=origin, trusted=trusted, subjects=subjects)
    for format_ in FORMATS.values():
        if format_.claims(marks):
            return _checked(format_.read(data, source), origin)
    raise InputError(_CODE, f"not a VEX document: known are {', '.join(FORMATS)}")


def _checked(document: VexDocument, origin: str) -> VexDocument:
    """Return the document; one that says nothing at all is a problem, members may be misspelled."""
    if document.statements or document.problems:
        return document
    problem = VexProblem(origin=origin, where="", reason="it makes no statement")
    return VexDocument(problems=(problem,))


def _top(data: bytes) -> _Top:
    try:
        return msgspec.json.decode(data, type=_Top)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not a VEX document: {error}") from error
