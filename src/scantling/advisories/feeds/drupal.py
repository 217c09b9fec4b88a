"""Drupal core and contributed projects, as Composer packages (`drupal/…`).

Reads OSV records with ids `DRUPAL-…`. Covers Drupal's packages only, so it is partial for Composer.

Source: https://github.com/DrupalSecurityTeam/drupal-advisory-database.
"""

from collections.abc import Iterator
from typing import Final

from scantling.advisories.api import Completeness, Coverage, Feed, Record, Spool
from scantling.advisories.osv import Dialect, records


def parse(spool: Spool) -> Iterator[Record]:
    """Yield an advisory for each `DRUPAL-` record."""
    return records(spool, _DIALECT)


_DIALECT: Final = Dialect(source="drupal", prefixes=("DRUPAL-",))

PLUGIN: Final = Feed(
    name="drupal",
    title="Drupal security advisories",
    license="MIT",
    attribution="Drupal Security Team, https://www.drupal.org/security (MIT)",
    urls=(
        "https://github.com/DrupalSecurityTeam/drupal-advisory-database/archive/refs/heads/main.zip",
    ),
    covers=(Coverage(ecosystem="composer", completeness=Completeness.PARTIAL),),
    parse=parse,
    redistributable=True,
    homepage="https://www.drupal.org/security",
)
