"""What all strategies that bump dependencies share: from findings to proposals.

A strategy says by which way a package gets to a version: which files to rewrite, what to run. Here
the version is chosen, the way becomes a proposal, and each rewrite is checked: it may change what
the file says about the package it is for, and about no other.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.core import purl
from scantling.core.errors import InputError
from scantling.core.model.base import Part
from scantling.core.model.finding import Finding
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place, PlaceKind
from scantling.core.model.plan import ActionKind, Edit, Effort
from scantling.project.lockfile_lines import entries, format_of, full_name
from scantling.project.lockfiles.entry import same_name
from scantling.remedy.api import Files, Proposal, Situation
from scantling.remedy.choose import Choice, choices, worthwhile
from scantling.remedy.locks.pages import links_of
from scantling.remedy.safe import is_name, is_version
from scantling.remedy.swap import at_version

_PATH: Final = re.compile(
    r"[A-Za-z0-9._@+][A-Za-z0-9._@+-]*+(?:/[A-Za-z0-9._@+][A-Za-z0-9._@+-]*+)*+"
)
_FILES: Final = frozenset({PlaceKind.LOCKFILE, PlaceKind.MANIFEST})
# Copies that another package carries in itself. Only a newer one of that package changes them.
_CARRIED: Final = re.compile(r"(?:^|/)(?:_vendor|vendored)/|(?:^|/)lib/node_modules/")

Rewrite = Callable[[str], str]


class Wanted(Struct, frozen=True, kw_only=True):
    """A package that is to come in at another version. `name` is as lockfiles write it.

    `before` and `version` are as the ecosystem writes versions (Go: with a `v`). `alone` is False
    where the image has other versions of it too, which stay.
    """

    package: Package
    name: str
    before: str
    version: str
    alone: bool = True


class Way(Struct, frozen=True, kw_only=True):
    """How it gets there: (path, rewrite) pairs in order, and what to run, from the project's root.

    A rewrite gives a file's new text from the one it has then; the same text: nothing to change.
    """

    rewrites: tuple[tuple[str, Rewrite], ...] = ()
    commands: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def joined(self, other: "Way") -> "Way":
        """Return both, one after the other."""
        return Way(
            rewrites=self.rewrites + other.rewrites,
            commands=tuple(dict.fromkeys(self.commands + other.commands)),
            warnings=tuple(dict.fromkeys(self.warnings + other.warnings)),
        )


def _just(files: Files, package: Package) -> tuple[str, ...]:
    del files, package
    return ()


class Kind(Struct, frozen=True, kw_only=True):
    """An ecosystem's strategy.

    `way` returns how a package gets to a version, None if the project does not bring it. `own`
    returns the part of a package that the project brings, None for none of it. `together` returns
    names of other packages whose version is the same setting.
    """

    type: str
    way: Callable[[Files, Wanted], Way | None]
    own: Callable[[Situation, Package], Package | None]
    together: Callable[[Files, Package], tuple[str, ...]] = _just
    prefix: str = ""
    """What versions begin with (`v` in Go)."""


def bumps(situation: Situation, kind: Kind) -> Iterator[Proposal]:
    """Yield the proposals of one ecosystem, by package URL, smallest steps first."""
    affected = {(one.purl, one.owner) for one in situation.findings}
    versions = Counter(purl.without_version(one.purl) for one in situation.packages)
    done: set[str] = set()
    for package in situation.packages:
        if package.type != kind.type or package.owner or package.purl in done:
            continue
        if (package.purl, package.owner) not in affected or package.root:
            continue
        own = kind.own(situation, package)
        if own is None or not is_name(kind.type, full_name(package)):
            continue
        group = (package, *_others(situation, kind, package))
        done |= {one.purl for one in group}
        alone = versions[purl.without_version(package.purl)] == 1
        yield from _proposals(situation, kind, group, own, alone=alone)


def own_package(situation: Situation, package: Package) -> Package | None:
    """Return the part of a package that the project may bring; None: the base image did, or a tool.

    What lies inside another package, or among Node's global packages, is left out.
    """
    del situation
    if package.part is Part.BASE and package.type != "pypi":
        return None
    own = tuple(one for one in package.locations if not _CARRIED.search(one.path))
    if package.locations and not own:
        return None
    return package if own == package.locations else replace(package, locations=own)


def names_it(type_: str, path: str, text: str, name: str) -> Iterator[str]:
    """Yield the versions that a file has of a package; an empty one where it has a range."""
    known = format_of(path)
    if known is None or known.type != type_:
        return
    wanted = same_name(type_, name)
    for entry in entries(path, text):
        if same_name(type_, entry.name) == wanted:
            yield entry.version


def folder_of(path: str) -> str:
    """Return the folder of a file; empty for the root."""
    return path.rpartition("/")[0]


def run_in(folder: str, *commands: str) -> tuple[str, ...]:
    """Return commands to run in a folder; none if its name is not one to write in a command."""
    if not folder:
        return commands
    return tuple(f"cd {folder} && {one}" for one in commands) if is_path(folder) else ()


def is_path(path: str) -> bool:
    """Return whether a path may be written into a command."""
    return bool(_PATH.fullmatch(path)) and ".." not in PurePosixPath(path).parts


def _others(situation: Situation, kind: Kind, package: Package) -> tuple[Package, ...]:
    """Return the image's packages that move with one: the same version, by the same setting."""
    names = kind.together(situation.files, package)
    return tuple(
        one
        for one in situation.packages
        if one.type == kind.type
        and one.version == package.version
        and one.purl != package.purl
        and not one.owner
        and full_name(one) in names
    )


