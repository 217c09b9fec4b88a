"""A database that has something to say about every package: the load of the largest databases.

The data at hand speaks of few packages of a fleet: there is none for Ubuntu, Red Hat or SUSE, and
little for npm and Maven. Here a package nobody speaks of borrows what is said of another one of its
kind, always the same. The matches mean nothing; their number and cost are those of a database that
knows every package.
"""

import zlib
from collections.abc import Iterable
from typing import Final

from scantling.advisories.database import Database
from scantling.core.model.advisory import Stored
from scantling.core.model.inventory import Package
from scantling.matching.names import lookups

_LENDERS: Final = {"deb": "deb/debian:10", "apk": "apk/alpine:3.16", "rpm": "rpm/almalinux:8"}

Key = tuple[str, str]


class Dense:
    """What a database says, or lends. `names` are the packages that it and others like it know."""

    def __init__(self, database: Database, names: dict[str, tuple[str, ...]]) -> None:
        self._database = database
        self._names = names
        self._known = {one: frozenset(packages) for one, packages in names.items()}

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        """Return what is said of the package, or of the one it borrows from."""
        return self._database.lookup(*self._asked(ecosystem, package))

    def changed(self, keys: Iterable[Key], packages: Iterable[Package]) -> tuple[Key, ...]:
        """Return the keys of these packages whose answer, own or borrowed, is one of `keys`."""
        changed = frozenset(keys)
        every = {(one.ecosystem, question.package) for one in packages for question in lookups(one)}
        return tuple(sorted(key for key in every if self._asked(*key) in changed))

    def _asked(self, ecosystem: str, package: str) -> Key:
        type_ = ecosystem.partition("/")[0]
        lender = _LENDERS.get(type_, type_)
        lent = self._names.get(lender, ())
        if not lent or package in self._known.get(ecosystem, ()):
            return ecosystem, package
        return lender, lent[zlib.crc32(f"{ecosystem}/{package}".encode()) % len(lent)]


def names_of(database: Database) -> dict[str, tuple[str, ...]]:
    """Return the packages of each ecosystem."""
    return {one: database.packages(one) for one in database.ecosystems()}
