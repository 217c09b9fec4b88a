"""Bitnami vulnerability database: applications as Bitnami packages them (`/opt/bitnami`).

Reads OSV records with ids `BIT-…`. Severity is the database's word and a CVSS vector.

Source: https://github.com/bitnami/vulndb.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.decode import from_json
from scantling.advisories.osv import Affected, Common, Dialect, Notes, OsvRecord, records
from scantling.core.model.advisory import Interval, Severity


class _Database(Struct):
    severity: str = ""


_DATABASE: Final = msgspec.json.Decoder(_Database | None)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `BIT-` record."""
    return records(spool, _DIALECT)


def _words(record: OsvRecord) -> tuple[Severity, ...]:
    database = from_json(bytes(record.database_specific), _DATABASE, what="database_specific")
    if database is None or not database.severity:
        return ()
    return (Severity(source="bitnami", kind="word", value=database.severity),)


def _common(record: OsvRecord) -> Common:
    return Common(severities=_words(record))


def _notes(record: OsvRecord, _affected: Affected, _ranges: tuple[Interval, ...]) -> Notes:
    return Notes(severities=_words(record))


_DIALECT: Final = Dialect(source="bitnami", prefixes=("BIT-",), common=_common, notes=_notes)

PLUGIN: Final = Feed(
    name="bitnami",
    title="Bitnami vulnerability database",
    license="Apache-2.0",
    attribution="Bitnami Vulnerability Database, Broadcom, https://github.com/bitnami/vulndb "
    "(Apache-2.0)",
    urls=("https://github.com/bitnami/vulndb/archive/refs/heads/main.zip",),
    covers=(Coverage(ecosystem="bitnami", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/bitnami/vulndb",
)
