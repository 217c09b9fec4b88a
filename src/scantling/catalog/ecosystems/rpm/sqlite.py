"""RPM databases in SQLite, `rpmdb.sqlite`: Fedora 33, RHEL 9, Azure Linux, Photon and later.

The rows of the table `Packages` are RPM headers. They are read from the pages of the file without
SQL (see `btree`), so that nothing in the file can be executed. The table `Name`, rpm's index of
names, tells when a row has been lost.

Reads it in `var/lib/rpm`, `usr/lib/sysimage/rpm` and `usr/share/rpm`. Changes that are only in a
write-ahead log are reported by `rpm.journal`.

Source: rpm, lib/backend/sqlite.c (tables); SQLite, "Database File Format".
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.rpm.btree import Pages, Value, open_pages, rows
from scantling.catalog.ecosystems.rpm.header import read_headers
from scantling.core.errors import InputError
from scantling.core.model.facts import OwnedFiles, PackageFact

_SCHEMA_ROOT: Final = 1
_SCHEMA_COLUMNS: Final = 5
_TABLE: Final = b"table"


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the order of rows, and every damaged record."""
    yield from read_headers(read_blobs(file), file)


def read_blobs(file: OpenFile) -> Iterator[bytes | Unreadable]:
    """Yield the headers in the order of rows, and what is damaged.

    Raises InputError when the file is no such database or has no table of packages.
    """
    pages = open_pages(file.data, file.limits.rpm_header_bytes)
    if pages.missing:
        reason = f"the database is cut off: {pages.missing} pages are missing"
        yield Unreadable(code="parse.failed", reason=reason)
    roots: dict[bytes, int] = {}
    for row in rows(pages, _SCHEMA_ROOT):
        if isinstance(row, Unreadable):
            yield row
        elif (table := _table(row[1])) is not None:
            roots.setdefault(*table)
    if b"Packages" not in roots:
        raise InputError("parse.failed", "it has no table of packages")
    found: set[int] = set()
    for row in rows(pages, roots[b"Packages"]):
        if isinstance(row, Unreadable):
            yield row
            continue
        number, columns = row
        blob = columns[-1] if columns else None
        if isinstance(blob, bytes):
            found.add(number)
            yield blob
        else:
            yield Unreadable(code="parse.record", reason=f"row {number} is not a header")
    if b"Name" in roots:
        yield from _lost(pages, roots[b"Name"], found)


def _table(columns: tuple[Value, ...]) -> tuple[bytes, int] | None:
    """Return name and root page of a row of the schema; None for all but real tables."""
    if len(columns) != _SCHEMA_COLUMNS:
        return None
    kind, name, _, root, _ = columns
    if kind == _TABLE and isinstance(name, bytes) and isinstance(root, int) and root:
        return name, root
    return None


def _lost(pages: Pages, root: int, found: set[int]) -> Iterator[Unreadable]:
    """Yield a gap for every package that the index of names has and the table has not."""
    for row in rows(pages, root):
        if isinstance(row, Unreadable):
            yield Unreadable(code="parse.note", reason=f"in the index of names, {row.reason}")
            continue
        name, number = (*row[1][:2], None, None)[:2]
        if isinstance(number, int) and isinstance(name, bytes) and number not in found:
            shown = name.decode("utf-8", errors="replace")
            reason = f"the index of names has {shown!r}, whose record is missing"
            yield Unreadable(code="parse.record", reason=reason)


PLUGIN: Final = Cataloger(
    name="rpm-sqlite",
    version=1,
    wants=tuple(
        Want(path=f"{folder}/rpmdb.sqlite", size=Size.DATABASE)
        for folder in ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm")
    ),
    parse=parse,
    package_db="rpm",
)
