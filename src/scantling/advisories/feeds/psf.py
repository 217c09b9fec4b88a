"""Python Software Foundation advisories: the Python interpreter itself (`generic`, `python`).

Reads OSV records with ids `PSF-…`. The foundation publishes commits, not versions; where an export
adds the tags of the affected releases (`v3.12.1`), those are the versions. A record with commits
only is unreadable: no version can be compared with it.

Source: https://github.com/psf/advisory-database.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.ecosystems import Place
from scantling.advisories.osv import Affected, Dialect, OsvRecord, Package, records

_REPOSITORY: Final = "https://github.com/python/cpython"
_CPYTHON: Final = "CPython"


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `PSF-` record."""
    return records(spool, _DIALECT)


def _prepare(record: OsvRecord) -> OsvRecord:
    """Return the record with the package that CPython's repository stands for."""
    return replace(record, affected=[_named(affected) for affected in record.affected or ()])


def _named(affected: Affected) -> Affected:
    repositories = {range_.repo.removesuffix(".git") for range_ in affected.ranges or ()}
    if repositories != {_REPOSITORY}:
        return affected
    versions = [str(version).removeprefix("v") for version in affected.versions or ()]
    return replace(
        affected, package=Package(name="python", ecosystem=_CPYTHON), versions=list(versions)
    )


def _place(ecosystem: str) -> Place | None:
    return Place(ecosystem="generic") if ecosystem == _CPYTHON else None


_DIALECT: Final = Dialect(source="psf", prefixes=("PSF-",), prepare=_prepare, places=_place)

PLUGIN: Final = Feed(
    name="psf",
    title="Python Software Foundation advisories",
    license="CC-BY-4.0",
    attribution="Python Software Foundation CVE Numbering Authority, "
    "https://github.com/psf/advisory-database (CC BY 4.0)",
    urls=("https://github.com/psf/advisory-database/archive/refs/heads/main.zip",),
    covers=(Coverage(ecosystem="generic", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://www.python.org/dev/security/",
)
