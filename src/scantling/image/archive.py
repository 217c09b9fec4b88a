"""A tar that holds an image: an index of its members, nothing extracted.

Headers are walked by offset and payloads stepped over, so indexing a 10 GB archive reads a few
kilobytes. A compressed archive is first inflated into a nameless scratch file. Member names are
keys of a dictionary: links are resolved among them and nowhere else.

Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual,
"Basic Tar Format" (long names).
"""

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError, TargetError
from scantling.core.limits import KIB, Limits
from scantling.core.model.gap import Gap
from scantling.core.progress import Progress
from scantling.core.scratch import Scratch
from scantling.core.text import neutral
from scantling.image import gzip, tarheader, zstd
from scantling.image.api import ImageOptions
from scantling.image.blobs import FileBlob, read_whole, stamp
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList
from scantling.image.refs import PathRef, parse_path, split_prefix
from scantling.image.tarheader import BLOCK, ZEROS, Header

_MEMBERS: Final = 65_536
"""Far above any image (members are blobs and a few documents); a header costs 20 us."""
_CHUNK_BYTES: Final = 256 * KIB
_REGULAR: Final = frozenset(b"\x0007")
_HARD: Final = ord("1")
_SYMBOLIC: Final = ord("2")
_FOLDER: Final = ord("5")
_NO_PAYLOAD: Final = frozenset(b"123456")
_LONG_NAME: Final = ord("L")
_LONG_LINK: Final = ord("K")
_PAX: Final = ord("x")
_PAX_GLOBAL: Final = ord("g")
_LENGTH: Final = re.compile(rb"[1-9][0-9]{0,7}")
_SIZE: Final = re.compile(rb"[0-9]{1,18}")
_UNREADABLE: Final = {b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4"}


class Member(Struct, frozen=True, kw_only=True):
    """A name in the archive: a file's place, or where a link leads (`link` empty: a file)."""

    offset_bytes: int = 0
    size_bytes: int = 0
    link: str = ""


class _Extra(Struct):
    """What long headers say about the next entry; None: nothing."""

    name: bytes | None = None
    link: bytes | None = None
    size: int | None = None


class Archive:
    """An open archive and its index. Close it when no blob of it is needed any more."""

    def __init__(self, path: str, limits: Limits) -> None:
        self._limits = limits
        self._shown = neutral(path, limit=200)
        self._doubles: set[str] = set()
        self.gaps: tuple[Gap, ...] = ()
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise TargetError(f"cannot open {self._shown}: {error.strerror}") from error
        try:
            self._check_kind()
            self._origin = stamp(self._fd)
            self._inflate()
            self._size_bytes = os.fstat(self._fd).st_size
            self.members: dict[str, Member] = dict(self._walk())
        except InputError as error:
            self.close()
            raise TargetError(
                f"{self._shown} is not a sound tar archive ({error.detail}); an image file is an "
                "OCI archive or what docker save writes"
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file, once; slices already handed out stay valid."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def member(self, name: str) -> Member:
        """Return the file that `name` leads to, through links inside the archive.

        Raises FileNotFoundError when there is none, TargetError for loops and doubled names.
        """
        for _ in range(self._limits.link_hops):
            if name in self._doubles:
                raise TargetError(
                    f"{self._shown} has two members named {neutral(name, limit=200)}; readers "
                    "could disagree on which one counts"
                )
            found = self.members.get(name)
            if found is None:
                raise FileNotFoundError(name)
            if not found.link:
                return found
            name = found.link
        raise TargetError(f"links in {self._shown} lead in a circle; export the image again")

    def document(self, name: str) -> bytes:
        """Return a member's whole content, at most `manifest_bytes` long.

        Raises FileNotFoundError, TargetError.
        """
        found = self.member(name)
        return read_whole(
            self._fd,
            self._limits.manifest_bytes,
            f"{neutral(name, limit=200)} in {self._shown}",
            offset=found.offset_bytes,
            length=found.size_bytes,
        )

    def blob(self, name: str, digest: str) -> FileBlob:
        """Return a member as a layer. Raises FileNotFoundError, TargetError."""
        found = self.member(name)
        part = (found.offset_bytes, found.size_bytes)
        return FileBlob(self._fd, part, digest, self._origin)

    def _check_kind(self) -> None:
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise TargetError(f"{self._shown} is neither a file nor a folder; save it to a file")

    def _inflate(self) -> None:
        """Replace a compressed file by its content in scratch space."""
        head = os.pread(self._fd, 8, 0)
        for magic, name in _UNREADABLE.items():
            if head.startswith(magic):
                raise TargetError(
                    f"{self._shown} is compressed with {name}, which is not read; decompress it "
                    "first"
                )
        if not head.startswith(gzip.MAGIC) and not zstd.is_magic(head):
            return
        budget = Budget(self._limits)
        gaps = GapList()
        done = 0

        def read() -> bytes:
            nonlocal done
            data = os.pread(self._fd, _CHUNK_BYTES, done)
            done += len(data)
            return data

        pieces = (
            gzip.inflate(read, gaps)
            if head.startswith(gzip.MAGIC)
            else zstd.decompress(read, gaps, window_bytes=self._limits.window_bytes)
        )
        file = Scratch(quota_bytes=self._limits.scratch_bytes).file()
        try:
            for piece in pieces:
                budget.check_ratio(done, file.size_bytes + len(piece))
                file.write(piece)
        except BaseException:
            file.close()
            raise
        os.close(self._fd)
        self._fd = file.fd
        self.gaps = gaps.gaps()

    def _walk(self) -> Iterator[tuple[str, Member]]:
        seen: set[str] = set()
        for header, offset in self._entries():
            name = _inside(header.name.decode("utf-8", "surrogateescape"))
            if not name:
                continue
            if name in seen and header.kind != _FOLDER:
                self._doubles.add(name)
            seen.add(name)
            if header.kind in _REGULAR:
                yield name, Member(offset_bytes=offset, size_bytes=header.size)
            elif header.kind in {_HARD, _SYMBOLIC}:
                link = header.link.decode("utf-8", "surrogateescape")
                if header.kind == _SYMBOLIC:
                    link = posixpath.join(posixpath.dirname(name), link)
                yield name, Member(link=_inside(link) or ".")

    def _entries(self) -> Iterator[tuple[Header, int]]:
        """Yield headers with the long headers before them applied, and their payloads' offsets."""
        offset = 0
        extra = _Extra()
        for _ in range(_MEMBERS):
            block = os.pread(self._fd, BLOCK, offset)
            if len(block) < BLOCK:
                raise InputError("tar.truncated", "it ends early", offset=offset)
            if block == ZEROS:
                return
            if not tarheader.checksum_fits(block):
                raise InputError("tar.header", "a header has a wrong checksum", offset=offset)
            header = tarheader.parse(block, offset)
            offset += BLOCK
            if header.kind in {_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL}:
                _note(extra, header.kind, self._long(header, offset))
            else:
                header.name = header.name if extra.name is None else extra.name
                header.link = header.link if extra.link is None else extra.link
                header.size = header.size if extra.size is None else extra.size
                extra = _Extra()
                if header.kind in _NO_PAYLOAD:
                    header.size = 0
                elif header.kind not in _REGULAR:
                    raise InputError("tar.type", "a member is of an unusual kind", offset=offset)
                if header.size > self._size_bytes - offset:
                    raise InputError("tar.truncated", "it ends inside a member", offset=offset)
                yield header, offset
            offset += -(-header.size // BLOCK) * BLOCK
        raise InputError("limit.entries", f"it has more than {_MEMBERS} members", offset=offset)

    def _long(self, header: Header, offset: int) -> bytes:
        if header.size > self._limits.long_header_bytes:
            raise InputError("tar.pax", "a long header is too long", offset=offset)
        data = os.pread(self._fd, header.size, offset)
        if len(data) < header.size:
            raise InputError("tar.truncated", "it ends inside a header", offset=offset)
        return data


def open_archive(
    reference: str, options: ImageOptions, progress: Progress
) -> tuple[Archive, PathRef]:
    """Return the archive that a target names, and what is chosen in it. Raises TargetError."""
    _, rest = split_prefix(reference)
    found = parse_path(rest)
    if found is None:
        raise TargetError(f"{neutral(rest, limit=200)} does not exist; check the path")
    progress.start("open", neutral(reference), 0)
    try:
        return Archive(found.path, options.limits), found
    finally:
        progress.finish("open")


def _note(extra: _Extra, kind: int, data: bytes) -> None:
    """Remember what a long header says about the next entry."""
    if kind == _LONG_NAME:
        extra.name = data.partition(b"\0")[0]
        return
    if kind == _LONG_LINK:
        extra.link = data.partition(b"\0")[0]
        return
    for key, value in _records(data):
        if key.startswith(b"GNU.sparse"):
            raise InputError("tar.sparse", "a member is a sparse file")
        if kind == _PAX_GLOBAL and key in {b"path", b"linkpath", b"size"}:
            raise InputError("tar.pax", "a global header renames all members")
        if key == b"path":
            extra.name = value
        elif key == b"linkpath":
            extra.link = value
        elif key == b"size":
            if not _SIZE.fullmatch(value):
                raise InputError("tar.pax", "a size record is not a number")
            extra.size = int(value)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (key, value) of `length key=value\\n` records."""
    at = 0
    while at < len(data):
        length, space, _ = data[at : at + 9].partition(b" ")
        if not space or not _LENGTH.fullmatch(length):
            raise InputError("tar.pax", "an extended header is malformed")
        record = data[at : at + int(length)]
        key, equals, value = record[len(length) + 1 :].partition(b"=")
        if not equals or len(record) != int(length) or not value.endswith(b"\n"):
            raise InputError("tar.pax", "an extended header is malformed")
        yield key, value[:-1]
        at += int(length)


def _inside(name: str) -> str:
    """Return the name without `./`; empty for one that leads out, which is then not indexed."""
    if name.startswith("/") or "\0" in name:
        return ""
    parts: list[str] = []
    for part in name.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return ""
    return "/".join(parts)
