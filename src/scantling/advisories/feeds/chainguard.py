"""Chainguard security database: fixes in its source packages.

The document has the shape of Alpine's security database, without releases. Its terms do not allow
passing it on, so it is fetched by each user and never embedded.

Source: https://packages.cgr.dev/chainguard/security.json.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import secdb
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (package, id)."""
    return secdb.records(spool, source="chainguard", distro="chainguard", files=("security",))


PLUGIN: Final = Feed(
    name="chainguard",
    title="Chainguard security database",
    license="LicenseRef-Chainguard-terms",
    attribution="Chainguard security database, Chainguard",
    urls=("https://packages.cgr.dev/chainguard/security.json",),
    covers=(Coverage(ecosystem="apk/chainguard:", completeness=Completeness.FIXES_ONLY),),
    parse=parse,
    homepage="https://packages.cgr.dev/chainguard/security.json",
)
