"""Write a plan's edits into the project: each file whole or not at all, and only inside its root.

Paths were read from the project, but the project may have changed since; so everything is checked
again here, for all files before the first is written.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import Struct

from scantling.core.errors import UsageError
from scantling.core.limits import DEFAULT
from scantling.core.model.plan import Edit, FixPlan
from scantling.core.text import octets
from scantling.project.paths import inside


class Change(Struct, frozen=True, kw_only=True):
    """A file's text before the first and after the last edit of a plan."""

    path: str
    before: str
    after: str


def combined(edits: Iterable[Edit]) -> tuple[Change, ...]:
    """Return one change for each file that edits touch, by path; later edits build on earlier."""
    found: dict[str, Change] = {}
    for edit in edits:
        before = found[edit.path].before if edit.path in found else edit.before
        found[edit.path] = Change(path=edit.path, before=before, after=edit.after)
    return tuple(found[path] for path in sorted(found) if found[path].before != found[path].after)


def of_plan(plan: FixPlan) -> tuple[Change, ...]:
    """Return what a plan's actions together change."""
    return combined(edit for action in plan.actions for edit in action.edits)


def write(root: Path, changes: Iterable[Change]) -> tuple[str, ...]:
    """Write the changes and return the paths, in their order.

    Raises UsageError, before anything is written, for a file that is not below the root, is or
    lies behind a symbolic link, is gone, or is not what the change starts from; and when a file
    cannot be written.
    """
    changes = tuple(changes)
    places = [_checked(root, change) for change in changes]
    for place, change in zip(places, changes, strict=True):
        _replace(place, change)
    return tuple(change.path for change in changes)


def _checked(root: Path, change: Change) -> Path:
    path = change.path
    if not inside(path):
        raise UsageError(f"{path!r} is not a path inside the project; nothing was changed")
    place = root.resolve()
    for piece in Path(path).parts:
        place = place / piece
        if place.is_symlink():
            raise UsageError(f"{path} is behind a symbolic link; nothing was changed")
    try:
        with place.open("rb") as file:
            data = file.read(DEFAULT.text_bytes + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; nothing was changed") from error
    if data != octets(change.before):
        raise UsageError(
            f"{path} has changed since the plan was made; nothing was changed, make the plan again"
        )
    return place


def _replace(place: Path, change: Change) -> None:
    try:
        with NamedTemporaryFile(
            "wb", dir=place.parent, prefix=f".{place.name}.", delete=False
        ) as file:
            file.write(octets(change.after))
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).chmod(place.stat().st_mode & 0o7777)
        Path(file.name).replace(place)
    except OSError as error:
        raise UsageError(f"cannot write {change.path}: {error.strerror}") from error
