"""Segments: writing. Same records, same bytes (with the same versions of zlib and zstd).

Source: docs/reference/segment-format.md, version 1.
"""

import hashlib
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.cold import compress
from scantling.advisories.segments import (
    BLOCK_DIGEST_BYTES,
    FORMAT_VERSION,
    HEADER,
    MAGIC,
    MAX_BLOCK_BYTES,
    MAX_SEGMENT_BYTES,
    Block,
    Codec,
    Directory,
    Kind,
    key_filter,
)
from scantling.core.errors import AdvisoryDataError
from scantling.core.limits import KIB

_DEFLATE_LEVEL: Final = 9
_ZSTD_LEVEL: Final = 12
_DICTIONARY_BYTES: Final = 32 * KIB
"""The window of deflate: more could not be referred to."""
_SAMPLES: Final = 64


class _Layout(Struct, frozen=True):
    codec: Codec
    block_bytes: int
    filtered: bool


# Hot blocks are small, since a look-up decompresses one for a package; cold ones compress better
# when large. A filter answers the many questions about packages nobody speaks of in 1 µs.
_LAYOUTS: Final = {
    Kind.STATEMENTS: _Layout(Codec.DEFLATE, 2 * KIB, filtered=True),
    Kind.TEXTS: _Layout(Codec.ZSTD, 128 * KIB, filtered=False),
    Kind.INDEX: _Layout(Codec.ZSTD, 64 * KIB, filtered=True),
    Kind.SIGNALS: _Layout(Codec.DEFLATE, 4 * KIB, filtered=False),
    Kind.RELEASES: _Layout(Codec.DEFLATE, 8 * KIB, filtered=False),
}


class Written(Struct, frozen=True, kw_only=True):
    """A finished segment and what the manifest says of it; digests are hex SHA-256."""

    data: bytes
    digest: str
    head: str
    keys: int


def write_segment(kind: Kind, records: Iterable[tuple[str, bytes]]) -> Written:
    """Return the segment of these records. Keys are strictly ascending, in code point order.

    ValueError: they are not. Raises AdvisoryDataError when a limit of the format is exceeded.
    """
    layout = _LAYOUTS[kind]
    blocks = [*_blocks(records, layout.block_bytes)]
    keys = [key for block in blocks for key in block.keys]
    if any(low >= high for low, high in pairwise(keys)):
        raise ValueError("keys of a segment must ascend")
    raw = [msgspec.msgpack.encode(block) for block in blocks]
    dictionary = _dictionary(raw) if layout.codec is Codec.DEFLATE else b""
    packed = [_packed(data, layout.codec, dictionary) for data in raw]
    directory = msgspec.msgpack.encode(_directory(blocks, raw, packed))
    words = sorted({key_filter(key) for key in keys}) if layout.filtered else []
    head_bytes = HEADER.size + 4 * len(words) + len(dictionary) + len(directory)
    file_bytes = head_bytes + sum(map(len, packed))
    if file_bytes > MAX_SEGMENT_BYTES or any(len(data) > MAX_BLOCK_BYTES for data in raw):
        raise AdvisoryDataError(f"a {kind.name.lower()} segment would exceed the format's limits")
    header = HEADER.pack(
        MAGIC,
        FORMAT_VERSION,
        kind,
        layout.codec,
        len(keys),
        len(words),
        len(dictionary),
        len(directory),
        head_bytes,
        file_bytes,
    )
    head = b"".join((header, struct.pack(f"<{len(words)}I", *words), dictionary, directory))
    data = b"".join((head, *packed))
    return Written(
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        head=hashlib.sha256(head).hexdigest(),
        keys=len(keys),
    )


def _blocks(records: Iterable[tuple[str, bytes]], target_bytes: int) -> Iterator[Block]:
    """Cut at `target_bytes`; a record that is larger on its own gets a block on its own."""
    keys: list[str] = []
    kept: list[bytes] = []
    size = 0
    for key, record in records:
        if keys and size + len(record) > target_bytes:
            yield Block(keys=tuple(keys), records=tuple(kept))
            keys, kept, size = [], [], 0
        keys.append(key)
        kept.append(record)
        size += len(key) + len(record)
    if keys:
        yield Block(keys=tuple(keys), records=tuple(kept))


def _dictionary(raw: list[bytes]) -> bytes:
    """Return evenly spaced samples, so that small blocks need not spell what all of them say."""
    if len(raw) < _SAMPLES // 8:
        return b""
    step = max(len(raw) // _SAMPLES, 1)
    samples = raw[::step][:_SAMPLES]
    share = _DICTIONARY_BYTES // len(samples)
    return b"".join(sample[:share] for sample in samples)


def _packed(data: bytes, codec: Codec, dictionary: bytes) -> bytes:
    if codec is Codec.ZSTD:
        return compress(data, _ZSTD_LEVEL)
    deflater = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, -15, 9, zdict=dictionary)
    return deflater.compress(data) + deflater.flush()


def _directory(blocks: list[Block], raw: list[bytes], packed: list[bytes]) -> Directory:
    ends = array("Q")
    end = 0
    for data in packed:
        end += len(data)
        ends.append(end)
    return Directory(
        firsts=tuple(block.keys[0] for block in blocks),
        ends=tuple(ends),
        raw_sizes=tuple(map(len, raw)),
        digests=b"".join(hashlib.sha256(data).digest()[:BLOCK_DIGEST_BYTES] for data in packed),
    )
