"""Go vulnerability database: modules, the standard library (`stdlib`) and the tools (`toolchain`).

Reads OSV records with ids `GO-…`. Vulnerable symbols come from `ecosystem_specific.imports` as
`import/path.Symbol`; `import/path.*` where the database names no symbols of a package. Records that
nobody has reviewed yet carry the word `unreviewed`: their ranges are copied from elsewhere.

Not read: `goos` and `goarch` of an import (a statement then covers more than it should) and
`custom_ranges`, which are about versions that the Go command does not know.

Source: https://go.dev/doc/security/vuln/database.
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


class _Import(Struct):
    path: str = ""
    symbols: list[str] | None = None


class _Specific(Struct):
    imports: list[_Import] | None = None


class _Database(Struct):
    review_status: str = ""


_SPECIFIC: Final = msgspec.json.Decoder(_Specific | None)
_DATABASE: Final = msgspec.json.Decoder(_Database | None)


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `GO-` record. The index files of the download are skipped."""
    return records(spool, _DIALECT)


def _notes(record: OsvRecord, affected: Affected, _ranges: tuple[Interval, ...]) -> Notes:
    database = from_json(bytes(record.database_specific), _DATABASE, what="database_specific")
    specific = from_json(bytes(affected.ecosystem_specific), _SPECIFIC, what="ecosystem_specific")
    imports = (specific.imports if specific else None) or []
    unreviewed = database is not None and database.review_status == "UNREVIEWED"
    return Notes(
        word="unreviewed" if unreviewed else "",
        symbols=unique(
            f"{import_.path}.{symbol}" for import_ in imports for symbol in import_.symbols or ["*"]
        ),
    )


_DIALECT: Final = Dialect(source="go", prefixes=("GO-",), notes=_notes)

PLUGIN: Final = Feed(
    name="go",
    title="Go vulnerability database",
    license="CC-BY-4.0",
    attribution="Go Vulnerability Database, The Go Authors, https://pkg.go.dev/vuln (CC BY 4.0)",
    urls=("https://vuln.go.dev/vulndb.zip",),
    covers=(Coverage(ecosystem="golang", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://go.dev/security/vuln/",
)
