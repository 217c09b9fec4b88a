"""Do the paths of one layer form a tree: each once, and nothing below a file?

Source: OCI image-spec, layer.md: "Layer archives MUST NOT contain duplicate entries".
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Final

from scantling.image.gaplist import GapList

_FIRST: Final = itemgetter(0)


def check_paths(paths: Sequence[str], evidence: Collection[str], gaps: GapList) -> None:
    """Note paths that come twice or are both file and folder; folders end with a slash.

    A doubled path that is evidence is `tar.duplicate`; of others only the number is noted, as
    `tar.note`. A folder may come twice.
    """
    distinct = set(paths)
    if len(distinct) != len(paths):
        note_duplicates(paths, evidence, gaps)
    note_conflicts(folders_of(distinct) & distinct, gaps)


def folders_of(paths: Iterable[str]) -> set[str]:
    """Return the folders in which these lie, and the folders above those; the root is left out."""
    # Distinct folders first, then their ancestors: far fewer than paths.
    folders = set(map(_FIRST, map(str.rpartition, paths, repeat("/"))))
    for folder in list(folders):
        above = folder.rpartition("/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
    return folders - {""}


def note_conflicts(paths: Iterable[str], gaps: GapList) -> None:
    """Note these paths, each both a file and a folder."""
    for path in sorted(paths):
        gaps.add("tree.conflict", "a path is both a file and a folder", path=path)


def note_duplicates(paths: Iterable[str], evidence: Collection[str], gaps: GapList) -> None:
    """Note files among `paths` that come twice, as `check_paths` does."""
    seen: set[str] = set()
    others = 0
    for path in paths:
        if path in seen and not path.endswith("/"):
            if path in evidence:
                gaps.add("tar.duplicate", "a layer has two entries for this path", path=path)
            else:
                others += 1
        seen.add(path)
    if others:
        gaps.add("tar.note", f"{others} paths that were not read come twice")
