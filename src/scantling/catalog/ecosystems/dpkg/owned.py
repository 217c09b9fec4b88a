"""Which files a Debian package installed: dpkg's file lists, `var/lib/dpkg/info/*.list`.

The package, and for a package of several architectures the architecture, is in the name:
`libc6:amd64.list`. The `.md5sums` beside them are not read: they name fewer files, and dpkg itself
takes a package whose list is missing as one without files. It cannot see diversions.

Source: dpkg-query(1), --listfiles; deb-md5sums(5); merged /usr: Debian's UsrMerge.
"""

from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Unreadable, Want
from scantling.core.model.facts import OwnedFiles

# A line of a checksum list: 32 hexadecimal digits, two spaces, the path.
_PATH_AT: Final = 34
# Folders that are links into usr/ on a merged system, where lists may still have the old path.
_MERGED: Final = ("bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/")


def parse(file: OpenFile) -> Iterator[OwnedFiles | Unreadable]:
    """Yield the paths of one package, folders included; paths in a merged folder in both ways."""
    text = _text(file)
    # As dpkg writes it, each line is a slash and a path: no line need be looked at.
    paths = text[1:-1].split("\n/")
    odd = False
    if text[:1] != "/" or text[-1:] != "\n" or text.count("\n") != len(paths):
        lines = text.split("\n")
        paths = [line[1:] for line in lines if line[:1] == "/"]
        odd = any(line and line[0] != "/" for line in lines)
    if "." in paths:
        paths = [path for path in paths if path != "."]
    yield from _owned(file, ".list", paths)
    if odd:
        yield Unreadable(code="parse.note", reason="a line is not an absolute path")


def owned_by_checksums(file: OpenFile) -> Iterator[OwnedFiles | Unreadable]:
    """Yield the paths that a `.md5sums` file names."""
    lines = _text(file).split("\n")
    paths = [line[_PATH_AT:].removeprefix("./") for line in lines if line[32:_PATH_AT] == "  "]
    yield from _owned(file, ".md5sums", [path for path in paths if path])
    if len(paths) != len(lines) - lines.count(""):
        yield Unreadable(code="parse.note", reason="a line is not a checksum and a path")


def _owned(file: OpenFile, suffix: str, paths: list[str]) -> Iterator[OwnedFiles]:
    package, _, arch = file.name.removesuffix(suffix).partition(":")
    if paths:
        moved = ["usr/" + path for path in paths if path.startswith(_MERGED)]
        yield OwnedFiles(package=package, paths=tuple(paths + moved), arch=arch)


def _text(file: OpenFile) -> str:
    # Names in a layer may be any bytes; they are compared in this spelling.
    return file.data.decode("utf-8", errors="surrogateescape")


PLUGIN: Final = Cataloger(
    name="dpkg-files",
    version=1,
    wants=(Want(folder="var/lib/dpkg/info", suffix=".list"),),
    parse=parse,
)
