"""The contract of a report format. Read this first; the list is in `registry.py`.

A format is a pure function from a report to text. It sees `core` only: it can never reach back into
matching. Everything that came from the image goes through `core.text.neutral` and then through the
escaping of the format's own syntax.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from scantling.core.model.report import ScanReport


class Look(Struct, frozen=True, kw_only=True):
    """How a report should look. `width` in columns; `color` only for a terminal."""

    color: bool = False
    width: int = 100
    show_suppressed: bool = False


class Format(Struct, frozen=True, kw_only=True):
    """One output format. `render` yields pieces of text; joined they are the document."""

    name: str
    media_type: str
    suffix: str
    render: Callable[[ScanReport, Look], Iterator[str]]
    inventory: bool = False
    """It can also render an inventory without matching (`scantling sbom`)."""
    document: Callable[[ScanReport, Look], bytes] | None = None
    """For a format that is not text: its bytes. `render` then yields what they are made of."""
    needs: str = ""
    """The module of an optional extra of the same name as the format; '' if it needs none."""
