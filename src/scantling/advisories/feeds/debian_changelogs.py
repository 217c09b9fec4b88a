"""Fixes that Debian's own package changelogs name, in the shape of the tracker's JSON.

It says only that a version fixes a vulnerability: nothing about open or unimportant ones, nor that
a package was never affected. It serves the embedded starter database until the user fetches the
tracker itself.

Source: the file `debian/changelog` of Debian source packages (Debian Policy, 4.4).
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import debian_tracker
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (source package, id)."""
    return debian_tracker.records(spool, source="debian-changelogs")


PLUGIN: Final = Feed(
    name="debian-changelogs",
    title="Debian fixes, from package changelogs",
    license="LicenseRef-facts",
    attribution="Debian package changelogs, https://packages.debian.org",
    urls=(),
    covers=(Coverage(ecosystem="deb/debian:", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://packages.debian.org",
)
