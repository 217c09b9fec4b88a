"""RPM databases below the root: chroots, unpacked root file systems, build roots.

Reads every database of the known names but the system's own. Its packages are in the image, so
they are reported with the path that lists them, but they are not the operating system's packages.

Source: as for `rpm.sqlite`, `rpm.ndb` and `rpm.berkeley`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.rpm import berkeley, ndb, sqlite
from scantling.catalog.ecosystems.rpm.header import read_headers
from scantling.core.model.facts import PackageFact

_FOLDERS: Final = ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm")
_READERS: Final[dict[str, Callable[[OpenFile], Iterator[bytes | Unreadable]]]] = {
    "Packages": berkeley.read_blobs,
    "Packages.db": ndb.read_blobs,
    "rpmdb.sqlite": sqlite.read_blobs,
}
_NOTE: Final = "installed in a file system inside the image, not in the image's own"


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield packages and damaged records; nothing for the system's own database.

    Its file lists are left out: their paths are relative to a root that is not the image's.
    """
    if file.folder in _FOLDERS:
        return
    for found in read_headers(_READERS[file.name](file), file, note=_NOTE):
        if isinstance(found, PackageFact | Unreadable):
            yield found


PLUGIN: Final = Cataloger(
    name="rpm-nested",
    version=1,
    wants=tuple(
        Want(tail=f"{folder}/{name}", size=Size.DATABASE)
        for folder in _FOLDERS
        for name in _READERS
    ),
    parse=parse,
)
