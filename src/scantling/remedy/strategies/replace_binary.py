"""Build programs again: Go and Rust binaries whose modules, or whose toolchain, have a fix.

A binary tells which modules it was made of (`stdlib` is the Go toolchain's library). Each module
with findings has a smallest version that helps; the action says which toolchain and modules the
binary must at least be built with, and which instruction brought it. Binaries that share such a
module are one action, since replacing one of them leaves the finding.

What it cannot see: where the source is, and whether a newer release of the program exists. So
there is no edit. A binary of a system package is only concerned where its distribution is silent
about the flaw; then the package's name is in a warning.

Source: Go module version numbering, https://go.dev/doc/modules/version-numbers; cargo-auditable.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core import purl
from scantling.core.model.base import Part
from scantling.core.model.inventory import Package
from scantling.core.model.plan import ActionKind
from scantling.remedy.api import Proposal, Situation, Strategy
from scantling.remedy.choose import Choice, choices
from scantling.remedy.distance import farthest
from scantling.remedy.links import reading
from scantling.remedy.safe import is_name, is_version

_CATALOGERS: Final = frozenset({"golang-binary", "golang-unmarked", "rust-auditable"})
_STDLIB: Final = "stdlib"
_LISTED: Final = 3


class _Module(Struct, frozen=True, kw_only=True):
    """A module with findings, and the version that helps."""

    package: Package
    choice: Choice
    links: tuple[str, ...]


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield one proposal for each set of binaries that share what must be replaced, by path."""
    sets: list[tuple[set[str], list[_Module]]] = []
    for module in _modules(situation):
        paths = {where.path for where in module.package.locations}
        touching = [one for one in sets if one[0] & paths]
        sets = [one for one in sets if not one[0] & paths]
        for other_paths, _ in touching:
            paths |= other_paths
        modules = [module, *(one for _, others in touching for one in others)]
        sets.append((paths, modules))
    for found, modules in sorted(sets, key=lambda one: min(one[0])):
        yield _proposal(situation, sorted(found), modules)


def _modules(situation: Situation) -> Iterator[_Module]:
    affected = {(one.purl, one.owner) for one in situation.findings}
    for package in situation.packages:
        if (package.purl, package.owner) not in affected:
            continue
        if not _CATALOGERS & {*package.catalogers} or not package.locations:
            continue
        findings = situation.open_findings(package)
        found = choices(situation, (package,), findings)
        if found:
            yield _Module(package=package, choice=found[-1], links=reading(findings))


def _proposal(situation: Situation, paths: list[str], modules: list[_Module]) -> Proposal:
    modules = sorted(modules, key=lambda one: (one.package.name != _STDLIB, one.package.purl))
    needs = [_need(one) for one in modules]
    shown = ", ".join(paths[:_LISTED])
    more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
    listed = ", ".join(needs[:_LISTED])
    more_needs = f" and {len(needs) - _LISTED} more modules" if len(needs) > _LISTED else ""
    return Proposal(
        kind=ActionKind.REPLACE,
        title=f"Build {shown}{more} again with {listed}{more_needs}",
        subject=", ".join(paths),
        before=", ".join(f"{one.package.name} {one.package.version}" for one in modules),
        after=", ".join(needs),
        removed=tuple(one.package for one in modules),
        added=tuple(one.choice.packages[0] for one in modules),
        aims=tuple(sorted({one for module in modules for one in module.choice.clears})),
        effort=farthest(tuple(one.choice.effort for one in modules)),
        commands=tuple(_commands(modules)),
        warnings=tuple(_origins(situation, modules)),
        links=tuple(dict.fromkeys(link for one in modules for link in one.links))[:10],
    )


def _need(module: _Module) -> str:
    name = "Go" if module.package.name == _STDLIB else _full(module.package)
    return f"{name} {module.choice.version}"


def _full(package: Package) -> str:
    return f"{package.namespace}/{package.name}" if package.namespace else package.name


def _commands(modules: list[_Module]) -> Iterator[str]:
    """Yield what to run in the program's own source, for modules that may be written."""
    for one in modules:
        name, version = _full(one.package), one.choice.version
        if not is_version(version) or not is_name(one.package.type, name):
            continue
        if one.package.type == "golang" and name != _STDLIB:
            yield f"go get {name}@{version if version.startswith('v') else f'v{version}'}"
        if one.package.type == "cargo":
            yield f"cargo update --package {name} --precise {version}"


def _origins(situation: Situation, modules: list[_Module]) -> Iterator[str]:
    """Yield where the binaries came from: the instruction of each layer, or the base image."""
    layers = {where.layer: one.package.part for one in modules for where in one.package.locations}
    for owner in sorted({one.package.owner for one in modules} - {""}):
        yield f"it belongs to {purl.name_of(owner)}, whose distribution says nothing about this"
    for index, part in sorted(layers.items()):
        if part is Part.BASE:
            yield "it came with the base image: a newer base may bring it"
        elif 0 <= index < len(situation.image.layers):
            created_by = situation.image.layers[index].created_by
            yield f"it came with layer {index}" + (f": {created_by[:120]}" if created_by else "")


PLUGIN: Final = Strategy(name="replace-binary", propose=propose)
