"""What a worker does with a root file system on disk: the same facts, read in place.

Folders are entered name by name from the descriptor that the worker inherited, never through a
link, so nothing in the tree can lead out of it (and Landlock would not allow it). Other file
systems mounted inside (proc, sys, volumes) are not the image's and are left out, visibly.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from scantling.catalog.collect import Collector, subject
from scantling.catalog.factsform import Wire, clean, encode, pack_links
from scantling.catalog.layers import NOTED_BYTES, Readers, SkipTable, gap_of
from scantling.catalog.paths import PathList
from scantling.catalog.wants import HEAD_BYTES, largest
from scantling.core.errors import InputError
from scantling.core.model.gap import Gap
from scantling.core.sandbox.worker import Desk
from scantling.image.budget import Budget
from scantling.image.gaplist import GapList

_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read_folder(desk: Desk, root: int, readers: Readers, skip: SkipTable) -> bytes:
    """Return the facts of the tree at descriptor `root`, encoded; names are taken in order."""
    collector = Collector(
        readers.catalogers, readers.index, readers.limits, skip=skip, note=desk.note
    )
    return _Tree(desk, root, readers, collector, skip).facts()


class _Tree:
    def __init__(
        self, desk: Desk, root: int, readers: Readers, collector: Collector, skip: SkipTable
    ) -> None:
        self._desk = desk
        self._root = root
        self._index = readers.index
        self._limits = readers.limits
        self._collector = collector
        self._skip = skip
        self._budget = Budget(readers.limits)
        self._gaps = GapList()
        self._paths = PathList()
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
                paths=self._paths.packed(),
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
                    for name in sorted(os.listdir(descriptor)):  # noqa: PTH208 - a descriptor
                        path = f"{folder}/{name}" if folder else name
                        self._look_at(name, path, descriptor, device, below)
            except OSError as error:
                self._unreadable(folder, error)
            waiting += reversed(below)
            self._paths.settle()

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

    def _look_at(self, name: str, path: str, folder: int, device: int, below: list[str]) -> None:
        """Take in one name; one that cannot be looked at (it may be gone) hides no other."""
        self._budget.spend_entries(1)
        if len(self._paths) >= self._limits.layer_entries:
            detail = f"more than {self._limits.layer_entries} names"
            raise InputError("limit.entries", detail, path=path, limit="layer_entries")
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                self._paths.append(path + "/")
                if status.st_dev == device:
                    below.append(path)
                else:
                    self._gaps.add("folder.mount", "not read: another file system", path=path)
                return
            self._paths.append(path)
            if stat.S_ISLNK(status.st_mode):
                self._links.append((path, os.readlink(name, dir_fd=folder)))
            elif stat.S_ISREG(status.st_mode):
                self._take_file(name, path, status.st_size, folder)
        except OSError as error:
            self._unreadable(path, error)

    def _take_file(self, name: str, path: str, size: int, folder: int) -> None:
        if not self._index.by_name(path) and not size >= self._index.shortest_magic > 0:
            return
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=folder)
        try:
            self._read(path, descriptor)
        finally:
            os.close(descriptor)

    def _read(self, path: str, descriptor: int) -> None:
        # What was listed may have been replaced since: judge what is open.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._gaps.add("file.unreadable", "it is no file any more", path=clean(path))
            return
        head = os.read(descriptor, HEAD_BYTES)
        picks = self._index.by_name(path)
        size = largest(picks) if picks else self._index.size_by_content(path, head)
        if size is None:
            return
        kind = size.value
        limit: int = getattr(self._limits, kind)
        if status.st_size >= NOTED_BYTES:
            casualty = self._skip.get(("", clean(path)))
            if casualty is not None:
                code, detail = casualty.code, casualty.reason
                self._gaps.add(code, detail, path=clean(path), limit=casualty.limit)
                return
            self._desk.note(subject("", clean(path)))
        # In one piece, since joining pieces would take twice the memory; one more shows growth.
        wanted = min(status.st_size, limit) + 1
        data = os.pread(descriptor, wanted, 0)
        self._budget.spend_bytes(len(data))
        self._desk.advance(self._budget.bytes)
        if status.st_size > limit:
            detail = f"{status.st_size} bytes, {limit} allowed"
            self._gaps.add("limit.file", detail, path=clean(path), limit=kind)
        elif len(data) != status.st_size:
            self._gaps.add("file.unreadable", "it changed while it was read", path=clean(path))
        else:
            self._collector.add(path, data, stat.S_IMODE(status.st_mode))

    def _unreadable(self, path: str, error: OSError) -> None:
        detail = f"it cannot be opened: {error.strerror}"
        self._gaps.add("file.unreadable", detail, path=clean(path))
