"""Alpine security database: fixes in `main` and `community` of each release.

Example of a document: `v3.18/main.json`. Lists what was fixed and what never applied (version `0`),
for source packages; it cannot tell of vulnerabilities without a fix.

Source: https://secdb.alpinelinux.org/.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import secdb
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool

_HOME: Final = "https://secdb.alpinelinux.org"
# Releases with a security database today or in living memory; the oldest has no `community`.
_RELEASES: Final = tuple(f"v3.{minor}" for minor in range(24, 2, -1))
_REPOSITORIES: Final = ("main", "community")


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (release, repository, package, id)."""
    return secdb.records(spool, source="alpine", distro="alpine", files=_REPOSITORIES)


PLUGIN: Final = Feed(
    name="alpine",
    title="Alpine security database",
    license="LicenseRef-facts",
    attribution="Alpine Linux security database, https://secdb.alpinelinux.org",
    urls=tuple(
        f"{_HOME}/{release}/{repository}.json"
        for release in ("edge", *_RELEASES)
        for repository in _REPOSITORIES
    ),
    covers=(Coverage(ecosystem="apk/alpine:", completeness=Completeness.FIXES_ONLY),),
    parse=parse,
    homepage=_HOME,
)
