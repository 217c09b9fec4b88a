"""Logs beside an SQLite RPM database: `rpmdb.sqlite-wal` and `rpmdb.sqlite-journal`.

rpm empties its write-ahead log when it closes the database. A log with content means that the
database was copied in the middle of a change, and that what it lists is not what is installed.

Source: rpm, lib/backend/sqlite.c (sqlite_fini); SQLite, "Database File Format", sections 3 and 4.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want

_WAL_HEAD_BYTES: Final = 32
_JOURNAL_MAGIC_BYTES: Final = 8


def parse(file: OpenFile) -> Iterator[Unreadable]:
    """Yield a gap if the log has changes in it.

    A rollback journal whose first bytes are zero is a finished one; a write-ahead log may have its
    header alone.
    """
    in_log = file.name.endswith("-wal") and len(file.data) > _WAL_HEAD_BYTES
    in_journal = file.name.endswith("-journal") and any(file.data[:_JOURNAL_MAGIC_BYTES])
    if in_log or in_journal:
        yield Unreadable(
            code="parse.failed",
            reason="it has changes of the package database that were not applied",
        )


PLUGIN: Final = Cataloger(
    name="rpm-journal",
    version=1,
    wants=tuple(
        Want(path=f"{folder}/rpmdb.sqlite-{kind}", size=Size.DATABASE)
        for folder in ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm")
        for kind in ("journal", "wal")
    ),
    parse=parse,
)
