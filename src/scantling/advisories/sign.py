"""Signatures of manifests: Ed25519, detached, with the keys that this user trusts in one folder.

A signature file is JSON: `{"algorithm": "ed25519", "key": <fingerprint>, "signature": <base64>}`.
What is signed is a fixed text of this format followed by the manifest's bytes, so a signature made
here can never be taken for one of something else. The key that a signature names only chooses among
the trusted keys; a key is never taken from what it signs.

Source: RFC 8032 (Ed25519); RFC 8410 (its PEM forms).
"""

import base64
import binascii
import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from msgspec import Struct

from scantling.core.errors import AdvisoryDataError

_CONTEXT: Final = b"scantling advisory manifest 1\n"
_MAX_KEY_BYTES: Final = 16_384
MAX_SIGNATURE_BYTES: Final = 16_384
LOCAL_KEY: Final = "local.pem"


class _Signature(Struct, forbid_unknown_fields=True):
    algorithm: str
    key: str
    signature: str


class TrustedKey(Struct, frozen=True, kw_only=True):
    """A public key the user trusts: its fingerprint and the file it came from."""

    fingerprint: str
    path: str
    raw: bytes


def sign(data: bytes, key_file: Path) -> tuple[bytes, str]:
    """Return the signature file for `data`, and the fingerprint of the key.

    Raises AdvisoryDataError if the key is unusable.
    """
    key = _private_key(key_file)
    name = fingerprint(_raw(key.public_key()))
    made = _Signature(
        algorithm="ed25519",
        key=name,
        signature=base64.b64encode(key.sign(_CONTEXT + data)).decode(),
    )
    return msgspec.json.encode(made) + b"\n", name


def verify(data: bytes, signature_file: bytes, trusted: tuple[TrustedKey, ...]) -> str:
    """Return the fingerprint of the trusted key that signed `data`.

    Raises AdvisoryDataError when no trusted key did, or the signature is malformed.
    """
    try:
        made = msgspec.json.decode(signature_file, type=_Signature)
        signature = base64.b64decode(made.signature, validate=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise AdvisoryDataError("the manifest's signature file is malformed") from error
    if made.algorithm != "ed25519":
        raise AdvisoryDataError("the manifest is signed with an algorithm other than ed25519")
    for key in trusted:
        if key.fingerprint == made.key:
            try:
                Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, _CONTEXT + data)
            except InvalidSignature as error:
                raise AdvisoryDataError(
                    "the manifest's signature is wrong: it was changed after it was signed"
                ) from error
            return key.fingerprint
    raise AdvisoryDataError(
        f"the manifest is signed by a key that is not trusted ({made.key[:80]}); if it is your "
        "organization's, put its public key into the keys folder (`scantling db info` names it)"
    )


def trusted_keys(folder: Path) -> tuple[TrustedKey, ...]:
    """Return the keys of `folder`/*.pub, by file name; empty if there is no such folder.

    Raises AdvisoryDataError for a file that is not an Ed25519 public key: a typing error must not
    silently shrink what is trusted.
    """
    found = []
    for path in sorted(folder.glob("*.pub")):
        try:
            key = load_pem_public_key(_small(path))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise AdvisoryDataError(f"{path} is not a public key in PEM form") from error
        if not isinstance(key, Ed25519PublicKey):
            raise AdvisoryDataError(f"{path} is not an Ed25519 key")
        raw = _raw(key)
        found.append(TrustedKey(fingerprint=fingerprint(raw), path=str(path), raw=raw))
    return tuple(found)


def fingerprint(raw: bytes) -> str:
    """Return the name of a public key: SHA-256 of its 32 bytes, hex."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def local_key(folder: Path) -> Path:
    """Return this user's own key file, made on first use (mode 0600) and trusted from then on."""
    path = folder / LOCAL_KEY
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_key(path)
    return path


def create_key(path: Path) -> None:
    """Write a new private key to `path` (0600) and its public key beside it (`.pub`).

    Raises AdvisoryDataError if there is a file already: a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(private)
        path.with_suffix(".pub").write_bytes(public)
    except OSError as error:
        raise AdvisoryDataError(f"cannot write the key {path}: {error.strerror}") from error


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(_small(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AdvisoryDataError(
            f"{path} is not an unencrypted Ed25519 private key in PEM form"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AdvisoryDataError(f"{path} is not an Ed25519 key")
    return key


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _small(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise AdvisoryDataError(f"cannot read the key {path}: {error.strerror}") from error
