"""XSalsa20-Poly1305, the cipher that encrypts cosign's private keys; nothing else uses it.

`cryptography` has Poly1305 and no Salsa20, and a key file has some 150 bytes: one dependency less
for forty lines. Tested against the vectors of the paper and against keys that other tools wrote.

Source: D. J. Bernstein, "Cryptography in NaCl" (secretbox, sections 7 to 9) and "Salsa20
specification"; Go, golang.org/x/crypto/nacl/secretbox (the authenticator comes first).
"""

import struct
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.poly1305 import Poly1305

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 24
_TAG: Final = 16
_BLOCK: Final = 64
_WORD: Final = 0xFFFFFFFF
_SIGMA: Final = struct.unpack("<4I", b"expand 32-byte k")
# Words of each quarter round, columns first, then rows; two rounds in all.
_QUARTERS: Final = (
    (0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
    (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14),
)  # fmt: skip
_DOUBLE_ROUNDS: Final = 10


def seal(data: bytes, nonce: bytes, key: bytes) -> bytes:
    """Return the authenticator and the encrypted `data`. A nonce must not be used twice."""
    pad, stream = _streams(nonce, key, len(data))
    encrypted = _xor(data, stream)
    return Poly1305.generate_tag(pad, encrypted) + encrypted


def unseal(box: bytes, nonce: bytes, key: bytes) -> bytes | None:
    """Return what `seal` was given; None if the key is another or a bit was changed."""
    pad, stream = _streams(nonce, key, max(0, len(box) - _TAG))
    try:
        Poly1305.verify_tag(pad, box[_TAG:], box[:_TAG])
    except InvalidSignature:
        return None
    return _xor(box[_TAG:], stream)


def _streams(nonce: bytes, key: bytes, size_bytes: int) -> tuple[bytes, bytes]:
    """Return the key of the authenticator and the bytes to encrypt with."""
    if len(nonce) != NONCE_BYTES or len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes and a nonce 24")
    inner = _derived(key, nonce[:16])
    blocks = -(-(size_bytes + KEY_BYTES) // _BLOCK)
    stream = b"".join(_block(inner, nonce[16:], number) for number in range(blocks))
    return stream[:KEY_BYTES], stream[KEY_BYTES : KEY_BYTES + size_bytes]


def _derived(key: bytes, nonce: bytes) -> bytes:
    """Return HSalsa20 of the key and the first 16 bytes of the nonce."""
    state = _rounds(_state(key, nonce))
    return struct.pack("<8I", *(state[word] for word in (0, 5, 10, 15, 6, 7, 8, 9)))


def _block(key: bytes, nonce: bytes, number: int) -> bytes:
    start = _state(key, nonce + number.to_bytes(8, "little"))
    mixed = _rounds(start)
    return struct.pack("<16I", *((a + b) & _WORD for a, b in zip(start, mixed, strict=True)))


def _state(key: bytes, nonce: bytes) -> tuple[int, ...]:
    words = struct.unpack("<8I", key)
    given = struct.unpack("<4I", nonce)
    first, second, third, fourth = _SIGMA
    return (first, *words[:4], second, *given, third, *words[4:], fourth)


def _rounds(state: tuple[int, ...]) -> list[int]:
    x = [*state]
    for _ in range(_DOUBLE_ROUNDS):
        for a, b, c, d in _QUARTERS:
            x[b] ^= _rotated(x[a] + x[d], 7)
            x[c] ^= _rotated(x[b] + x[a], 9)
            x[d] ^= _rotated(x[c] + x[b], 13)
            x[a] ^= _rotated(x[d] + x[c], 18)
    return x


def _rotated(word: int, bits: int) -> int:
    word &= _WORD
    return (word << bits | word >> (32 - bits)) & _WORD


def _xor(data: bytes, stream: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))
