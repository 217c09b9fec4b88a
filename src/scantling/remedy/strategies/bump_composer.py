"""Bump PHP packages of composer.json and composer.lock.

    "guzzlehttp/guzzle": "^7.0"           takes 7.4.5 already: `composer update` is all
    "twig/twig": "~2.11.0"                does not take 2.15.3: it becomes ~2.15.3

composer.lock holds hashes of what was downloaded and of composer.json, and is not edited: the
command is named. Where the ranges in the lockfile hold a package back, those that do are named.

What it cannot see: versions that a platform package or an extension excludes.

Source: Composer, "Versions and constraints", "Command-line interface / Commands" (update).
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.project.lockfiles.entry import same_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks import json_text
from scantling.remedy.locks.bump import (
    Kind,
    Wanted,
    Way,
    bumps,
    folder_of,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.graph import ROOT, held_back, through
from scantling.remedy.locks.other_graphs import composer_lock
from scantling.remedy.locks.ranges import allows, moved
from scantling.remedy.safe import is_name

_TABLES: Final = ("require", "require-dev")
_SHOWN: Final = 3


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    way: Way | None = None
    for path in files.named("composer.json"):
        folder = folder_of(path)
        lock = f"{folder}/composer.lock" if folder else "composer.lock"
        found = (
            _locked(files, path, lock, wanted)
            if lock in files.texts
            else _unlocked(files, path, wanted)
        )
        if found is not None:
            way = found if way is None else way.joined(found)
    return way


def _unlocked(files: Files, path: str, wanted: Wanted) -> Way | None:
    if not _constraints(files.texts[path], wanted.name):
        return None
    return Way(rewrites=((path, partial(_moved, wanted=wanted)),))


def _locked(files: Files, path: str, lock: str, wanted: Wanted) -> Way | None:
    before = wanted.before.removeprefix("v")
    if before not in names_it("composer", lock, files.texts[lock], wanted.name):
        return None
    constraints = _constraints(files.texts[path], wanted.name)
    found = json_text.values(files.texts[path])
    direct = [name for table in _TABLES for name in json_text.strings(found, table)]
    graph = composer_lock(files.texts[lock], direct)
    keys = graph.keys(same_name("composer", wanted.name), wanted.before)
    holding = graph.names(
        one
        for one in graph.needed_by(keys)
        if one.source != ROOT
        and one.range
        and allows("composer", one.range, wanted.version) is not True
    )
    held = any(allows("composer", one, wanted.version) is not True for _, _, one in constraints)
    names = [one for one in holding[:_SHOWN] if is_name("composer", one)]
    return Way(
        rewrites=((path, partial(_moved, wanted=wanted)),) if held else (),
        commands=run_in(
            folder_of(path),
            f"composer update {' '.join([wanted.name, *names])} --with-all-dependencies",
        ),
        warnings=(*through(graph, keys), *held_back(holding, wanted.name)),
    )


def _constraints(text: str, name: str) -> tuple[tuple[str, str, str], ...]:
    """Return (table, name as it is written there, constraint)."""
    found = json_text.values(text)
    wanted = same_name("composer", name)
    return tuple(
        (table, own, constraint)
        for table in _TABLES
        for own, constraint in json_text.strings(found, table).items()
        if same_name("composer", own) == wanted
    )


def _moved(text: str, *, wanted: Wanted) -> str:
    for table, own, constraint in _constraints(text, wanted.name):
        made = moved("composer", constraint, wanted.version.removeprefix("v"))
        if made and made != constraint:
            text = json_text.put(text, (table, own), made)
    return text


_KIND: Final = Kind(type="composer", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-composer", propose=propose)
