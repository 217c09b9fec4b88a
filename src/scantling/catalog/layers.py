"""What a worker does with one layer: read it once, keep what is wanted, check its digests.

1. Open the stored bytes; decompress, hash and walk them in one pass.
2. Parse each wanted file as it goes by (`collect`); remember links and deletions.
3. Read to the end and compare size, digest and diff ID with what the image claims.
4. Only if a wanted path is a hard link to a file that was not kept: walk again for those.

Gaps carry no layer number: the same facts may stand for several places in several images.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from scantling.catalog.api import Cataloger, Size
from scantling.catalog.collect import Casualty, Collector, subject
from scantling.catalog.digests import differences
from scantling.catalog.factsform import Wire, clean, encode, pack_links
from scantling.catalog.hashing import HasherLostError, Hashes
from scantling.catalog.paths import PathList
from scantling.catalog.wants import WantIndex, largest
from scantling.core.errors import InputError
from scantling.core.limits import MIB, Limits
from scantling.core.model.gap import Gap, gap
from scantling.core.model.image import Layer
from scantling.core.sandbox.worker import Desk
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.stream import Hash, LayerStream, open_stream
from scantling.image.tar import SKIP, SNIFF, Entry, Interest, Kind, TarWalker

NOTED_BYTES: Final = 32 * MIB
"""From this size on, keeping a file may itself be what ends the worker, so it is noted before."""

SkipTable = Mapping[tuple[str, str], Casualty]
"""(cataloger, path) pairs that ended an earlier attempt; cataloger "": while it was being kept."""


class Readers(Struct, frozen=True, kw_only=True):
    """The catalogers of a scan and the index over their wants; made before the workers."""

    catalogers: tuple[Cataloger, ...]
    index: WantIndex
    limits: Limits


class LayerTask(Struct, frozen=True, kw_only=True):
    """One layer to be read. `verify`: its digests have to be computed while it is read.

    `hashes` computes them elsewhere; None: here.
    """

    slice: Slice
    layer: Layer
    readers: Readers
    skip: SkipTable
    verify: bool = True
    hashes: Hashes | None = None


def read_layer(desk: Desk, task: LayerTask) -> bytes:
    """Return the layer's facts, encoded for `decode`; whatever is wrong with it is in them."""
    if task.hashes is not None:
        try:
            return _Reader(desk, task, task.hashes.new).facts()
        except HasherLostError:
            desk.note("")  # nothing was said yet: all of it once more, hashed here
    return _Reader(desk, task, hashlib.new).facts()


