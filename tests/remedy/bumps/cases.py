"""Situations for the strategies that bump dependencies: files, packages, and what fixes them."""

from collections.abc import Iterator
from urllib.parse import quote

from msgspec.structs import replace

from scantling.core import purl
from scantling.core.model.advisory import Fix, Level
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.image import Image
from scantling.core.model.inventory import Location, Package
from scantling.project.lockfile_lines import full_name, lockfile_places
from scantling.remedy.api import Files, Proposal, Situation
from scantling.remedy.registry import STRATEGIES
from scantling.remedy.swap import exchanged
from scantling.versions.registry import scheme_for

IMAGE = Image(reference="example.com/shop:1", kind="docker-archive")
_WHERE = {
    "npm": "app/node_modules/{name}/package.json",
    "pypi": "usr/lib/python3.12/site-packages/{name}.dist-info/METADATA",
    "golang": "app/server",
    "maven": "app/app.jar!/BOOT-INF/lib/{name}.jar",
}


def package(type_: str, name: str, version: str, *, path: str = "", root: bool = False) -> Package:
    """Return a package; `name` is as lockfiles write it."""
    sign = ":" if type_ == "maven" else "/"
    namespace, _, short = name.rpartition(sign)
    where = path or _WHERE.get(type_, "app/{name}").format(name=name)
    return Package(
        purl=purl.build(type_, namespace, short, version),
        type=type_,
        ecosystem=type_,
        namespace=namespace,
        name=short,
        version=version,
        locations=(Location(path=where, layer=1),),
        root=root,
    )


def situation(
    files: dict[str, str], packages: tuple[Package, ...], fixed: dict[str, tuple[str, ...]]
) -> Situation:
    """Return a situation in which each package of `fixed` has a flaw below each of the versions."""
    packages = tuple(sorted(packages, key=lambda one: (one.purl, one.owner)))

    def judged(some: tuple[Package, ...]) -> tuple[Finding, ...]:
        return tuple(_findings(some, fixed))

    return Situation(
        image=IMAGE,
        packages=packages,
        findings=judged(packages),
        files=Files(texts=files),
        places=lockfile_places(packages, files),
        judged=judged,
    )


def _findings(
    packages: tuple[Package, ...], fixed: dict[str, tuple[str, ...]]
) -> Iterator[Finding]:
    for one in packages:
        key = scheme_for(one.ecosystem).key
        for number, version in enumerate(fixed.get(full_name(one), ()), 1):
            at, least = key(one.version), key(version)
            assert at is not None, one.version
            assert least is not None, version
            if at < least:
                name = f"CVE-2026-{number:04}"
                yield Finding(
                    id=name,
                    purl=one.purl,
                    identity=f"{name}:{quote(full_name(one))}",
                    state=FindingState.OPEN,
                    severity=Level.HIGH,
                    fix=Fix.FIXED,
                    fixed_in=(version,),
                )


def proposals(strategy: str, found: Situation) -> tuple[Proposal, ...]:
    """Return what a strategy proposes; each is applied to the inventory and must hold."""
    made = tuple(STRATEGIES[strategy].propose(found))
    before = {one.identity for one in found.findings}
    for one in made:
        after = exchanged(found.packages, one.removed, one.added)
        assert after is not None, one.title
        left = {each.identity for each in found.judged(after)}
        assert set(one.aims) <= before - left, one.title
    return made


def edited(found: Situation, proposal: Proposal) -> dict[str, str]:
    """Return the files that a proposal changes; applied again, it changes nothing more."""
    edits = proposal.edit(found.files)
    after = found.files.edited(edits)
    assert proposal.edit(after) == ()
    return {one.path: one.after for one in edits}


def only(strategy: str, found: Situation) -> tuple[Proposal, dict[str, str]]:
    """Return the strategy's only proposal and the files it changes."""
    (proposal,) = proposals(strategy, found)
    return proposal, edited(found, proposal)


def with_files(found: Situation, files: dict[str, str]) -> Situation:
    """Return a situation with other files."""
    return replace(found, files=Files(texts=files), places=lockfile_places(found.packages, files))


def changed_lines(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines that differ, of texts with as many lines."""
    old, new = before.split("\n"), after.split("\n")
    assert len(old) == len(new)
    return [(one, other) for one, other in zip(old, new, strict=True) if one != other]
