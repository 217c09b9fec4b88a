"""Strict reading of ZIP archives held in memory: jars, wheels, eggs, nupkg.

    with budget.nested():                       # counts archives and their depth
        archive = ZipArchive(data, budget)      # InputError zip.corrupt, limit.entries
        for entry in archive.entries: …         # entry.name, .size_bytes, .is_folder, .is_link
        manifests = archive.named("META-INF/MANIFEST.MF")       # all of that name
        text = archive.read(manifests[0], "text_bytes")         # InputError zip.*, limit.*
        gaps = archive.gaps.gaps()

Opening reads the directory and the local headers, never content; reading one entry inflates that
entry. Every way in which two readers could see different archives is a gap: names, methods or sizes
that differ between the two headers, entries that overlap, hide or come twice, end records that
contradict each other. Names are data; a symbolic link is an entry whose content is its target.

Source: APPNOTE.TXT, .ZIP File Format Specification 6.3.10.
"""

import operator
import re
import struct
import zlib
from collections import Counter
from typing import Final

from isal.igzip_lib import DECOMP_DEFLATE, IgzipDecompressor, IsalError

from scantling.core.errors import InputError
from scantling.image import zstd
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList
from scantling.image.zipdir import (
    CENTRAL,
    DESCRIPTOR,
    DESCRIPTOR_MAGIC,
    LOCAL,
    LOCAL_MAGIC,
    ZipEntry,
    extras,
    read_directory,
)

STORED: Final = 0
DEFLATE: Final = 8
ZSTD: Final = 93
_AES: Final = 99
_ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000
"""Flag bits: encrypted, strongly encrypted, masked local header."""
_DECIDING_FLAGS: Final = _ENCRYPTED | 0x0008
_DESCRIPTOR_BYTES: Final = 24
"""The longest data descriptor: signature, checksum, two zip64 sizes."""
_LENGTHS: Final = struct.Struct("<2H")
_PLACE: Final = operator.attrgetter("offset")
_U32: Final = 0xFFFFFFFF
# `..` between either kind of slash, an absolute path, a drive letter.
_OUTWARD: Final = re.compile(r"(?:.*[/\\])?\.\.(?:[/\\].*)?|[/\\].*|[A-Za-z]:.*", re.DOTALL)
# isal's stub declares the class as if it were an instance.
_BadDataError: Final[type[Exception]] = IsalError  # type: ignore[assignment]


