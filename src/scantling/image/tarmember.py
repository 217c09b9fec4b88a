"""From headers to members: extended headers applied, sparse maps read, the end judged.

Reads every known form of header, one at a time. The walker in `tar.py` has its own fast path for
plain entries and comes here for the rest.

Source: POSIX.1-2017, pax ("ustar Interchange Format"); GNU tar manual, "Basic Tar Format".
"""

from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image import tarextend, tarheader, tarsparse
from scantling.image.cursor import Cursor
from scantling.image.gaplist import GapList
from scantling.image.tarextend import Extension
from scantling.image.tarheader import BLOCK, ZEROS, Header

_FILE: Final = ord("0")
_FOLDER: Final = ord("5")
_CHARACTER_DEVICE: Final = ord("3")
_OLD_SPARSE: Final = ord("S")
_FILES: Final = b"07\0S"
_LINKS: Final = b"12"
_WITHOUT_DATA: Final = b"123456"
_COSTS_ONE_ENTRY: Final = frozenset({"tar.sparse", "tar.pax"})


class Member(Struct, kw_only=True):
    """One entry, its headers resolved; the cursor stands at its data.

    `kind` is the typeflag with all regular files as `0`; `link` is empty for what is no link;
    `size` is that of the file, holes included. `end` is the position of the next header in the
    stream, `offset` that of this one. `lost`: it could not be resolved, which is noted.
    """

    name: bytes
    kind: int
    size: int
    mode: int
    offset: int
    end: int
    link: bytes = b""
    sparse: tarsparse.Sparse | None = None
    overlay_mark: bool = False
    lost: bool = False


