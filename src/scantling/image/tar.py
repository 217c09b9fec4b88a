"""The strict tar walker: every entry is seen, or there is a gap.

    walker = TarWalker(source, budget, select=select, sniff=sniff)
    for entry in walker:                  # raises InputError when the walk cannot go on soundly
        match entry.kind:
            case Kind.FILE: …             # entry.data is the whole content; selected files only
            case Kind.SYMLINK: …          # entry.link: the target as written
            case Kind.HARDLINK: …         # entry.link: canonical path of the other entry
            case Kind.WHITEOUT: …         # entry.path: what lower layers lose
            case Kind.OPAQUE: …           # entry.path: folder whose lower content goes ("" root)
    walker.paths                          # a `PathSink` with every path the layer adds
    walker.gaps.gaps()                    # problems that did not stop the walk

`select(path, size, mode)` is asked once per regular file (with `interest`: only where its answer
is not plain from that) and answers SKIP, SNIFF, or the name of
the field of `Limits` that bounds the kept bytes (`text_bytes`, `database_bytes`, `binary_bytes`:
the values of `catalog.api.Size`). After SNIFF, `sniff(path, size, mode, head)` is asked with the
first 4 KiB and answers SKIP or such a name. A selected file above its limit is a gap `limit.file`.
Paths are text (undecodable bytes kept by surrogateescape), without leading `/` or `./`; the root
itself is left out. When a path comes twice both entries are yielded; the last one is the file.

`source` is a `stream.LayerStream` (compressed or not; a plain layer that needs no digest is read
sparsely), or `cursor.BytesSource(data)` for a tar in memory.

Source: POSIX.1-2017, pax ("ustar Interchange Format"); GNU tar manual; OCI image-spec, layer.md.
"""

from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from typing import Final, Protocol
from zlib import adler32

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.image import entrypath, whiteout
from scantling.image.budget import Budget
from scantling.image.cursor import ByteSource, Cursor
from scantling.image.gaplist import GapList
from scantling.image.tarheader import (
    BLOCK,
    IN_USTAR,
    OCTAL_AS_ZERO,
    PLAIN_NUMBERS,
    STAR_END,
    AsciiSums,
    Modes,
)
from scantling.image.tarmember import Member, MemberReader
from scantling.image.treecheck import check_paths

SKIP: Final = ""
SNIFF: Final = "sniff"
HEAD_BYTES: Final = 4096
"""What `sniff` gets to see of a file."""

Select = Callable[[str, int, int], str]
"""(path, size in bytes, mode) -> SKIP, SNIFF or the name of a limit."""
Sniff = Callable[[str, int, int, bytes], str]
"""(path, size in bytes, mode, head) -> SKIP or the name of a limit."""

_FILE: Final = ord("0")
_FOLDER: Final = ord("5")
_SYMLINK: Final = ord("2")
_NAME: Final = 100
_SIZE_ZERO: Final = b"00000000000"
_NO_SIZE: Final = 1 << 62
"""More than any file has."""
_NO_TEXT: Final[frozenset[str]] = frozenset()
_NO_BYTES: Final[frozenset[bytes]] = frozenset()
# No plain header's name is longer; limits below that switch the fast path off.
_PLAIN_NAME_BYTES: Final = 256


class Interest(Struct, frozen=True, kw_only=True):
    """What cannot be told apart from wanted files without asking; for all others nobody is asked.

    A file is asked about by name if its path ends in one of `ends` (of `end_chars` characters) or
    starts with one of `starts`, by content if its first `magic_bytes` are among `magics`.
    """

    end_chars: int
    ends: frozenset[str]
    start_chars: int
    starts: frozenset[str]
    magic_bytes: int
    magics: frozenset[bytes]


class PathSink(Protocol):
    """Where the paths of an archive go, in its order; folders with a slash at their end."""

    @property
    def append(self) -> Callable[[str], None]: ...

    def __len__(self) -> int: ...

    def settle(self) -> None:
        """Do what is to be done now and then while paths are added."""
        ...

    def check(self, evidence: Collection[str], gaps: GapList) -> None:
        """Note paths that do not form a tree; called once, at the end."""
        ...


class PlainPaths(list[str]):
    """Paths as a list."""

    def settle(self) -> None:
        """Do nothing."""

    def check(self, evidence: Collection[str], gaps: GapList) -> None:
        """Note what `treecheck.check_paths` notes."""
        check_paths(self, evidence, gaps)


class Kind(StrEnum):
    """What an entry means for the tree."""

    FILE = "file"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """One entry that matters. `offset` is its header's position; `size` that of the whole file."""

    kind: Kind
    path: str
    size: int = 0
    mode: int = 0
    link: str = ""
    data: bytes = b""
    offset: int = 0


