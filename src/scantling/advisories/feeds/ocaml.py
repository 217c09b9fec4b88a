"""OCaml Security Response Team: packages of opam.

Reads OSV records with ids `OSEC-…`.

Source: https://github.com/ocaml/security-advisories, branch `generated-osv`.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.osv import Dialect, records


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `OSEC-` record."""
    return records(spool, _DIALECT)


_DIALECT: Final = Dialect(source="ocaml", prefixes=("OSEC-",))

PLUGIN: Final = Feed(
    name="ocaml",
    title="OCaml security advisories",
    license="CC0-1.0",
    attribution="OCaml Security Response Team, "
    "https://github.com/ocaml/security-advisories (CC0 1.0)",
    urls=("https://github.com/ocaml/security-advisories/archive/refs/heads/generated-osv.zip",),
    covers=(Coverage(ecosystem="opam", completeness=Completeness.FULL),),
    parse=parse,
    redistributable=True,
    homepage="https://github.com/ocaml/security-advisories",
)
