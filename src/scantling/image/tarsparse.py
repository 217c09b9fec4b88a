"""Sparse files in tar: where the stored bytes belong in the file.

Source: GNU tar manual, "Storing Sparse Files" (old GNU format; PAX formats 0.0, 0.1 and 1.0).
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image import tarpax
from scantling.image.tarheader import BLOCK, number

_PAIR_BYTES: Final = 24
_OLD_IN_HEADER: Final = 4
_OLD_IN_BLOCK: Final = 21
_OLD_MAP_AT: Final = 386
_OLD_EXTENDED_AT: Final = 482
_OLD_SIZE_AT: Final = 483
_EXTENDED_AT: Final = 504
_NUMBER_BYTES: Final = 20

Take = Callable[[int], bytes]
"""Return the next bytes of the archive; fewer at its end."""


class Sparse(Struct, kw_only=True):
    """A checked map: (offset, length) pairs, ascending, without overlap, within `size`.

    `stored` is how many bytes of data follow; `name` the real name if the map's header has it.
    """

    size: int
    pairs: tuple[tuple[int, int], ...]
    stored: int
    name: bytes = b""

    def expand(self, data: bytes, size: int) -> bytes:
        """Return the first `size` bytes of the file, given at least the data stored for them."""
        out = bytearray(size)
        at = 0
        for offset, length in self.pairs:
            if offset >= size:
                break
            part = data[at : at + min(length, size - offset)]
            out[offset : offset + len(part)] = part
            at += length
        return bytes(out)


def old_gnu(block: bytes, stored: int, take: Take, limits: Limits) -> Sparse:
    """Return the map of a type `S` header; `take` gives the extension blocks behind it.

    Raises InputError `tar.sparse`.
    """
    blocks: list[bytes] = []
    extended = block[_OLD_EXTENDED_AT]
    # All blocks first: only behind the last one does the data begin, whatever is wrong in them.
    while extended and len(blocks) * _OLD_IN_BLOCK <= limits.sparse_entries:
        blocks.append(take(BLOCK))
        extended = blocks[-1][_EXTENDED_AT] if len(blocks[-1]) == BLOCK else 0
    if blocks and len(blocks[-1]) < BLOCK:
        raise InputError("tar.truncated", "tar: the archive ends inside a sparse map")
    pairs = _old_pairs(block[_OLD_MAP_AT:], _OLD_IN_HEADER)
    for more in blocks:
        pairs += _old_pairs(more, _OLD_IN_BLOCK)
    size = number(block[_OLD_SIZE_AT : _OLD_SIZE_AT + 12])
    return _checked(-1 if size is None else size, pairs, stored, limits)


def in_records(records: tarpax.Records, stored: int, take: Take, limits: Limits) -> Sparse:
    """Return the map that pax records describe; in format 1.0 `take` gives it, before the data.

    Raises InputError `tar.sparse` or `tar.pax`.
    """
    values = dict(records.sparse)
    if b"GNU.sparse.major" in values:
        version = (values[b"GNU.sparse.major"], values.get(b"GNU.sparse.minor"))
        if version != (b"1", b"0"):
            raise _bad("has an unknown version")
        size = tarpax.number(values.get(b"GNU.sparse.realsize", b""))
        pairs, read = _leading_map(take, stored, limits)
        stored -= read
    else:
        size = tarpax.number(values.get(b"GNU.sparse.size", b""))
        pairs = _pairs(_listed(records, values))
        count = values.get(b"GNU.sparse.numblocks")
        if count is not None and tarpax.number(count) != len(pairs):
            raise _bad("has another length than it says")
    sparse = _checked(size, pairs, stored, limits)
    sparse.name = values.get(b"GNU.sparse.name", b"")
    return sparse


def _listed(records: tarpax.Records, values: dict[bytes, bytes]) -> Iterable[bytes]:
    """Formats 0.1 (one record) and 0.0 (an offset and a numbytes record for each piece)."""
    if b"GNU.sparse.map" in values:
        text = values[b"GNU.sparse.map"]
        return text.split(b",") if text else ()
    keys = (b"GNU.sparse.offset", b"GNU.sparse.numbytes")
    wanted = [pair for pair in records.sparse if pair[0] in keys]
    if any(pair[0] != keys[index % 2] for index, pair in enumerate(wanted)):
        raise _bad("has its parts in disorder")
    return (value for _, value in wanted)


def _leading_map(take: Take, stored: int, limits: Limits) -> tuple[list[tuple[int, int]], int]:
    """Format 1.0: a count, then that many offsets and lengths, one number a line, padded."""
    text = b""
    wanted = 1
    read = 0
    while True:
        block = take(min(BLOCK, stored - read))
        if len(block) < BLOCK:
            raise _bad("has no end")
        read += BLOCK
        text += block
        lines = text.split(b"\n", wanted)
        if wanted == 1 and len(lines) > 1:
            count = tarpax.number(lines[0])
            if count > limits.sparse_entries:
                raise _bad("has too many entries")
            wanted = 1 + 2 * count
            lines = text.split(b"\n", wanted)
        if len(lines) > wanted:
            return _pairs(lines[1:wanted]), read
        if len(text) > (wanted + 1) * _NUMBER_BYTES + BLOCK:
            raise _bad("has no end")


def _pairs(texts: Iterable[bytes]) -> list[tuple[int, int]]:
    numbers = [tarpax.number(text) for text in texts]
    if len(numbers) % 2:
        raise _bad("has an offset without a length")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _old_pairs(field: bytes, count: int) -> list[tuple[int, int]]:
    """Return up to `count` pairs; one whose offset begins with NUL ends the map."""
    pairs = []
    for at in range(0, count * _PAIR_BYTES, _PAIR_BYTES):
        if not field[at]:
            break
        offset, length = number(field[at : at + 12]), number(field[at + 12 : at + 24])
        if offset is None or length is None:
            raise _bad("has a malformed number")
        pairs.append((offset, length))
    return pairs


def _checked(size: int, pairs: list[tuple[int, int]], stored: int, limits: Limits) -> Sparse:
    if len(pairs) > limits.sparse_entries:
        raise _bad("has too many entries")
    end = total = 0
    for offset, length in pairs:
        if offset < end or length < 0:
            raise _bad("overlaps or goes backwards")
        end = offset + length
        total += length
    if end > size or total != stored:
        raise _bad("does not fit its data")
    return Sparse(size=size, pairs=tuple(pairs), stored=stored)


def _bad(detail: str) -> InputError:
    return InputError("tar.sparse", f"tar: the map of a sparse file {detail}")
