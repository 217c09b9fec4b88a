"""The pipeline, from a target to a report, and the public API of the library.

    target → image → facts of its layers → inventory → matches → findings → verdict → report

What else a decision rests on (VEX, context, policies) joins the findings at the gate. Every stage
is a function of the one before; each can be called alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from scantling import gate
from scantling.advisories.database import Database
from scantling.assess.coverage import knowledge_gaps, undetermined_gaps
from scantling.assess.describe import describe
from scantling.assess.judge import judge
from scantling.assess.verdict import decide, not_judged
from scantling.catalog.api import Profile
from scantling.catalog.driver import Stats, read
from scantling.catalog.inventory import fold, gap_order
from scantling.core import clock
from scantling.core.limits import DEFAULT
from scantling.core.model.advisory import Level
from scantling.core.model.base import BaseImage
from scantling.core.model.finding import Finding, Verdict
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import Inputs, Resources, ScanReport
from scantling.core.progress import Progress, Quiet
from scantling.core.version import __version__
from scantling.gate import OPEN_GATE, Gate
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.matching.match import match


class ScanOptions(Struct, frozen=True, kw_only=True):
    """How to scan. The defaults are safe and complete.

    `workers` is the number of processes that read layers; 0: one per processor. `fail_on` blocks
    findings of this severity or worse (None: none). `allow_incomplete` are the gap codes that may
    be present in a passing scan. `new_only` lets only findings block that the baseline of the gate
    does not have. `timings` puts the cost of each stage into the report, which is
    then different each time.
    """

    image: ImageOptions = ImageOptions()
    profile: Profile = Profile.STANDARD
    workers: int = 0
    fail_on: Level | None = None
    allow_incomplete: frozenset[str] = frozenset()
    new_only: bool = False
    timings: bool = False


DEFAULT_OPTIONS: Final = ScanOptions()


class Looked(Struct, frozen=True, kw_only=True):
    """What reading an image gave: the inventory, its base (None: nothing tells), what it took."""

    inventory: Inventory
    stats: Stats
    base: BaseImage | None
    stages: tuple[tuple[str, float], ...]


def look(
    target: str,
    options: ScanOptions = DEFAULT_OPTIONS,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    through: Gate = OPEN_GATE,
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
        with watch.stage("base"):
            base, base_gaps = gate.base_of(through, opened)
    finally:
        opened.close()
    with watch.stage("fold"):
        inventory = fold(opened.image, facts, (*opened.gaps, *stats.gaps, *base_gaps))
        inventory = replace(inventory, packages=gate.in_parts(inventory.packages, base))
    return Looked(inventory=inventory, stats=stats, base=base, stages=watch.stages())


def scan(
    target: str,
    database: Database,
    options: ScanOptions = DEFAULT_OPTIONS,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
    through: Gate = OPEN_GATE,
) -> ScanReport:
    """Scan an image and return the report. Same inputs, same report.

    Raises TargetError when the target cannot be opened, AdvisoryDataError when the database
    breaks, and UsageError when policies do not fit together; whatever else goes wrong is a gap in
    the report.
    """
    looked = look(target, options, cache=cache, progress=progress, through=through)
    return judged(looked, database, options, through=through)


def judged(
    looked: Looked, database: Database, options: ScanOptions, *, through: Gate = OPEN_GATE
) -> ScanReport:
    """Return the report of an image that was looked at. Raises as `scan` does."""
    watch = Stopwatch(looked.stages)
    inventory, today = looked.inventory, clock.now().date()
    with watch.stage("match"):
        matches = match(inventory.packages, database)
    with watch.stage("judge"):
        findings = judge(matches, database)
        findings, gaps = gate.with_vex(through, findings, inventory, today)
        gaps = (*gaps, *knowledge_gaps(inventory, database, clock.now()))
        gaps = (*gaps, *undetermined_gaps(findings))
    with watch.stage("describe"):
        findings = describe(findings, database)
    with watch.stage("risk"):
        findings = gate.rated(through, findings, inventory.packages, today)
    report = report_of(looked, options, findings=findings, gaps=gaps)
    with watch.stage("decide"):
        report = replace(
            report,
            database=database.info,
            context=through.context,
            inputs=_inputs(options, through),
            places=gate.places_of(through, inventory, looked.base),
        )
        report = gate.compared(through, report)
        if report.baseline is not None and options.new_only:
            report = replace(report, new_only=True, verdict=_verdict(report, options))
        report = gate.decided(through, report, today)
    return replace(report, resources=watch.resources(looked.stats)) if options.timings else report


def report_of(
    looked: Looked,
    options: ScanOptions,
    *,
    findings: tuple[Finding, ...] | None = None,
    gaps: tuple[Gap, ...] = (),
) -> ScanReport:
    """Return the report of what was seen and judged, with its verdict.

    Without `findings` nothing was matched: an inventory, which is never called clean.
    """
    inventory = looked.inventory
    every_gap = tuple(sorted({*inventory.gaps, *gaps}, key=gap_order))
    verdict = decide(
        findings or (), every_gap, fail_on=options.fail_on, allowed=options.allow_incomplete
    )
    return ScanReport(
        tool_version=__version__,
        created=clock.rfc3339(clock.now()),
        image=inventory.image,
        base=looked.base,
        distro=inventory.distro,
        packages=inventory.packages,
        findings=findings or (),
        gaps=every_gap,
        verdict=not_judged(verdict) if findings is None else verdict,
        profile=options.profile,
        fail_on=options.fail_on or "",
    )


def _inputs(options: ScanOptions, through: Gate) -> Inputs:
    """Return what the user gave beside the image and the database."""
    limits = options.image.limits
    changed = [] if limits == DEFAULT else [*asdict(limits).items()]
    return Inputs(
        allow_incomplete=tuple(sorted(options.allow_incomplete)),
        limits=tuple(sorted((k, v) for k, v in changed if v != getattr(DEFAULT, k))),
        names=tuple(sorted(through.names)),
        files=tuple(sorted(through.files)),
    )


def _verdict(report: ScanReport, options: ScanOptions) -> Verdict:
    """Return the verdict if only what is new since the baseline can block."""
    baseline = report.baseline
    return decide(
        report.findings,
        report.gaps,
        fail_on=options.fail_on,
        allowed=options.allow_incomplete,
        new=None if baseline is None else frozenset(baseline.new),
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
