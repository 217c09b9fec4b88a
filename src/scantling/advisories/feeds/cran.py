"""R Consortium advisory database: packages of CRAN.

Reads OSV records with ids `RSEC-…`, YAML.

Source: https://github.com/RConsortium/r-advisory-database.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.osv import Dialect, records


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `RSEC-` record."""
    return records(spool, _DIALECT)


_DIALECT: Final = Dialect(source="cran", prefixes=("RSEC-",))

PLUGIN: Final = Feed(
    name="cran",
    title="R Consortium advisory database",
    license="Apache-2.0",
    attribution="R Consortium, https://github.com/RConsortium/r-advisory-database (Apache-2.0)",
    urls=("https://github.com/RConsortium/r-advisory-database/archive/refs/heads/main.zip",),
    covers=(Coverage(ecosystem="cran", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/RConsortium/r-advisory-database",
)
