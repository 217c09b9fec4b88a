"""Write a bbolt file: nested buckets in B+trees of 4,096-byte pages, every page as full as it goes.

That is how `bbolt compact` leaves a file, and the least that the format can take: no free pages.

Source: bbolt, https://github.com/etcd-io/bbolt: page.go and meta.go; bucket.go (buckets
inside a leaf element up to a quarter of a page); node.go (at least two keys in a page, larger ones
spill over); compact.go (pages are filled).
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

Tree: TypeAlias = "Mapping[bytes, bytes | Tree]"
"""A bucket: keys with values or with buckets."""
_Element: TypeAlias = tuple[bytes, int, bytes]
"""Key, flags, value; in a branch the value is the page."""

PAGE: Final = 4096
_HEAD: Final = 16
_ELEMENT: Final = 16
_BRANCH, _LEAF, _META, _FREE = 0x01, 0x02, 0x04, 0x10
_IS_BUCKET: Final = 0x01
_INLINE_BYTES: Final = PAGE // 4
_LEAST_KEYS: Final = 2
_FIRST: Final = 3
"""After two meta pages and the empty list of free ones."""


def write(path: Path, root: Tree) -> int:
    """Write the file and return its size in bytes."""
    with path.open("wb") as file:
        file.write(bytes(PAGE * _FIRST))
        pages = _Pages(file)
        top = pages.level(_elements(root, pages), _LEAF)
        file.seek(0)
        for number in range(2):
            file.write(_meta(number, top, pages.count))
        file.write(_page(2, _FREE, []))
    return pages.count * PAGE


class _Pages:
    """Pages being written one after the other; `count` is how many there are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = _FIRST

    def level(self, elements: list[_Element], flags: int) -> int:
        """Write the elements, and the branches above them; return the topmost page's number."""
        above: list[_Element] = []
        number = self.count
        for group in _split(elements):
            number = self.count
            data = _page(number, flags, group)
            self._file.write(data)
            self.count += len(data) // PAGE
            above.append((group[0][0] if group else b"", 0, struct.pack("<Q", number)))
        if len(above) == 1:
            return number
        return self.level(above, _BRANCH)


def _elements(bucket: Tree, pages: _Pages) -> list[_Element]:
    found: list[_Element] = []
    for key in sorted(bucket):
        value = bucket[key]
        if isinstance(value, bytes):
            found.append((key, 0, value))
        else:
            found.append((key, _IS_BUCKET, _bucket(value, pages)))
    return found


def _bucket(bucket: Tree, pages: _Pages) -> bytes:
    """Return the value of a bucket: itself if it is small, or the number of its topmost page."""
    elements = _elements(bucket, pages)
    nested = any(flags for _, flags, _ in elements)
    if not nested and _HEAD + sum(map(_size, elements)) <= _INLINE_BYTES:
        return struct.pack("<QQ", 0, 0) + _content(0, _LEAF, elements)
    return struct.pack("<QQ", pages.level(elements, _LEAF), 0)


def _split(elements: list[_Element]) -> Iterator[list[_Element]]:
    """Yield what goes into one page each; the last one has at least two keys, too."""
    group: list[_Element] = []
    size = _HEAD
    for at, element in enumerate(elements):
        full = size + _size(element) > PAGE and len(group) >= _LEAST_KEYS
        if full and len(elements) - at >= _LEAST_KEYS:
            yield group
            group, size = [], _HEAD
        group.append(element)
        size += _size(element)
    yield group


def _size(element: _Element) -> int:
    # A branch element holds the page itself; counting its eight bytes leaves the pages above the
    # leaves a sixth emptier than they could be, which is a thousandth of the file.
    return _ELEMENT + len(element[0]) + len(element[2])


def _page(number: int, flags: int, elements: list[_Element]) -> bytes:
    data = _content(number, flags, elements)
    return data + bytes(-len(data) % PAGE)


def _content(number: int, flags: int, elements: list[_Element]) -> bytes:
    heads, bodies = [], []
    place = len(elements) * _ELEMENT
    for at, (key, kind, value) in enumerate(elements):
        here = place - at * _ELEMENT
        if flags == _BRANCH:
            heads.append(struct.pack("<II", here, len(key)) + value)
            bodies.append(key)
        else:
            heads.append(struct.pack("<IIII", kind, here, len(key), len(value)))
            bodies.append(key + value)
        place += len(bodies[-1])
    more = (_HEAD + place - 1) // PAGE
    return struct.pack("<QHHI", number, flags, len(elements), more) + b"".join(heads + bodies)


def _meta(number: int, top: int, count: int) -> bytes:
    body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, top, 0, 2, count, number)
    head = struct.pack("<QHHI", number, _META, 0, 0)
    return (head + body + struct.pack("<Q", _fnv1a(body))).ljust(PAGE, b"\0")


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value
