"""Deletion markers: how a layer says that files of lower layers are gone.

Source: OCI image-spec, layer.md, "Representing Changes" (Whiteouts, Opaque Whiteout).
"""

from typing import Final, NamedTuple

from scantling.core.errors import InputError

MARK: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"


class Whiteout(NamedTuple):
    """What a marker deletes: one path, or everything below it in lower layers (`opaque`)."""

    path: str
    opaque: bool


def classify(path: str) -> Whiteout | None:
    """Return what the entry at this canonical path deletes, None when it is no marker.

    The path of an opaque marker is its folder, empty for the root. Raises InputError
    `whiteout.invalid`: nothing, `.` or `..` after the mark, an unknown `.wh..wh.` form, or an
    entry below something that has a marker's name.
    """
    folder, _, name = path.rpartition("/")
    if folder.startswith(MARK) or f"/{MARK}" in folder:
        raise InputError("whiteout.invalid", "an entry below a deletion marker", path=path)
    if not name.startswith(MARK):
        return None
    if name == _OPAQUE:
        return Whiteout(folder, opaque=True)
    target = name.removeprefix(MARK)
    if target in {"", ".", ".."} or target.startswith(MARK):
        raise InputError("whiteout.invalid", "a deletion marker names nothing", path=path)
    return Whiteout(f"{folder}/{target}" if folder else target, opaque=False)
