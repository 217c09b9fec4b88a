"""The index of known images: reading.

One immutable file, named by the digest of its head. The head has a digest of every page, so each
page is checked when it is first read: a damaged byte gives an InputError or is one that no look-up
reads, never a wrong base. Known chains form a tree of layers; a look-up walks down from the first
layer and compares whole diff IDs, so two chains are never taken for one another. The images above a
layer lie side by side, which makes "what stands on this base" one look-up as well.

Source: docs/reference/base-index-format.md, version 1.
"""

import hashlib
import mmap
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.bases.known import Known, next_chain
from scantling.core.errors import InputError

FORMAT_VERSION: Final = 1
MAGIC: Final = b"SCTLBAS\n"
PAGE_BYTES: Final = 16 * 1024
PAGE_DIGEST_BYTES: Final = 16
HEADER: Final = struct.Struct("<8sHHIIIIQ28x")
"""Magic, version, padding, images, nodes, look-ups, pages, file bytes, padding."""
KEY: Final = struct.Struct("<Q")
NODE: Final = struct.Struct("<III32s")
"""Node below (or NO_NODE), first image above, end of the images above, diff ID."""
IMAGE: Final = struct.Struct("<IQ")
"""Its topmost node, where its record ends."""
LOOKUP: Final = struct.Struct("<QI")
"""Hash of a name or digest, image."""
NO_NODE: Final = 0xFFFF_FFFF
_SHA256: Final = "sha256:"
_DIGEST_CHARS: Final = 71


class Record(Struct, frozen=True, array_like=True):
    """An image as stored; its layers are in the tree, its digests are raw bytes."""

    name: str
    tags: tuple[str, ...]
    digest: bytes
    list_digest: bytes
    config_digest: bytes
    platform: str
    created: str
    seen: str
    size_bytes: int


_ALGORITHMS: Final = {0: "", 32: "sha256:", 64: "sha512:"}
_RECORD: Final = msgspec.msgpack.Decoder(Record)


class _Node(Struct, frozen=True):
    number: int
    below: int
    first: int
    end: int
    diff: bytes


def raw_diff(diff_id: str) -> bytes:
    """Return the 32 bytes of a SHA-256 diff ID; empty bytes for another algorithm."""
    if not diff_id.startswith(_SHA256) or len(diff_id) != _DIGEST_CHARS:
        return b""
    return bytes.fromhex(diff_id[len(_SHA256) :])


def chain_key(chain: str) -> int:
    """Return the key of a chain: the first 8 bytes of its digest. Only narrows a search."""
    return int(chain[len(_SHA256) : len(_SHA256) + 16], 16)


def word_key(word: str) -> int:
    """Return the key of a name or digest in the table of look-ups."""
    return KEY.unpack(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:8])[0]  # type: ignore[no-any-return]


