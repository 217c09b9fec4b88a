"""The base of an open image, with what could not be read as gaps: what a scan calls.

indexes, gaps = open_indexes(data_dir / "bases")
seen = base_of(opened, indexes, declared="python:3.12-slim")     # before opened.close()
part = part_of(package.origin, seen.base)
"""

from pathlib import Path

from msgspec import Struct

from scantling.bases.index import KnownImages
from scantling.bases.provenance import Provenance, read_provenance
from scantling.bases.recognize import Indexes, ancestry, recognize
from scantling.bases.shelf import Shelf
from scantling.core.errors import InputError, TargetError
from scantling.core.model.base import BaseImage
from scantling.core.model.gap import Gap, gap
from scantling.image.api import OpenImage

_CODE = "base.unread"


class Seen(Struct, frozen=True, kw_only=True):
    """The base (None: nothing tells), it and its own bases nearest first, what was not read."""

    base: BaseImage | None = None
    ancestry: tuple[BaseImage, ...] = ()
    gaps: tuple[Gap, ...] = ()


def open_indexes(root: Path) -> tuple[tuple[KnownImages, ...], tuple[Gap, ...]]:
    """Return the indexes kept in a folder; none, and a gap, if one of them is damaged."""
    try:
        return Shelf(root).open(), ()
    except InputError as error:
        return (), (gap(_CODE, str(error)),)


def base_of(opened: OpenImage, indexes: Indexes, *, declared: str = "") -> Seen:
    """Return the base of an image that is still open. Never raises for what is damaged.

    Statements attached to the image are read, which may ask its registry for them. `declared` is
    what follows FROM in the Dockerfile's last stage.
    """
    provenance, gaps = _provenance(opened)
    try:
        base = recognize(
            opened.image,
            indexes,
            history=opened.history,
            provenance=provenance,
            declared=declared,
        )
        below = ancestry(opened.image, indexes, base=base)
    except InputError as error:
        return Seen(gaps=(*gaps, gap(_CODE, str(error))))
    return Seen(base=base, ancestry=below, gaps=gaps)


def _provenance(opened: OpenImage) -> tuple[Provenance | None, tuple[Gap, ...]]:
    try:
        return read_provenance(opened.statements()), ()
    except (TargetError, InputError) as error:
        return None, (gap(_CODE, str(error)),)
