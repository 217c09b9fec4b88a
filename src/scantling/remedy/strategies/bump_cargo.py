"""Bump Rust crates of Cargo.toml and Cargo.lock.

    tokio = "1.20"                        takes 1.38.2 already: `cargo update` is all
    hyper = { version = "0.14" }          does not take 1.4.0: the version becomes 1.4.0
    [workspace.dependencies]              is edited where it stands, members inherit from it

Cargo.lock holds hashes and is not edited: `cargo update --precise` is named. A crate that comes
through others moves within its compatible line; beyond, the crates that hold it are named.

What it cannot see: the ranges that crates give, which Cargo.lock does not repeat.

Source: The Cargo Book, "Specifying Dependencies", "Cargo.toml vs Cargo.lock", cargo-update(1).
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec import Struct

from scantling.remedy.api import Files, Proposal, Situation, Strategy
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
from scantling.remedy.locks.graph import held_back, through
from scantling.remedy.locks.other_graphs import cargo_lock
from scantling.remedy.locks.ranges import allows, moved
from scantling.remedy.locks.toml_text import Literal, literals, replaced
from scantling.remedy.safe import is_name

_SHOWN: Final = 3
_TABLES: Final = frozenset({"dependencies", "dev-dependencies", "build-dependencies"})


class _Constraint(Struct, frozen=True):
    name: str
    literal: Literal


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    way: Way | None = None
    for path in files.named("Cargo.lock"):
        if wanted.before in names_it("cargo", path, files.texts[path], wanted.name):
            found = _locked(files, path, wanted)
            way = found if way is None else way.joined(found)
    if way is not None:
        return way
    named = [
        path
        for path in files.named("Cargo.toml")
        if any(one.name == wanted.name for one in _constraints(files.texts[path]))
    ]
    if not named:
        return None
    rewrite = partial(_moved, name=wanted.name, version=wanted.version)
    return Way(
        rewrites=tuple((path, rewrite) for path in named),
        commands=run_in(folder_of(named[0]), f"cargo update -p {wanted.name}"),
    )


def _locked(files: Files, path: str, wanted: Wanted) -> Way:
    folder = folder_of(path)
    graph = cargo_lock(files.texts[path])
    keys = graph.keys(wanted.name, wanted.before)
    edges = graph.needed_by(keys)
    others = [one for one in edges if one.source not in graph.roots]
    way = Way(warnings=through(graph, keys))
    if len(others) < len(edges):
        way = way.joined(_held_directly(files, folder, wanted))
    lines = []
    if others and allows("cargo", wanted.before, wanted.version) is not True:
        # Nothing here tells which version of those would do, so they go as far as they may.
        names = graph.names(others)
        way = way.joined(Way(warnings=held_back(names, wanted.name)))
        lines = [f"cargo update -p {one}" for one in names[:_SHOWN] if is_name("cargo", one)]
    which = wanted.name if wanted.alone else f"{wanted.name}@{wanted.before}"
    precise = f"cargo update -p {which} --precise {wanted.version}"
    return way.joined(Way(commands=run_in(folder, *(lines or [precise]))))


def _held_directly(files: Files, folder: str, wanted: Wanted) -> Way:
    """Return the edits of the manifests that had this version and do not take the new one."""
    rewrite = partial(_moved, name=wanted.name, version=wanted.version)
    return Way(
        rewrites=tuple(
            (path, rewrite)
            for path in files.named("Cargo.toml")
            if not folder or path.startswith(f"{folder}/")
            if any(
                one.name == wanted.name
                and allows("cargo", one.literal.text, wanted.before) is not False
                and allows("cargo", one.literal.text, wanted.version) is not True
                for one in _constraints(files.texts[path])
            )
        )
    )


def _constraints(text: str) -> list[_Constraint]:
    found: list[tuple[tuple[str, ...], Literal]] = []
    renamed: dict[tuple[str, ...], str] = {}
    for literal in literals(text):
        at = next((at for at, key in enumerate(literal.path) if key in _TABLES), -1)
        if at < 0 or literal.path[:1] == ("package",):
            continue
        where, rest = literal.path[: at + 2], literal.path[at + 1 :]
        match rest:
            case (_,) | (_, "version"):
                found.append((where, literal))
            case (_, "package"):
                renamed[where] = literal.text
            case _:
                pass
    return [_Constraint(renamed.get(where, where[-1]), literal) for where, literal in found]


def _moved(text: str, *, name: str, version: str) -> str:
    for one in reversed(_constraints(text)):
        if one.name == name:
            made = moved("cargo", one.literal.text, version)
            if made and made != one.literal.text:
                text = replaced(text, one.literal, made)
    return text


_KIND: Final = Kind(type="cargo", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-cargo", propose=propose)
