"""apk databases below the root: chroots, unpacked root file systems, build roots.

Reads every `…/lib/apk/db/installed` but the system's own. Its packages are in the image, so they
are reported with the path that lists them, but they are not the operating system's packages.

Source: as for `apk.installed`.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.apk.database import read_database
from scantling.core.model.facts import PackageFact

_OWN: Final = frozenset({"lib/apk/db/installed", "usr/lib/apk/db/installed"})
_NOTE: Final = "installed in a file system inside the image, not in the image's own"


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield packages and damaged records; nothing for the system's own database.

    Its file lists are left out: their paths are relative to a root that is not the image's.
    """
    if file.path in _OWN:
        return
    for found in read_database(file, note=_NOTE):
        if isinstance(found, PackageFact | Unreadable):
            yield found


PLUGIN: Final = Cataloger(
    name="apk-nested",
    version=1,
    wants=(Want(tail="lib/apk/db/installed", size=Size.DATABASE),),
    parse=parse,
)