def _proposals(
    situation: Situation, kind: Kind, group: tuple[Package, ...], own: Package, *, alone: bool
) -> Iterator[Proposal]:
    package = group[0]
    findings = [one for each in group for one in situation.open_findings(each)]

    def at(one: Package, version: str) -> Package:
        return at_version(one, _written(kind, version))

    for choice in worthwhile(choices(situation, group, findings, at=at)):
        version = _written(kind, choice.version)
        if not is_version(version) or not is_version(package.version):
            continue
        wanted = Wanted(
            package=package,
            name=full_name(package),
            before=package.version,
            version=version,
            alone=alone,
        )
        way = kind.way(situation.files, wanted)
        if way is not None:
            bump = _Bump(
                wanted=wanted,
                choice=choice,
                group=group,
                own=own,
                way=way,
                findings=tuple(findings),
            )
            yield _proposal(situation, bump)


def _written(kind: Kind, version: str) -> str:
    return kind.prefix + version.removeprefix(kind.prefix) if kind.prefix else version


class _Bump(Struct, frozen=True, kw_only=True):
    """What a proposal is made of; `own` is the part of the first of `group` that is exchanged."""

    wanted: Wanted
    choice: Choice
    group: tuple[Package, ...]
    own: Package
    way: Way
    findings: tuple[Finding, ...]


def _proposal(situation: Situation, bump: _Bump) -> Proposal:
    wanted, choice, group, way = bump.wanted, bump.choice, bump.group, bump.way
    package = wanted.package
    subject = purl.without_version(package.purl) if wanted.alone else package.purl
    # What lies elsewhere too (a tool's own copy) stays there, and keeps its findings.
    kept = tuple(one for one in package.locations if one not in bump.own.locations)
    stays = (replace(package, locations=kept),) if kept and bump.own.locations else ()
    places = situation.places.get(package.purl, ())
    others = ", ".join(full_name(one) for one in group[1:])
    return Proposal(
        kind=ActionKind.BUMP,
        title=f"Upgrade {wanted.name} from {wanted.before} to {wanted.version}",
        subject=subject,
        before=wanted.before,
        after=wanted.version,
        removed=group,
        added=(*choice.packages, *stays),
        aims=choice.clears,
        effort=choice.effort,
        edit=_Editor(package.type, wanted.name, way).edits,
        commands=way.commands,
        warnings=(
            *_cautions(situation, wanted, choice),
            *(
                [f"the same setting moves {others}: see that there is such a version"]
                if others
                else ()
            ),
            *way.warnings,
        ),
        links=links_of(package.type, wanted.name, wanted.version, bump.findings),
        place=_place(places),
    )


def _cautions(situation: Situation, wanted: Wanted, choice: Choice) -> Iterator[str]:
    if choice.effort is Effort.MAJOR:
        yield f"{wanted.before} to {wanted.version} is a major step: read the release notes first"
    known = situation.versions.get(purl.without_version(wanted.package.purl), ())
    if known and choice.version not in known and wanted.version not in known:
        yield f"{wanted.version} is not among the versions known to be published"


def _place(places: tuple[Place, ...]) -> Place | None:
    return next((one for one in places if one.kind in _FILES), None)


class _Editor:
    """Makes a way's edits of the files as they are when it is asked."""

    def __init__(self, type_: str, name: str, way: Way) -> None:
        self._type = type_
        self._name = name
        self._way = way

    def edits(self, files: Files) -> tuple[Edit, ...]:
        """Return one edit for each file that changes. Raises InputError."""
        texts: dict[str, str] = {}
        for path, rewrite in self._way.rewrites:
            before = texts.get(path, files.texts.get(path))
            if before is not None:
                texts[path] = rewrite(before)
        found = []
        for path, after in texts.items():
            before = files.texts[path]
            if after != before:
                self._check(path, before, after)
                found.append(Edit(path=path, before=before, after=after))
        return tuple(found)

    def _check(self, path: str, before: str, after: str) -> None:
        """Raise InputError if the file would say something else about another package."""
        own = same_name(self._type, self._name)
        old, new = (
            Counter(
                (same_name(self._type, one.name), one.version)
                for one in entries(path, text)
                if same_name(self._type, one.name) != own
            )
            for text in (before, after)
        )
        if old != new and not path.endswith("pom.xml"):
            raise InputError("parse.failed", f"the edit of {path} would change another package")
