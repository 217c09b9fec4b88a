"""Alpine fixes as noted in the build recipes at the release of each branch.

The same facts and shape as the security database, taken from the `secfixes` comments of aports.
Fixes that a stable branch got after its first release are missing, so silence means nothing: it
serves the embedded starter database until the user fetches the security database itself.

Source: https://gitlab.alpinelinux.org/alpine/aports, `# secfixes:` comments.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import secdb
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (release, repository, package, id)."""
    return secdb.records(
        spool, source="alpine-aports", distro="alpine", files=("main", "community")
    )


PLUGIN: Final = Feed(
    name="alpine-aports",
    title="Alpine fixes, from the build recipes",
    license="LicenseRef-facts",
    attribution="Alpine Linux aports, https://gitlab.alpinelinux.org/alpine/aports",
    urls=(),
    covers=(Coverage(ecosystem="apk/alpine:", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://gitlab.alpinelinux.org/alpine/aports",
)
