"""Python Packaging Advisory Database: packages of PyPI.

Reads OSV records with ids `PYSEC-…`, YAML as in the repository or JSON as exported. Versions listed
one by one are kept only where the ranges do not cover them.

Source: https://github.com/pypa/advisory-database.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.osv import Dialect, records


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `PYSEC-` record."""
    return records(spool, _DIALECT)


_DIALECT: Final = Dialect(source="pypa", prefixes=("PYSEC-",))

PLUGIN: Final = Feed(
    name="pypa",
    title="Python Packaging Advisory Database",
    license="CC-BY-4.0",
    attribution="Python Packaging Advisory Database, https://github.com/pypa/advisory-database "
    "(CC BY 4.0)",
    urls=("https://github.com/pypa/advisory-database/archive/refs/heads/main.zip",),
    covers=(Coverage(ecosystem="pypi", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/pypa/advisory-database",
)
