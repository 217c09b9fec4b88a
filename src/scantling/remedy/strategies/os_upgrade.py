"""Upgrade packages of the operating system: per source package the smallest version that helps.

`openssl 3.0.11-1~deb12u2` has findings that are fixed in `…deb12u3` and `3.0.15-1~deb12u1`: all
binary packages of that source go to the second. Steps of one size (patch, minor, major) and one
kind of package are one action: one RUN in the Dockerfile behind the instruction that brought them,
with exact versions. A version that the Dockerfile pins already is changed where it stands.

What it cannot see: whether the distribution's mirror still has that very version (Debian and Alpine
keep only the newest; the build then fails rather than going on unfixed), and packages that need
another, new package. Nothing is edited where the image has no package manager, or where the build
is not known to run as root.

Source: apt-get(8), "install", --only-upgrade; apk(8), "add"; DNF command reference, "upgrade".
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.core import purl
from scantling.core.model.finding import Finding
from scantling.core.model.inventory import Package
from scantling.core.model.plan import ActionKind, Effort
from scantling.remedy.api import Proposal, Situation, Strategy
from scantling.remedy.choose import Choice, choices, worthwhile
from scantling.remedy.links import reading
from scantling.remedy.runs import Wanted, editor, manager_of, run_lines
from scantling.remedy.swap import at_version

_SYSTEM: Final = frozenset({"apk", "deb", "rpm"})
_LISTED: Final = 4


class _Step(Struct, frozen=True, kw_only=True):
    """One source package's step: its binary packages before and after."""

    name: str
    before: str
    choice: Choice
    packages: tuple[Package, ...]
    links: tuple[str, ...]


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield one proposal for each ecosystem and size of step, smallest steps first."""
    groups: dict[tuple[str, Effort], list[_Step]] = {}
    for ecosystem, packages in _sources(situation):
        for step in _steps(situation, packages):
            groups.setdefault((ecosystem, step.choice.effort), []).append(step)
    for (ecosystem, effort), steps in sorted(groups.items()):
        yield _proposal(situation, ecosystem, effort, steps)


def _sources(situation: Situation) -> Iterator[tuple[str, tuple[Package, ...]]]:
    """Yield the binary packages of each source that has findings, with their ecosystem."""
    sources: dict[tuple[str, str, str], list[Package]] = {}
    for package in situation.packages:
        if package.type in _SYSTEM and not package.owner:
            name = package.source_name or package.name
            sources.setdefault((package.ecosystem, name, _stands_at(package)), []).append(package)
    affected = {(one.purl, one.owner) for one in situation.findings}
    for (ecosystem, _, _), packages in sorted(sources.items()):
        if any((one.purl, "") in affected for one in packages):
            yield ecosystem, tuple(packages)


def _steps(situation: Situation, packages: tuple[Package, ...]) -> Iterator[_Step]:
    findings: list[Finding] = [
        one for package in packages for one in situation.open_findings(package)
    ]
    first = packages[0]
    version = _stands_at(first)
    found = worthwhile(choices(situation, packages, findings, version=version, at=_at))
    if found:
        # Within a distribution's release there is one line of versions: the least is enough only
        # where a greater step clears nothing more, which is how choices() makes its list.
        choice = found[-1]
        yield _Step(
            name=first.source_name or first.name,
            before=version,
            choice=choice,
            packages=packages,
            links=reading(findings),
        )


def _stands_at(package: Package) -> str:
    """Return the version that fixes are compared with: advisories for rpm name binary packages."""
    return package.version if package.type == "rpm" else package.source_version or package.version


def _at(package: Package, version: str) -> Package:
    """Return a binary package as built from its source at a version.

    Debian appends `+b1` to a rebuild without changes, which the next version does not have. Where
    a binary package has versions of its own they cannot be told: it keeps its own, and its
    source's version changes.
    """
    if not tells_version(package):
        return at_version(package, package.version, source_version=version)
    if package.type == "rpm" or not package.source_version:
        return at_version(package, version)
    return at_version(package, version, source_version=version)


def tells_version(package: Package) -> bool:
    """Return whether the package's version is its source's, so that both change together."""
    source = package.source_version
    if package.type == "rpm" or not source or source == package.version:
        return True
    return package.version.startswith(f"{source}+b")


def _proposal(situation: Situation, ecosystem: str, effort: Effort, steps: list[_Step]) -> Proposal:
    steps = sorted(steps, key=lambda one: (-len(one.choice.clears), one.name))
    removed = tuple(one for step in steps for one in step.packages)
    added = tuple(one for step in steps for one in step.choice.packages)
    wanted = tuple(
        Wanted(package=package, version=step.choice.version if tells_version(package) else "")
        for step in steps
        for package in step.packages
    )
    manager = manager_of(ecosystem, situation.packages)
    edit = editor(situation, wanted, manager)
    single = steps[0] if len(steps) == 1 else None
    return Proposal(
        kind=ActionKind.UPGRADE_OS,
        title=_title(steps, removed),
        subject=_source_purl(single) if single else f"{ecosystem} ({effort})",
        before=single.before if single else f"{len(removed)} packages",
        after=single.choice.version if single else f"{len(steps)} newer source packages",
        removed=removed,
        added=added,
        aims=tuple(sorted({one for step in steps for one in step.choice.clears})),
        # Without a package manager somebody else has to build the base anew.
        effort=effort if manager else Effort.UNKNOWN,
        edit=edit.edits,
        commands=run_lines(wanted, manager),
        warnings=edit.warnings,
        links=tuple(dict.fromkeys(link for step in steps for link in step.links))[:10],
        place=edit.place,
    )


def _title(steps: list[_Step], removed: tuple[Package, ...]) -> str:
    shown = [f"{one.name} to {one.choice.version}" for one in steps[:_LISTED]]
    more = f" and {len(steps) - _LISTED} more" if len(steps) > _LISTED else ""
    if len(steps) == 1:
        return f"Upgrade {shown[0]}"
    return (
        f"Upgrade {len(removed)} system packages of {len(steps)} sources: {', '.join(shown)}{more}"
    )


def _source_purl(step: _Step) -> str:
    first = step.packages[0]
    return purl.build(first.type, first.namespace, step.name)


PLUGIN: Final = Strategy(name="os-upgrade", propose=propose)
