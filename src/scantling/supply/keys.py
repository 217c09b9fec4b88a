"""Keys that sign and verify attestations, in the files that cosign and OpenSSL write.

A public key is PEM (SubjectPublicKeyInfo). A private key is a key of cosign (scrypt and
XSalsa20-Poly1305) or PKCS#8, with or without a password. Which algorithm a key signs with follows
from the key, never from what it signs:

| key | signature |
|---|---|
| ECDSA P-256, P-384, P-521 | SHA-256, SHA-384, SHA-512, ASN.1 |
| Ed25519 | as it is (no pre-hash) |
| RSA, 2048 to 8192 bits | made with PKCS#1 v1.5, read as that or PSS, SHA-256 |

A key comes from the user, always: nothing here reads one out of an envelope or bundle (cosign did,
GHSA-fx35-mq7g-6g98).

Source: RFC 8410, RFC 5915, RFC 5480; cosign, `pkg/cosign/keys.go`; go-securesystemslib,
`encrypted`; Sigstore, "Algorithm Registry".
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Struct

from scantling.core.errors import UsageError
from scantling.core.limits import MIB
from scantling.core.secret import Secret
from scantling.core.text import neutral
from scantling.supply.secretbox import KEY_BYTES, NONCE_BYTES, seal, unseal

KEY_FILE_BYTES: Final = 65_536
"""The longest key file; a real one has at most a few kilobytes."""

_LABELS: Final = ("ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY")
_RSA_BITS: Final = range(2048, 8193)
_SHA256: Final = hashes.SHA256()
_CURVES: Final[dict[str, hashes.HashAlgorithm]] = {
    "secp256r1": _SHA256,
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_SCRYPT_N: Final = 65_536
_SCRYPT_R: Final = 8
_SCRYPT_P: Final = 1
_SCRYPT_MEMORY: Final = 512 * MIB
_SCRYPT_P_MOST: Final = 16

_Public = ec.EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey
_Private = ec.EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey


class _Params(Struct):
    N: int
    r: int
    p: int


class _Kdf(Struct):
    name: str
    params: _Params
    salt: bytes


class _Cipher(Struct):
    name: str
    nonce: bytes


class _Encrypted(Struct):
    """The JSON in cosign's PEM; bytes are base64 in it."""

    kdf: _Kdf
    cipher: _Cipher
    ciphertext: bytes