class MemberReader:
    """Reads members at a cursor. `ended`: the archive's end was met, and judged in `gaps`."""

    def __init__(self, cursor: Cursor, limits: Limits, gaps: GapList) -> None:
        self.ended = False
        self._cursor: Final = cursor
        self._limits: Final = limits
        self._gaps: Final = gaps
        self._extension = Extension()

    @property
    def extended(self) -> bool:
        """Return whether an extended header waits for its entry."""
        return self._extension.count > 0

    def next(self) -> Member | None:
        """Return the next member; None after an extended header and at the end.

        Raises InputError `tar.header` for a damaged header, `tar.truncated` for missing data: the
        place of what follows is then not known.
        """
        cursor = self._cursor
        block = cursor.peek(BLOCK)
        offset = cursor.offset
        if len(block) < BLOCK or block == ZEROS:
            self._end(block, offset)
            return None
        fits = tarheader.checksum_fits(block)
        if fits is None:
            raise InputError("tar.header", "tar: a header has a wrong checksum", offset=offset)
        if not fits:
            self._gaps.add("tar.note", "tar: a checksum of signed bytes", offset=offset)
        header = tarheader.parse(block, offset)
        cursor.at += BLOCK
        if header.kind in tarextend.KINDS:
            self._extend(header, offset)
            return None
        extension, self._extension = self._extension, Extension()
        if not extension.broken:
            extension.apply(header, offset, self._gaps)
        return self._member(header, extension, offset)

    def _member(self, header: Header, extension: Extension, offset: int) -> Member:
        lost = extension.broken
        sparse = None
        try:
            if header.kind == _OLD_SPARSE:
                # Its blocks lie between header and data and are not counted in the size.
                sparse = self._old_sparse(header)
        except InputError as error:
            lost = self._note_lost(error, offset)
        data_bytes = 0 if header.kind in _WITHOUT_DATA else header.size
        end = self._cursor.offset + data_bytes + -data_bytes % BLOCK
        try:
            if extension.records.sparse and header.kind in _FILES and not lost:
                take, limits = self._cursor.take, self._limits
                sparse = tarsparse.in_records(extension.records, header.size, take, limits)
                header.name = sparse.name or header.name
        except InputError as error:
            lost = self._note_lost(error, offset)
        kind = self._kind(header, offset)
        return Member(
            name=header.name,
            kind=kind,
            size=header.size if sparse is None else sparse.size,
            mode=header.mode,
            offset=offset,
            end=end,
            link=header.link if kind in _LINKS else b"",
            sparse=sparse,
            overlay_mark=extension.records.overlay
            or (kind == _CHARACTER_DEVICE and tarheader.is_device_zero(header.block)),
            lost=lost or not kind,
        )

    def _old_sparse(self, header: Header) -> tarsparse.Sparse:
        return tarsparse.old_gnu(header.block, header.size, self._cursor.take, self._limits)

    def _note_lost(self, error: InputError, offset: int) -> bool:
        """Note an error that costs this entry only, and return True; raise any other again."""
        if error.code not in _COSTS_ONE_ENTRY:
            raise error
        self._gaps.add_error(error, offset=offset)
        return True

    def _kind(self, header: Header, offset: int) -> int:
        """Return the typeflag, `0` for any regular file; 0 for an unknown one, which is noted."""
        if header.kind in _WITHOUT_DATA:
            if header.size:
                self._ambiguous("an entry without data has a size", header, offset)
            if header.kind in _LINKS and not header.link:
                self._ambiguous("a link without a target", header, offset)
            return header.kind
        if header.kind not in _FILES:
            self._gaps.add(
                "tar.type",
                f"tar: type {header.kind:#04x}",
                path=header.name.decode("utf-8", "surrogateescape"),
                offset=offset,
            )
            return 0
        if header.name.endswith(b"/"):
            # v7 has no type for folders. Elsewhere GNU tar makes a folder of it, Go a file.
            if header.kind or header.size:
                self._ambiguous("a file whose name ends with a slash", header, offset)
            if not header.size:
                return _FOLDER
        return _FILE

    def _ambiguous(self, detail: str, header: Header, offset: int) -> None:
        self._gaps.add(
            "tar.ambiguous",
            f"tar: {detail}",
            path=header.name.decode("utf-8", "surrogateescape"),
            offset=offset,
        )

    def _extend(self, header: Header, offset: int) -> None:
        """Take in an extended header; one that is too long is stepped over and noted."""
        cursor = self._cursor
        self._extension.begin(offset)
        padding = -header.size % BLOCK
        if header.size > self._limits.long_header_bytes:
            cursor.at += header.size + padding
            # Raises tar.truncated when the length is a lie, before anything else is said.
            cursor.peek(1)
            self._gaps.add(
                "limit.records",
                f"tar: an extended header of {header.size} bytes",
                offset=offset,
                limit="long_header_bytes",
            )
            self._extension.broken = True
            return
        body = cursor.take(header.size)
        if len(body) < header.size:
            raise InputError(
                "tar.truncated", "tar: the archive ends in an extended header", offset=offset
            )
        cursor.at += padding
        self._extension.add(header.kind, body, self._limits, self._gaps)

    def _end(self, block: bytes, offset: int) -> None:
        """Judge the end: two blocks of zeros, then nothing but zeros.

        1. A short block or none: the archive has no end, or was cut.
        2. A lone block of zeros: readers stop there or go on; we go on.
        3. After the end other bytes may hide entries from some readers.
        """
        if self.extended:
            self._extension = Extension()
            self._gaps.add("tar.header", "tar: an extended header without an entry", offset=offset)
        if len(block) < BLOCK:
            self.ended = True
            self._gaps.add("tar.truncated", "tar: the archive has no end", offset=offset)
            return
        cursor = self._cursor
        cursor.at += BLOCK
        second = cursor.peek(BLOCK)
        if len(second) == BLOCK and second != ZEROS:
            self._gaps.add("tar.trailing", "tar: entries follow a block of zeros", offset=offset)
            return
        self.ended = True
        if len(second) < BLOCK:
            self._gaps.add("tar.truncated", "tar: the archive's end is cut", offset=offset)
        elif not cursor.rest_is_zero():
            self._gaps.add("tar.trailing", "tar: data follows the archive's end", offset=offset)
