"""opkg's database of installed packages, in OpenWrt up to 24.10 and in Yocto images.

Reads `…/lib/opkg/status`, whose records are as dpkg's. No advisory source speaks about opkg
packages: they are inventoried, and the report says that nothing covers them.

Source: opkg, https://git.yoctoproject.org/opkg/ (libopkg/pkg_parse.c, the status file).
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.dpkg.packages import read_packages
from scantling.core.model.facts import PackageFact


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield packages and damaged records in the file's order."""
    yield from read_packages(file, kind="opkg")


PLUGIN: Final = Cataloger(
    name="opkg",
    version=1,
    wants=(Want(tail="lib/opkg/status", size=Size.DATABASE),),
    parse=parse,
)
