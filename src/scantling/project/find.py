"""Find a project's root, its Dockerfile for an image, its owners, its lockfiles.

Files are read with a limit and only inside the root: a path in a file of the project, or a
symbolic link, may not lead out of it.
"""

import os
from collections.abc import Iterator
from os import scandir
from pathlib import Path
from typing import Final

from msgspec import Struct

from scantling.core.errors import UsageError
from scantling.core.image_name import split
from scantling.core.limits import DEFAULT, MIB
from scantling.core.model.image import Platform
from scantling.core.yaml import SETTINGS_BYTES
from scantling.project.codeowners import BYTES as CODEOWNERS_BYTES
from scantling.project.codeowners import PLACES, Codeowners, parse_codeowners
from scantling.project.context import FILE, ImageRule, Project, read_project
from scantling.project.dockerfile.model import Dockerfile
from scantling.project.dockerfile.parse import parse, platform_arguments
from scantling.project.lockfile_lines import format_of
from scantling.project.paths import inside

DOCKERFILE_BYTES: Final = 1 * MIB
"""Real ones have a few kilobytes."""

_UPWARD: Final = 64
_ENTRIES: Final = 20_000
"""Entries of folders that are looked at when files are searched for."""
_FOLDERS_DEEP: Final = 4
_NAMES: Final = ("Dockerfile", "Containerfile")
_FOLDERS: Final = ("", "docker/", "build/", "deploy/")
_SKIPPED: Final = frozenset({".git", "node_modules", "vendor", ".venv", "venv", "target", "dist"})


class FoundDockerfile(Struct, frozen=True, kw_only=True):
    """A Dockerfile of the project. `path` is relative to the root; `certain`: a rule names it."""

    path: str
    file: Dockerfile
    target: str = ""
    certain: bool = False


def find_root(folder: Path) -> Path:
    """Return the root of the project that a folder lies in.

    It is the nearest folder upward with a `.scantling.yaml` or `.git`; the folder itself if there
    is none. Nothing above a `.git` is looked at. Raises UsageError if the folder is none.
    """
    start = folder.resolve()
    if not start.is_dir():
        raise UsageError(f"{folder} is not a folder; name the folder of the project")
    for one in (start, *start.parents)[:_UPWARD]:
        if (one / FILE).is_file() or (one / ".git").exists():
            return one
    return start


def load_project(root: Path) -> Project:
    """Return what `.scantling.yaml` says; an empty project without one.

    Raises UsageError, also if the file is there and cannot be read: it may ask for policies.
    """
    data = read_bytes(root, FILE, most_bytes=SETTINGS_BYTES)
    if data is None and os.path.lexists(root / FILE):
        raise UsageError(f"{root / FILE} cannot be read; it has to be a file inside the project")
    return Project() if data is None else read_project(data)


def find_dockerfile(
    root: Path, project: Project, reference: str, *, platform: Platform | None = None
) -> FoundDockerfile | None:
    """Return the Dockerfile that builds an image; None: there is none, or several could.

    The rule for the image decides; else `Dockerfile` or `Containerfile` in the root or a usual
    folder, `<name>.Dockerfile`, `Dockerfile.<name>` or `<name>/Dockerfile` with the image's short
    name. `platform` is the image's, for stages that are chosen by `TARGETARCH`. Raises UsageError
    if a rule names a file that is not there.
    """
    rule = project.image(reference)
    if rule is not None and rule.dockerfile:
        text = read_text(root, rule.dockerfile, most_bytes=DOCKERFILE_BYTES)
        if text is None:
            raise UsageError(
                f"{project.path}:{rule.line}: there is no readable file {rule.dockerfile}; "
                f"correct 'dockerfile' of {rule.name}"
            )
        return _found(rule.dockerfile, text, rule, platform)
    path = _likely(root, reference)
    text = None if path is None else read_text(root, path, most_bytes=DOCKERFILE_BYTES)
    return None if path is None or text is None else _found(path, text, rule, platform)


def owners_of(root: Path, path: str) -> tuple[str, ...]:
    """Return who owns a file of the project; empty: nobody, or there is no CODEOWNERS.

    The rules are those of the repository, which may begin above the project's root.
    """
    repository = next((one for one in (root, *root.parents) if (one / ".git").exists()), root)
    rules = load_codeowners(repository)
    inner = root.relative_to(repository).as_posix()
    return () if rules is None else rules.owners_of(f"{inner}/{path}")


def load_codeowners(repository: Path) -> Codeowners | None:
    """Return the rules of a repository's CODEOWNERS, from the first usual place; None: none."""
    root = repository
    for path in PLACES:
        text = read_text(root, path, most_bytes=CODEOWNERS_BYTES)
        if text is not None:
            return parse_codeowners(text, path)
    return None


def load_lockfiles(root: Path) -> dict[str, str]:
    """Return the texts of the project's lockfiles and manifests by path, sorted.

    Folders are searched four deep; those of installed packages are passed over.
    """
    found: dict[str, str] = {}
    for path in sorted(_files(root)):
        if format_of(path) is not None:
            text = read_text(root, path, most_bytes=DEFAULT.text_bytes)
            if text is not None:
                found[path] = text
    return found


def read_text(root: Path, path: str, *, most_bytes: int) -> str | None:
    """Return a file of the project as text (undecodable bytes as surrogates); None: no such."""
    data = read_bytes(root, path, most_bytes=most_bytes)
    return None if data is None else data.decode("utf-8", "surrogateescape")


def read_bytes(root: Path, path: str, *, most_bytes: int) -> bytes | None:
    """Return a file of the project; None: not there, not a file, unreadable, or not inside it.

    Raises UsageError if it is larger than `most_bytes`.
    """
    if not inside(path):
        return None
    try:
        # Links are followed here, so that one that leads out is seen.
        place = (root / path).resolve()
        if not place.is_relative_to(root.resolve()) or not place.is_file():
            return None
        with place.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError:
        return None
    if len(data) > most_bytes:
        raise UsageError(f"{path} has more than {most_bytes:,} bytes; it cannot be what it says")
    return data


def _found(
    path: str, text: str, rule: ImageRule | None, platform: Platform | None
) -> FoundDockerfile:
    arguments = platform_arguments(platform) if platform else {}
    arguments |= dict(rule.arguments) if rule else {}
    return FoundDockerfile(
        path=path,
        file=parse(text, arguments=arguments),
        target=rule.target if rule else "",
        certain=rule is not None and rule.dockerfile == path,
    )


def _likely(root: Path, reference: str) -> str | None:
    named = split(reference)
    if named is not None:
        short = named.short
        for name in _NAMES:
            for path in (f"{short}.{name}", f"{name}.{short}", f"{short}/{name}"):
                for folder in _FOLDERS:
                    if (root / folder / path).is_file():
                        return folder + path
    for folder in _FOLDERS:
        for name in _NAMES:
            if (root / folder / name).is_file():
                return folder + name
    others = [path for path in _files(root) if path.endswith((".Dockerfile", ".Containerfile"))]
    return others[0] if len(others) == 1 else None


def _files(root: Path) -> Iterator[str]:
    """Yield the paths of files, breadth first, up to a bound."""
    folders = [("", 0)]
    left = _ENTRIES
    while folders:
        folder, depth = folders.pop(0)
        try:
            with scandir(root / folder) as entries:
                names = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries
                )
        except OSError:
            continue
        for name, is_folder in names:
            left -= 1
            if left < 0:
                return
            if not is_folder:
                yield folder + name
            elif name not in _SKIPPED and depth < _FOLDERS_DEEP:
                folders.append((f"{folder}{name}/", depth + 1))
