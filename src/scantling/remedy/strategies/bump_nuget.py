"""Bump .NET packages of project files, Directory.Packages.props and packages.config.

    <PackageReference Include="Newtonsoft.Json" Version="12.0.1" />    the version is changed
    <PackageVersion Include="…" Version="$(JsonVersion)" />            the property is changed
    a dependency of a dependency                                       gets a reference of its own

A reference of the project's own goes before what its dependencies ask for. packages.lock.json holds
hashes and is not edited: `dotnet restore --force-evaluate` writes it anew.

What it cannot see: versions that imported files outside the project set, conditions on groups, and
assembly references that packages.config goes with.

Source: NuGet, "PackageReference in project files", "Central Package Management", "How NuGet
resolves package dependencies" (direct dependency wins).
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.core.errors import InputError
from scantling.project.lockfiles.entry import same_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks import dotnet, xml_text
from scantling.remedy.locks.bump import (
    Kind,
    Rewrite,
    Wanted,
    Way,
    bumps,
    folder_of,
    is_path,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.graph import through
from scantling.remedy.locks.other_graphs import nuget_lock

_PROJECTS: Final = (".csproj", ".fsproj", ".vbproj")
_CENTRAL: Final = "Directory.Packages.props"
_LOCK: Final = "packages.lock.json"


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    documents = _documents(files)
    rewrites = tuple(_moves(documents, wanted))
    locks = [
        path
        for path in files.named(_LOCK)
        if wanted.before in names_it("nuget", path, files.texts[path], wanted.name)
    ]
    if rewrites:
        restores = [_restore(path) for path in locks]
        way = Way(rewrites=rewrites)
        for commands in restores:
            way = way.joined(Way(commands=commands))
        return way
    ways = [_transitive(files, documents, lock, wanted) for lock in locks]
    if not ways:
        return None
    way = ways[0]
    for other in ways[1:]:
        way = way.joined(other)
    return way


def _moves(
    documents: dict[str, xml_text.Document], wanted: Wanted
) -> Iterator[tuple[str, Rewrite]]:
    """Yield the rewrites of the files that have the package's version, or the property it is."""
    for path, document in documents.items():
        for one in dotnet.references(document):
            if same_name("nuget", one.name) != same_name("nuget", wanted.name):
                continue
            if one.property:
                for other, holder in documents.items():
                    if one.property in dotnet.properties(holder):
                        yield (
                            other,
                            partial(
                                dotnet.with_property, name=one.property, version=wanted.version
                            ),
                        )
            elif one.version:
                yield path, partial(dotnet.with_version, name=wanted.name, version=wanted.version)


def _transitive(
    files: Files, documents: dict[str, xml_text.Document], lock: str, wanted: Wanted
) -> Way:
    """Return a reference of its own in the project that the lockfile is of."""
    folder = folder_of(lock)
    graph = nuget_lock(files.texts[lock])
    keys = graph.keys(same_name("nuget", wanted.name), wanted.before)
    way = Way(warnings=through(graph, keys))
    projects = [
        path for path in documents if path.endswith(_PROJECTS) and folder_of(path) == folder
    ]
    if len(projects) != 1:
        return way
    project = projects[0]
    central = _central(documents, folder)
    version = "" if central else wanted.version
    edits = [
        (
            project,
            partial(
                dotnet.with_reference,
                name=wanted.name,
                version=version,
                element="PackageReference",
            ),
        )
    ]
    if central:
        edits.append(
            (
                central,
                partial(
                    dotnet.with_reference,
                    name=wanted.name,
                    version=wanted.version,
                    element="PackageVersion",
                ),
            )
        )
    name = project.rpartition("/")[2]
    added = (
        run_in(folder, f"dotnet add {name} package {wanted.name} --version {wanted.version}")
        if is_path(name)
        else ()
    )
    return way.joined(Way(rewrites=tuple(edits), commands=(*added, *_restore(lock))))


def _restore(lock: str) -> tuple[str, ...]:
    return run_in(folder_of(lock), "dotnet restore --force-evaluate")


def _central(documents: dict[str, xml_text.Document], folder: str) -> str:
    """Return the nearest Directory.Packages.props over a folder; empty if there is none."""
    while True:
        path = f"{folder}/{_CENTRAL}" if folder else _CENTRAL
        if path in documents:
            return path
        if not folder:
            return ""
        folder = folder_of(folder)


def _documents(files: Files) -> dict[str, xml_text.Document]:
    found: dict[str, xml_text.Document] = {}
    for path, text in sorted(files.texts.items()):
        if not path.endswith((*_PROJECTS, ".props", "packages.config")):
            continue
        try:
            found[path] = xml_text.read(text)
        except InputError:
            continue  # It cannot be edited either; what it names is looked for elsewhere.
    return found


_KIND: Final = Kind(type="nuget", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-nuget", propose=propose)
