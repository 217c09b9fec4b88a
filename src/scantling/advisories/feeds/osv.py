"""OSV records of any publisher, from a folder, an archive or a mirror that the user names.

Every JSON and YAML file that is not hidden is a record. The ecosystem of each package says where
its statements belong; one that has no place here (a distribution without its release, a stream that
a plain system does not follow) is unreadable. What publishers put into their own fields is ignored,
except that a `database_specific.severity` is kept as a word.

Nothing is known about how complete such a collection is, so it never supports "clean".

Source: OSV schema 1.7, https://ossf.github.io/osv-schema/.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.decode import from_json
from scantling.advisories.ecosystems import LANGUAGES, SYSTEMS
from scantling.advisories.osv import Common, Dialect, OsvRecord, records
from scantling.core.model.advisory import Severity


class _Database(Struct):
    severity: object = None
    """Another publisher's own field: a word, or something that we do not claim to understand."""


_DATABASE: Final = msgspec.json.Decoder(_Database | None)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each JSON or YAML file."""
    return records(spool, _DIALECT)


def _common(record: OsvRecord) -> Common:
    database = from_json(bytes(record.database_specific), _DATABASE, what="database_specific")
    if database is None or not isinstance(database.severity, str) or not database.severity:
        return Common()
    return Common(severities=(Severity(source="osv", kind="word", value=database.severity),))


_DIALECT: Final = Dialect(source="osv", common=_common)

PLUGIN: Final = Feed(
    name="osv",
    title="OSV records from a place of your own",
    license="LicenseRef-user-supplied",
    attribution="",
    urls=(),
    covers=tuple(
        Coverage(ecosystem=ecosystem, completeness=Completeness.PARTIAL)
        for ecosystem in sorted({*LANGUAGES.values(), *SYSTEMS})
    ),
    parse=parse,
    homepage="https://osv.dev",
)
