"""apk's installed packages: `lib/apk/db/installed`, `usr/lib/apk/db/installed`.

    C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
    P:musl
    V:1.2.4-r2
    A:x86_64
    o:musl
    F:lib
    R:ld-musl-x86_64.so.1

The checksum (`C:`) is of the package's control data, the name apk knows this very build by. It
cannot see what was copied into the image without apk.

Source: apk-tools; the wiki page "Apk spec" of Alpine Linux.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.apk.database import read_database
from scantling.core.model.facts import OwnedFiles, PackageFact


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the file's order, and every damaged record."""
    yield from read_database(file)


PLUGIN: Final = Cataloger(
    name="apk-installed",
    version=1,
    wants=(
        Want(path="lib/apk/db/installed", size=Size.DATABASE),
        Want(path="usr/lib/apk/db/installed", size=Size.DATABASE),
    ),
    parse=parse,
    package_db="apk",
)
