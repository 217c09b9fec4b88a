"""Envelopes: what is signed, by whom, and that hostile ones are refused in words."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.supply.dsse import bundle_of, pae, parse_envelope, sign, signer
from scantling.supply.keys import public_key

from .making import DATA, key

_PAYLOAD = b'{"hello":"world"}'


def test_the_encoding_is_that_of_the_specification() -> None:
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("t", "\u00fc".encode()) == b"DSSEv1 1 t 2 \xc3\xbc"


@pytest.mark.parametrize("name", ["ours", "ed25519"])
def test_the_signer_of_an_envelope_is_found_among_the_keys(name: str) -> None:
    envelope = parse_envelope(sign(_PAYLOAD, key(name)))

    assert envelope.payload == _PAYLOAD
    assert signer(envelope, [key("other").public, key(name).public]) is key(name).public
    assert signer(envelope, [key("other").public]) is None
    assert signer(envelope, []) is None


def test_an_envelope_of_another_program_is_verified() -> None:
    envelope = parse_envelope((DATA / "securesystemslib.json").read_bytes())
    theirs = public_key((DATA / "securesystemslib.pub").read_bytes(), "theirs")

    assert signer(envelope, [theirs]) is theirs
    assert envelope.payload == _PAYLOAD


def test_a_bundle_is_an_envelope_and_its_key_is_only_a_hint() -> None:
    bundle = bundle_of(sign(_PAYLOAD, key()), key().public)
    forged = json.loads(bundle_of(sign(b"forged", key("other")), key("other").public))
    pem = key("other").public.pem()
    forged["verificationMaterial"] = {
        "publicKey": {"hint": "x", "rawBytes": base64.b64encode(pem).decode()},
        "certificate": {"rawBytes": base64.b64encode(pem).decode()},
    }
    forged["cert"] = base64.b64encode(pem).decode()

    assert signer(parse_envelope(bundle), [key().public]) is key().public
    assert signer(parse_envelope(json.dumps(forged).encode()), [key().public]) is None


def _changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(sign(_PAYLOAD, key())), **fields}).encode()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(_changed(payload=base64.b64encode(b"{}").decode()), id="payload"),
        pytest.param(_changed(payloadType="text/plain"), id="type"),
        pytest.param(_changed(payloadType=""), id="no_type"),
        pytest.param(_changed(signatures=[{"sig": "AAAA"}]), id="signature"),
        pytest.param(_changed(signatures=[{"sig": "A" * 8000}]), id="huge_signature"),
    ],
)
def test_a_changed_envelope_has_no_signer(data: bytes) -> None:
    assert signer(parse_envelope(data), [key().public]) is None


def test_both_alphabets_of_base64_are_read() -> None:
    payload = b"\xfb\xff\xfe>>>???"
    envelope = json.loads(sign(payload, key()))
    envelope["payload"] = base64.urlsafe_b64encode(payload).decode()

    assert parse_envelope(json.dumps(envelope).encode()).payload == payload


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="no_payload"),
        pytest.param(_changed(signatures=[]), id="unsigned"),
        pytest.param(_changed(signatures=[{"sig": "AAAA"}] * 33), id="many_signatures"),
        pytest.param(_changed(payload="!"), id="no_base64"),
        pytest.param(_changed(payload="\u00e9"), id="not_ascii"),
        pytest.param(_changed(payload=7), id="number"),
        pytest.param(_changed(dsseEnvelope=json.loads(_changed())), id="both"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"payload": "\xff"}', id="not_utf8"),
    ],
)
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a signed envelope"):
        parse_envelope(data)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_an_envelope_or_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_envelope(data)


@settings(max_examples=150, deadline=None)
@given(at=st.integers(min_value=0), bit=st.integers(0, 7), cut=st.booleans())
def test_no_damage_changes_what_is_said(at: int, bit: int, cut: bool) -> None:  # noqa: FBT001
    whole = bytearray(sign(_PAYLOAD, key("ed25519")))
    at %= len(whole)
    if cut:
        del whole[at:]
    else:
        whole[at] ^= 1 << bit

    try:
        envelope = parse_envelope(bytes(whole))
    except InputError:
        return

    if signer(envelope, [key("ed25519").public]) is not None:
        assert envelope.payload == _PAYLOAD
