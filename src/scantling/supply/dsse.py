"""DSSE envelopes: a payload, its type, and signatures over both.

What is signed is the *pre-authentication encoding*: a fixed text, the lengths, the type and the
payload. So no signature over something else can be taken for one over an envelope, and the JSON
around the payload needs no canonical form. The key that an envelope names is a hint and is ignored;
keys come from the user. A Sigstore bundle is an envelope with more around it, of which only the
envelope is read: above all no certificate and no key (GHSA-fx35-mq7g-6g98).

Source: secure-systems-lab/dsse, `protocol.md` and `envelope.md` 1.0; Sigstore bundle v0.3.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.text import neutral
from scantling.supply.keys import PrivateKey, PublicKey

IN_TOTO: Final = "application/vnd.in-toto+json"
"""The type of a payload that is an in-toto statement."""
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"

_SIGNATURES: Final = 32
"""Most signatures that are looked at; each costs a verification per key."""
_SIGNATURE_BYTES: Final = 4096
_URL_SAFE: Final = str.maketrans("-_", "+/")


class Envelope(Struct, frozen=True, kw_only=True):
    """A payload and the signatures that came with it, none of them verified yet."""

    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]


class _Signature(Struct):
    sig: str
    keyid: str | None = None


class _Envelope(Struct):
    payload: str
    payloadType: str  # noqa: N815 - the specification's spelling
    signatures: list[_Signature]


class _Hint(Struct):
    hint: str


class _Material(Struct):
    publicKey: _Hint  # noqa: N815


class _Bundle(Struct):
    mediaType: str  # noqa: N815
    verificationMaterial: _Material  # noqa: N815
    dsseEnvelope: _Envelope  # noqa: N815


class _Either(Struct):
    """An envelope, or a bundle that has one."""

    payload: str = ""
    payloadType: str = ""  # noqa: N815
    signatures: list[_Signature] = []
    dsseEnvelope: _Envelope | None = None  # noqa: N815


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that a signature is over."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: PrivateKey, payload_type: str = IN_TOTO) -> bytes:
    """Return the envelope as JSON, signed by `key`."""
    return msgspec.json.encode(_signed(payload, key, payload_type), order="sorted")


def bundle_of(envelope: bytes, key: PublicKey) -> bytes:
    """Return the Sigstore bundle of an envelope that `sign` made. The key in it is only a hint."""
    inner = msgspec.json.decode(envelope, type=_Envelope)
    made = _Bundle(
        mediaType=BUNDLE,
        verificationMaterial=_Material(publicKey=_Hint(hint=_hint(key))),
        dsseEnvelope=inner,
    )
    return msgspec.json.encode(made, order="sorted")


def parse_envelope(data: bytes) -> Envelope:
    """Return the envelope in the JSON of an envelope or a bundle. Raises InputError."""
    try:
        either = msgspec.json.decode(data, type=_Either)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _bad(neutral(str(error), limit=200)) from error
    raw: _Either | _Envelope = either
    if either.dsseEnvelope is not None:
        if either.payload or either.signatures:
            raise _bad("it is an envelope and a bundle at once")
        raw = either.dsseEnvelope
    if not raw.payload or not raw.signatures:
        raise _bad("it has no payload or no signature")
    if len(raw.signatures) > _SIGNATURES:
        raise _bad(f"it has {len(raw.signatures)} signatures, more than {_SIGNATURES}")
    return Envelope(
        payload=_decoded(raw.payload),
        payload_type=raw.payloadType,
        signatures=tuple(_decoded(one.sig) for one in raw.signatures),
    )


def signer(envelope: Envelope, keys: Sequence[PublicKey]) -> PublicKey | None:
    """Return the first of the keys that signed the envelope, None if none of them did."""
    data = pae(envelope.payload_type, envelope.payload)
    for key in keys:
        for signature in envelope.signatures:
            if len(signature) <= _SIGNATURE_BYTES and key.verifies(signature, data):
                return key
    return None


def _signed(payload: bytes, key: PrivateKey, payload_type: str) -> _Envelope:
    signature = key.sign(pae(payload_type, payload))
    return _Envelope(
        payload=base64.b64encode(payload).decode(),
        payloadType=payload_type,
        # cosign writes no name of the key either.
        signatures=[_Signature(sig=base64.b64encode(signature).decode(), keyid="")],
    )


def _hint(key: PublicKey) -> str:
    """Return cosign's name of a key: base64 of the digest of its DER form."""
    return base64.b64encode(bytes.fromhex(key.fingerprint.partition(":")[2])).decode()


def _decoded(text: str) -> bytes:
    """Return the bytes; the specification lets a writer use either alphabet."""
    try:
        return base64.b64decode(text.translate(_URL_SAFE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad("its base64 is invalid") from error


def _bad(why: str) -> InputError:
    return InputError("parse.failed", f"not a signed envelope: {why}")
