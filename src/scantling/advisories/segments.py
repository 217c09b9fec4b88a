"""Segments: the immutable files that advisory data is looked up in. Reading.

A segment is a sorted table of (key, record) pairs, cut into compressed blocks. Everything that a
look-up uses is tied to the manifest: the manifest has the digest of the *head* (header, filter,
dictionary, directory), which is checked when a segment is opened, and the directory has a digest
of each block, which is checked each time the block is read from the file. A damaged byte therefore
gives `AdvisoryDataError` or is one that no look-up reads (then `db verify` finds it); never a wrong
answer, and never "no statements".

Source: docs/reference/segment-format.md, version 1.
"""

import hashlib
import mmap
import struct
import sys
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from isal import isal_zlib

from scantling.core.errors import AdvisoryDataError
from scantling.core.limits import GIB, MIB

FORMAT_VERSION: Final = 1
MAGIC: Final = b"SCTLSEG\n"
HEADER: Final = struct.Struct("<8sHBBIIIIQQ16x")
"""Magic, version, kind, codec, keys, filter entries, dictionary and directory bytes, head and file
size, padding."""
BLOCK_DIGEST_BYTES: Final = 16
MAX_BLOCK_BYTES: Final = 128 * MIB
"""Of one block, uncompressed. A block larger than the target holds the one record of a package;
the largest real one (kernel of an enterprise distribution) has about 4 MB."""
MAX_SEGMENT_BYTES: Final = 4 * GIB
_KEPT_BYTES: Final = 1 * MIB
"""Of blocks kept per open segment, uncompressed. A scan of 200 findings asks 120 of the blocks with
EPSS scores 370 times; a texts segment keeps its last few, which suffices for sorted questions."""

# isal's stub declares the class as if it were an instance.
_BadDataError: Final[type[Exception]] = isal_zlib.error  # type: ignore[assignment]
_WINDOW_BITS: Final = -15  # raw deflate: the block digest already says whether the bytes are right


class Kind(IntEnum):
    """What a segment's records are."""

    STATEMENTS = 1
    TEXTS = 2
    INDEX = 3
    SIGNALS = 4
    RELEASES = 5


class Codec(IntEnum):
    """How blocks are compressed.

    Deflate with a shared dictionary costs 5 to 10 µs for a block; zstd saves half the space of long
    texts, but setting up its context alone costs 22 µs (measured).
    """

    DEFLATE = 1
    ZSTD = 2


