"""Whether a report could have seen a finding that it does not have.

A finding is gone for good only if whoever looked would have found it. It could be hidden:

1. nothing was matched, or the scan was less deep than the one that found it;
2. something that may hold the package was not read: a layer, a database, a file of that kind;
3. the package is still there, but a source that called it affected says nothing about it now.

Gaps about the age of advisories hide nothing: old advisories still tell of an older finding.
"""

from collections.abc import Iterable
from typing import Final

from scantling.core.model.finding import Finding, Outcome
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.purl import without_version

KNOWLEDGE_CODES: Final = frozenset(
    {
        "advisories.stale",
        "advisories.unverified",
        "coverage.none",
        "coverage.partial",
        "os.end-of-life",
        "os.no-release",
        "version.incomparable",
    }
)
"""Gaps that are about advisories; every other blocking gap is about what was not read."""

_PROFILES: Final = ("fast", "standard", "deep")
"""Each includes the one before (`catalog.api.Profile`)."""

_SYSTEMS: Final = ("pkg:apk/", "pkg:deb/", "pkg:rpm/")

# These say that packages of the operating system cannot be told, or not matched.
_OF_SYSTEM: Final = frozenset(
    {"os.conflict", "os.no-package-db", "os.no-source-names", "os.unknown"}
)


class Sight:
    """Answers for one report what it could have seen."""

    def __init__(self, report: ScanReport) -> None:
        self._database = report.database
        self._depth = _depth(report.profile)
        blocking = [
            one
            for one in report.gaps
            if one.kind is GapKind.BLOCKING and one.code not in KNOWLEDGE_CODES
        ]
        pathless = [one for one in blocking if not one.path]
        self._blind = any(one.code not in _OF_SYSTEM for one in pathless)
        self._no_system = any(one.code in _OF_SYSTEM for one in blocking)
        self._places = _Places(one for one in blocking if one.path and one.code not in _OF_SYSTEM)
        self._ecosystems: dict[str, set[str]] = {}
        for package in report.packages:
            held = self._ecosystems.setdefault(without_version(package.purl), set())
            held.add(package.ecosystem)
        sources = report.database.sources if report.database else ()
        self._covered = {(one.name, name) for one in sources for name in one.ecosystems}

    def could_see(self, finding: Finding, package: Package | None, profile: str) -> bool:
        """Return whether the report would have the finding if it still were so.

        `package` is the one it was found in, None if that is not known, `profile` how deep the scan
        looked that found it.
        """
        if self._database is None or self._blind:
            return False
        if self._no_system and finding.purl.startswith(_SYSTEMS):
            return False
        if package is None and self._places:
            return False
        if package is not None and any(self._places.may_hide(at.path) for at in package.locations):
            return False
        held = self._ecosystems.get(without_version(finding.purl))
        if held is None:
            return self._depth >= _depth(profile)
        return all((one, name) in self._covered for one in _accusers(finding) for name in held)


class _Places:
    """Files that were not read, and what may have moved into them.

    An image is built anew with other names of files: one that cannot be read may be the new home of
    what was in another file of its kind, told by its name, its ending or its folder.
    """

    def __init__(self, gaps: Iterable[Gap]) -> None:
        paths = {one.path for one in gaps}
        self._within = tuple(f"{one}{sign}" for one in paths for sign in ("/", "!/"))
        kinds = [_kind(one) for one in paths]
        self._names = {name for _, name, _ in kinds}
        self._endings = {ending for _, _, ending in kinds if ending}
        self._folders = {folder for folder, _, ending in kinds if not ending}

    def __bool__(self) -> bool:
        return bool(self._names)

    def may_hide(self, path: str) -> bool:
        """Return whether what was at `path` may be in one of the files."""
        if not self._names:
            return False
        for outer in (path, path.partition("!/")[0]):
            folder, name, ending = _kind(outer)
            if name in self._names or ending in self._endings or folder in self._folders:
                return True
        return path.startswith(self._within)


def _kind(path: str) -> tuple[str, str, str]:
    """Return folder, name and ending (empty: none) of a path."""
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    return folder, name, ending.lower() if dot and stem else ""


def _accusers(finding: Finding) -> set[str]:
    """Return the sources that call the package affected, or cannot tell."""
    said = {one.source for one in finding.matches if one.outcome is not Outcome.NOT_AFFECTED}
    return said or {finding.decided_by} - {""}


def _depth(profile: str) -> int:
    """Return how deep a profile looks; one that is not known counts as the deepest."""
    return _PROFILES.index(profile) if profile in _PROFILES else len(_PROFILES)
