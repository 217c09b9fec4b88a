"""Haskell Security Response Team: packages of Hackage.

Reads OSV records with ids `HSEC-…`. Advisories about the compiler (ecosystem `GHC`) are unreadable:
an image does not say which components of the compiler a program contains.

Source: https://github.com/haskell/security-advisories, branch `generated/osv-export`.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.osv import Dialect, records


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `HSEC-` record."""
    return records(spool, _DIALECT)


_DIALECT: Final = Dialect(source="haskell", prefixes=("HSEC-",))

PLUGIN: Final = Feed(
    name="haskell",
    title="Haskell security advisories",
    license="CC0-1.0",
    attribution="Haskell Security Response Team, "
    "https://github.com/haskell/security-advisories (CC0 1.0)",
    urls=(
        "https://github.com/haskell/security-advisories/archive/refs/heads/generated/osv-export.zip",
    ),
    covers=(Coverage(ecosystem="hackage", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://haskell.github.io/security-advisories/",
)