class Directory(msgspec.Struct, frozen=True, array_like=True):
    """Of each block, in order: its first key, where it ends (from the end of the head), how long
    it is uncompressed, and the first 16 bytes of its SHA-256; the last three concatenated."""

    firsts: tuple[str, ...]
    ends: tuple[int, ...]
    raw_sizes: tuple[int, ...]
    digests: bytes


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Keys in order, and the record of each."""

    keys: tuple[str, ...]
    records: tuple[bytes, ...]


class Head(NamedTuple):
    """The fixed part of a segment."""

    kind: Kind
    codec: Codec
    keys: int
    filter_entries: int
    dictionary_bytes: int
    directory_bytes: int
    head_bytes: int
    file_bytes: int


_DIRECTORY: Final = msgspec.msgpack.Decoder(Directory)
_BLOCK: Final = msgspec.msgpack.Decoder(Block)


def statement_key(ecosystem: str, package: str) -> str:
    """Return the key of a package in a statements segment."""
    return f"{ecosystem}\0{package}"


def key_filter(key: str) -> int:
    """Return the filter word of a key: its CRC-32. `surrogatepass`: any text has one."""
    return zlib.crc32(key.encode("utf-8", "surrogatepass"))


def read_head(data: bytes | mmap.mmap, name: str) -> Head:
    """Return the header of a segment; raise AdvisoryDataError if it is not one we can read."""
    if len(data) < HEADER.size:
        raise damaged(name, "it is shorter than a header")
    magic, version, kind, codec, keys, filters, dictionary, directory, head, size = HEADER.unpack(
        data[: HEADER.size]
    )
    if magic != MAGIC:
        raise damaged(name, "it is not a segment")
    if version != FORMAT_VERSION:
        raise AdvisoryDataError(
            f"advisory segment {name} has format {version}, this program reads {FORMAT_VERSION}; "
            "update scantling, or build the database again with `scantling db build`"
        )
    if head != HEADER.size + 4 * filters + dictionary + directory or head > size:
        raise damaged(name, "the sizes in its header disagree")
    try:
        return Head(Kind(kind), Codec(codec), keys, filters, dictionary, directory, head, size)
    except ValueError as error:
        raise damaged(name, str(error)) from error


def damaged(name: str, detail: str) -> AdvisoryDataError:
    """Return the error that says that a segment cannot be used, and what to do."""
    return AdvisoryDataError(
        f"advisory segment {name} is damaged: {detail}; repair with `scantling db update`"
    )


class Segment:
    """An open segment: a read-only map of its file. `close` or the garbage collector releases it.

    `size` and `head_digest` (hex SHA-256) are the manifest's; both must agree. Raises
    AdvisoryDataError when the file is missing, of another size, or its head has another digest.
    """

    def __init__(self, path: Path, *, size: int, head_digest: str, kind: Kind, name: str) -> None:
        self.name = name
        self._map = _mapped(path, size, name)
        head = read_head(self._map, name)
        with memoryview(self._map) as view:
            found = hashlib.sha256(view[: head.head_bytes]).hexdigest()
        if found != head_digest or head.file_bytes != size or head.kind is not kind:
            raise damaged(name, "its head does not have the digest that the manifest gives")
        self.codec = head.codec
        self.keys = head.keys
        at = HEADER.size
        self._filter = _words(self._map[at : at + 4 * head.filter_entries])
        at += 4 * head.filter_entries
        self._dictionary = self._map[at : at + head.dictionary_bytes]
        at += head.dictionary_bytes
        directory = _directory(self._map[at : at + head.directory_bytes], head, name)
        self._firsts = directory.firsts
        self._ends = directory.ends
        self._raw_sizes = directory.raw_sizes
        self._digests = directory.digests
        self._body = head.head_bytes
        self._kept: dict[int, Block] = {}
        self._kept_bytes = 0

    def get(self, key: str, word: int) -> bytes | None:
        """Return the record of `key`, whose `key_filter` is `word`; None if there is none."""
        if self._filter:
            at = bisect_left(self._filter, word)
            if at == len(self._filter) or self._filter[at] != word:
                return None
        index = bisect_right(self._firsts, key) - 1
        if index < 0:
            return None
        block = self._kept.get(index) or self._keep(index)
        at = bisect_left(block.keys, key)
        if at < len(block.keys) and block.keys[at] == key:
            return block.records[at]
        return None

    def pairs(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Yield (key, record) of all keys that start with `prefix`, in order."""
        start = max(bisect_right(self._firsts, prefix) - 1, 0)
        for index in range(start, len(self._firsts)):
            if self._firsts[index] > prefix and not self._firsts[index].startswith(prefix):
                return
            block = self._block(index)
            for key, record in zip(block.keys, block.records, strict=True):
                if key.startswith(prefix):
                    yield key, record

    def close(self) -> None:
        """Release the file. The segment cannot be used any more."""
        self._map.close()

    def _keep(self, index: int) -> Block:
        """Return a block that was checked, and have it at hand for the next question."""
        block = self._block(index)
        self._kept_bytes += self._raw_sizes[index]
        if self._kept_bytes > _KEPT_BYTES:
            self._kept.clear()
            self._kept_bytes = self._raw_sizes[index]
        self._kept[index] = block
        return block

    def _block(self, index: int) -> Block:
        start = self._body + (self._ends[index - 1] if index else 0)
        data = self._map[start : self._body + self._ends[index]]
        digest = hashlib.sha256(data).digest()[:BLOCK_DIGEST_BYTES]
        at = index * BLOCK_DIGEST_BYTES
        if digest != self._digests[at : at + BLOCK_DIGEST_BYTES]:
            raise damaged(self.name, f"block {index} does not have its digest")
        try:
            raw = self._inflate(data, self._raw_sizes[index])
            block = _BLOCK.decode(raw)
        except (_BadDataError, msgspec.MsgspecError, EOFError, ValueError) as error:
            raise damaged(self.name, f"block {index} cannot be decoded ({error})") from error
        if len(block.keys) != len(block.records):
            raise damaged(self.name, f"block {index} has more keys than records")
        return block

    def _inflate(self, data: bytes, raw_size: int) -> bytes:
        if self.codec is Codec.ZSTD:
            from scantling.advisories.cold import decompress  # noqa: PLC0415 - 10 ms, texts only

            raw = decompress(data, raw_size)
        else:
            inflater = isal_zlib.decompressobj(_WINDOW_BITS, zdict=self._dictionary)
            raw = inflater.decompress(data, raw_size + 1)
        if len(raw) != raw_size:
            raise ValueError(f"{len(raw)} bytes instead of {raw_size}")
        return raw


def _mapped(path: Path, size: int, name: str) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise AdvisoryDataError(
            f"advisory segment {name} is missing ({path}); run `scantling db update`"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise damaged(name, str(error)) from error
    if len(mapped) != size:
        raise damaged(name, f"it has {len(mapped)} bytes instead of {size}")
    return mapped


def _words(data: bytes) -> Sequence[int]:
    """Return little-endian 32-bit words as a sequence that bisect can use, without a copy."""
    if sys.byteorder == "little":
        return memoryview(data).cast("I")
    words = array("I", data)
    words.byteswap()
    return words


def _directory(data: bytes, head: Head, name: str) -> Directory:
    try:
        directory = _DIRECTORY.decode(data)
    except msgspec.MsgspecError as error:
        raise damaged(name, f"its directory cannot be decoded ({error})") from error
    blocks = len(directory.firsts)
    ends = directory.ends
    if (
        len(ends) != blocks
        or len(directory.raw_sizes) != blocks
        or len(directory.digests) != blocks * BLOCK_DIGEST_BYTES
        or (ends[-1] if ends else 0) != head.file_bytes - head.head_bytes
        or any(size > MAX_BLOCK_BYTES for size in directory.raw_sizes)
        or any(low > high for low, high in pairwise(ends))
    ):
        raise damaged(name, "its directory contradicts itself")
    return directory
