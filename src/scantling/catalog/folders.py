"""What a worker does with a root file system on disk: the same facts, read in place.

Folders are entered name by name from the descriptor that the worker inherited, never through a
link, so nothing in the tree can lead out of it (and Landlock would not allow it). Other file
systems mounted inside (proc, sys, volumes) are not the image's and are left out, visibly.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from scantling.catalog.collect import Collector
from scantling.catalog.factsform import Wire, clean, encode, pack_links
from scantling.catalog.layers import Readers, SkipTable, gap_of, pack_paths
from scantling.catalog.wants import HEAD_BYTES, largest
from scantling.core.errors import InputError
from scantling.core.model.gap import Gap
from scantling.core.sandbox.worker import Desk
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList

_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class _Name(Struct, frozen=True, kw_only=True):
    """One name in a folder, as the folder lists it."""

    name: str
    path: str
    mode: int
    size: int
    device: int


def read_folder(desk: Desk, root: int, readers: Readers, skip: SkipTable) -> bytes:
    """Return the facts of the tree at descriptor `root`, encoded; names are taken in order."""
    collector = Collector(
        readers.catalogers, readers.index, readers.limits, skip=skip, note=desk.note
    )
    return _Tree(desk, root, readers, collector).facts()


class _Tree:
    def __init__(self, desk: Desk, root: int, readers: Readers, collector: Collector) -> None:
        self._desk = desk
        self._root = root
        self._index = readers.index
        self._limits = readers.limits
        self._collector = collector
        self._budget = Budget(readers.limits)
        self._gaps = GapList()
        self._paths: list[str] = []
        self._links: list[tuple[str, str]] = []

    def facts(self) -> bytes:
        stopped: tuple[Gap, ...] = ()
        try:
            self._walk()
        except InputError as error:
            stopped = (gap_of(error),)
        collected = self._collector.collected()
        return encode(
            Wire(
                diff_id="",
                files=collected.files,
                links=pack_links(self._links),
                owners=collected.owners,
                gaps=(*stopped, *self._gaps.gaps()),
                paths=pack_paths(self._paths),
                entries=len(self._paths),
                size_bytes=self._budget.bytes,
                complete=not stopped,
            )
        )

    def _walk(self) -> None:
        device = os.fstat(self._root).st_dev
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            if folder.count("/") >= self._limits.path_depth:
                self._gaps.add(
                    "path.name", "a folder lies too deep", path=folder, limit="path_depth"
                )
                continue
            below: list[str] = []
            try:
                with self._opened(folder) as descriptor:
                    for one in _names(descriptor, folder):
                        self._take(one, descriptor, device, below)
            except OSError as error:
                self._unreadable(folder, error)
            waiting += reversed(below)

    @contextmanager
    def _opened(self, folder: str) -> Iterator[int]:
        """Open a folder from the root, one name at a time."""
        descriptor = os.dup(self._root)
        try:
            for name in folder.split("/") if folder else ():
                inner = os.open(name, _FOLDER_FLAGS, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _take(self, one: _Name, folder: int, device: int, below: list[str]) -> None:
        self._budget.spend_entries(1)
        if len(self._paths) >= self._limits.layer_entries:
            detail = f"more than {self._limits.layer_entries} names"
            raise InputError("limit.entries", detail, path=one.path, limit="layer_entries")
        if stat.S_ISDIR(one.mode):
            self._paths.append(one.path + "/")
            if one.device == device:
                below.append(one.path)
            else:
                self._gaps.add("folder.mount", "not read: another file system", path=one.path)
            return
        self._paths.append(one.path)
        if stat.S_ISLNK(one.mode):
            self._links.append((one.path, os.readlink(one.name, dir_fd=folder)))
        elif stat.S_ISREG(one.mode):
            self._take_file(one, folder)

    def _take_file(self, one: _Name, folder: int) -> None:
        picks = self._index.by_name(one.path)
        if not picks and not one.size >= self._index.shortest_magic > 0:
            return
        try:
            descriptor = os.open(one.name, _FILE_FLAGS, dir_fd=folder)
        except OSError as error:
            self._unreadable(one.path, error)
            return
        try:
            self._read(one.path, descriptor)
        except OSError as error:
            self._unreadable(one.path, error)
        finally:
            os.close(descriptor)

    def _read(self, path: str, descriptor: int) -> None:
        # What was listed may have been replaced since: judge what is open.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._gaps.add("file.unreadable", "it changed while it was read", path=path)
            return
        head = os.read(descriptor, HEAD_BYTES)
        picks = self._index.by_name(path) or self._index.by_content(path, head)
        if not picks:
            return
        kind = largest(picks).value
        limit: int = getattr(self._limits, kind)
        data = bytearray(head)
        while len(data) <= limit and (more := os.read(descriptor, min(limit, 1 << 20))):
            data += more
        self._budget.spend_bytes(len(data))
        self._desk.advance(self._budget.bytes)
        if len(data) > limit:
            detail = f"more than {limit} bytes"
            self._gaps.add("limit.file", detail, path=path, limit=kind)
            return
        self._collector.add(path, bytes(data), stat.S_IMODE(status.st_mode))

    def _unreadable(self, path: str, error: OSError) -> None:
        detail = f"it cannot be opened: {error.strerror}"
        self._gaps.add("file.unreadable", detail, path=clean(path))


def _names(descriptor: int, folder: str) -> Iterator[_Name]:
    """Yield what a folder holds, sorted by name."""
    with os.scandir(descriptor) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    for entry in entries:
        status = os.stat(entry.name, dir_fd=descriptor, follow_symlinks=False)
        yield _Name(
            name=entry.name,
            path=f"{folder}/{entry.name}" if folder else entry.name,
            mode=status.st_mode,
            size=status.st_size,
            device=status.st_dev,
        )
