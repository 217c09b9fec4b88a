"""The paths of one layer, kept so that a million of them take little memory.

They are packed as they come, in parts of equal size, so that the packed bytes depend on the paths
alone. What stays in memory beside them is one part, eight bytes for each path, and the folders.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from isal import isal_zlib

from scantling.catalog.factsform import clean
from scantling.core.limits import DEFAULT, KIB
from scantling.image.gaplist import GapList
from scantling.image.treecheck import check_paths, folders_of, note_conflicts, note_duplicates

_PART: Final = 65_536
_CHUNK_BYTES: Final = 4 * KIB


class PathList:
    """A growing list of paths, folders with a slash at their end; the `PathSink` of a layer."""

    def __init__(self) -> None:
        self._part: list[str] = []
        self.append: Final = self._part.append
        # Level 1 of ISA-L packs paths 6:1 at 400 MB/s; zlib takes ten times as long for 7:1.
        self._packer = isal_zlib.compressobj(1)
        self._packed: list[bytes] = []
        self._done = False
        self._marks = array("q")
        self._folders: set[str] = set()

    def __len__(self) -> int:
        return len(self._marks) + len(self._part)

    def settle(self) -> None:
        """Pack what is there in whole parts; called now and then while the list grows."""
        while len(self._part) > _PART:
            self._pack(self._part[:_PART])
            del self._part[:_PART]

    def check(self, evidence: Collection[str], gaps: GapList) -> None:
        """Note what `treecheck.check_paths` notes of all paths; nothing can be added afterwards."""
        self.settle()
        if not self._marks:
            check_paths(self._part, evidence, gaps)
            return
        packed = self.packed()
        folders = folders_of(f"{folder}/" for folder in self._folders)
        suspects = _suspects(self._marks, set(map(hash, folders)))
        if suspects:
            # Two paths may have one mark: what is suspected is looked at by its name.
            paths = [path for path in unpacked(packed) if hash(path) in suspects]
            note_duplicates(paths, set(map(clean, evidence)), gaps)
            note_conflicts(folders.intersection(paths), gaps)

    def packed(self) -> bytes:
        """Return `LayerFacts.paths`; nothing can be added afterwards."""
        if not self._done:
            self._done = True
            self.settle()
            self._pack(self._part[:])
            self._part.clear()
            self._packed.append(self._packer.flush())
        return b"".join(self._packed)

    def _pack(self, part: list[str]) -> None:
        if not part:
            return
        text = "\0".join(part)
        if not text.isascii():
            part = [*map(clean, part)]
            text = "\0".join(part)
        self._packed.append(self._packer.compress(("\0" if self._marks else "").encode()))
        self._packed.append(self._packer.compress(text.encode()))
        self._marks.extend(map(hash, part))
        self._folders.update(path[: path.rfind("/")] for path in part if "/" in path)


def unpacked(packed: bytes) -> Iterator[str]:
    """Yield the paths in `LayerFacts.paths`; a piece of them is in memory at a time."""
    for text in texts(packed):
        yield from text.split("\0")


def texts(packed: bytes) -> Iterator[str]:
    """Yield the paths in `LayerFacts.paths` in pieces, with NUL characters between them.

    A piece fits the processor's cache unless a hostile worker packed it.
    """
    inflater = isal_zlib.decompressobj()
    left = DEFAULT.layer_entries * DEFAULT.path_bytes
    rest = b""
    for at in range(0, len(packed), _CHUNK_BYTES):
        data: bytes = inflater.decompress(packed[at : at + _CHUNK_BYTES], left)
        left -= len(data)
        head, nul, tail = data.rpartition(b"\0")
        if nul:
            yield (rest + head).decode("utf-8", "surrogateescape")
            rest = tail
        else:
            rest += tail
        if left <= 0:
            break
    if rest:
        yield rest.decode("utf-8", "surrogateescape")


def _suspects(marks: Collection[int], folders: set[int]) -> set[int]:
    """Return the marks that occur twice or are a folder's.

    In rounds over a share of all marks each, since a set takes ten times the memory of an array.
    """
    rounds = len(marks) // _PART + 1
    found: set[int] = set()
    for number in range(rounds):
        share = [mark for mark in marks if mark % rounds == number]
        distinct = set(share)
        found |= distinct & folders
        if len(distinct) != len(share):
            found.update(mark for mark, count in Counter(share).items() if count > 1)
    return found
