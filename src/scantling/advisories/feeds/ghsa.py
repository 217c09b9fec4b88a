"""GitHub Advisory Database: reviewed advisories of all its ecosystems.

Reads OSV records with ids `GHSA-…`. Advisories that nobody reviewed name no packages and are
skipped. Severity is GitHub's word (`MODERATE`) beside the CVSS vectors. Where no version is fixed,
GitHub gives the last version known to be affected outside the OSV fields
(`last_known_affected_version_range`); it bounds the open range, as in GitHub's own view.

Source: https://github.com/github/advisory-database.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.decode import from_json
from scantling.advisories.osv import Affected, Common, Dialect, Notes, OsvRecord, read, wanted
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval, Severity


class _Database(Struct):
    severity: str | None = None
    cwe_ids: list[str] | None = None


class _Bound(Struct):
    last_known_affected_version_range: str = ""


_DATABASE: Final = msgspec.json.Decoder(_Database | None)
_BOUND: Final = msgspec.json.Decoder(_Bound | None)
_UNREVIEWED: Final = "unreviewed"
_BELOW: Final = re.compile(r"(?P<op><=?) *(?P<version>[^ <>=,]+)")
_ECOSYSTEMS: Final = (
    "npm", "maven", "pypi", "composer", "nuget", "gem", "golang", "cargo", "hex", "pub", "swift",
    "github",
)  # fmt: skip


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each reviewed `GHSA-` record."""
    for document in spool.documents():
        if _UNREVIEWED not in document.name.split("/") and wanted(document.name, ("GHSA-",)):
            yield from read(document, _DIALECT)


def _common(record: OsvRecord) -> Common:
    database = from_json(bytes(record.database_specific), _DATABASE, what="database_specific")
    if database is None:
        return Common()
    words = (Severity(source="ghsa", kind="word", value=database.severity or ""),)
    return Common(severities=words if database.severity else (), cwes=tuple(database.cwe_ids or ()))


def _notes(_record: OsvRecord, affected: Affected, ranges: tuple[Interval, ...]) -> Notes:
    bound = from_json(bytes(affected.database_specific), _BOUND, what="database_specific")
    if bound is None or not bound.last_known_affected_version_range:
        return Notes()
    found = _BELOW.fullmatch(bound.last_known_affected_version_range.strip())
    if found is None:
        raise InputError(
            "advisories.record",
            f"range {bound.last_known_affected_version_range!r} is not `< version`",
        )
    inclusive = found["op"] == "<="
    return Notes(
        ranges=tuple(
            interval
            if interval.high
            else replace(interval, high=found["version"], high_inclusive=inclusive)
            for interval in ranges
        )
    )


_DIALECT: Final = Dialect(source="ghsa", prefixes=("GHSA-",), common=_common, notes=_notes)

PLUGIN: Final = Feed(
    name="ghsa",
    title="GitHub Advisory Database",
    license="CC-BY-4.0",
    attribution="GitHub Advisory Database, https://github.com/advisories (CC BY 4.0)",
    urls=("https://github.com/github/advisory-database/archive/refs/heads/main.zip",),
    covers=tuple(
        Coverage(ecosystem=ecosystem, completeness=Completeness.FULL) for ecosystem in _ECOSYSTEMS
    ),
    parse=parse,
    homepage="https://github.com/advisories",
)
