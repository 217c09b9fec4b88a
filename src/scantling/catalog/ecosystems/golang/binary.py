"""Go programs: the modules and the toolchain that the Go linker records in them.

Reads ELF, PE and Mach-O, stripped or not, statically or dynamically linked. An ELF file is
recognized in its first 4 KiB: by the note with the Go build ID, or by the section headers right
after the program headers, where only Go's own linker puts them. Programs that show neither
are found by `unmarked`. What it cannot see: which packages of a module were linked; modules of
programs built in GOPATH mode or by Bazel, which record none (that is a gap).

Source: as in `buildinfo`; the notes are written by `cmd/link/internal/ld` (elf.go).
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, Found, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.golang.buildinfo import BuildInfo
from scantling.catalog.ecosystems.golang.facts import packages, programs_in
from scantling.catalog.ecosystems.golang.marks import FIELDS, MARKS, is_go
from scantling.catalog.executable import ELF, FAT, MACHO


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the standard library and the modules of each program in the file.

    An ELF file with Go's note but without build information is a gap; other files may well be
    programs of another language and yield nothing. Raises InputError for damaged ones.
    """
    found = False
    for item in programs_in(file):
        found = True
        if isinstance(item, BuildInfo):
            yield from packages(item, file.limits)
        else:
            yield item
    if not found and is_go(file.data):
        reason = "a Go program without build information"
        yield Unreadable(code="go.unversioned", reason=reason)


PLUGIN: Final = Cataloger(
    name="golang-binary",
    version=2,
    wants=(
        Want(magic=ELF, marks=MARKS, fields=FIELDS, size=Size.BINARY),
        Want(suffix=".exe", magic=b"MZ", size=Size.BINARY),
        *(Want(magic=magic, size=Size.BINARY) for magic in (*MACHO, *FAT)),
    ),
    parse=parse,
)