class PublicKey:
    """A key that verifies. `name` says where it came from, `fingerprint` which key it is."""

    def __init__(self, key: _Public, name: str) -> None:
        self._key = key
        self.name = name
        der = key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.fingerprint = f"sha256:{hashlib.sha256(der).hexdigest()}"

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Return whether this key made `signature` for `data`."""
        match self._key:
            case ec.EllipticCurvePublicKey():
                algorithm = ec.ECDSA(_CURVES[self._key.curve.name])
                return _holds(partial(self._key.verify, signature, data, algorithm))
            case Ed25519PublicKey():
                return _holds(partial(self._key.verify, signature, data))
            case RSAPublicKey():
                pss = padding.PSS(padding.MGF1(_SHA256), padding.PSS.AUTO)
                return any(
                    _holds(partial(self._key.verify, signature, data, way, _SHA256))
                    for way in (padding.PKCS1v15(), pss)
                )

    def pem(self) -> bytes:
        """Return the key as a PEM file has it."""
        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class PrivateKey:
    """A key that signs; `public` is its other half."""

    def __init__(self, key: _Private, name: str) -> None:
        self._key = key
        self.public = PublicKey(key.public_key(), name)

    def sign(self, data: bytes) -> bytes:
        """Return the signature of `data`."""
        match self._key:
            case ec.EllipticCurvePrivateKey() as key:
                return key.sign(data, ec.ECDSA(_CURVES[key.curve.name]))
            case Ed25519PrivateKey() as key:
                return key.sign(data)
            case RSAPrivateKey() as key:
                return key.sign(data, padding.PKCS1v15(), _SHA256)


def public_key(data: bytes, name: str) -> PublicKey:
    """Return the public key in a PEM text. Raises UsageError; `name` says where it came from."""
    if b"PRIVATE KEY-----" in data:
        raise UsageError(f"{name} holds a private key; verifying takes the public one (.pub)")
    if b"CERTIFICATE-----" in data:
        raise UsageError(f"{name} holds a certificate; give the public key itself")
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"{name} is not a public key in PEM form") from error
    if not isinstance(key, _Public):
        raise UsageError(f"{name} is a kind of key that signs no attestations")
    _check_strength(key, name)
    return PublicKey(key, name)


def private_key(data: bytes, name: str, password: Callable[[], Secret]) -> PrivateKey:
    """Return the private key in a PEM text; `password` is asked only for an encrypted one.

    Raises UsageError, with nothing of the key or the password in it.
    """
    for label in _LABELS:
        if f"-----BEGIN {label}-----".encode() in data:
            return _loaded(_decrypted(data, label, name, password()), name)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError:
        return _pkcs8(data, name, password())
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{name} is not a private key in PEM form") from None
    return _checked(key, name)


def create_key_pair(prefix: Path, password: Secret) -> PrivateKey:
    """Write a new pair, `<prefix>.key` (0600) and `<prefix>.pub`, as cosign does; return it.

    ECDSA P-256. Raises UsageError if either file is there: a key is never overwritten.
    """
    files = Path(f"{prefix}.key"), Path(f"{prefix}.pub")
    for file in files:
        if file.exists():
            raise _exists(file)
    key = ec.generate_private_key(ec.SECP256R1())
    made = PrivateKey(key, f"{prefix}.key")
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _write_new(files[0], _encrypted(der, password), 0o600)
    _write_new(files[1], made.public.pem(), 0o644)
    return made


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True


def _pkcs8(data: bytes, name: str, password: Secret) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(data, password=password.reveal().encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _wrong_password(name) from None
    return _checked(key, name)


def _loaded(der: bytes, name: str) -> PrivateKey:
    try:
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(f"{name} holds something other than a private key") from None
    return _checked(key, name)


def _checked(key: object, name: str) -> PrivateKey:
    if not isinstance(key, _Private):
        raise UsageError(f"{name} is a kind of key that signs no attestations")
    _check_strength(key.public_key(), name)
    return PrivateKey(key, name)


def _check_strength(key: _Public, name: str) -> None:
    if isinstance(key, RSAPublicKey) and key.key_size not in _RSA_BITS:
        raise UsageError(f"{name} is an RSA key of {key.key_size} bits; 2048 to 8192 are accepted")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise UsageError(f"{name} is on the curve {key.curve.name}; P-256, P-384, P-521 are known")


def _decrypted(data: bytes, label: str, name: str, password: Secret) -> bytes:
    head, tail = f"-----BEGIN {label}-----".encode(), f"-----END {label}-----".encode()
    text = data.partition(head)[2].partition(tail)[0]
    try:
        raw = base64.b64decode(b"".join(text.split()), validate=True)
        box = msgspec.json.decode(raw, type=_Encrypted)
    except (binascii.Error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{name} is damaged: it holds no encrypted key") from None
    if (box.kdf.name, box.cipher.name) != ("scrypt", "nacl/secretbox"):
        how = neutral(f"{box.kdf.name} and {box.cipher.name}", limit=100)
        raise UsageError(f"{name} is encrypted with {how}, which is not known here")
    if len(box.cipher.nonce) != NONCE_BYTES:
        raise UsageError(f"{name} is damaged: its nonce has the wrong length")
    der = unseal(box.ciphertext, box.cipher.nonce, _stretched(box.kdf, password, name))
    if der is None:
        raise _wrong_password(name)
    return der


def _stretched(kdf: _Kdf, password: Secret, name: str) -> bytes:
    cost = kdf.params
    power = cost.N > 1 and cost.N & (cost.N - 1) == 0
    if not (power and cost.r > 0 and 0 < cost.p <= _SCRYPT_P_MOST) or (
        128 * cost.N * cost.r > _SCRYPT_MEMORY // 2
    ):
        raise UsageError(f"{name} asks for a key derivation that is not reasonable")
    return hashlib.scrypt(
        password.reveal().encode(),
        salt=kdf.salt,
        n=cost.N,
        r=cost.r,
        p=cost.p,
        maxmem=_SCRYPT_MEMORY,
        dklen=KEY_BYTES,
    )


def _encrypted(der: bytes, password: Secret) -> bytes:
    salt, nonce = os.urandom(32), os.urandom(NONCE_BYTES)
    kdf = _Kdf(name="scrypt", params=_Params(N=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P), salt=salt)
    box = _Encrypted(
        kdf=kdf,
        cipher=_Cipher(name="nacl/secretbox", nonce=nonce),
        ciphertext=seal(der, nonce, _stretched(kdf, password, "the new key")),
    )
    text = base64.b64encode(msgspec.json.encode(box)).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(
        (f"-----BEGIN {_LABELS[0]}-----", *lines, f"-----END {_LABELS[0]}-----", "")
    ).encode()


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise UsageError(f"cannot write the key {path}: {error.strerror}") from error


def _exists(path: Path) -> UsageError:
    return UsageError(f"{path} exists; a key is never overwritten")


def _wrong_password(name: str) -> UsageError:
    return UsageError(f"the password does not open {name}; check COSIGN_PASSWORD")
