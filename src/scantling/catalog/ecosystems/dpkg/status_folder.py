"""dpkg records of images built without dpkg: `var/lib/dpkg/status.d/`, one file for each package.

Distroless images and their kin write the control file of each package there, without a Status, and
the checksums of its files beside it as `<package>.md5sums`.

Source: the image builder's own layout, https://github.com/GoogleContainerTools/distroless.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.catalog.ecosystems.dpkg.owned import owned_by_checksums
from scantling.catalog.ecosystems.dpkg.packages import read_packages
from scantling.core.model.facts import OwnedFiles, PackageFact

_CHECKSUMS: Final = ".md5sums"


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield the package of a control file, or the files that a checksum list names."""
    if file.name.endswith(_CHECKSUMS):
        yield from owned_by_checksums(file)
        return
    if not file.data.strip():
        yield Unreadable(code="parse.failed", reason="the record of a package is empty")
        return
    yield from read_packages(_terminated(file), kind="deb", stateful=False)


def _terminated(file: OpenFile) -> OpenFile:
    """Return the file with a final line feed: builders may leave it out."""
    return OpenFile(path=file.path, data=file.data + b"\n", mode=file.mode, limits=file.limits)


PLUGIN: Final = Cataloger(
    name="dpkg-status-folder",
    version=1,
    wants=(Want(folder="var/lib/dpkg/status.d"),),
    parse=parse,
    package_db="deb",
)
