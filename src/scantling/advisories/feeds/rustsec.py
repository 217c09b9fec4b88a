"""RustSec advisory database: crates of crates.io.

Reads OSV records with ids `RUSTSEC-…` as exported to the `osv` branch. Informational advisories
carry their kind as the word (`unmaintained`, `unsound`, `notice`). An advisory about other systems
than Linux says so in the word (`os: windows`). Affected functions are the symbols.

Source: https://github.com/rustsec/advisory-db (README, "Advisory Format"), branch `osv`.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.decode import from_json
from scantling.advisories.identifiers import unique
from scantling.advisories.osv import Affected, Dialect, Notes, OsvRecord, records
from scantling.core.model.advisory import Interval


class _Affects(Struct):
    os: list[str] | None = None
    functions: list[str] | None = None


class _Specific(Struct):
    affects: _Affects | None = None


class _Database(Struct):
    informational: str | None = None


_SPECIFIC: Final = msgspec.json.Decoder(_Specific | None)
_DATABASE: Final = msgspec.json.Decoder(_Database | None)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `RUSTSEC-` record; the Markdown originals are skipped."""
    return records(spool, _DIALECT)


def _notes(_record: OsvRecord, affected: Affected, _ranges: tuple[Interval, ...]) -> Notes:
    specific = from_json(bytes(affected.ecosystem_specific), _SPECIFIC, what="ecosystem_specific")
    database = from_json(bytes(affected.database_specific), _DATABASE, what="database_specific")
    affects = (specific.affects if specific else None) or _Affects()
    kind = (database.informational if database else None) or ""
    systems = affects.os or []
    elsewhere = f"os: {', '.join(systems)}" if systems and "linux" not in systems else ""
    return Notes(
        word="; ".join(part for part in (kind, elsewhere) if part),
        symbols=unique(affects.functions or ()),
    )


_DIALECT: Final = Dialect(source="rustsec", prefixes=("RUSTSEC-",), notes=_notes)

PLUGIN: Final = Feed(
    name="rustsec",
    title="RustSec advisory database",
    license="CC0-1.0 AND CC-BY-4.0",
    attribution="RustSec Advisory Database, https://rustsec.org (CC0 1.0; records imported from "
    "the GitHub Advisory Database: CC BY 4.0)",
    urls=("https://github.com/rustsec/advisory-db/archive/refs/heads/osv.zip",),
    covers=(Coverage(ecosystem="cargo", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://rustsec.org",
)
