"""Bump Python packages of requirements files, pyproject.toml, Pipfile and their lockfiles.

    requests==2.19.0                     becomes requests==2.31.0
    "django>=3.2,<4"                     takes 3.2.25 already: with a lockfile only a command
    flask = "^2.0"                       becomes ^3.0.1, as Poetry writes it

A requirement with `--hash` is not edited, since nobody here knows the hashes of the new files: the
command that writes them anew is named. Neither are poetry.lock, uv.lock, pdm.lock and Pipfile.lock.
A package that only a lockfile names comes through another: where the ranges there keep it back, the
one that holds it is named.

What it cannot see: extras and markers (they stay as they are), and ranges in uv.lock and pdm.lock,
which those do not repeat.

Source: pip, "Requirements File Format"; pip-tools, "Updating requirements"; uv, "Locking and
syncing"; Poetry, "Commands"; PDM, "Manage dependencies"; Pipenv, "pipenv upgrade".
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.project.lockfile_lines import format_of
from scantling.project.lockfiles.entry import same_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks import line_text, other_graphs, python_files
from scantling.remedy.locks.bump import (
    Kind,
    Wanted,
    Way,
    bumps,
    folder_of,
    is_path,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.graph import Graph, held_back, through
from scantling.remedy.locks.ranges import allows

_LOCKS: Final = {
    "poetry.lock": "poetry update {name}",
    "uv.lock": "uv lock --upgrade-package {name}=={version}",
    "pdm.lock": "pdm update {name}",
    "Pipfile.lock": "pipenv upgrade {name}=={version}",
}
_MANIFESTS: Final = ("pyproject.toml", "Pipfile")
_OF_FORMAT: Final = frozenset({*_LOCKS, *_MANIFESTS})
_HEADER_CHARS: Final = 2000


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    ways = [*_requirements(files, wanted), *_projects(files, wanted)]
    if not ways:
        return None
    way = ways[0]
    for other in ways[1:]:
        way = way.joined(other)
    return way


def _requirements(files: Files, wanted: Wanted) -> Iterator[Way]:
    """Yield a way for each requirements or constraints file that names the package."""
    for path, text in sorted(files.texts.items()):
        name = path.rpartition("/")[2]
        known = format_of(path)
        if known is None or known.type != "pypi" or name in _OF_FORMAT:
            continue
        lines = [
            one
            for one in line_text.requirements(text)
            if same_name("pypi", one.name) == same_name("pypi", wanted.name)
        ]
        if not lines:
            continue
        if any(one.hashed for one in lines):
            yield Way(
                commands=_compile(files, path, wanted),
                warnings=(f"{path} holds hashes: it is written anew, not edited",),
            )
            continue
        if path.endswith(".in") and all(_takes(one.constraint, wanted) for one in lines):
            continue
        rewrite = partial(line_text.require, name=wanted.name, version=wanted.version)
        yield Way(rewrites=((path, rewrite),))


def _takes(constraint: str, wanted: Wanted) -> bool:
    return allows("pypi", constraint, wanted.version) is True


def _compile(files: Files, path: str, wanted: Wanted) -> tuple[str, ...]:
    """Return the command that writes a compiled file anew with the package at the version."""
    folder, _, name = path.rpartition("/")
    head = files.texts[path][:_HEADER_CHARS]
    beside = f"{folder}/" if folder else ""
    sources = (f"{name.removesuffix('.txt')}.in", "pyproject.toml")
    source = next((one for one in sources if beside + one in files.texts), sources[0])
    if not is_path(name) or not is_path(source):
        return ()
    tool = "uv pip compile" if "uv pip compile" in head else "pip-compile"
    package = f"{wanted.name}=={wanted.version}"
    return run_in(
        folder,
        f"{tool} --generate-hashes --upgrade-package {package} --output-file {name} {source}",
    )


def _projects(files: Files, wanted: Wanted) -> Iterator[Way]:
    """Yield a way for each pyproject.toml or Pipfile that names it, or whose lockfile does."""
    for path in files.named(*_MANIFESTS):
        text = files.texts[path]
        folder = folder_of(path)
        own = [
            one
            for one in python_files.constraints(path, text)
            if same_name("pypi", one.name) == same_name("pypi", wanted.name)
        ]
        locks = [one for one in _locks_of(files, path) if _names(files, one, wanted)]
        if own:
            held = [one for one in own if not _admits(one, wanted)]
            rewrite = partial(
                python_files.required, name=wanted.name, version=wanted.version, path=path
            )
            # Without a lockfile a build goes by the constraint alone.
            edits = ((path, rewrite),) if held or not locks else ()
            yield Way(rewrites=edits, commands=_lock_commands(locks, folder, wanted))
        elif locks:
            warnings = tuple(said for lock in locks for said in _held(files, lock, path, wanted))
            yield Way(commands=_lock_commands(locks, folder, wanted), warnings=warnings)


def _admits(one: python_files.Constraint, wanted: Wanted) -> bool:
    # Pipenv writes `*` where PEP 440 writes nothing.
    constraint = "" if one.constraint == "*" else one.constraint
    return allows(one.grammar, constraint, wanted.version) is True


def _locks_of(files: Files, path: str) -> Iterator[str]:
    """Yield the lockfiles beside a manifest, or in the nearest folder above (a workspace)."""
    folder = folder_of(path)
    if path.endswith("Pipfile"):
        lock = f"{folder}/Pipfile.lock" if folder else "Pipfile.lock"
        if lock in files.texts:
            yield lock
        return
    while True:
        found = [
            lock
            for name in ("poetry.lock", "uv.lock", "pdm.lock")
            if (lock := f"{folder}/{name}" if folder else name) in files.texts
        ]
        if found or not folder:
            yield from found
            return
        folder = folder_of(folder)


def _names(files: Files, lock: str, wanted: Wanted) -> bool:
    return wanted.before in names_it("pypi", lock, files.texts[lock], wanted.name)


def _lock_commands(locks: list[str], folder: str, wanted: Wanted) -> tuple[str, ...]:
    lines = [
        _LOCKS[one.rpartition("/")[2]].format(name=wanted.name, version=wanted.version)
        for one in locks
    ]
    return run_in(folder, *lines)


def _held(files: Files, lock: str, manifest: str, wanted: Wanted) -> Iterator[str]:
    """Yield what is to know about a package that comes through others."""
    if lock.endswith("Pipfile.lock"):
        return
    direct = [one.name for one in python_files.constraints(manifest, files.texts[manifest])]
    graph = _graph(lock, files.texts[lock], direct)
    keys = graph.keys(same_name("pypi", wanted.name), wanted.before)
    yield from through(graph, keys)
    holding = [
        edge
        for edge in graph.needed_by(keys)
        if edge.range and allows("poetry", edge.range, wanted.version) is False
    ]
    yield from held_back(graph.names(holding), wanted.name)


def _graph(lock: str, text: str, direct: list[str]) -> Graph:
    read = other_graphs.poetry_lock if lock.endswith("poetry.lock") else other_graphs.uv_lock
    return read(text, direct)


_KIND: Final = Kind(type="pypi", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-python", propose=propose)
