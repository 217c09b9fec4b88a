"""Wolfi security database: fixes in its source packages.

The document has the shape of Alpine's security database, without releases. Its terms do not allow
passing it on, so it is fetched by each user and never embedded.

Source: https://packages.wolfi.dev/os/security.json.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import secdb
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (package, id)."""
    return secdb.records(spool, source="wolfi", distro="wolfi", files=("security",))


PLUGIN: Final = Feed(
    name="wolfi",
    title="Wolfi security database",
    license="LicenseRef-Chainguard-terms",
    attribution="Wolfi security database, Chainguard",
    urls=("https://packages.wolfi.dev/os/security.json",),
    covers=(Coverage(ecosystem="apk/wolfi:", completeness=Completeness.FIXES_ONLY),),
    parse=parse,
    homepage="https://packages.wolfi.dev/os/security.json",
)