class _Reader:
    """One layer being read."""

    def __init__(self, desk: Desk, task: LayerTask, new_hash: Callable[[str], Hash]) -> None:
        readers = task.readers
        self._desk = desk
        self._task = task
        self._new_hash = new_hash
        self._index = readers.index
        self._collector = Collector(
            readers.catalogers, readers.index, readers.limits, skip=task.skip, note=desk.note
        )
        self._links: dict[str, str] = {}
        self._hard: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._opaque: set[str] = set()
        self._gaps: list[Gap] = []

    def facts(self) -> bytes:
        claimed = self._task.layer
        budget = Budget(self._task.readers.limits)
        try:
            stream = self._open(budget, verify=self._task.verify)
        except InputError as error:
            return encode(Wire(diff_id=claimed.diff_id, gaps=(gap_of(error),), complete=False))
        paths = PathList()
        walker = TarWalker(
            _Watched(stream, self._desk),
            budget,
            select=self._select,
            sniff=self._sniff,
            interest=_interest(self._index),
            paths=paths,
        )
        complete = self._walk(walker)
        digests = stream.finish()
        self._gaps += [*walker.gaps.gaps(), *stream.gaps.gaps()]
        if self._task.verify:
            content = (digests.diff_id,) if digests.complete else ()
            self._gaps += differences(claimed, digests.bytes_in, (digests.stored,), content)
        self._read_hard_links()
        collected = self._collector.collected()
        return encode(
            Wire(
                diff_id=claimed.diff_id,
                files=collected.files,
                links=pack_links(self._links.items()),
                deleted=tuple(sorted(self._deleted)),
                opaque=tuple(sorted(self._opaque)),
                owners=collected.owners,
                gaps=tuple(self._gaps),
                paths=paths.packed(),
                entries=walker.entries,
                size_bytes=digests.bytes_out,
                complete=complete and digests.complete,
            )
        )

    def _open(self, budget: Budget, *, verify: bool) -> LayerStream:
        return open_stream(
            self._task.slice,
            budget,
            media_type=self._task.layer.media_type,
            stored=_algorithm(self._task.layer.digest) if verify else "",
            content=(_algorithm(self._task.layer.diff_id) or "sha256") if verify else "",
            new_hash=self._new_hash,
        )

    def _select(self, path: str, size: int, _mode: int) -> str:
        picks = self._index.by_name(path)
        if picks:
            return self._kept(path, size, largest(picks))
        return SNIFF if size >= self._index.shortest_magic > 0 else SKIP

    def _sniff(self, path: str, size: int, _mode: int, head: bytes) -> str:
        kind = self._index.size_by_content(path, head)
        return SKIP if kind is None else self._kept(path, size, kind)

    def _kept(self, path: str, size: int, kind: Size) -> str:
        """Return the limit under which this file is kept; SKIP if that ended an earlier attempt."""
        if size >= NOTED_BYTES:
            casualty = self._task.skip.get(("", clean(path)))
            if casualty is not None:
                self._refuse(path, casualty.code, casualty.reason, limit=casualty.limit)
                return SKIP
            self._desk.note(subject("", clean(path)))
        return kind.value

    def _walk(self, walker: TarWalker) -> bool:
        """Take in all entries; tell whether the end was reached."""
        try:
            for entry in walker:
                self._take(entry)
        except InputError as error:
            self._gaps.append(gap_of(error))
            return False
        return True

    def _take(self, entry: Entry) -> None:
        path = entry.path
        match entry.kind:
            case Kind.FILE:
                self._links.pop(path, None)
                self._hard.pop(path, None)
                self._collector.add(path, entry.data, entry.mode)
            case Kind.SYMLINK:
                self._collector.forget(path)
                self._links[path] = entry.link
            case Kind.HARDLINK:
                self._links.pop(path, None)
                self._collector.forget(path)
                self._hard[path] = entry.link
            case Kind.WHITEOUT:
                self._deleted.add(clean(path))
            case Kind.OPAQUE:
                self._opaque.add(clean(path))

    def _read_hard_links(self) -> None:
        """Give every wanted hard link the facts of the file it names."""
        wanted: dict[str, list[str]] = {}
        for path in self._hard:
            picks = self._index.by_name(path)
            target = self._target(path)
            if target is None:
                if picks:
                    self._refuse(path, "link.loop", "its hard links lead in a circle")
            elif target in self._links:
                self._links[path] = self._links[target]  # a hard link to a symbolic link is one
            elif picks or self._collector.known_by_content(target):
                wanted.setdefault(target, []).append(path)
        if wanted:
            self._walk_again(wanted)

    def _target(self, path: str) -> str | None:
        for _ in range(self._task.readers.limits.link_hops):
            path = self._hard.get(path, path)
            if path not in self._hard:
                return path
        return None

    def _walk_again(self, wanted: dict[str, list[str]]) -> None:
        # The links' targets were not kept: their own names interest nobody. Rare, so a second pass
        # is cheaper than keeping files on suspicion.
        def select(path: str, _size: int, _mode: int) -> str:
            picks = [pick for link in wanted.get(path, ()) for pick in self._index.by_name(link)]
            if picks:
                return largest(picks).value
            return "binary_bytes" if path in wanted else SKIP

        found: set[str] = set()
        try:
            budget = Budget(self._task.readers.limits)
            walker = TarWalker(self._open(budget, verify=False), budget, select=select)
            for entry in walker:
                if entry.kind is Kind.FILE and entry.path in wanted:
                    found.add(entry.path)
                    for link in wanted[entry.path]:
                        self._collector.add(link, entry.data, entry.mode)
            self._gaps += [one for one in walker.gaps.gaps() if one.code == "limit.file"]
        except InputError:
            # The first pass met the same bytes and has said so; what was not found is said below.
            found = found & set(wanted)
        for target in sorted(set(wanted) - found):
            for link in wanted[target]:
                self._refuse(link, "link.missing", f"it is a hard link to {target!r}, which is not")

    def _refuse(self, path: str, code: str, detail: str, *, limit: str = "") -> None:
        one = gap(code, clean(detail), path=clean(path), limit=limit)
        self._collector.refuse(path, one)


class _Watched:
    """The stream, telling the desk how far it is: a `ByteSource`."""

    def __init__(self, stream: LayerStream, desk: Desk) -> None:
        self._stream = stream
        self._desk = desk

    def read(self) -> bytes:
        self._desk.advance(self._stream.bytes_in)
        return self._stream.read()  # lint: RD001 a LayerStream gives bounded pieces

    def skip(self, count: int) -> int:
        return self._stream.skip(count)

    def fetch(self, offset: int, count: int) -> bytes:
        return self._stream.fetch(offset, count)


def gap_of(error: InputError) -> Gap:
    """Return the gap that an error in the layer itself becomes."""
    return gap(error.code, error.detail, path=error.path, offset=error.offset, limit=error.limit)


def _interest(index: WantIndex) -> Interest:
    return Interest(
        end_chars=index.end_chars,
        ends=index.ends,
        start_chars=index.start_chars,
        starts=index.starts,
        magic_bytes=index.shortest_magic,
        magics=index.magics,
    )


def _algorithm(digest: str) -> str:
    """Return the hash that a digest names; '' for none. Their grammar was checked at opening."""
    return digest.partition(":")[0]
