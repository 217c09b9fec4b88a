"""Upgrade language packages that no lockfile or manifest of the project names.

    RUN pip install django==2.2            the pin is changed where it stands
    COPY vendor/ /app/                     the version to bring is named, there is nothing to edit

Of each package the smallest versions that help, at most one for each size of step: within the same
line if that removes something, and beyond if that removes more. All versions of a package that are
there and have findings are changed together. The strategies for lockfiles care for the rest.

What it cannot see: whether other packages accept that version; what installs them decides that.

Source: pip install, npm install and gem install, their manuals ("version specifiers").
"""

from collections.abc import Iterator
from typing import Final

from scantling.core import purl
from scantling.core.model.inventory import Package
from scantling.core.model.place import PlaceKind
from scantling.core.model.plan import ActionKind, Edit, Effort
from scantling.project.dockerfile.edits import Edited, pin
from scantling.project.dockerfile.model import Dockerfile, Instruction
from scantling.project.lockfile_lines import full_name
from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.choose import Choice, choices, worthwhile
from scantling.remedy.distance import distance, farthest
from scantling.remedy.links import reading
from scantling.remedy.safe import is_name, is_version
from scantling.versions.registry import scheme_for

_INSTALLS: Final = {
    "pypi": 'pip install "{name}=={version}"',
    "npm": "npm install {name}@{version}",
    "gem": "gem install {name} -v {version}",
    "composer": "composer require {name}:{version}",
    "nuget": "dotnet add package {name} --version {version}",
    "maven": "mvn versions:use-dep-version -Dincludes={name} -DdepVersion={version}",
}
"""How each ecosystem's own tool brings a version in; also the types this is about."""
_FILES: Final = frozenset({PlaceKind.LOCKFILE, PlaceKind.MANIFEST})


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    affected = {(one.purl, one.owner) for one in situation.findings}
    groups: dict[str, list[Package]] = {}
    for package in situation.packages:
        at = (package.purl, package.owner)
        if at in affected and not package.owner and package.type in _INSTALLS:
            groups.setdefault(purl.without_version(package.purl), []).append(package)
    for subject, packages in sorted(groups.items()):
        named = any(
            place.kind in _FILES for one in packages for place in situation.places.get(one.purl, ())
        )
        if not named:
            yield from _proposals(situation, subject, packages)


def _proposals(situation: Situation, subject: str, packages: list[Package]) -> Iterator[Proposal]:
    key = scheme_for(packages[0].ecosystem).key
    packages = [one for one in packages if key(one.version) is not None]
    # From the highest version that is there, so that no other one goes down.
    packages.sort(key=lambda one: (key(one.version) or b"", one.purl), reverse=True)
    findings = [one for package in packages for one in situation.open_findings(package)]
    if not packages or not findings:
        return
    for choice in worthwhile(choices(situation, tuple(packages), findings)):
        yield _proposal(situation, subject, packages, choice)


def _proposal(
    situation: Situation, subject: str, packages: list[Package], choice: Choice
) -> Proposal:
    name = full_name(packages[0])
    stands = ", ".join(dict.fromkeys(one.version for one in packages))
    paths = [where.path for one in packages for where in one.locations]
    edited = _edited(situation.files, packages, choice.version)
    findings = [one for package in packages for one in situation.open_findings(package)]
    return Proposal(
        kind=ActionKind.BUMP,
        title=f"Upgrade {name} to {choice.version}",
        subject=subject,
        before=stands,
        after=choice.version,
        removed=tuple(packages),
        added=tuple({one.purl: one for one in choice.packages}.values()),
        aims=choice.clears,
        effort=_effort(packages, choice.version),
        edit=lambda files: _edits(files, packages, choice.version),
        commands=_commands(packages[0], name, choice.version),
        warnings=()
        if edited
        else (f"no file of the project names it; it is at {', '.join(paths[:2])}",),
        links=reading(findings),
        place=edited[1].place(situation.files.dockerfile) if edited else None,
    )


def _effort(packages: list[Package], version: str) -> Effort:
    return farthest(tuple(distance(one.type, one.version, version) for one in packages))


def _commands(package: Package, name: str, version: str) -> tuple[str, ...]:
    if not is_name(package.type, name) or not is_version(version):
        return ()
    return (_INSTALLS[package.type].format(name=name, version=version),)


def _edits(files: Files, packages: list[Package], version: str) -> tuple[Edit, ...]:
    edited = _edited(files, packages, version)
    if edited is None:
        return ()
    before = files.texts[files.dockerfile]
    return (Edit(path=files.dockerfile, before=before, after=edited[0].text),)


def _edited(
    files: Files, packages: list[Package], version: str
) -> tuple[Edited, Instruction] | None:
    """Return the Dockerfile with the pin changed, and its instruction; None: it has no pin."""
    dockerfile = files.parsed()
    if dockerfile is None or not is_version(version):
        return None
    for name in dict.fromkeys(full_name(one) for one in packages):
        found = _pinned(dockerfile, files.target, name, version)
        if found is not None and is_name(packages[0].type, name):
            return found
    return None


def _pinned(
    file: Dockerfile, target: str, name: str, version: str
) -> tuple[Edited, Instruction] | None:
    for stage in file.chain(target):
        for instruction in stage.instructions:
            edited = pin(file, instruction, name, version)
            if edited is not None:
                return edited, instruction
    return None


PLUGIN: Final = Strategy(name="packages", propose=propose)
