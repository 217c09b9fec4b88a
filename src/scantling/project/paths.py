"""Patterns of paths: `*`, `?`, `**` and folders, matched piece by piece.

Source: gitignore(5), "PATTERN FORMAT"; Ruby, File.fnmatch with FNM_PATHNAME and FNM_DOTMATCH.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

_PIECES: Final = 256
"""Pieces of a path or pattern that are compared; core.limits.path_depth."""

ANY_FOLDERS: Final = "**"


def matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Return whether the pieces of a path match those of a pattern; `**` takes any number.

    A piece is matched as fnmatch does, with case. What has more than 256 pieces never matches.
    """
    if len(path) > _PIECES or len(pattern) > _PIECES:
        return False
    # Positions in the path up to which the pattern so far can reach.
    reached = {0}
    for piece in pattern:
        if piece == ANY_FOLDERS:
            reached = set(range(min(reached), len(path) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(path) and fnmatchcase(path[at], piece)}
        if not reached:
            return False
    return len(path) in reached


def inside(root_relative: str) -> bool:
    """Return whether a path that a file of the project names stays in it, by its text."""
    pieces = root_relative.replace("\\", "/").split("/")
    return (
        bool(root_relative)
        and not root_relative.startswith(("/", "\\", "~"))
        and ".." not in pieces
        and ":" not in pieces[0]
        and "\x00" not in root_relative
    )
