"""Debian security tracker: every known vulnerability of every source package, fixed or not.

For each release it says since which version a vulnerability is fixed, that the package was never
affected, that it is open, or that no fix is planned; words such as `no-dsa`, `postponed` and
`unimportant` are kept.

Source: https://security-tracker.debian.org/tracker/data/json.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories import debian_tracker
from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each (source package, id)."""
    return debian_tracker.records(spool, source="debian")


PLUGIN: Final = Feed(
    name="debian",
    title="Debian security tracker",
    license="LicenseRef-facts",
    attribution="Debian Security Tracker, https://security-tracker.debian.org",
    urls=("https://security-tracker.debian.org/tracker/data/json",),
    covers=(Coverage(ecosystem="deb/debian:", completeness=Completeness.FULL),),
    parse=parse,
    homepage="https://security-tracker.debian.org",
)
