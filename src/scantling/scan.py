"""The pipeline, from a target to a report, and the public API of the library.

    target → image → facts of its layers → inventory → matches → findings → verdict → report

Every stage is a function of the one before; each can be called alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.database import Database
from scantling.assess.coverage import knowledge_gaps, undetermined_gaps
from scantling.assess.describe import describe
from scantling.assess.judge import judge
from scantling.assess.verdict import decide
from scantling.catalog.api import Profile
from scantling.catalog.driver import Stats, read
from scantling.catalog.inventory import fold, gap_order
from scantling.core import clock
from scantling.core.model.advisory import Level
from scantling.core.model.finding import Finding
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import Resources, ScanReport
from scantling.core.progress import Progress, Quiet
from scantling.core.version import __version__
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.matching.match import match


class ScanOptions(Struct, frozen=True, kw_only=True):
    """How to scan. The defaults are safe and complete.

    `workers` is the number of processes that read layers; 0: one per processor. `fail_on` blocks
    findings of this severity or worse (None: none). `allow_incomplete` are the gap codes that may
    be present in a passing scan. `timings` puts the cost of each stage into the report, which is
    then different each time.
    """

    image: ImageOptions = ImageOptions()
    profile: Profile = Profile.STANDARD
    workers: int = 0
    fail_on: Level | None = None
    allow_incomplete: frozenset[str] = frozenset()
    timings: bool = False


DEFAULT_OPTIONS: Final = ScanOptions()


class Looked(Struct, frozen=True, kw_only=True):
    """What reading an image gave: the inventory, and what it took."""

    inventory: Inventory
    stats: Stats
    stages: tuple[tuple[str, float], ...]


def look(
    target: str,
    options: ScanOptions = DEFAULT_OPTIONS,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Looked:
    """Read an image and return what is in it, without judging.

    Raises TargetError when the target cannot be opened; anything less is a gap of the inventory.
    """
    watch = Stopwatch()
    progress = progress or Quiet()
    with watch.stage("open"):
        opened = open_image(target, options.image, progress)
    try:
        with watch.stage("read"):
            facts, stats = read(
                opened,
                profile=options.profile,
                limits=options.image.limits,
                workers=options.workers,
                cache=cache,
                progress=progress,
            )
    finally:
        opened.close()
    with watch.stage("fold"):
        inventory = fold(opened.image, facts, (*opened.gaps, *stats.gaps))
    return Looked(inventory=inventory, stats=stats, stages=watch.stages())


def scan(
    target: str,
    database: Database,
    options: ScanOptions = DEFAULT_OPTIONS,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ScanReport:
    """Scan an image and return the report. Same inputs, same report.

    Raises TargetError when the target cannot be opened and AdvisoryDataError when the database
    breaks; whatever else goes wrong is a gap in the report.
    """
    looked = look(target, options, cache=cache, progress=progress)
    watch = Stopwatch(looked.stages)
    with watch.stage("match"):
        matches = match(looked.inventory.packages, database)
    with watch.stage("judge"):
        findings = judge(matches, database)
        gaps = [*knowledge_gaps(looked.inventory, database, clock.now())]
        gaps += undetermined_gaps(findings)
    with watch.stage("describe"):
        findings = describe(findings, database)
    report = report_of(looked, options, findings=findings, gaps=tuple(gaps))
    report = replace(report, database=database.info)
    return replace(report, resources=watch.resources(looked.stats)) if options.timings else report


def report_of(
    looked: Looked,
    options: ScanOptions,
    *,
    findings: tuple[Finding, ...] = (),
    gaps: tuple[Gap, ...] = (),
) -> ScanReport:
    """Return the report of what was seen and judged, with its verdict."""
    inventory = looked.inventory
    every_gap = tuple(sorted({*inventory.gaps, *gaps}, key=gap_order))
    return ScanReport(
        tool_version=__version__,
        created=clock.rfc3339(clock.now()),
        image=inventory.image,
        distro=inventory.distro,
        packages=inventory.packages,
        findings=findings,
        gaps=every_gap,
        verdict=decide(
            findings, every_gap, fail_on=options.fail_on, allowed=options.allow_incomplete
        ),
        profile=options.profile,
        fail_on=options.fail_on or "",
    )


class Stopwatch:
    """Seconds per stage, in the order they were begun."""

    def __init__(self, stages: tuple[tuple[str, float], ...] = ()) -> None:
        self._stages = list(stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body."""
        begin = perf_counter()
        yield
        self._stages.append((name, perf_counter() - begin))

    def stages(self) -> tuple[tuple[str, float], ...]:
        """Return (stage, seconds) pairs."""
        return tuple(self._stages)

    def resources(self, stats: Stats) -> Resources:
        """Return the cost of the scan so far."""
        return Resources(
            seconds=sum(seconds for _, seconds in self._stages),
            stages=self.stages(),
            peak_bytes=stats.peak_bytes,
            bytes_read=stats.read_bytes,
            layers_cached=stats.cached,
            isolation=stats.isolation or (),
        )