class TarWalker:
    """One walk over one archive; iterate it once.

    `whiteouts=False` reads `.wh.` names as ordinary files, for archives that are not layers.
    """

    def __init__(
        self,
        source: ByteSource,
        budget: Budget,
        *,
        select: Select,
        sniff: Sniff = lambda _path, _size, _mode, _head: SKIP,
        interest: Interest | None = None,
        paths: PathSink | None = None,
        whiteouts: bool = True,
    ) -> None:
        limits = budget.limits
        self.paths: Final[PathSink] = PlainPaths() if paths is None else paths
        self.gaps: Final = GapList()
        self._cursor: Final = Cursor(source)
        self._budget: Final = budget
        self._select: Final = select
        self._sniff: Final = sniff
        self._interest: Final = interest
        self._whiteouts: Final = whiteouts
        self._plain: Final = (
            min(limits.path_bytes, limits.path_component_bytes + 1, limits.path_depth)
            >= _PLAIN_NAME_BYTES
        )
        self._reader: Final = MemberReader(self._cursor, limits, self.gaps)
        self._unlisted = 0
        self._counted = 0
        self._sums: Final = AsciiSums()
        self._modes: Final = Modes()
        self._yielded: set[str] = set()

    @property
    def entries(self) -> int:
        """Return the number of headers read so far, extended headers included."""
        return len(self.paths) + self._unlisted

    def __iter__(self) -> Iterator[Entry]:
        """Yield selected files, links and deletion markers in archive order.

        Raises InputError `tar.header`, `tar.truncated`, `limit.*` and those of the source.
        """
        while not self._reader.ended:
            entry = self._run_plain() or self._next()
            self._count()
            if entry is not None:
                self._yielded.add(entry.path)
                yield entry
        self.paths.check(self._yielded, self.gaps)

    def _run_plain(self) -> Entry | None:  # noqa: C901, PLR0912, PLR0915 - the hot path is one loop
        """Step over plain files and folders in the buffer, return the first selected file.

        An entry costs one to two microseconds here. Whatever is not plain is left where it is, for
        `_next`, which reads every form and would say the same of what is read here.
        """
        cursor, select, append = self._cursor, self._select, self.paths.append
        sums, modes = self._sums, self._modes
        if self._reader.extended or not self._plain:
            return None
        asked, ends, starts, magics = self._interest is None, _NO_TEXT, _NO_TEXT, _NO_BYTES
        end_chars = start_chars = magic_bytes = 0
        if self._interest is not None:
            ends, starts, magics = (
                self._interest.ends,
                self._interest.starts,
                self._interest.magics,
            )
            end_chars, start_chars = self._interest.end_chars, self._interest.start_chars
            magic_bytes = self._interest.magic_bytes or _NO_SIZE
        buffer, at = cursor.buffer, cursor.at
        last = len(buffer) - BLOCK
        while True:
            if at > last:
                cursor.at = at
                self._count()
                if len(cursor.peek(BLOCK)) < BLOCK:
                    return None
                buffer, at = cursor.buffer, cursor.at
                last = len(buffer) - BLOCK
            block = buffer[at : at + BLOCK]
            # 1. Numbers in their usual form, ASCII, and the right checksum.
            if (
                block[100:156].translate(OCTAL_AS_ZERO) != PLAIN_NUMBERS
                or not block.isascii()
                or adler32(block) & 0xFFFF != sums[block[148:156]]
            ):
                break
            # 2. A name that is canonical as it stands, but for a leading `./`.
            end = block.find(b"\0")
            path = block[: end if end < _NAME else _NAME].decode()  # noqa: FURB136 - min() is slow
            if block[345]:
                if not block.startswith(IN_USTAR, 257) or block.startswith(STAR_END, 508):
                    break
                path = block[345:500].partition(b"\0")[0].decode() + "/" + path
            if path[:2] == "./":
                path = path[2:]
            if not path or path[0] in "./" or "//" in path:
                break
            if "/." in path and (
                "/./" in path or "/.." in path or "/.wh." in path or path[-2:] == "/."
            ):
                break
            # 3. A folder, or a file that nobody wants, or one that somebody may want.
            if block[156] == _FILE and path[-1] != "/":
                size = int(block[124:135], 8)
                append(path)
                if asked or path[-end_chars:] in ends or path[:start_chars] in starts:
                    mode = modes[block[100:107]]
                    verdict = select(path, size, mode)
                elif size < magic_bytes or (
                    at + magic_bytes <= last
                    and buffer[at + BLOCK : at + BLOCK + magic_bytes] not in magics
                ):
                    mode, verdict = 0, SKIP
                else:
                    mode, verdict = modes[block[100:107]], SNIFF
                if verdict:
                    cursor.at = at + BLOCK
                    offset = cursor.base + at
                    entry = self._content(path, size, mode, verdict, offset)
                    if entry is not None:
                        return entry
                    buffer, at = cursor.buffer, cursor.at
                    last = len(buffer) - BLOCK
                else:
                    at += BLOCK + (size + 511 & -512)
            elif block[156] == _FOLDER and block[124:135] == _SIZE_ZERO:
                append(path if path[-1] == "/" else path + "/")
                at += BLOCK
            elif block[156] == _SYMLINK and block[124:135] == _SIZE_ZERO and block[157]:
                if path[-1] == "/":
                    break
                append(path)
                cursor.at = at + BLOCK
                return Entry(
                    kind=Kind.SYMLINK,
                    path=path,
                    mode=modes[block[100:107]],
                    link=block[157:257].partition(b"\0")[0].decode(),
                    offset=cursor.base + at,
                )
            else:
                break
        cursor.at = at
        return None

    def _count(self) -> None:
        seen = self.entries
        most = self._budget.limits.layer_entries
        if seen > most:
            raise InputError(
                "limit.entries", f"tar: more than {most} entries", limit="layer_entries"
            )
        self._budget.spend_entries(seen - self._counted)
        self._counted = seen
        self.paths.settle()

    def _next(self) -> Entry | None:
        """Read one header of any form; None when it is nothing to yield."""
        member = self._reader.next()
        if member is None:
            self._unlisted += not self._reader.ended
            return None
        listed = len(self.paths)
        entry = None
        try:
            if not member.lost:
                entry = self._entry(member)
        except InputError as error:
            # Where the next header is does not depend on this one's name.
            if error.code not in {"path.name", "path.escape", "whiteout.invalid"}:
                raise
            self.gaps.add_error(error, offset=member.offset)
        self._cursor.at = member.end - self._cursor.base
        self._unlisted += len(self.paths) == listed
        return entry

    def _entry(self, member: Member) -> Entry | None:
        """Return the entry if it is to be yielded; list its path if it adds one."""
        path = entrypath.canonical(member.name, self._budget.limits)
        if not path:
            if member.kind != _FOLDER:
                raise InputError("path.name", "the root is not a folder")
            return None
        if member.name.startswith(b"/"):
            self._note("tar.note", "absolute names are taken from the root", member)
        marker = whiteout.classify(path) if self._whiteouts and whiteout.MARK in path else None
        if marker is not None:
            if member.kind != _FILE or member.size:
                raise InputError(
                    "whiteout.invalid", "a deletion marker is not an empty file", path=path
                )
            kind = Kind.OPAQUE if marker.opaque else Kind.WHITEOUT
            return Entry(kind=kind, path=marker.path, offset=member.offset)
        if member.overlay_mark:
            self._note("whiteout.overlay", "an overlay-style mark was not applied", member)
        if member.kind == _FOLDER:
            self.paths.append(path + "/")
            return None
        self.paths.append(path)
        if member.kind == _FILE:
            return self._file(path, member)
        return self._link(path, member) if member.link else None

    def _note(self, code: str, detail: str, member: Member) -> None:
        self.gaps.add(code, detail, path=entrypath.decode(member.name), offset=member.offset)

    def _link(self, path: str, member: Member) -> Entry:
        if member.kind == _SYMLINK:
            kind, link = Kind.SYMLINK, entrypath.decode(member.link)
        else:
            kind, link = Kind.HARDLINK, entrypath.canonical(member.link, self._budget.limits)
        return Entry(kind=kind, path=path, mode=member.mode, link=link, offset=member.offset)

    def _file(self, path: str, member: Member) -> Entry | None:
        size, mode, sparse = member.size, member.mode, member.sparse
        verdict = self._select(path, size, mode)
        if sparse is None:
            return self._content(path, size, mode, verdict, member.offset)
        if verdict == SNIFF:
            # What is stored for the first 4 KiB is at most as long as they are.
            head = sparse.expand(self._cursor.peek(HEAD_BYTES), min(size, HEAD_BYTES))
            verdict = self._sniff(path, size, mode, head)
        if not verdict or not self._is_within(path, size, verdict, member.offset):
            return None
        self._budget.spend_bytes(size)
        data = sparse.expand(self._taken(sparse.stored), size)
        return Entry(
            kind=Kind.FILE, path=path, size=size, mode=mode, data=data, offset=member.offset
        )

    def _content(self, path: str, size: int, mode: int, verdict: str, offset: int) -> Entry | None:
        """Return the file if it is selected; the cursor goes from its data to the next header."""
        cursor = self._cursor
        if verdict == SNIFF:
            verdict = self._sniff(path, size, mode, cursor.peek(min(size, HEAD_BYTES)))
        if not verdict or not self._is_within(path, size, verdict, offset):
            cursor.at += size + -size % BLOCK
            return None
        data = self._taken(size)
        cursor.at += -size % BLOCK
        return Entry(kind=Kind.FILE, path=path, size=size, mode=mode, data=data, offset=offset)

    def _is_within(self, path: str, size: int, limit: str, offset: int) -> bool:
        most: int = getattr(self._budget.limits, limit)
        if size > most:
            self.gaps.add(
                "limit.file", f"a file of {size} bytes", path=path, offset=offset, limit=limit
            )
        return size <= most

    def _taken(self, count: int) -> bytes:
        data = self._cursor.take(count)
        if len(data) < count:
            raise InputError(
                "tar.truncated",
                "tar: the archive ends inside a file",
                offset=self._cursor.offset,
            )
        return data
