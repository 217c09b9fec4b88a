"""Places in a project: the line that a person edits to change something in the image."""

from enum import StrEnum

from msgspec import Struct


class PlaceKind(StrEnum):
    """What kind of line it is."""

    FROM = "from"
    INSTRUCTION = "instruction"
    LOCKFILE = "lockfile"
    MANIFEST = "manifest"


class Place(Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """A line in a file of the project. `path` is relative to its root with `/`; lines from 1.

    `certain` is False when the line was found by likeness rather than by an exact mark.
    """

    path: str
    line: int
    end_line: int = 0
    column: int = 0
    kind: PlaceKind = PlaceKind.INSTRUCTION
    text: str = ""
    """The start of the line or instruction, for display."""
    certain: bool = True