class KnownImages:
    """An open index. `close` or the garbage collector releases it.

    `digest` (`sha256:…`) is what the head must have; empty: whatever it has. Raises InputError
    (`base.unread`) when the file is missing, no index, or its head has another digest.
    """

    def __init__(self, path: Path, *, digest: str = "", name: str = "") -> None:
        self.name = name or path.stem
        self._map = self._mapped(path)
        if len(self._map) < HEADER.size:
            raise self._damaged("it is shorter than a header")
        magic, version, _, images, nodes, lookups, pages, size = HEADER.unpack(
            self._map[: HEADER.size]
        )
        if magic != MAGIC:
            raise self._damaged("it is not an index of base images")
        if version != FORMAT_VERSION:
            raise self._damaged(f"it has format {version}, this program reads {FORMAT_VERSION}")
        self._body = HEADER.size + pages * PAGE_DIGEST_BYTES
        if size != len(self._map) or -(-(size - self._body) // PAGE_BYTES) != pages:
            raise self._damaged("the sizes in its header disagree")
        self._digests = self._map[HEADER.size : self._body]
        self.digest = f"{_SHA256}{hashlib.sha256(self._map[: self._body]).hexdigest()}"
        if digest and digest != self.digest:
            raise self._damaged("its head has another digest")
        self._pages = bytearray(pages)
        self.images = images
        self.nodes = nodes
        self._lookups = lookups
        self._node_at = self._body + KEY.size * nodes
        self._image_at = self._node_at + NODE.size * nodes
        self._lookup_at = self._image_at + IMAGE.size * images
        self._record_at = self._lookup_at + LOOKUP.size * lookups
        if self._record_at > size:
            raise self._damaged("the counts in its header disagree")

    def prefixes(self, diff_ids: Sequence[str]) -> tuple[tuple[int, tuple[Known, ...]], ...]:
        """Return (layers, images with exactly these lowest layers), longest first.

        Costs a look-up per layer that any known image shares.
        """
        found = []
        for depth, node in enumerate(self._walk(diff_ids), 1):
            exact = self._exactly(node, tuple(diff_ids[:depth]))
            if exact:
                found.append((depth, exact))
        return tuple(reversed(found))

    def standing_on(self, diff_ids: Sequence[str]) -> tuple[Known, ...]:
        """Return the images whose lowest layers are these, themselves included, in file order."""
        nodes = [*self._walk(diff_ids)]
        if not nodes or len(nodes) != len(diff_ids):
            return ()
        return tuple(self._known(number) for number in range(nodes[-1].first, nodes[-1].end))

    def named(self, name: str) -> tuple[Known, ...]:
        """Return the images of a repository, in file order."""
        return self._looked_up(name, lambda one: one.name == name)

    def with_digest(self, digest: str) -> tuple[Known, ...]:
        """Return the images with this manifest, index or configuration digest, in file order."""
        return self._looked_up(
            digest, lambda one: digest in {one.digest, one.list_digest, one.config_digest}
        )

    def everything(self) -> Iterator[Known]:
        """Yield all images, in file order."""
        for number in range(self.images):
            yield self._known(number)

    def check(self) -> None:
        """Read every page and record. Raises InputError unless all are as the head says."""
        for _ in self.everything():
            pass
        self._read(self._body, len(self._map) - self._body)

    def close(self) -> None:
        """Release the file. The index cannot be used any more."""
        self._map.close()

    def _walk(self, diff_ids: Sequence[str]) -> Iterator[_Node]:
        """Yield the node of each lowest layer, as far up as any known image has them."""
        chain, below = "", NO_NODE
        for diff_id in diff_ids:
            raw = raw_diff(diff_id)
            if not raw:
                return
            chain = next_chain(chain, diff_id)
            node = self._node_of(chain_key(chain), below, raw)
            if node is None:
                return
            yield node
            below = node.number

    def _node_of(self, key: int, below: int, diff: bytes) -> _Node | None:
        number = bisect_left(range(self.nodes), key, key=self._key)
        while number < self.nodes and self._key(number) == key:
            node = self._node(number)
            if node.below == below and node.diff == diff:
                return node
            number += 1
        return None

    def _exactly(self, node: _Node, diff_ids: tuple[str, ...]) -> tuple[Known, ...]:
        """Return the images that end at a node; they come first of those above it."""
        found = []
        for number in range(node.first, node.end):
            if self._image(number)[0] != node.number:
                break
            found.append(self._known(number, diff_ids))
        return tuple(found)

    def _looked_up(self, word: str, is_meant: Callable[[Known], bool]) -> tuple[Known, ...]:
        key = word_key(word)
        row = bisect_left(range(self._lookups), key, key=lambda at: self._lookup(at)[0])
        numbers = set()
        while row < self._lookups and self._lookup(row)[0] == key:
            numbers.add(self._lookup(row)[1])
            row += 1
        return tuple(filter(is_meant, map(self._known, sorted(numbers))))

    def _known(self, number: int, diff_ids: tuple[str, ...] | None = None) -> Known:
        node, end = self._image(number)
        start = self._image(number - 1)[1] if number else 0
        if end < start:
            raise self._damaged("its records overlap")
        try:
            record = _RECORD.decode(self._read(self._record_at + start, end - start))
        except msgspec.MsgspecError as error:
            raise self._damaged(f"record {number} cannot be decoded ({error})") from error
        return Known(
            diff_ids=self._diff_ids(node) if diff_ids is None else diff_ids,
            name=record.name,
            tags=record.tags,
            digest=self._digest(record.digest),
            list_digest=self._digest(record.list_digest),
            config_digest=self._digest(record.config_digest),
            platform=record.platform,
            created=record.created,
            seen=record.seen,
            size_bytes=record.size_bytes,
        )

    def _digest(self, raw: bytes) -> str:
        if len(raw) not in _ALGORITHMS:
            raise self._damaged("it has a digest of an unknown kind")
        return f"{_ALGORITHMS[len(raw)]}{raw.hex()}"

    def _diff_ids(self, number: int) -> tuple[str, ...]:
        found: list[str] = []
        while number != NO_NODE:
            if len(found) > self.nodes:
                raise self._damaged("its layers lead in a circle")
            node = self._node(number)
            found.append(f"{_SHA256}{node.diff.hex()}")
            number = node.below
        return tuple(reversed(found))

    def _key(self, number: int) -> int:
        return KEY.unpack(self._read(self._body + KEY.size * number, KEY.size))[0]  # type: ignore[no-any-return]

    def _node(self, number: int) -> _Node:
        if number >= self.nodes:
            raise self._damaged("it names a layer that it does not have")
        row = self._read(self._node_at + NODE.size * number, NODE.size)
        below, first, end, diff = NODE.unpack(row)
        return _Node(number, below, first, end, diff)

    def _image(self, number: int) -> tuple[int, int]:
        if number >= self.images:
            raise self._damaged("it names an image that it does not have")
        return IMAGE.unpack(self._read(self._image_at + IMAGE.size * number, IMAGE.size))

    def _lookup(self, row: int) -> tuple[int, int]:
        return LOOKUP.unpack(self._read(self._lookup_at + LOOKUP.size * row, LOOKUP.size))

    def _read(self, at: int, length: int) -> bytes:
        """Return bytes of the body; each page is checked once."""
        if at + length > len(self._map):
            raise self._damaged("a record lies outside of it")
        first = (at - self._body) // PAGE_BYTES
        last = (at + max(length, 1) - 1 - self._body) // PAGE_BYTES
        for page in range(first, min(last, len(self._pages) - 1) + 1):
            if not self._pages[page]:
                self._check_page(page)
        return self._map[at : at + length]

    def _check_page(self, page: int) -> None:
        start = self._body + page * PAGE_BYTES
        found = hashlib.sha256(self._map[start : start + PAGE_BYTES]).digest()
        at = page * PAGE_DIGEST_BYTES
        if found[:PAGE_DIGEST_BYTES] != self._digests[at : at + PAGE_DIGEST_BYTES]:
            raise self._damaged(f"page {page} does not have its digest")
        self._pages[page] = 1

    def _mapped(self, path: Path) -> mmap.mmap:
        try:
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            raise self._damaged(str(getattr(error, "strerror", "") or error)) from error

    def _damaged(self, detail: str) -> InputError:
        return InputError(
            "base.unread",
            f"the index of base images {self.name} cannot be used: {detail}; make it again with "
            "`scantling base index import` or `add`",
        )
