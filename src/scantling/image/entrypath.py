"""An archive entry's name as a path of the image: one spelling, inside the root, of sane length."""

from scantling.core.errors import InputError
from scantling.core.limits import Limits


def decode(name: bytes) -> str:
    """Return a name as text; bytes that are not UTF-8 are kept by surrogateescape."""
    return name.decode("utf-8", "surrogateescape")


def canonical(name: bytes, limits: Limits) -> str:
    """Return the path without leading, double or trailing slashes and `.` components.

    The root itself is the empty path. Raises InputError `path.escape` when a component is `..`
    (also where it would stay inside: readers differ on links before it), `path.name` when the name
    is empty, has a NUL byte or is longer or deeper than the limits.
    """
    if not name or b"\0" in name:
        raise InputError("path.name", "a name is empty or has a NUL byte", path=decode(name))
    parts = [part for part in name.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise InputError("path.escape", "a name points upwards", path=decode(name[:1024]))
    path = b"/".join(parts)
    limit = (
        "path_bytes"
        if len(path) > limits.path_bytes
        else "path_depth"
        if len(parts) > limits.path_depth
        else "path_component_bytes"
        if any(len(part) > limits.path_component_bytes for part in parts)
        else ""
    )
    if limit:
        shown = decode(path[:1024])
        raise InputError("path.name", f"a name exceeds {limit}", path=shown, limit=limit)
    return decode(path)
