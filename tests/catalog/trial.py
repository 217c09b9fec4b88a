"""A cataloger that does what its file says, and images to try it on."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from scantling.catalog.api import Cataloger, Found, OpenFile, Size, Unreadable, Want
from scantling.catalog.driver import Stats, read
from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, GIB, Limits
from scantling.core.model.facts import FileFacts, LayerFacts, OwnedFiles, PackageFact
from scantling.core.model.gap import Gap
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.open import open_image
from scantling.testing.images import Entry, MemoryImage


def parse(file: OpenFile) -> Iterator[Found]:
    """Obey each line: `name version`, or an order to misbehave."""
    for line in file.text().split("\n"):
        order, _, rest = line.partition(" ")
        if order in _DEEDS:
            _DEEDS[order](rest)
        elif order == "broken":
            yield PackageFact(type="generic", name="\ud800", version="1")
        elif order == "unreadable":
            yield Unreadable(code="parse.record", reason=rest, inner="in/ner")
        elif order == "owns":
            yield OwnedFiles(package="owner", paths=tuple(rest.split(" ")))
        elif order:
            yield PackageFact(type="generic", name=order, version=rest)


def _crash(_: str) -> None:
    os.abort()


def _spin(_: str) -> None:
    while True:
        pass


def _stick(_: str) -> None:
    # An hour inside one C function, where no signal handler of Python's runs.
    sum(range(10**12))


def _hog(_: str) -> None:
    bytearray(2 * GIB)


def _bug(text: str) -> None:
    raise ZeroDivisionError(text)


def _refuse(text: str) -> None:
    raise InputError("parse.failed", text, offset=3)


def _escape(_: str) -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


_DEEDS: Final[dict[str, Callable[[str], None]]] = {
    "crash": _crash,
    "spin": _spin,
    "stick": _stick,
    "hog": _hog,
    "bug": _bug,
    "refuse": _refuse,
    "escape": _escape,
}

LINES = Cataloger(
    name="dpkg-lines",
    version=1,
    wants=(Want(suffix=".pkgs"), Want(magic=b"#!pkgs\n", size=Size.BINARY)),
    parse=parse,
)


def opened(path: Path, *layers: Mapping[str, Entry], compression: str = "gzip") -> OpenImage:
    """Return an opened OCI layout, written to `path`, with these layers."""
    MemoryImage(layers=layers, compression=compression).write_layout(path)
    return open_image(str(path), ImageOptions(), Quiet())


def facts_of(
    image: OpenImage, *, workers: int = 2, limits: Limits = DEFAULT
) -> tuple[tuple[LayerFacts, ...], Stats]:
    """Return what LINES reads in the image."""
    return read(image, workers=workers, limits=limits, catalogers=[LINES])


def names(*layers: LayerFacts) -> dict[str, list[str]]:
    """Return the names of the packages by path."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        for file in layer.files:
            found.setdefault(file.path, []).extend(one.name for one in file.packages)
    return found


def gaps_of(*layers: LayerFacts) -> list[Gap]:
    """Return all gaps: the layers' own and those of their files."""
    return [
        gap for one in layers for gap in (*one.gaps, *(g for file in one.files for g in file.gaps))
    ]


def with_claims(image: OpenImage, place: int, **claims: object) -> OpenImage:
    """Return the image with other claims about one layer."""
    layers = list(image.image.layers)
    layers[place] = msgspec.structs.replace(layers[place], **claims)
    changed = msgspec.structs.replace(image.image, layers=tuple(layers))
    return msgspec.structs.replace(image, image=changed)


def only(facts: tuple[FileFacts, ...]) -> FileFacts:
    """Return the single element."""
    (one,) = facts
    return one
