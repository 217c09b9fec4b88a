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
from scantling.core.errors import InputError


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield as `binary` does for ELF files that it does not ask for; nothing for the others.

    Damaged headers are left to the cataloger of Rust programs, which looks at every ELF file too.
    """
    try:
        infos = [item for item in programs_in(file) if isinstance(item, BuildInfo)]
    except InputError:
        if is_marked(file.data):
            return
        raise
    # The question whether this is for `binary` comes last: hardly any file needs it.
    if infos and not is_marked(file.data):
        for info in infos:
            yield from packages(info, file.limits)


PLUGIN: Final = Cataloger(
    name="golang-unmarked",
    version=2,
    wants=(Want(magic=ELF, size=Size.BINARY),),
    parse=parse,
    profile=Profile.STANDARD,
)
