"""Archives forged byte by byte, and what our readers say of them."""

import os
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.gap import Gap
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.cursor import BytesSource
from scantling.image.stream import Digests, LayerStream, open_stream
from scantling.image.tar import SKIP, Entry, Kind, PlainPaths, Select, Sniff, TarWalker

if sys.version_info >= (3, 14):
    from compression.zstd import compress as zstd_compress
else:
    from backports.zstd import compress as zstd_compress

END = bytes(1024)
MIB = 1024 * 1024


def everything(_path: str, _size: int, _mode: int) -> str:
    """Select every file, as text."""
    return "text_bytes"


def nothing(_path: str, _size: int, _mode: int) -> str:
    return SKIP


def header(
    name: bytes = b"file",
    *,
    size: int | bytes = 0,
    kind: bytes = b"0",
    mode: int | bytes = 0o644,
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    fields: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """Return a header with a right checksum; `fields` are (position, bytes) written over it."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = mode if isinstance(mode, bytes) else b"%07o\0" % mode
    block[108:124] = b"0000000\0" * 2
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257 : 257 + len(magic)] = magic
    for at, value in fields:
        block[at : at + len(value)] = value
    return summed(bytes(block))


def summed(block: bytes, *, signed: bool = False) -> bytes:
    """Return the header with its checksum set."""
    plain = block[:148] + b" " * 8 + block[156:]
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in plain)
    return block[:148] + b"%06o\0 " % total + block[156:]


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def file(name: bytes = b"file", data: bytes = b"content") -> bytes:
    return header(name, size=len(data)) + padded(data)


def record(key: bytes, value: bytes) -> bytes:
    """Return one pax record; its length counts itself."""
    rest = len(key) + len(value) + 3
    length = rest + 1
    while len(str(length)) + rest != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    return raw_pax(b"".join(record(key, value) for key, value in records), kind=kind)


def raw_pax(body: bytes, *, kind: bytes = b"x") -> bytes:
    return header(b"PaxHeaders/x", size=len(body), kind=kind) + padded(body)


def gnu_long(name: bytes, *, kind: bytes = b"L") -> bytes:
    body = name + b"\0"
    return header(b"././@LongLink", size=len(body), kind=kind, magic=b"ustar  \0") + padded(body)


class Walked(Struct, kw_only=True):
    """What came of a walk; `error` is the code that stopped it, empty if nothing did."""

    entries: list[Entry]
    paths: list[str]
    gaps: tuple[Gap, ...]
    error: str = ""
    digests: Digests | None = None
    compression: str = ""

    @property
    def codes(self) -> set[str]:
        return {gap.code for gap in self.gaps} | ({self.error} if self.error else set())

    @property
    def blocked(self) -> bool:
        """Whether the result can not be taken for complete."""
        return bool(self.error) or any(gap.kind == "blocking" for gap in self.gaps)

    @property
    def files(self) -> dict[str, bytes]:
        return {entry.path: entry.data for entry in self.entries if entry.kind is Kind.FILE}

    @property
    def links(self) -> dict[str, str]:
        return {entry.path: entry.link for entry in self.entries if entry.link}

    @property
    def facts(self) -> tuple[object, ...]:
        """Everything that a scan could take from the archive."""
        return (self.paths, [(e.kind, e.path, e.mode, e.link, e.data) for e in self.entries])


def walk(
    data: bytes,
    *,
    limits: Limits = DEFAULT,
    select: Select = everything,
    sniff: Sniff = lambda _path, _size, _mode, _head: SKIP,
    piece_bytes: int = 0,
) -> Walked:
    """Walk an uncompressed tar, in one piece or in pieces of `piece_bytes`."""
    source = Pieces(data, piece_bytes) if piece_bytes else BytesSource(data)
    paths = PlainPaths()
    walker = TarWalker(source, Budget(limits), select=select, sniff=sniff, paths=paths)
    walked = Walked(entries=[], paths=paths, gaps=())
    try:
        for entry in walker:
            walked.entries.append(entry)
    except InputError as error:
        walked.error = error.code
    walked.gaps = walker.gaps.gaps()
    return walked


class Pieces:
    """A source that gives its bytes in small pieces, as a decoder may."""

    def __init__(self, data: bytes, piece_bytes: int) -> None:
        self._pieces = (data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes))

    def read(self) -> bytes:
        return next(self._pieces, b"")

    def skip(self, _count: int) -> int:
        return 0

    def fetch(self, _offset: int, _count: int) -> bytes:
        return b""


@contextmanager
def slice_of(data: bytes) -> Iterator[Slice]:
    """Give the bytes as a slice in the middle of an open file."""
    fd = os.memfd_create("layer")
    try:
        os.write(fd, b"before")
        with os.fdopen(os.dup(fd), "wb") as out:
            out.write(data)
        yield Slice(fd=fd, offset_bytes=6, length_bytes=len(data))
    finally:
        os.close(fd)


def read_layer(
    data: bytes,
    *,
    limits: Limits = DEFAULT,
    media_type: str = "",
    select: Select = everything,
    hashed: bool = True,
) -> Walked:
    """Read a stored layer of any compression to its end, as the layer driver does."""
    walked = Walked(entries=[], paths=[], gaps=())
    stream: LayerStream | None = None
    walker: TarWalker | None = None
    with slice_of(data) as slice_:
        try:
            budget = Budget(limits)
            stream = open_stream(
                slice_,
                budget,
                media_type=media_type,
                stored="sha256" if hashed else "",
                content="sha256" if hashed else "",
            )
            walked.compression = stream.compression
            paths = PlainPaths()
            walker = TarWalker(stream, budget, select=select, paths=paths)
            walked.paths = paths
            for entry in walker:
                walked.entries.append(entry)
        except InputError as error:
            walked.error = error.code
        if stream is not None:
            walked.digests = stream.finish()
            walked.gaps = stream.gaps.gaps() + (walker.gaps.gaps() if walker else ())
    return walked


def zstd(data: bytes) -> bytes:
    return zstd_compress(data)


@contextmanager
def peak_bytes() -> Iterator[list[int]]:
    """Give a list that holds, afterwards, the most memory that Python objects took meanwhile."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


class Zipped(Struct, kw_only=True):
    """One forged zip entry; what is None in the local header is as in the central one."""

    name: bytes
    data: bytes = b""
    method: int = 0
    flags: int = 0
    crc: int | None = None
    size: int | None = None
    extra: bytes = b""
    attributes: int = 0
    creator: int = 20
    local_name: bytes | None = None
    local_method: int | None = None
    local_size: int | None = None
    descriptor: bytes = b""
    offset: int | None = None
    """Claimed place of the local header, None: the true one."""
    in_directory: bool = True
    in_file: bool = True

    @property
    def stored(self) -> bytes:
        if self.method != 8:
            return self.data
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()


def zipped(
    *entries: Zipped,
    prefix: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    before_end: bytes = b"",
) -> bytes:
    """Return a zip archive of these entries."""
    out, directory, listed = bytearray(prefix), bytearray(), 0
    for entry in entries:
        true_crc, size = zlib.crc32(entry.data), len(entry.data)
        crc = true_crc if entry.crc is None else entry.crc
        claimed = size if entry.size is None else entry.size
        offset = len(out) - len(prefix) if entry.offset is None else entry.offset
        stored = entry.stored
        if entry.in_file:
            name = entry.name if entry.local_name is None else entry.local_name
            method = entry.method if entry.local_method is None else entry.local_method
            local_size = claimed if entry.local_size is None else entry.local_size
            sizes = (0, 0, 0) if entry.descriptor else (crc, len(stored), local_size)
            out += struct.pack(
                "<4s5H3I2H", b"PK\3\4", 20, entry.flags, method, 0, 33, *sizes, len(name), 0
            )
            out += name + stored + entry.descriptor
        if entry.in_directory:
            listed += 1
            directory += struct.pack(
                "<4s6H3I5H2I",
                b"PK\1\2",
                entry.creator,
                20,
                entry.flags,
                entry.method,
                0,
                33,
                crc,
                len(stored),
                claimed,
                len(entry.name),
                len(entry.extra),
                0,
                0,
                0,
                entry.attributes,
                offset,
            )
            directory += entry.name + entry.extra
    start = len(out) - len(prefix)
    number = listed if count is None else count
    out += directory + before_end
    out += struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, number, number, len(directory), start, len(comment)
    )
    return bytes(out + comment)
