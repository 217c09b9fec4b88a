"""Strict zstd: every frame, bounded windows, no dictionaries, nothing after the end unnoticed.

Source: RFC 8878, Zstandard Compression, sections 3.1.1 (frames) and 3.1.2 (skippable frames).
"""

import sys
from collections.abc import Callable, Iterator
from typing import Final

from scantling.core.errors import InputError
from scantling.core.limits import KIB
from scantling.image.gaplist import GapList
from scantling.image.unread import Unread

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

MAGIC: Final = b"\x28\xb5\x2f\xfd"
_PIECE_BYTES: Final = 512 * KIB
"""Most bytes decompressed at once: fits the cache, and a bomb cannot allocate more."""
_SKIPPABLE: Final = 0x184D2A50
_SKIPPABLE_MASK: Final = 0xFFFFFFF0
_SKIPPABLE_BYTES: Final = 8
_HEADER_BYTES: Final = 18
"""Longest frame header, magic included."""
_SINGLE_SEGMENT: Final = 0x20
_RESERVED: Final = 0x08
_DICTIONARY_ID_BYTES: Final = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)


def is_magic(start: bytes) -> bool:
    """Return whether these first four bytes begin a frame, skippable ones included."""
    return start[:4] == MAGIC or _is_skippable(start[:4])


def decompress(read: Callable[[], bytes], gaps: GapList, *, window_bytes: int) -> Iterator[bytes]:
    """Yield the content of all frames, in pieces of at most 512 KiB.

    `read` returns the next compressed bytes, empty at the end. Zeros after the last frame are
    noted as `tar.note`, anything else there as `zstd.corrupt`. Raises InputError `zstd.window` for
    a frame that wants a larger window than `window_bytes`, `zstd.corrupt` for a dictionary, a
    damaged frame, a wrong checksum or size, or a stream that ends early.
    """
    source = Unread(read)
    first = True
    while source.fill(1):
        whole = source.fill(4)
        if _is_skippable(source.data[:4]):
            _skip_frame(source)
        elif whole and source.data.startswith(MAGIC):
            _check_header(source, window_bytes)
            yield from _frame(source, window_bytes)
        elif first:
            raise _corrupt("no frame at the start", source.offset)
        else:
            source.note_rest(gaps, "zstd.corrupt", "zstd frame")
            return
        first = False


def _is_skippable(start: bytes) -> bool:
    return len(start) == len(MAGIC) and (
        int.from_bytes(start, "little") & _SKIPPABLE_MASK == _SKIPPABLE
    )


def _skip_frame(source: Unread) -> None:
    if not source.fill(_SKIPPABLE_BYTES):
        raise _corrupt("the stream ends inside a skippable frame", source.offset)
    length = int.from_bytes(source.data[4:_SKIPPABLE_BYTES], "little")
    if not source.skip(_SKIPPABLE_BYTES + length):
        raise _corrupt("the stream ends inside a skippable frame", source.offset)


def _check_header(source: Unread, window_bytes: int) -> None:
    """Judge a frame by its header before the decoder allocates anything (3.1.1.1).

    1. Descriptor: content size flag (2 bits), single segment, unused, reserved, checksum,
       dictionary id flag (2 bits).
    2. Window descriptor, absent in a single segment, where the window is the content.
    3. Dictionary id, 0, 1, 2 or 4 bytes; zero means none.
    4. Content size, 0, 1, 2, 4 or 8 bytes; two bytes store it less 256.
    """
    source.fill(_HEADER_BYTES)
    data, start = source.data[:_HEADER_BYTES], source.offset
    if len(data) <= len(MAGIC):
        raise _corrupt("the stream ends inside a frame header", start)
    descriptor = data[4]
    single = bool(descriptor & _SINGLE_SEGMENT)
    if descriptor & _RESERVED:
        raise _corrupt("a frame header has a reserved bit", start)
    at = 5 if single else 6
    id_bytes = _DICTIONARY_ID_BYTES[descriptor & 3]
    size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(single)
    if len(data) < at + id_bytes + size_bytes:
        raise _corrupt("the stream ends inside a frame header", start)
    if any(data[at : at + id_bytes]):
        raise _corrupt("a frame needs a dictionary", start)
    if single:
        at += id_bytes
        window = int.from_bytes(data[at : at + size_bytes], "little")
    else:
        base = 1 << (10 + (data[5] >> 3))
        window = base + (base >> 3) * (data[5] & 7)
    if window > window_bytes:
        raise InputError(
            "zstd.window",
            f"zstd: a frame asks for a window of {window} bytes, more than {window_bytes}",
            offset=start,
            limit="window_bytes",
        )


def _frame(source: Unread, window_bytes: int) -> Iterator[bytes]:
    # The decoder takes the limit as a power of two; the header was held to the exact number.
    options = {int(DecompressionParameter.window_log_max): max(10, (window_bytes - 1).bit_length())}
    decoder = ZstdDecompressor(options=options)
    while not decoder.eof:
        data = b""
        if decoder.needs_input:
            data = source.next()
            if not data:
                raise _corrupt("the stream ends inside a frame", source.offset)
        try:
            piece = decoder.decompress(data, _PIECE_BYTES)
        except (ZstdError, MemoryError) as error:
            raise _corrupt(f"bad data: {error}", source.offset) from error
        if piece:
            yield piece
    source.give_back(decoder.unused_data)


def _corrupt(detail: str, offset: int) -> InputError:
    return InputError("zstd.corrupt", f"zstd: {detail}", offset=offset)