class ZipArchive:
    """One archive. `entries` are in directory order; `prefix` counts the bytes in front of it."""

    def __init__(self, data: bytes, budget: Budget) -> None:
        self.gaps: Final = GapList()
        self._data: Final = data
        self._budget: Final = budget
        self._bytes_in = 0
        self._bytes_out = 0
        directory = read_directory(data, budget.limits, self.gaps)
        self.entries: Final = directory.entries
        self.prefix: Final = directory.prefix
        self._start: Final = directory.start
        budget.spend_entries(len(self.entries))
        self._names: dict[str, ZipEntry] = {entry.name: entry for entry in self.entries}
        self._content_at: dict[int, int] = {}
        self._overlapping: set[int] = set()
        self._check_names()
        self._check_places()

    def named(self, name: str) -> tuple[ZipEntry, ...]:
        """Return all entries of this exact name, in directory order; empty if there is none."""
        if name not in self._names:
            return ()
        if len(self._names) == len(self.entries):
            return (self._names[name],)
        return tuple(entry for entry in self.entries if entry.name == name)

    def read(self, entry: ZipEntry, limit: str) -> bytes:
        """Return the content of an entry; `limit` names the field of `Limits` that bounds it.

        Raises InputError with the entry's name as path: `zip.encrypted`, `zip.method`,
        `zip.overlap`, `zip.corrupt` (data, checksum or size is wrong), `limit.file` (larger than
        the limit), `limit.bytes`, `limit.ratio`.
        """
        self._refuse(entry, limit)
        start = self._content_at.get(entry.central, -1)
        stored = self._data[start : start + entry.stored_bytes]
        if start < 0 or start + entry.stored_bytes > self._start:
            raise _corrupt("its data lies outside the archive", entry)
        self._bytes_in += len(stored)
        data = self._decoded(entry, stored)
        self._bytes_out += len(data)
        self._budget.spend_bytes(len(data))
        self._budget.check_ratio(self._bytes_in, self._bytes_out, nested=True)
        if len(data) != entry.size_bytes:
            raise _corrupt("its size is not the claimed one", entry)
        if zlib.crc32(data) != entry.crc:
            raise _corrupt("its checksum is wrong", entry)
        return data

    def _refuse(self, entry: ZipEntry, limit: str) -> None:
        """Raise InputError for an entry that must not be inflated."""
        if entry.flags & _ENCRYPTED or entry.method == _AES:
            raise InputError("zip.encrypted", "zip: the entry is encrypted", path=entry.name)
        if entry.method not in {STORED, DEFLATE, ZSTD}:
            raise InputError("zip.method", f"zip: method {entry.method}", path=entry.name)
        if entry.central in self._overlapping:
            raise InputError("zip.overlap", "zip: the entry overlaps another", path=entry.name)
        most: int = getattr(self._budget.limits, limit)
        if entry.size_bytes > most:
            raise InputError(
                "limit.file",
                f"zip: an entry of {entry.size_bytes} bytes",
                path=entry.name,
                limit=limit,
            )

    def _decoded(self, entry: ZipEntry, stored: bytes) -> bytes:
        """Return what the stored bytes mean; at most one byte more than claimed."""
        if entry.method == STORED:
            return stored
        if entry.method == ZSTD:
            return self._unzstd(entry, stored)
        inflater = IgzipDecompressor(flag=DECOMP_DEFLATE)
        try:
            data = inflater.decompress(stored, entry.size_bytes + 1)
        except _BadDataError as error:
            raise _corrupt(f"bad data: {error}", entry) from error
        if not inflater.eof and len(data) <= entry.size_bytes:
            raise _corrupt("its data ends early", entry)
        if inflater.unused_data:
            self.gaps.add("zip.ambiguous", "zip: data follows a compressed entry", path=entry.name)
        return data

    def _unzstd(self, entry: ZipEntry, stored: bytes) -> bytes:
        chunks = iter((stored,))
        pieces: list[bytes] = []
        left = entry.size_bytes + 1
        window = self._budget.limits.window_bytes
        try:
            for piece in zstd.decompress(lambda: next(chunks, b""), self.gaps, window_bytes=window):
                pieces.append(piece[:left])
                left -= len(pieces[-1])
                if not left:
                    break
        except InputError as error:
            raise InputError(
                error.code, error.detail, path=entry.name, limit=error.limit
            ) from error
        return b"".join(pieces)

    def _check_names(self) -> None:
        if len(self._names) < len(self.entries):
            counts = Counter(entry.name for entry in self.entries)
            for name, count in counts.items():
                if count > 1:
                    self.gaps.add("zip.ambiguous", f"zip: {count} entries of a name", path=name)
        for name in self._names:
            # The cheap test first: one name in a thousand has any of these.
            if not name or "\0" in name:
                self.gaps.add("path.name", "zip: a name is empty or has a NUL byte", path=name)
            elif (".." in name or name[0] in "/\\" or name[1:2] == ":") and _OUTWARD.fullmatch(
                name
            ):
                self.gaps.add("path.escape", "zip: a name points outwards", path=name)

    def _check_places(self) -> None:
        """Compare local headers with the directory, and each entry's end with the next one's start.

        1. In front of the first entry only a prefix without entries.
        2. Each local header agrees with its central one, so does a data descriptor.
        3. Between two entries, and in front of the directory, no further local header.
        """
        data = self._data
        order = sorted(self.entries, key=_PLACE)
        end = 0
        previous: ZipEntry | None = None
        start = self._start
        for entry in order:
            offset = entry.offset
            if offset < end and previous is not None:
                self._overlapping.update((previous.central, entry.central))
                self.gaps.add(
                    "zip.overlap", "zip: entries overlap", path=entry.name, offset=entry.offset
                )
            elif offset > end:
                self._check_between(previous, end, offset)
            span = self._local(entry)
            if span > start:
                self.gaps.add("zip.corrupt", "zip: an entry has no room", path=entry.name)
            if span >= end:
                end, previous = span, entry
        if end < start:
            self._check_between(previous, end, start)
        if self.prefix and not order and LOCAL_MAGIC in data[: self._start]:
            self.gaps.add("zip.ambiguous", "zip: entries outside the directory")

    def _check_between(self, previous: ZipEntry | None, start: int, end: int) -> None:
        data = self._data
        if previous is None:
            if end:
                self.gaps.add("parse.note", f"zip: {end} bytes in front of the archive")
        elif previous.has_descriptor and end - start <= _DESCRIPTOR_BYTES:
            self._check_descriptor(previous, data[start:end])
            return
        hidden = data.find(LOCAL_MAGIC, start, end)
        if hidden >= 0:
            self.gaps.add("zip.ambiguous", "zip: an entry is not in the directory", offset=hidden)

    def _local(self, entry: ZipEntry) -> int:
        """Return where an entry's data ends, its local header compared with the central one.

        A local header repeats bytes 6-30 of the central one as they are; only where they differ is
        it looked at field by field.
        """
        data, at, central = self._data, entry.offset, entry.central
        if not data.startswith(LOCAL_MAGIC, at) or at + LOCAL.size > self._start:
            self.gaps.add("zip.ambiguous", "zip: an entry has no local header", path=entry.name)
            return at
        lengths: tuple[int, int] = _LENGTHS.unpack_from(data, at + 26)
        name_bytes, extra_bytes = lengths
        name_end = at + LOCAL.size + name_bytes
        name = data[at + LOCAL.size : name_end]
        content = self._content_at[central] = name_end + extra_bytes
        if (
            data[central + 6 : central + 30] != data[at + 4 : at + 28]
            or not data.startswith(name, central + CENTRAL.size)
            or entry.flags & DESCRIPTOR
        ):
            self._compare(entry, name, content)
        return content + entry.stored_bytes

    def _compare(self, entry: ZipEntry, name: bytes, content: int) -> None:
        fields = LOCAL.unpack_from(self._data, entry.offset)
        _, _, flags, method, _, _, crc, stored, size, _, extra_bytes = fields
        central = self._data[entry.central + 46 : entry.central + 46 + len(name)]
        central_length = int.from_bytes(
            self._data[entry.central + 28 : entry.central + 30], "little"
        )
        differs = []
        if name != central or len(name) != central_length:
            differs.append(f"name {name.decode('utf-8', 'backslashreplace')[:100]}")
        if method != entry.method:
            differs.append("method")
        if (flags ^ entry.flags) & _DECIDING_FLAGS:
            differs.append("flags")
        if _U32 in {stored, size}:
            wide = (extras(self._data[content - extra_bytes : content]) or {}).get(1, b"")
            size = int.from_bytes(wide[:8], "little") if size == _U32 else size
            stored = int.from_bytes(wide[8:16], "little") if stored == _U32 else stored
        # With a descriptor writers put zeros here, or what they know after all.
        absent = (0,) if entry.has_descriptor else ()
        known = (entry.crc, entry.stored_bytes, entry.size_bytes)
        pairs = zip((crc, stored, size), known, strict=True)
        if any(said not in (true, *absent) for said, true in pairs):
            differs.append("size or checksum")
        if differs:
            self.gaps.add(
                "zip.ambiguous",
                f"zip: the two headers of an entry differ in {', '.join(differs)}",
                path=entry.name,
                offset=entry.offset,
            )

    def _check_descriptor(self, entry: ZipEntry, found: bytes) -> None:
        """Compare a data descriptor (4.3.9): signature optional, sizes of four or eight bytes."""
        found = found.removeprefix(DESCRIPTOR_MAGIC)
        narrow = self._data[entry.central + 16 : entry.central + 28]
        if found == narrow:
            return
        wide = entry.crc.to_bytes(4, "little") + b"".join(
            number.to_bytes(8, "little") for number in (entry.stored_bytes, entry.size_bytes)
        )
        if found != wide:
            self.gaps.add("zip.ambiguous", "zip: a data descriptor disagrees", path=entry.name)


def _corrupt(detail: str, entry: ZipEntry) -> InputError:
    return InputError("zip.corrupt", f"zip: {detail}", path=entry.name, offset=entry.offset)
