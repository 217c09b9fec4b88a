"""RPM databases in Berkeley DB: `Packages`, a hash of records, used until RHEL 8 and Fedora 32.

Every page is looked at once, by number; a record that is longer than a page is a chain of overflow
pages. The format has no checksums: damage is found by links that do not fit, overflow pages that
belong to no record, fewer records than the first page counts, and the headers' own digests.

Reads it in `var/lib/rpm`, `usr/lib/sysimage/rpm` and `usr/share/rpm`.

Source: Berkeley DB 5.3, src/dbinc/db_page.h (DBMETA, HMETA, PAGE, HOFFPAGE).
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.rpm.header import read_headers
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

_HASH_MAGIC: Final = 0x061561
_META_BYTES: Final = 512
_PAGE_HEAD: Final = 26
_PAGE_SIZES: Final = frozenset(1 << power for power in range(9, 17))
_CHECKSUMMED: Final = 1

# Page types.
_UNUSED, _HASH_UNSORTED, _OVERFLOW, _HASH_META, _HASH = 0, 2, 7, 8, 13
# Item types.
_INLINE, _OFF_PAGE = 1, 3
_OFF_PAGE_BYTES: Final = 12
_KEY_BYTES: Final = 4


class _Database(Struct, frozen=True):
    data: bytes
    page_size: int
    pages: int
    order: str
    records: int
    seen: bytearray
    limits: Limits


class _Page(Struct, frozen=True):
    at: int
    next: int
    entries: int
    free: int
    kind: int


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the order of pages, and every damaged record."""
    yield from read_headers(read_blobs(file), file)


def read_blobs(file: OpenFile) -> Iterator[bytes | Unreadable]:
    """Yield the headers in the order of pages, and what is damaged.

    Raises InputError when the file is no such database.
    """
    database = _opened(file)
    if database.pages * database.page_size > len(file.data):
        yield Unreadable(code="parse.failed", reason="the database is cut off", limit="")
    found = 0
    for number in range(1, min(database.pages, len(file.data) // database.page_size)):
        page = _page(database, number)
        if page.kind in {_HASH, _HASH_UNSORTED}:
            for key, value in _pairs(database, page, number):
                found += 1
                # The record of key 0 holds the highest number given so far.
                if isinstance(value, Unreadable) or any(key):
                    yield value
        elif page.kind not in {_UNUSED, _OVERFLOW, _HASH_META}:
            yield _damaged(database, number, "is of no known kind")
    if found < database.records:
        yield Unreadable(
            code="parse.record", reason=f"it counts {database.records} records and has {found}"
        )
    yield from _orphans(database)


def _opened(file: OpenFile) -> _Database:
    data = file.data
    if len(data) < _META_BYTES:
        raise InputError("parse.failed", "the database is cut off")
    order = next(
        (one for one in "<>" if struct.unpack_from(one + "I", data, 12)[0] == _HASH_MAGIC), ""
    )
    if not order:
        raise InputError("parse.failed", "it is not a Berkeley DB hash database", offset=12)
    (page_size,) = struct.unpack_from(order + "I", data, 20)
    if page_size not in _PAGE_SIZES:
        raise InputError("parse.failed", "its page size is not one of Berkeley DB's", offset=20)
    if data[24] or data[26] & _CHECKSUMMED:
        raise InputError("parse.failed", "it is encrypted or has page checksums", offset=24)
    (last_page,) = struct.unpack_from(order + "I", data, 32)
    (records,) = struct.unpack_from(order + "I", data, 88)
    pages = len(data) // page_size
    return _Database(
        data, page_size, last_page + 1, order, records, bytearray(pages + 1), file.limits
    )


def _page(database: _Database, number: int) -> _Page:
    at = number * database.page_size
    following, entries, free = struct.unpack_from(database.order + "IHH", database.data, at + 16)
    return _Page(at, following, entries, free, database.data[at + 25])


def _pairs(
    database: _Database, page: _Page, number: int
) -> Iterator[tuple[bytes, bytes | Unreadable]]:
    """Yield the keys and values of a hash page. Items grow from the end of the page downwards."""
    if page.entries % 2 or _PAGE_HEAD + 2 * page.entries > database.page_size:
        yield b"", _damaged(database, number, "has a wrong number of items")
        return
    starts = struct.unpack_from(
        f"{database.order}{page.entries}H", database.data, page.at + _PAGE_HEAD
    )
    ends = (database.page_size, *starts)[: page.entries]
    if any(start >= end for start, end in zip(starts, ends, strict=True)):
        yield b"", _damaged(database, number, "has items that overlap")
        return
    items = [
        database.data[page.at + start : page.at + end]
        for start, end in zip(starts, ends, strict=True)
    ]
    for key, value in zip(items[::2], items[1::2], strict=True):
        if key[0] != _INLINE or len(key) != 1 + _KEY_BYTES:
            yield b"", _damaged(database, number, "has a key that is not a number")
        else:
            yield key[1:], _value(database, value, number)


def _value(database: _Database, item: bytes, number: int) -> bytes | Unreadable:
    if item[0] == _INLINE:
        return item[1:]
    if item[0] != _OFF_PAGE or len(item) != _OFF_PAGE_BYTES:
        return _damaged(database, number, "has a value of no known kind")
    following, size = struct.unpack_from(database.order + "II", item, 4)
    if size > database.limits.rpm_header_bytes:
        reason = f"a record on page {number} is too large"
        return Unreadable(code="limit.records", reason=reason, limit="rpm_header_bytes")
    pieces: list[bytes] = []
    while following:
        if following >= len(database.seen) - 1 or database.seen[following]:
            return _damaged(database, number, "has a record that leads nowhere or in a circle")
        database.seen[following] = 1
        page = _page(database, following)
        if page.kind != _OVERFLOW or page.free > database.page_size - _PAGE_HEAD:
            return _damaged(database, number, "has a record that leads to another kind of page")
        start = page.at + _PAGE_HEAD
        pieces.append(database.data[start : start + page.free])
        following = page.next
    value = b"".join(pieces)
    return value if len(value) == size else _damaged(database, number, "has a record cut short")


def _orphans(database: _Database) -> Iterator[Unreadable]:
    """Yield a gap if overflow pages belong to no record: something that named them is damaged."""
    pages = range(1, min(database.pages, len(database.seen) - 1))
    lost = [
        number
        for number in pages
        if not database.seen[number] and _page(database, number).kind == _OVERFLOW
    ]
    if lost:
        yield Unreadable(
            code="parse.record",
            reason=f"{len(lost)} pages hold data of no record, the first is page {lost[0]}",
            offset=lost[0] * database.page_size,
        )


def _damaged(database: _Database, number: int, what: str) -> Unreadable:
    return Unreadable(
        code="parse.record", reason=f"page {number} {what}", offset=number * database.page_size
    )


PLUGIN: Final = Cataloger(
    name="rpm-berkeley",
    version=1,
    wants=tuple(
        Want(path=f"{folder}/Packages", size=Size.DATABASE)
        for folder in ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm")
    ),
    parse=parse,
    package_db="rpm",
)
