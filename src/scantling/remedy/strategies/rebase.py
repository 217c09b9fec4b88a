"""Build on another base image: what is the base's goes, what is the candidate's comes.

Candidates are inventories of other images, usually tags of the same repository. Set arithmetic: the
packages in the base's layers are exchanged for the candidate's; what the image's own layers brought
stays. Of a system package that both the candidate and an own layer have, the newer is kept, as an
installation on top would. The FROM line is edited, or the ARG that feeds it; a pinned digest stays
pinned, to the candidate's.

What it cannot see: whether the image still builds and runs there. A step to another distribution,
another major version, or a release at its end of life is a warning. Own system packages of another
distribution are counted as they are: their versions there are not known.

Source: Dockerfile reference, "FROM", "Understand how ARG and FROM interact".
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from scantling.bases.tags import parse_tag
from scantling.core.image_name import split
from scantling.core.model.base import BaseImage
from scantling.core.model.inventory import Distro, Package
from scantling.core.model.plan import ActionKind, Edit, Effort
from scantling.project.dockerfile.edits import Edited
from scantling.project.dockerfile.edits import rebase as edit_from
from scantling.remedy.api import Candidate, Files, Proposal, Situation, Strategy
from scantling.remedy.safe import is_image
from scantling.versions.registry import scheme_for

_SYSTEM: Final = frozenset({"apk", "deb", "rpm"})
_HUB: Final = ("docker.io/library/", "docker.io/")


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield one proposal for each candidate, in the order given; nothing without a known base."""
    base = situation.base
    if base is None or not base.layers:
        return
    for candidate in situation.candidates:
        if candidate.reference and candidate.packages:
            yield _proposal(situation, base, candidate)


def _proposal(situation: Situation, base: BaseImage, candidate: Candidate) -> Proposal:
    before = _name_of(base, situation)
    removed, added = exchange(situation.packages, base, candidate)
    edited = _edited(situation.files, candidate)
    dockerfile = situation.files.parsed()
    chain = dockerfile.chain(situation.files.target) if dockerfile else ()
    return Proposal(
        kind=ActionKind.REBASE,
        title=f"Build on {familiar(candidate.reference)} instead of {familiar(before)}",
        subject=base.name or before,
        before=before,
        after=candidate.reference,
        removed=removed,
        added=added,
        effort=effort_of(before, candidate.reference, situation.distro, candidate.distro),
        edit=lambda files: _edits(files, candidate),
        commands=(),
        warnings=tuple(_warnings(situation, base, candidate, edited)),
        place=chain[0].origin.place(situation.files.dockerfile) if chain and edited else None,
    )


def exchange(
    packages: tuple[Package, ...], base: BaseImage, candidate: Candidate
) -> tuple[tuple[Package, ...], tuple[Package, ...]]:
    """Return (removed, added) of an inventory that is put on another base."""
    removed = [one for one in packages if one.origin < base.layers]
    own = {(one.purl, one.owner): one for one in packages if one.origin >= base.layers}
    added: dict[tuple[str, str], Package] = {}
    for one in removed:
        above = tuple(where for where in one.locations if where.layer >= base.layers)
        if above and one.type not in _SYSTEM:
            # The base has it, and an own layer brought it again.
            added[one.purl, one.owner] = replace(one, locations=above, origin=above[0].layer)
    installed = {_slot(one): one for one in own.values() if one.type in _SYSTEM}
    for one in candidate.packages:
        mine = installed.get(_slot(one)) if one.type in _SYSTEM else None
        if mine is not None and not _is_newer(one, mine):
            continue
        if mine is not None:
            removed.append(mine)
        if mine is not None or (one.purl, one.owner) not in own:
            added.setdefault((one.purl, one.owner), replace(one, origin=0))
    return tuple(removed), tuple(added.values())


def _slot(package: Package) -> tuple[str, str, str]:
    """Return what one system can have only one of."""
    return package.type, package.name, package.arch


def _is_newer(one: Package, other: Package) -> bool:
    if one.ecosystem != other.ecosystem:
        return True
    key = scheme_for(one.ecosystem).key
    mine, theirs = key(one.version), key(other.version)
    return mine is None or theirs is None or mine > theirs


