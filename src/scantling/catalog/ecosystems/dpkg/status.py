"""dpkg's database of installed packages, `var/lib/dpkg/status`.

    Package: libssl3
    Status: install ok installed
    Architecture: amd64
    Source: openssl
    Version: 3.0.11-1~deb12u2

States are honoured: removed packages with configuration left are not installed, half-installed ones
are reported with a note. It cannot see what was copied into the image without dpkg, nor a list that
was cut off exactly between two records and closed properly.

Source: dpkg(1), deb-control(5), Debian Policy chapter 5.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.dpkg.packages import read_packages
from scantling.core.model.facts import PackageFact


def parse(file: OpenFile) -> Iterator[PackageFact | Unreadable]:
    """Yield packages and damaged records in the file's order.

    dpkg ends the file with an empty line; a file without one may have been cut, which is noted.
    """
    yield from read_packages(file, kind="deb")
    if file.data.endswith(b"\n") and not file.data.endswith((b"\n\n", b"\n\r\n")):
        yield Unreadable(
            code="parse.note",
            reason="it does not end with an empty line, as dpkg writes it; it may have been cut",
        )


PLUGIN: Final = Cataloger(
    name="dpkg-status",
    version=1,
    wants=(Want(path="var/lib/dpkg/status", size=Size.DATABASE),),
    parse=parse,
    package_db="deb",
)
