"""Rows of a table of an SQLite database, read from its pages.

No SQL is run and no schema is believed: a table is the pages that its root page leads to. Every
page is visited at most once, so that views, triggers, virtual tables, cycles and endless queries
have nothing to act on; and a damaged page costs its own rows, not the database.

SQLite has no checksums. That rows are missing is found out by accounting: the cells, free blocks
and fragments of a page must fill it.

Source: "Database File Format", https://www.sqlite.org/fileformat2.html
(sections 1.3, 1.5, 1.6 and 2.1).
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.api import Unreadable
from scantling.core.errors import InputError

MAGIC: Final = b"SQLite format 3\0"

Value = int | bytes | None
Row = tuple[int, tuple[Value, ...]]
"""Row id and columns. Texts are undecoded; floating-point numbers are None."""

_HEAD_BYTES: Final = 100
_MIN_PAGE, _MAX_PAGE = 512, 65536
_INTERIOR, _LEAF = 5, 13
_MIN_CELL: Final = 4
_VARINT_BYTES: Final = 9
# Serial types of whole numbers: bytes of the value. Source: section 2.1.
_INT_BYTES: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_FLOAT, _ZERO, _ONE, _BLOB = 7, 8, 9, 12


class Pages(Struct, frozen=True):
    """An opened database: `usable` bytes of each page, `missing` pages that it should have."""

    data: bytes
    page_size: int
    usable: int
    count: int
    missing: int
    row_bytes: int


def open_pages(data: bytes, row_bytes: int) -> Pages:
    """Return the database; rows of more than `row_bytes` will not be read.

    Raises InputError when the file is no SQLite database.
    """
    if data[: len(MAGIC)] != MAGIC or len(data) < _HEAD_BYTES:
        raise InputError("parse.failed", "it is not an SQLite database", offset=0)
    page_size, reserved = int.from_bytes(data[16:18], "big"), data[20]
    page_size = _MAX_PAGE if page_size == 1 else page_size
    if not _MIN_PAGE <= page_size <= _MAX_PAGE or page_size & (page_size - 1):
        raise InputError("parse.failed", "its page size is not one of SQLite's", offset=16)
    (encoding,) = struct.unpack_from(">I", data, 56)
    if encoding != 1:
        raise InputError(
            "parse.failed", "its texts are not in UTF-8, as rpm writes them", offset=56
        )
    count = len(data) // page_size
    claimed = _claimed_pages(data)
    return Pages(data, page_size, page_size - reserved, count, max(claimed - count, 0), row_bytes)


def rows(pages: Pages, root: int) -> Iterator[Row | Unreadable]:
    """Yield the rows of the table with this root page, by row id, and what is damaged."""
    if not 0 < root <= pages.count:
        yield _damaged(root, "is not in the file")
        return
    seen = bytearray(pages.count + 1)
    seen[root] = 1
    todo = [root]
    while todo:
        number = todo.pop()
        at = (number - 1) * pages.page_size
        page = pages.data[at : at + pages.usable]
        start = _HEAD_BYTES if number == 1 else 0
        if page[start] == _LEAF:
            yield from _leaf(pages, page, (number, start), seen)
        elif page[start] == _INTERIOR:
            children, problem = _interior(page, start, seen)
            todo += children[::-1]
            if problem:
                yield _damaged(number, problem)
        else:
            yield _damaged(number, "is not a page of a table")


def _claimed_pages(data: bytes) -> int:
    """Return the size that the header claims; 0 when it says nothing (section 1.3.8)."""
    changes, claimed = struct.unpack_from(">II", data, 24)
    (valid_for,) = struct.unpack_from(">I", data, 92)
    return int(claimed) if changes == valid_for else 0


def _interior(page: bytes, start: int, seen: bytearray) -> tuple[list[int], str]:
    """Return the pages below this one that were not seen yet, and what is wrong, if anything."""
    cells, problem = _cells(page, start, 12)
    last = int.from_bytes(page[start + 8 : start + 12], "big")
    children: list[int] = []
    used = 0
    for at in (*cells, None):
        if at is not None:
            _, size = _varint(page, at + 4)
            used += 4 + size
            if at + 4 + size > len(page) or used > len(page):
                problem = "has cells that do not fit in it"
                break
        child = last if at is None else int.from_bytes(page[at : at + 4], "big")
        # A child is marked here, so that a page listed a million times is remembered once.
        if not 0 < child < len(seen) or seen[child]:
            problem = "leads out of the file or to a page twice"
        else:
            seen[child] = 1
            children.append(child)
    return children, problem or _accounting(page, start, used)


def _leaf(
    pages: Pages, page: bytes, place: tuple[int, int], seen: bytearray
) -> Iterator[Row | Unreadable]:
    number, start = place
    cells, problem = _cells(page, start, 8)
    used = 0
    for at in cells:
        size, size_length = _varint(page, at)
        row_id, id_length = _varint(page, at + size_length)
        begin = at + size_length + id_length
        local = _local_bytes(pages.usable, size)
        end = begin + local + (4 if local < size else 0)
        used += max(end - at, _MIN_CELL)
        if end > len(page) or used > len(page):
            problem = "has cells that do not fit in it"
            break
        yield _row(pages, page[begin:end], (number, row_id, size, local), seen)
    problem = problem or _accounting(page, start, used)
    if problem:
        yield _damaged(number, problem)


def _row(
    pages: Pages, cell: bytes, what: tuple[int, int, int, int], seen: bytearray
) -> Row | Unreadable:
    number, row_id, size, local = what
    if size > pages.row_bytes:
        reason = f"row {row_id} is too large"
        return Unreadable(code="limit.records", reason=reason, limit="rpm_header_bytes")
    payload = cell[:local]
    if local < size:
        try:
            payload += _overflow(pages, int.from_bytes(cell[local:], "big"), size - local, seen)
        except InputError as error:
            return _damaged(number, f"has a row ({row_id}) that {error.detail}")
    columns = _columns(payload)
    return (
        _damaged(number, f"has a damaged row ({row_id})") if columns is None else (row_id, columns)
    )


def _overflow(pages: Pages, number: int, size: int, seen: bytearray) -> bytes:
    """Return `size` bytes of the chain that starts at page `number`. Raises InputError."""
    pieces: list[bytes] = []
    while size > 0:
        if not 0 < number <= pages.count or seen[number]:
            raise InputError("parse.record", "leads out of the file or in a circle")
        seen[number] = 1
        at = (number - 1) * pages.page_size
        take = min(size, pages.usable - 4)
        pieces.append(pages.data[at + 4 : at + 4 + take])
        number = int.from_bytes(pages.data[at : at + 4], "big")
        size -= take
    if number:
        raise InputError("parse.record", "is longer than it says")
    return b"".join(pieces)


def _cells(page: bytes, start: int, head: int) -> tuple[tuple[int, ...], str]:
    """Return where the cells of a page start, and what is wrong with that."""
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    first = start + head
    if first + 2 * count > len(page):
        return (), "has more cells than fit in it"
    return struct.unpack_from(f">{count}H", page, first), ""


def _accounting(page: bytes, start: int, used: int) -> str:
    """Say what is wrong if cells, free blocks and fragments do not fill the page's content area."""
    free_at = int.from_bytes(page[start + 1 : start + 3], "big")
    content = int.from_bytes(page[start + 5 : start + 7], "big") or _MAX_PAGE
    used += page[start + 7]
    # Free blocks are chained by rising offset.
    while free_at:
        if free_at + 4 > len(page) or used > len(page):
            return "has a damaged list of free space"
        following, size = struct.unpack_from(">HH", page, free_at)
        used += size
        if following and following <= free_at:
            return "has a damaged list of free space"
        free_at = following
    return "" if used == len(page) - content else "has lost or doubled cells"


