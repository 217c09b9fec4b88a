"""Downloads as documents: an archive, a compressed or plain file, or a folder.

What a file is, its first bytes tell, not its name. Archives are read by the strict readers of
`image`: an archive with a gap is refused as a whole, since a feed with a hole in it would look like
one that has nothing to say.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from scantling.advisories.api import Document, Spool
from scantling.core.errors import AdvisoryDataError, InputError
from scantling.core.limits import DEFAULT, GIB
from scantling.core.model.gap import Gap, GapKind
from scantling.image import stream, tar, tarheader
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.zip import ZipArchive

LIMITS: Final = replace(
    DEFAULT, scan_bytes=16 * GIB, text_bytes=2 * GIB, layer_ratio=1000, zip_entries=2_000_000
)
"""Feeds are larger than anything in an image (an OVAL document of 500 MB) and compress better."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_SUFFIXES: Final = (".gz", ".zst", ".zip", ".tar")


class MemorySpool:
    """Documents that are already in memory."""

    def __init__(self, documents: list[Document], as_of: str) -> None:
        self._documents = sorted(documents, key=lambda one: one.name)
        self._as_of = as_of

    def documents(self) -> Iterator[Document]:
        """Yield the documents by name."""
        return iter(self._documents)

    @property
    def as_of(self) -> str:
        """Return the date that the publisher gives, empty if none."""
        return self._as_of


class FolderSpool:
    """The files below a folder, read when asked for. Hidden ones and links are left out."""

    def __init__(self, folder: Path, names: tuple[str, ...], as_of: str) -> None:
        self._folder = folder
        self._names = names
        self._as_of = as_of

    def documents(self) -> Iterator[Document]:
        """Yield the documents by name, the path relative to the folder."""
        for name in self._names:
            yield Document(name=name, data=read_file(self._folder / name))

    @property
    def as_of(self) -> str:
        """Return the date that the publisher gives, empty if none."""
        return self._as_of


class ZipSpool:
    """The files of a zip archive, inflated when asked for."""

    def __init__(self, data: bytes, name: str, as_of: str) -> None:
        self._archive = ZipArchive(data, Budget(LIMITS))
        self._name = name
        self._as_of = as_of
        _refuse_gaps(self._archive.gaps.gaps(), name)

    def documents(self) -> Iterator[Document]:
        """Yield the documents by name. Raises AdvisoryDataError for an entry that is damaged."""
        try:
            for entry in sorted(self._archive.entries, key=lambda one: one.name):
                if not entry.is_folder and not entry.is_link:
                    yield Document(name=entry.name, data=self._archive.read(entry, "text_bytes"))
        except InputError as error:
            raise _damaged(self._name, error) from error
        _refuse_gaps(self._archive.gaps.gaps(), self._name)

    @property
    def as_of(self) -> str:
        """Return the date that the publisher gives, empty if none."""
        return self._as_of


class InsideSpool:
    """The part of another spool below a folder, or one document of it; see `unpacked`."""

    def __init__(self, spool: Spool, inside: str) -> None:
        self._spool = spool
        self._inside = inside

    def documents(self) -> Iterator[Document]:
        """Yield the documents by name. Raises AdvisoryDataError when there are none."""
        start = f"{self._inside}/"
        found = False
        for one in self._spool.documents():
            if one.name == self._inside:
                found = True
                yield Document(name=self._inside.rpartition("/")[2], data=one.data)
            elif one.name.startswith(start):
                found = True
                yield Document(name=one.name.removeprefix(start), data=one.data)
        if not found:
            raise AdvisoryDataError(f"the archive has nothing below {self._inside}")

    @property
    def as_of(self) -> str:
        """Return the date that the publisher gives, empty if none."""
        return self._spool.as_of


def files_below(folder: Path) -> tuple[str, ...]:
    """Return the paths of all files below a folder, relative to it, sorted by code points."""
    found: list[str] = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        base = Path(at)
        found += [
            (base / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".")
            and (base / name).is_file()
            and not (base / name).is_symlink()
        ]
    return tuple(sorted(found))


def read_file(path: Path) -> bytes:
    """Return a file's bytes. Raises AdvisoryDataError if it is unreadable or above the limit."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMITS.text_bytes + 1)
    except OSError as error:
        raise AdvisoryDataError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > LIMITS.text_bytes:
        raise AdvisoryDataError(f"{path} has more than {LIMITS.text_bytes} bytes")
    return data


def unpacked(slice_: Slice, name: str, as_of: str = "") -> Spool:
    """Return the documents in a file named `name`: those of an archive, or the file itself.

    Raises AdvisoryDataError for an archive that is damaged or uses what our readers refuse.
    """
    head = os.pread(slice_.fd, 512, slice_.offset_bytes)
    try:
        if head.startswith(_ZIP):
            return ZipSpool(_whole(slice_, name), name, as_of)
        if head.startswith((_GZIP, _ZSTD)) or tarheader.is_header(head):
            return MemorySpool(_streamed(slice_, name), as_of)
    except InputError as error:
        raise _damaged(name, error) from error
    return MemorySpool([Document(name=name, data=_whole(slice_, name))], as_of)


def _whole(slice_: Slice, name: str) -> bytes:
    """Return all bytes of the slice; one pread returns at most 2 GiB."""
    parts = []
    at = 0
    while at < slice_.length_bytes:
        part = os.pread(slice_.fd, slice_.length_bytes - at, slice_.offset_bytes + at)
        if not part:
            raise AdvisoryDataError(f"{name} ends early")
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _damaged(name: str, error: InputError) -> AdvisoryDataError:
    return AdvisoryDataError(f"{name} is damaged: {error.detail} ({error.code})")


def _streamed(slice_: Slice, name: str) -> list[Document]:
    source = stream.open_stream(slice_, Budget(LIMITS), stored="", content="")
    first = source.read()  # lint: RD001 one piece; the budget bounds them all
    while 0 < len(first) < tarheader.BLOCK:
        more = source.read()  # lint: RD001 as above
        if not more:
            break
        first += more
    if tarheader.is_header(first[: tarheader.BLOCK]):
        documents = _tar_documents(_Resumed(first, source), name)
    else:
        parts = [first, *iter(source.read, b"")]
        documents = [Document(name=_without_suffix(name), data=b"".join(parts))]
    source.finish()
    _refuse_gaps(source.gaps.gaps(), name)
    return documents


class _Resumed:
    """A source whose first bytes were already read."""

    def __init__(self, first: bytes, source: stream.LayerStream) -> None:
        self._first = first
        self._source = source

    def read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        if self._first:
            first, self._first = self._first, b""
            return first
        return self._source.read()  # lint: RD001 one piece, as the source gives them

    def skip(self, count: int) -> int:
        """Step over nothing: what was not selected is read and dropped."""
        del count
        return 0

    def fetch(self, offset: int, count: int) -> bytes:
        """Return nothing: all bytes come in order."""
        del offset, count
        return b""


def _tar_documents(source: _Resumed, name: str) -> list[Document]:
    walker = tar.TarWalker(
        source, Budget(LIMITS), select=lambda _path, _size, _mode: "text_bytes", whiteouts=False
    )
    documents = [
        Document(name=entry.path, data=entry.data)
        for entry in walker
        if entry.kind is tar.Kind.FILE
    ]
    _refuse_gaps(walker.gaps.gaps(), name)
    return documents


def _refuse_gaps(gaps: tuple[Gap, ...], name: str) -> None:
    for gap in gaps:
        if gap.kind is GapKind.BLOCKING:
            raise AdvisoryDataError(f"{name} cannot be read completely: {gap.detail} ({gap.code})")


def _without_suffix(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name
