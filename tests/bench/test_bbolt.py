"""bbolt files, read back by a reader of our own that follows pages as bbolt does."""

import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

import bbolt

_KEYS = st.binary(min_size=1, max_size=40)
_FLAT = st.dictionaries(_KEYS, st.binary(max_size=600), max_size=40)
_TREES = st.dictionaries(_KEYS, st.one_of(st.binary(max_size=600), _FLAT), max_size=30)


def _elements(page: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield key, flags and value of a leaf; of a branch the value is the page number."""
    _, flags, count, _ = struct.unpack_from("<QHHI", page)
    for number in range(count):
        at = 16 + 16 * number
        if flags == 0x01:
            place, keys, child = struct.unpack_from("<IIQ", page, at)
            yield page[at + place : at + place + keys], -1, struct.pack("<Q", child)
        else:
            kind, place, keys, size = struct.unpack_from("<IIII", page, at)
            key = page[at + place : at + place + keys]
            yield key, kind, page[at + place + keys : at + place + keys + size]


class _File:
    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()

    def root(self) -> dict[bytes, object]:
        magic, version, size, _, top = struct.unpack_from("<IIIIQ", self.data, 16)
        assert (magic, version, size) == (0xED0CDAED, 2, 4096)
        return self._bucket(self._page(top))

    def _page(self, number: int) -> bytes:
        start = number * 4096
        own, _, _, more = struct.unpack_from("<QHHI", self.data, start)
        assert own == number
        return self.data[start : start + (1 + more) * 4096]

    def _bucket(self, page: bytes) -> dict[bytes, object]:
        found: dict[bytes, object] = {}
        for key, kind, value in _elements(page):
            if kind == -1:
                below = self._bucket(self._page(struct.unpack("<Q", value)[0]))
                assert key == min(below)
                found |= below
            elif kind == 1:
                top, _ = struct.unpack_from("<QQ", value)
                found[key] = self._bucket(self._page(top) if top else value[16:])
            else:
                found[key] = value
        assert list(found) == sorted(found)
        return found


@settings(max_examples=40, deadline=None)
@given(tree=_TREES)
def test_what_is_written_is_read_back(tree: bbolt.Tree) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.db"

        bbolt.write(path, tree)

        assert _File(path).root() == tree


def test_buckets_of_any_size_are_read_back(tmp_path: Path) -> None:
    tree: bbolt.Tree = {
        b"empty": {},
        b"inline": {b"a": b"1", b"b": b"2"},
        b"paged": {b"key-%06d" % number: b"x" * 40 for number in range(20_000)},
        b"nested": {b"in": {b"deeper": {b"k": b"v"}}},
        b"large": {b"value": b"y" * 50_000, b"z": b"1"},
        b"plain": b"value",
    }

    size = bbolt.write(tmp_path / "t.db", tree)

    assert _File(tmp_path / "t.db").root() == tree
    assert size == (tmp_path / "t.db").stat().st_size