def effort_of(
    before: str, after: str, was: Distro | None = None, becomes: Distro | None = None
) -> Effort:
    """Return how far the tags of two images are apart.

    Another repository or distribution is major; tags without a version cannot be told.
    """
    old, new = split(before), split(after)
    if old is None or new is None:
        return Effort.UNKNOWN
    distros = was and becomes and (was.id, was.release) != (becomes.id, becomes.release)
    if old.repository != new.repository or distros:
        return Effort.MAJOR
    if old.tag == new.tag:
        return Effort.PATCH
    first, second = parse_tag(old.tag).version, parse_tag(new.tag).version
    if not first or not second:
        return Effort.UNKNOWN
    # A tag with fewer numbers is the newest of its line: nothing is told about the others.
    differ = [
        index for index, (one, other) in enumerate(zip(first, second, strict=False)) if one != other
    ]
    if not differ:
        return Effort.PATCH
    return (Effort.MAJOR, Effort.MINOR, Effort.PATCH)[min(differ[0], 2)]


def familiar(reference: str) -> str:
    """Return an image's name as people write it: without Docker Hub's host."""
    for prefix in _HUB:
        if reference.startswith(prefix):
            return reference.removeprefix(prefix)
    return reference


def _name_of(base: BaseImage, situation: Situation) -> str:
    """Return the base with its tag: the one the Dockerfile says, else the first known."""
    dockerfile = situation.files.parsed()
    chain = dockerfile.chain(situation.files.target) if dockerfile else ()
    if chain:
        return chain[0].image
    if not base.name:
        return base.digest
    return f"{base.name}:{base.tags[0]}" if base.tags else base.name


def _edits(files: Files, candidate: Candidate) -> tuple[Edit, ...]:
    edited = _edited(files, candidate)
    if edited is None:
        return ()
    before = files.texts[files.dockerfile]
    return (Edit(path=files.dockerfile, before=before, after=edited.text),)


def _edited(files: Files, candidate: Candidate) -> Edited | None:
    """Return the Dockerfile on the candidate; None: there is none, or it cannot be done safely."""
    dockerfile = files.parsed()
    chain = dockerfile.chain(files.target) if dockerfile else ()
    if dockerfile is None or not chain:
        return None
    image = _written(chain[0].image, candidate)
    return edit_from(dockerfile, chain[0], image) if image else None


def _written(now: str, candidate: Candidate) -> str:
    """Return what FROM says of the candidate, in the manner of what it says now.

    Empty: that is pinned and the candidate's digest is not known, or it is no image's name.
    """
    name = candidate.reference.partition("@")[0]
    if not now.startswith("docker.io/"):
        name = familiar(name)
    if "@" in now or "@" in candidate.reference:
        digest = candidate.digest or candidate.reference.partition("@")[2]
        if not digest:
            return ""
        name = f"{name}@{digest}"
    return name if is_image(name) else ""


def _warnings(
    situation: Situation, base: BaseImage, candidate: Candidate, edited: Edited | None
) -> Iterator[str]:
    if not base.certain:
        yield f"the present base was not recognized for certain: {base.because}"
    if not candidate.complete:
        yield "the candidate could not be read completely"
    if candidate.ended:
        yield f"the candidate is at its end of life: {candidate.ended}"
    was, becomes = situation.distro, candidate.distro
    if was and becomes and (was.id, was.release) != (becomes.id, becomes.release):
        yield f"it is another distribution: {_label(was)} becomes {_label(becomes)}"
        own = [
            one for one in situation.packages if one.type in _SYSTEM and one.origin >= base.layers
        ]
        if own:
            yield f"{len(own)} system packages installed on top are counted at their old versions"
    if edited is not None and edited.others:
        lines = ", ".join(map(str, edited.others))
        yield f"the edit also changes the image of FROM on line {lines}"
    if situation.files.dockerfile and edited is None:
        yield f"FROM of {situation.files.dockerfile} cannot be edited safely; change it by hand"


def _label(distro: Distro) -> str:
    return f"{distro.id} {distro.release}".strip()


PLUGIN: Final = Strategy(name="rebase", propose=propose)
