"""Bump Java packages of pom.xml and gradle.lockfile.

    <version>2.13.0</version>             becomes 2.13.4.2
    <version>${jackson.version}</version> the property is changed, in the POM that has it; every
                                          package it is the version of moves with it
    a dependency of a dependency          gets an entry in the topmost POM's dependencyManagement

gradle.lockfile is written by Gradle from build files that are not read here: the command is named.

What it cannot see: versions that a parent POM or a bill of materials outside the project sets
(an entry in dependencyManagement goes before them), Gradle's build files and version catalogs.

Source: POM reference; Maven, "Introduction to the Dependency Mechanism"; Gradle, "Locking
versions".
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.core.model.inventory import Package
from scantling.project.lockfile_lines import full_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks import pom
from scantling.remedy.locks.bump import (
    Kind,
    Rewrite,
    Wanted,
    Way,
    bumps,
    folder_of,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.xml_text import Document

_INNER: Final = "!/"


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _own(situation: Situation, package: Package) -> Package | None:
    """Return the package if the project's files name it, or what lies beside it in the image."""
    if own_package(situation, package) is None or _INNER in _inside(package):
        return None
    named = _named(situation.files)
    if full_name(package) in named:
        return package
    folders = {_folder(one.path) for one in package.locations}
    beside = any(
        one.type == "maven"
        and full_name(one) in named
        and any(_folder(location.path) in folders for location in one.locations)
        for one in situation.packages
    )
    return package if beside else None


def _together(files: Files, package: Package) -> tuple[str, ...]:
    """Return the dependencies whose version is the property that is this one's."""
    documents = _documents(files)
    name = full_name(package)
    shared = {
        one.property
        for document in documents.values()
        for one in pom.dependencies(document)
        if one.name == name and one.property and pom.is_free(one.property)
    }
    found = {
        one.name
        for document in documents.values()
        for one in pom.dependencies(document)
        if one.property in shared
    }
    return tuple(sorted(found - {name}))


def _way(files: Files, wanted: Wanted) -> Way | None:
    ways = [*_gradle(files, wanted)]
    documents = _documents(files)
    if documents:
        ways.append(_maven(documents, wanted))
    if not ways:
        return None
    way = ways[0]
    for other in ways[1:]:
        way = way.joined(other)
    return way


def _maven(documents: dict[str, Document], wanted: Wanted) -> Way:
    rewrites: list[tuple[str, Rewrite]] = []
    unset = False
    for path, document in documents.items():
        for one in pom.dependencies(document):
            if one.name != wanted.name:
                continue
            if one.property:
                rewrites += _by_property(documents, one.property, wanted)
                unset = unset or not rewrites
            elif one.version:
                rewrite = partial(pom.with_version, name=wanted.name, version=wanted.version)
                rewrites.append((path, rewrite))
    if rewrites:
        return Way(rewrites=tuple(rewrites))
    top = min(documents, key=lambda path: (path.count("/"), path))
    managed = partial(pom.with_managed, name=wanted.name, version=wanted.version)
    because = "a property that is set elsewhere" if unset else "another dependency or a parent"
    return Way(
        rewrites=((top, managed),),
        warnings=(f"its version comes from {because}; dependencyManagement goes before that",),
    )


def _by_property(
    documents: dict[str, Document], name: str, wanted: Wanted
) -> Iterator[tuple[str, Rewrite]]:
    if not pom.is_free(name):
        return
    for path, document in documents.items():
        if name in pom.properties(document):
            yield path, partial(pom.with_property, name=name, version=wanted.version)


def _gradle(files: Files, wanted: Wanted) -> Iterator[Way]:
    for path in files.named("gradle.lockfile"):
        if wanted.before in names_it("maven", path, files.texts[path], wanted.name):
            line = f"gradle dependencies --update-locks {wanted.name}"
            yield Way(
                commands=run_in(folder_of(path), line),
                warnings=(f"constrain {wanted.name} in the build file first if it asks for less",),
            )


def _documents(files: Files) -> dict[str, Document]:
    return pom.readable({path: files.texts[path] for path in files.named("pom.xml")})


def _named(files: Files) -> frozenset[str]:
    """Return the names in POMs and Gradle's lockfiles."""
    found = {
        one.name for document in _documents(files).values() for one in pom.dependencies(document)
    }
    for path in files.named("gradle.lockfile"):
        found |= {
            row.rpartition("=")[0].rpartition(":")[0] for row in files.texts[path].split("\n")
        }
    return frozenset(found)


def _inside(package: Package) -> str:
    """Return where it lies in a jar that lies in a jar: another package carries it."""
    return next(
        (one.path.partition(_INNER)[2] for one in package.locations if _INNER in one.path), ""
    )


def _folder(path: str) -> str:
    """Return the archive, else the folder, that a jar lies in."""
    outer, inner, _ = path.partition(_INNER)
    return outer if inner else outer.rpartition("/")[0]


_KIND: Final = Kind(type="maven", way=_way, own=_own, together=_together)
PLUGIN: Final = Strategy(name="bump-maven", propose=propose)