def _local_bytes(usable: int, size: int) -> int:
    """Return how much of a payload is in its cell. Source: section 1.6, "X", "M" and "K"."""
    most = usable - 35
    if size <= most:
        return size
    least = (usable - 12) * 32 // 255 - 23
    wanted = least + (size - least) % (usable - 4)
    return wanted if wanted <= most else least


def _columns(payload: bytes) -> tuple[Value, ...] | None:
    """Return the columns of a record, None if it is damaged."""
    end, at = _varint(payload, 0)
    if not 0 < end <= len(payload):
        return None
    values: list[Value] = []
    place = end
    while at < end:
        kind, length = _varint(payload, at)
        at += length
        if kind in {0, _ZERO, _ONE}:
            values.append(None if kind == 0 else kind - _ZERO)
            continue
        if kind in {10, 11}:
            return None
        size = (kind - _BLOB) // 2 if kind >= _BLOB else _INT_BYTES.get(kind, 8)
        piece = payload[place : place + size]
        if len(piece) != size:
            return None
        place += size
        if kind >= _BLOB:
            values.append(piece)
        else:
            values.append(None if kind == _FLOAT else int.from_bytes(piece, "big", signed=True))
    return tuple(values) if at == end and place == len(payload) else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer and its length; (0, 9) if it is cut off. Section 1.6."""
    value = 0
    for length, byte in enumerate(data[at : at + _VARINT_BYTES], 1):
        if length == _VARINT_BYTES:
            return value << 8 | byte, length
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the high bit says that more bytes follow
            return value, length
    return 0, _VARINT_BYTES


def _damaged(number: int, what: str) -> Unreadable:
    return Unreadable(code="parse.record", reason=f"page {number} {what}")
