"""The contract of a fix strategy. Read this first; the list is in `registry.py`.

A strategy looks at a `Situation` and yields `Proposal`s. It says which packages would be others and
how the project's files change for it; it never says what that fixes. `verify.py` finds that out, by
matching and judging the changed inventory, and what does not hold is not shown as a fix.

A strategy does no I/O: all texts and inventories are in the situation, which `driver.py` (its only
caller) has read with limits. Names and versions come from images and advisories: whatever goes
into a file or a command has passed `safe.py` first, else there is no edit.
"""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import msgspec
from msgspec import Struct

from scantling.core.model.advisory import Release
from scantling.core.model.base import BaseImage
from scantling.core.model.finding import Finding, FindingState
from scantling.core.model.image import Image
from scantling.core.model.inventory import Distro, Package
from scantling.core.model.place import Place
from scantling.core.model.plan import ActionKind, Edit, Effort
from scantling.project.dockerfile.model import Dockerfile
from scantling.project.dockerfile.parse import parse


class Files(Struct, frozen=True, kw_only=True):
    """The project's files that may be edited: texts by path relative to its root, with `/`.

    Undecodable bytes are surrogates (surrogateescape). `dockerfile` is the path of the Dockerfile
    that builds the image, empty if there is none; `target` the stage that is built (empty: the
    last), `arguments` the build arguments. Lockfiles and manifests are those that
    `project.lockfile_lines.format_of` knows.
    """

    texts: dict[str, str] = {}
    dockerfile: str = ""
    target: str = ""
    arguments: dict[str, str] = {}

    def parsed(self) -> Dockerfile | None:
        """Return the Dockerfile as it stands; None: there is none."""
        text = self.texts.get(self.dockerfile) if self.dockerfile else None
        return None if text is None else parse(text, arguments=self.arguments)

    def named(self, *names: str) -> tuple[str, ...]:
        """Return the paths whose last component is one of these names, sorted."""
        return tuple(path for path in sorted(self.texts) if PurePosixPath(path).name in names)

    def edited(self, edits: tuple[Edit, ...]) -> "Files":
        """Return the files after these edits. Raises ValueError if one starts from another text."""
        texts = dict(self.texts)
        for edit in edits:
            if texts.get(edit.path, "") != edit.before:
                raise ValueError(f"the edit of {edit.path} starts from another text")
            texts[edit.path] = edit.after
        return msgspec.structs.replace(self, texts=texts)


class Candidate(Struct, frozen=True, kw_only=True):
    """An image that could be the base instead, as a scan of it saw it.

    `reference` is what FROM would say (`docker.io/library/python:3.13-slim`), `digest` what to pin
    it by; `complete` is False when parts of it could not be read. `ended` is the sentence about its
    end of life, empty if it is supported or nothing is known.
    """

    reference: str
    packages: tuple[Package, ...]
    digest: str = ""
    distro: Distro | None = None
    complete: bool = True
    ended: str = ""


def _cannot_tell(packages: tuple[Package, ...]) -> tuple[Finding, ...]:
    raise AssertionError(f"this situation cannot judge {len(packages)} packages")


def _no_releases(product: str) -> tuple[Release, ...]:
    del product
    return ()


class Situation(Struct, frozen=True, kw_only=True):
    """What is known when something is to be fixed.

    `packages` are sorted by (purl, owner), `findings` those of the scan, suppressed ones included;
    `places` the lines where packages come from, by package URL. `candidates` are other bases.
    `versions` are versions known to exist, by package URL without version, in no order; a package
    that is missing there is not known (`fixed_in` of its findings still names some).
    `judged` returns the open and undetermined findings that an image of just these packages would
    have, by the same database: a strategy asks it which version clears what. `releases` gives the
    release cycles of a product in endoflife.date's spelling; empty: unknown.
    """

    image: Image
    packages: tuple[Package, ...]
    findings: tuple[Finding, ...]
    distro: Distro | None = None
    base: BaseImage | None = None
    files: Files = Files()
    places: dict[str, tuple[Place, ...]] = {}
    candidates: tuple[Candidate, ...] = ()
    versions: dict[str, tuple[str, ...]] = {}
    judged: Callable[[tuple[Package, ...]], tuple[Finding, ...]] = _cannot_tell
    releases: Callable[[str], tuple[Release, ...]] = _no_releases

    def open_findings(self, package: Package) -> tuple[Finding, ...]:
        """Return the package's findings that count: neither suppressed nor another owner's."""
        return tuple(
            one
            for one in self.findings
            if one.purl == package.purl
            and one.owner == package.owner
            and one.state is not FindingState.SUPPRESSED
        )


def _no_edits(files: Files) -> tuple[Edit, ...]:
    del files
    return ()


class Proposal(Struct, frozen=True, kw_only=True):
    """One change, not yet checked.

    `removed` are packages of the situation (equal values), `added` what comes in their place; both
    together are what happens to the inventory. `aims` are identities of the findings this is meant
    to remove: if one of them stays, the proposal is refused. Without aims, some finding must go.

    `edit` returns the edits for the project's files *as they are then*: earlier actions of the plan
    may have changed the same file. No edits: the project has nothing to edit, or it cannot be done
    safely; then `commands` say what to do. Proposals of one `subject` are alternatives: a plan
    takes one of them. Other fields as in `FixAction`.
    """

    kind: ActionKind
    title: str
    subject: str
    before: str
    after: str
    removed: tuple[Package, ...] = ()
    added: tuple[Package, ...] = ()
    aims: tuple[str, ...] = ()
    effort: Effort = Effort.UNKNOWN
    edit: Callable[[Files], tuple[Edit, ...]] = _no_edits
    commands: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    place: Place | None = None


class Strategy(Struct, frozen=True, kw_only=True):
    """One way to fix things. `propose` yields in a declared order; it may raise InputError."""

    name: str
    propose: Callable[[Situation], Iterator[Proposal]]
