"""Attestations around VEX: a DSSE envelope, an in-toto statement, and the document inside.

Only taken apart here. Nothing is believed because it is wrapped: whether a signature is good is for
whoever decides on `trusted`.

Source: DSSE, https://github.com/secure-systems-lab/dsse (envelope.md); in-toto attestation v1,
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; OpenVEX, ATTESTING.md
("the subject is the product").
"""

from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct, field

from scantling.assess.vex.products import products
from scantling.core.errors import InputError
from scantling.core.model.vex import VexProduct

_CODE: Final = "vex.unreadable"
_IN_TOTO: Final = "application/vnd.in-toto+json"
_STATEMENTS: Final = ("https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1")


class _Envelope(Struct):
    payload: str
    payload_type: str = field(name="payloadType")


class _Subject(Struct):
    name: str = ""
    digest: Mapping[str, str] = {}


class _Statement(Struct):
    type: str = field(name="_type")
    predicate: Raw
    subject: list[_Subject] = []


def open_envelope(data: bytes) -> bytes:
    """Return the payload of a DSSE envelope. Raises InputError if that is no in-toto statement."""
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not a DSSE envelope: {error}") from error
    if envelope.payload_type != _IN_TOTO:
        raise InputError(_CODE, f"an envelope of {envelope.payload_type!r} holds no attestation")
    try:
        safe = "-" in envelope.payload or "_" in envelope.payload
        # Both alphabets are allowed; a decoder that skips what it does not know would hide damage.
        if safe:
            return urlsafe_b64decode(envelope.payload)
        return b64decode(envelope.payload, validate=True)
    except (Base64Error, ValueError) as error:
        raise InputError(_CODE, "the envelope's payload is not base64") from error


def open_statement(data: bytes) -> tuple[bytes, tuple[VexProduct, ...]]:
    """Return the predicate of an in-toto statement and its subjects. Raises InputError."""
    try:
        statement = msgspec.json.decode(data, type=_Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"not an in-toto statement: {error}") from error
    if statement.type not in _STATEMENTS:
        raise InputError(_CODE, f"an unknown kind of statement: {statement.type!r}")
    subjects: dict[VexProduct, None] = {}
    for one in statement.subject:
        # A digest names the subject; its name is free text that may help where there is none.
        ids = (one.name,) if one.name and not one.digest else ()
        subjects.update(dict.fromkeys(products(ids=ids, hashes=one.digest)))
    return bytes(statement.predicate), tuple(subjects)
