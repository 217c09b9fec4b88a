"""Go programs that do not show it in their first 4 KiB.

These are linked by the C linker *and* carry no Go build ID (`CGO_ENABLED=1 -ldflags=-buildid=`).
To find them every ELF file has to be looked at, which is why this is not part of the fast
profile. What it cannot see: as for `binary`.

Source: as in `buildinfo`.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Profile, Size, Want
from scantling.catalog.ecosystems.golang.buildinfo import BuildInfo
from scantling.catalog.ecosystems.golang.facts import packages, programs_in
from scantling.catalog.ecosystems.golang.marks import is_marked
from scantling.catalog.executable import ELF


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield as `binary` does for ELF files that it does not ask for; nothing for the others.

    Damaged headers are left to the cataloger of Rust programs, which looks at every ELF file too.
    """
    if is_marked(file.data):
        return
    for item in programs_in(file):
        if isinstance(item, BuildInfo):
            yield from packages(item, file.limits)


PLUGIN: Final = Cataloger(
    name="golang-unmarked",
    version=2,
    wants=(Want(magic=ELF, size=Size.BINARY),),
    parse=parse,
    profile=Profile.STANDARD,
)
