"""One 512-byte tar header: its numbers, its name, its checksum; all known forms, strictly.

    0 name 100 | 100 mode 8 | 108 uid 8 | 116 gid 8 | 124 size 12 | 136 mtime 12 | 148 chksum 8
    156 typeflag | 157 linkname 100 | 257 magic and version 8 | 265 uname 32 | 297 gname 32
    329 devmajor 8 | 337 devminor 8 | 345 prefix 155 (ustar), sparse map from 386 (old GNU)

Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format" (base-256
numbers, old GNU sparse); star(5) (base-256, `tar\\0` at 508).
"""

import re
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError

BLOCK: Final = 512
ZEROS: Final = bytes(BLOCK)
IN_USTAR: Final = b"ustar\x00"
STAR_END: Final = b"tar\x00"
# Historic forms: leading spaces, digits, then NULs or spaces; all NULs or spaces is zero.
_OCTAL: Final = re.compile(rb"[ ]*+([0-7]*+)[ \0]*+")
_CHECKSUM_SPACES: Final = 8 * 0x20
_ASCII_SUM_MAX: Final = BLOCK * 127
_MODES: Final = 0o10000
OCTAL_AS_ZERO: Final = bytes(0x30 if byte in b"01234567" else byte for byte in range(256))
"""A translation that shows every octal digit as 0, to compare a field's form."""
PLAIN_NUMBERS: Final = b"0000000\0" * 3 + b"00000000000\0" * 2 + b"000000\0 "
"""Bytes 100-156 of a header as nearly every writer forms them, every octal digit shown as 0."""


class AsciiSums(dict[bytes, int]):
    """From a checksum field in its usual form to what Adler-32's low half then is.

    That half is one plus the sum of all bytes, modulo 65521. 512 ASCII bytes sum to 65,024 at most,
    so the remainder is the sum itself: exact for ASCII blocks, and ten times faster than sum().
    The checksum counts its own field as spaces. Grows to one item per checksum that occurs; there
    are fewer than 65,025.
    """

    def __missing__(self, field: bytes) -> int:
        stored = int(field[:6], 8)
        expected = stored - _CHECKSUM_SPACES + sum(field) + 1
        if stored <= _ASCII_SUM_MAX:
            self[field] = expected
        return expected


class Modes(dict[bytes, int]):
    """From a mode field of seven octal digits to its number; remembers the 4,096 possible ones."""

    def __missing__(self, field: bytes) -> int:
        mode = int(field, 8) & 0o7777
        if len(self) < _MODES:
            self[field] = mode
        return mode


class Header(Struct, kw_only=True):
    """A header's fields that decide what is read; names are raw bytes."""

    name: bytes
    link: bytes
    kind: int
    """The typeflag byte."""
    size: int
    mode: int
    block: bytes


def is_header(start: bytes) -> bool:
    """Return whether these first bytes of a file are a tar header or the end of an empty tar."""
    block = start[:BLOCK]
    if len(block) < BLOCK:
        return not any(block)
    return block == ZEROS or checksum_fits(block) is not None


def checksum_fits(block: bytes) -> bool | None:
    """Return True if the checksum is right, False if only as signed bytes, None if it is wrong.

    Source: POSIX.1-2017, pax: unsigned bytes; some historic writers summed signed ones.
    """
    stored = _octal(block[148:156])
    if stored is None:
        return None
    field = sum(block[148:156])
    unsigned = sum(block) - field + _CHECKSUM_SPACES
    if stored == unsigned:
        return True
    signed_field = sum(_signed(byte) for byte in block[148:156])
    signed = sum(_signed(byte) for byte in block) - signed_field + _CHECKSUM_SPACES
    return False if stored == signed else None


def parse(block: bytes, offset: int) -> Header:
    """Return the fields of a block whose checksum is right.

    Raises InputError `tar.header` when a number has no accepted form or is negative: without the
    size the next header cannot be found.
    """
    name = _text(block[:100])
    prefix = b""
    if block[257:263] == IN_USTAR:
        # star keeps access and change times in the last 24 bytes of the prefix.
        end = 476 if block[508:512] == STAR_END else 500
        prefix = _text(block[345:end])
    size = number(block[124:136])
    mode = number(block[100:108])
    others = [number(block[at : at + width]) for at, width in ((108, 8), (116, 8), (136, 12))]
    if size is None or mode is None or size < 0 or None in others:
        raise InputError("tar.header", "tar: a number in a header is malformed", offset=offset)
    return Header(
        name=prefix + b"/" + name if prefix else name,
        link=_text(block[157:257]),
        kind=block[156],
        size=size,
        mode=mode & 0o7777,
        block=block,
    )


def is_device_zero(block: bytes) -> bool:
    """Return whether a device header's major and minor numbers are both zero."""
    return number(block[329:337]) == 0 and number(block[337:345]) == 0


def number(field: bytes) -> int | None:
    """Return a numeric field's value, None if malformed: octal, or base-256 (top bit set).

    Base-256 is big-endian two's complement of the field without its top bit; so it can be negative.
    """
    if field[0] & 0x80:
        value = int.from_bytes(field, "big")
        bits = 8 * len(field) - 1
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value
    return _octal(field)


def _octal(field: bytes) -> int | None:
    match = _OCTAL.fullmatch(field)
    return None if match is None else int(match[1] or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _signed(byte: int) -> int:
    return byte - 256 if byte & 0x80 else byte
