"""Bump Go modules in go.mod.

    golang.org/x/net v0.7.0 // indirect          becomes v0.17.0, the comment stays
    replace golang.org/x/net => … v0.7.0         a replacement by the same module moves along

go.sum holds hashes and is not edited; `go mod tidy` brings it up to date. A binary counts as the
project's if go.mod names its main module, or if nobody knows its main module.
Another major version is another module in Go (`example.com/a/v2`), so no such step is offered.

What it cannot see: whether other modules need a still newer version; `go mod tidy` raises it then.
The standard library comes with the toolchain and is not this strategy's.

Source: Go Modules Reference, "go.mod files", "Minimal version selection", "Major version suffixes".
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec.structs import replace

from scantling.core.model.base import Part
from scantling.core.model.inventory import Package
from scantling.project.lockfile_lines import full_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks.bump import Kind, Wanted, Way, bumps, folder_of, run_in
from scantling.remedy.locks.line_text import go_module, go_replaces, go_requires, require_go

_MAJOR: Final = re.compile(r"(?:/v|^gopkg\.in/.*\.v)(?P<major>[0-9]++)$")
_NUMBER: Final = re.compile(r"v(?P<major>[0-9]++)\.[0-9]++\.[0-9]++.*")


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _own(situation: Situation, package: Package) -> Package | None:
    """Return the package in the binaries that the project builds; None: it is in none."""
    if package.name == "stdlib" or package.part is Part.BASE:
        return None
    modules = {go_module(situation.files.texts[one]) for one in situation.files.named("go.mod")}
    mains: dict[str, str] = {}
    for one in situation.packages:
        if one.type == "golang" and one.root:
            mains |= {location.path: full_name(one) for location in one.locations}
    own = tuple(one for one in package.locations if mains.get(one.path, "") in {"", *modules})
    if package.locations and not own:
        return None
    return package if own == package.locations else replace(package, locations=own)


def _way(files: Files, wanted: Wanted) -> Way | None:
    if not _is_same_module(wanted.name, wanted.version):
        return None
    way: Way | None = None
    for path in files.named("go.mod"):
        text = files.texts[path]
        effective = [one.constraint for one in go_requires(text) if one.name == wanted.name]
        replaced = [line for old, line in go_replaces(text) if old == wanted.name]
        if not effective and not replaced:
            continue
        found = _in_file(path, wanted, folders=any(one.elsewhere for one in replaced))
        others = sorted({one.name for one in replaced if one.name != wanted.name})
        if others and not found.warnings:
            found = Way(warnings=(f"{path} replaces it by {others[0]}: change that",))
        way = found if way is None else way.joined(found)
    return way


def _in_file(path: str, wanted: Wanted, *, folders: bool) -> Way:
    if folders:
        return Way(warnings=(f"{path} replaces it by a folder: change what is there",))
    rewrite = partial(require_go, name=wanted.name, version=wanted.version)
    return Way(
        rewrites=((path, rewrite),),
        commands=run_in(folder_of(path), f"go get {wanted.name}@{wanted.version}", "go mod tidy"),
    )


def _is_same_module(name: str, version: str) -> bool:
    """Return whether a version is one of the module: its path says the major version from 2 on."""
    number = _NUMBER.fullmatch(version)
    suffix = _MAJOR.search(name)
    if number is None:
        return False
    if suffix is not None:
        return number["major"] == suffix["major"]
    return number["major"] in {"0", "1"} or version.endswith("+incompatible")


_KIND: Final = Kind(type="golang", way=_way, own=_own, prefix="v")
PLUGIN: Final = Strategy(name="bump-golang", propose=propose)
