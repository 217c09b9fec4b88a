"""From a report to a situation: the project's files, candidates for the base, what places exist."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from scantling.assess.coverage import Knowledge as Coverage
from scantling.assess.coverage import knowledge_gaps
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Inventory
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.core.text import ACTIVE
from scantling.project.dockerfile.parse import platform_arguments
from scantling.project.find import (
    DOCKERFILE_BYTES,
    find_dockerfile,
    load_lockfiles,
    load_project,
    read_text,
)
from scantling.project.lines import places
from scantling.project.lockfile_lines import lockfile_places
from scantling.remedy.api import Candidate, Files, Situation
from scantling.remedy.verify import Checker

_ENDED = "os.end-of-life"


def read_files(root: Path, report: ScanReport, *, dockerfile: str = "") -> Files:
    """Return the project's files that may be edited, read with limits and inside the root only.

    `dockerfile` is its path in the project; left out, it is found as `project.find` does. Raises
    UsageError if a settings file is wrong, or what `.scantling.yaml` names is not there.
    """
    project = load_project(root)
    # A difference names its files in plain lines; no project's own file needs such a name.
    texts = {path: text for path, text in load_lockfiles(root).items() if not ACTIVE.search(path)}
    rule = project.image(report.image.reference)
    arguments = platform_arguments(report.image.platform)
    arguments |= dict(rule.arguments) if rule else {}
    target = rule.target if rule else ""
    if not dockerfile:
        found = find_dockerfile(
            root, project, report.image.reference, platform=report.image.platform
        )
        dockerfile, target = (found.path, found.target) if found else ("", "")
    text = read_text(root, dockerfile, most_bytes=DOCKERFILE_BYTES) if dockerfile else None
    if text is None or ACTIVE.search(dockerfile):
        return Files(texts=texts)
    return Files(
        texts={**texts, dockerfile: text},
        dockerfile=dockerfile,
        target=target,
        arguments=arguments,
    )


def situation_of(
    report: ScanReport,
    checker: Checker,
    *,
    files: Files = Files(),  # noqa: B008 - frozen
    candidates: Iterable[Candidate] = (),
) -> Situation:
    """Return the situation of a report. Its findings are judged anew by the checker."""
    return Situation(
        image=report.image,
        packages=report.packages,
        findings=checker.state(report.packages).findings,
        distro=report.distro,
        base=report.base,
        files=files,
        places=_places(report, files),
        candidates=tuple(candidates),
        judged=checker.judged,
        releases=checker.knowledge.releases,
    )


def silenced(report: ScanReport, checker: Checker) -> frozenset[str]:
    """Return the identities of findings that the report suppresses for a reason of its own.

    That is what judging the same packages again does not suppress: somebody's VEX document.
    """
    suppressed = {one.identity for one in report.findings if one.state is FindingState.SUPPRESSED}
    if not suppressed:
        return frozenset()
    here = {one.identity for one in checker.state(report.packages).findings}
    return frozenset(suppressed & here)


def candidate_of(
    reference: str,
    inventory: Inventory,
    knowledge: Coverage,
    now: datetime,
    gaps: Iterable[Gap] = (),
) -> Candidate:
    """Return an image that was looked at as a candidate for the base."""
    ended = next(
        (one.detail for one in knowledge_gaps(inventory, knowledge, now) if one.code == _ENDED), ""
    )
    blocking = any(one.kind is GapKind.BLOCKING for one in (*inventory.gaps, *gaps))
    return Candidate(
        reference=reference,
        packages=inventory.packages,
        digest=inventory.image.manifest_digest,
        distro=inventory.distro,
        complete=not blocking,
        ended=ended,
    )


def _places(report: ScanReport, files: Files) -> dict[str, tuple[Place, ...]]:
    """Return the lines of each package: lockfiles and manifests first, then the Dockerfile's."""
    found: dict[str, tuple[Place, ...]] = dict(lockfile_places(report.packages, files.texts))
    dockerfile = files.parsed()
    if dockerfile is not None:
        lines = places(
            report.packages,
            report.image,
            dockerfile,
            report.base,
            path=files.dockerfile,
            target=files.target,
        )
        for name, place in lines.items():
            found[name] = (*found.get(name, ()), place)
    return found
