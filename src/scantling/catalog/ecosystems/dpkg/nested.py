"""dpkg databases below the root: chroots, unpacked root file systems, build roots.

Reads every `…/lib/dpkg/status` but the system's own. Its packages are in the image, so they are
reported with the path that lists them, but they are not the operating system's packages.

Source: as for `dpkg.status`.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.dpkg.packages import read_packages
from scantling.core.model.facts import PackageFact

_OWN: Final = "var/lib/dpkg/status"
_NOTE: Final = "installed in a file system inside the image, not in the image's own"


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield packages and damaged records; nothing for the system's own database."""
    if file.path != _OWN:
        yield from read_packages(file, kind="deb", note=_NOTE)


PLUGIN: Final = Cataloger(
    name="dpkg-nested",
    version=1,
    wants=(Want(tail="lib/dpkg/status", size=Size.DATABASE),),
    parse=parse,
)
