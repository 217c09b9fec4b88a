"""Strict gzip: every member, every checksum, nothing after the end unnoticed.

Inflation is isal's, several times faster than zlib's. The member header is read here because isal
accepts reserved flags; the trailer (CRC-32 and length) is verified by isal while it inflates.

Source: RFC 1952, GZIP file format specification version 4.3, sections 2.2 and 2.3.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from isal.igzip_lib import DECOMP_GZIP_NO_HDR_VER, IgzipDecompressor, IsalError

from scantling.core.errors import InputError
from scantling.core.limits import KIB
from scantling.image.gaplist import GapList
from scantling.image.unread import Unread

MAGIC: Final = b"\x1f\x8b"
# isal's stub declares the class as if it were an instance.
_BadDataError: Final[type[Exception]] = IsalError  # type: ignore[assignment]
_PIECE_BYTES: Final = 512 * KIB
"""Most bytes inflated at once: fits the processor's cache, and a bomb cannot allocate more."""
_FIXED_BYTES: Final = 10
_DEFLATE: Final = 8
_FHCRC: Final = 0x02
_FEXTRA: Final = 0x04
_FNAME: Final = 0x08
_FCOMMENT: Final = 0x10
_RESERVED: Final = 0xE0
_TEXT_LIMIT: Final = 64 * KIB
"""Of a member's FNAME or FCOMMENT; FEXTRA cannot be longer by its format."""


def inflate(read: Callable[[], bytes], gaps: GapList) -> Iterator[bytes]:
    """Yield the content of all members, in pieces of at most 512 KiB.

    `read` returns the next compressed bytes, empty at the end. Zeros after the last member are
    noted as `tar.note`, anything else there as `gzip.corrupt`. Raises InputError `gzip.corrupt` for
    a bad header, bad deflate data, a wrong checksum or length, or a stream that ends early.
    """
    source = Unread(read)
    while True:
        _skip_header(source)
        yield from _member(source)
        if not source.fill(1):
            return
        if not source.data.startswith(MAGIC[:1]) or (
            source.fill(2) and not source.data.startswith(MAGIC)
        ):
            source.note_rest(gaps, "gzip.corrupt", "gzip member")
            return


def _member(source: Unread) -> Iterator[bytes]:
    inflater = IgzipDecompressor(flag=DECOMP_GZIP_NO_HDR_VER)
    while not inflater.eof:
        data = b""
        if inflater.needs_input:
            data = source.next()
            if not data:
                raise _corrupt("the stream ends inside a member", source.offset)
        try:
            piece = inflater.decompress(data, _PIECE_BYTES)
        except _BadDataError as error:
            raise _corrupt(f"bad data: {error}", source.offset) from error
        if piece:
            yield piece
    source.give_back(inflater.unused_data)


def _skip_header(source: Unread) -> None:
    """Step over one member header.

    1. ID1 ID2 CM FLG MTIME(4) XFL OS; reserved flag bits must be zero (2.3.1.2).
    2. FEXTRA: two bytes of length, then as many bytes.
    3. FNAME, FCOMMENT: text up to a NUL.
    4. FHCRC: the low half of the CRC-32 of all header bytes before it.
    """
    start = source.offset
    if not source.fill(_FIXED_BYTES):
        raise _corrupt("the stream ends inside a header", start)
    header = source.data[:_FIXED_BYTES]
    flags = header[3]
    if not header.startswith(MAGIC) or header[2] != _DEFLATE or flags & _RESERVED:
        raise _corrupt("a member header is invalid", start)
    length = _FIXED_BYTES
    if flags & _FEXTRA:
        if not source.fill(length + 2):
            raise _corrupt("the stream ends inside a header", start)
        length += 2 + int.from_bytes(source.data[length : length + 2], "little")
    for flag in (_FNAME, _FCOMMENT):
        if flags & flag:
            length = _after_nul(source, length)
    if not source.fill(length + 2 * bool(flags & _FHCRC)):
        raise _corrupt("the stream ends inside a header", start)
    if flags & _FHCRC:
        stored = int.from_bytes(source.data[length : length + 2], "little")
        if stored != zlib.crc32(source.data[:length]) & 0xFFFF:
            raise _corrupt("a member header has a wrong checksum", start)
        length += 2
    source.drop(length)


def _after_nul(source: Unread, start: int) -> int:
    """Return the position after the next NUL from `start`."""
    wanted = start + 1
    while source.fill(wanted):
        end = source.data.find(b"\0", start, start + _TEXT_LIMIT)
        if end >= 0:
            return end + 1
        if len(source.data) - start >= _TEXT_LIMIT:
            break
        wanted = len(source.data) + 1
    raise _corrupt("a name in a member header has no end", source.offset)


def _corrupt(detail: str, offset: int) -> InputError:
    return InputError("gzip.corrupt", f"gzip: {detail}", offset=offset)
