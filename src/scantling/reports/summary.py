"""What reports for people count and sort: by risk, by fix, by layer, by part. No syntax, no input.

Everything here is derived from a report alone; the same report gives the same numbers everywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Fix, Level, Signal
from scantling.core.model.base import Part
from scantling.core.model.decision import Decision, ExceptionUse
from scantling.core.model.finding import Finding, FindingState, VerdictStatus
from scantling.core.model.gap import GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.reports import view

_CVE_YEAR: Final = re.compile(r"CVE-(?P<year>[12][0-9]{3})-[0-9]++")
_NUMBER: Final = re.compile(r"[0-9]{1,3}+(?:\.[0-9]{1,12}+)?")
_STATES: Final = {state: rank for rank, state in enumerate(FindingState)}


class FixGroup(StrEnum):
    """What a reader can do about a finding, best first. The values are words for people."""

    AVAILABLE = "fix available"
    NONE = "no fix yet"
    REFUSED = "will not be fixed"
    UNKNOWN = "fix not known"


_GROUPS: Final = {
    Fix.FIXED: FixGroup.AVAILABLE,
    Fix.NONE: FixGroup.NONE,
    Fix.WILL_NOT_FIX: FixGroup.REFUSED,
    Fix.DEFERRED: FixGroup.REFUSED,
    Fix.END_OF_LIFE: FixGroup.REFUSED,
    Fix.UNKNOWN: FixGroup.UNKNOWN,
}


class LayerSummary(Struct, frozen=True, kw_only=True):
    """One layer: what it brought. `levels` are (level, count) of its open findings, worst first."""

    index: int
    size_bytes: int
    instruction: str
    packages: int
    findings: int
    levels: tuple[tuple[Level, int], ...]
    part: Part


def fix_group(finding: Finding) -> FixGroup:
    """Return the group; a version that fixes it is a fix, whatever the word."""
    return FixGroup.AVAILABLE if finding.fixed_in else _GROUPS[finding.fix]


def by_risk(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings: open first, then by risk, then severity, worst first; then id, purl."""

    def key(one: Finding) -> tuple[int, float, int, str, str]:
        risk = one.risk.score if one.risk else -1.0
        return (_STATES[one.state], -risk, -one.severity.rank, one.id, one.purl)

    return tuple(sorted(findings, key=key))


def exploited(finding: Finding) -> Signal | None:
    """Return the signal that says it is known to be exploited, None if nobody says so."""
    return next((one for one in finding.signals if one.kind == "kev"), None)


def probability(finding: Finding) -> float | None:
    """Return the EPSS probability in 0..1, None if there is none that can be read."""
    for one in finding.signals:
        if one.kind == "epss" and _NUMBER.fullmatch(one.value):
            return min(float(one.value), 1.0)
    return None


def levels(findings: Iterable[Finding]) -> dict[Level, int]:
    """Return the count for every level, worst first, zeros included."""
    counts = Counter(one.severity for one in findings)
    return {level: counts[level] for level in view.LEVELS}


def levels_by_fix(findings: Iterable[Finding]) -> dict[Level, dict[FixGroup, int]]:
    """Return the count for every level, worst first, and every fix group."""
    counts = Counter((one.severity, fix_group(one)) for one in findings)
    return {level: {group: counts[level, group] for group in FixGroup} for level in view.LEVELS}


def levels_by_part(findings: Iterable[Finding]) -> dict[Part, dict[Level, int]]:
    """Return the count for every part that occurs, base first, and every level, worst first."""
    counts = Counter((one.part, one.severity) for one in findings)
    present = {part for part, _ in counts}
    return {
        part: {level: counts[part, level] for level in view.LEVELS}
        for part in (Part.BASE, Part.OWN, Part.UNKNOWN)
        if part in present
    }


def years(findings: Iterable[Finding]) -> dict[int, dict[FixGroup, int]]:
    """Return the count by the year in the CVE identifier, oldest first, and fix group.

    Years without findings between the first and the last are there, with zeros. Findings without a
    CVE are left out: their identifiers do not tell.
    """
    counts: Counter[tuple[int, FixGroup]] = Counter()
    for one in findings:
        known = _CVE_YEAR.fullmatch(one.id)
        if known:
            counts[int(known["year"]), fix_group(one)] += 1
    seen = sorted({year for year, _ in counts})
    span = range(seen[0], seen[-1] + 1) if seen else ()
    return {year: {group: counts[year, group] for group in FixGroup} for year in span}


def layers(report: ScanReport) -> tuple[LayerSummary, ...]:
    """Return every layer, bottom first, with what it brought."""
    packages = view.packages_by_purl(report)
    brought = Counter(one.origin for one in report.packages)
    found: dict[int, list[Finding]] = {}
    for one in view.by_state(report, FindingState.OPEN):
        package = packages.get((one.purl, one.owner))
        if package is not None:
            found.setdefault(package.origin, []).append(one)
    base = report.base.layers if report.base else None
    return tuple(
        LayerSummary(
            index=layer.index,
            size_bytes=layer.size_bytes,
            instruction=view.instruction(report, layer.index),
            packages=brought[layer.index],
            findings=len(found.get(layer.index, ())),
            levels=view.level_counts(tuple(found.get(layer.index, ()))),
            part=_part(layer.index, base),
        )
        for layer in report.image.layers
    )


def decisions(report: ScanReport) -> dict[str, Decision]:
    """Return the policy's decisions by subject."""
    return {one.subject: one for one in report.policy.decisions} if report.policy else {}


def places(report: ScanReport) -> dict[str, Place]:
    """Return the lines of the project by package URL."""
    return dict(report.places)


def packages_by_type(report: ScanReport) -> dict[str, tuple[Package, ...]]:
    """Return the packages by type, most frequent type first, in the report's order."""
    groups: dict[str, list[Package]] = {name: [] for name, _ in view.type_counts(report.packages)}
    for one in report.packages:
        groups[one.type].append(one)
    return {name: tuple(some) for name, some in groups.items()}


def size(size_bytes: int) -> str:
    """Return a size for people: `63.4 MB`; decimal units, as registries show them."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - the step between decimal units
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def meaning(report: ScanReport) -> str:
    """Return what the verdict means, as a sentence that never calls the unknown clean."""
    blocking = sum(one.kind is GapKind.BLOCKING for one in report.gaps)
    match report.verdict.status:
        case VerdictStatus.CLEAN if report.database is None:
            return "Everything was read. Nothing was matched against advisories."
        case VerdictStatus.CLEAN:
            return "Everything was read and compared, and nothing is open."
        case VerdictStatus.FINDINGS:
            return "Everything that counts was read and compared; these findings are open."
        case _ if blocking:
            gaps = view.number(blocking, "thing")
            return f"{gaps} could not be read or judged, so this image is not proven clean."
        case _:
            return "Some findings could not be judged, so this image is not proven clean."


def age_days(as_of: str, created: str) -> int | None:
    """Return the days from `as_of` to `created`, at least 0; None if a date cannot be read."""
    try:
        days = (date.fromisoformat(created[:10]) - date.fromisoformat(as_of[:10])).days
    except ValueError:
        return None
    return max(days, 0)


def command(report: ScanReport) -> tuple[str, ...]:
    """Return the words of a command that asks for this report again, as far as it says.

    Exceptions, VEX documents and the project's folder are not in a report, so not in the command.
    """
    words = ["scantling", "scan" if report.database else "sbom", report.image.reference]
    if str(report.image.platform):
        words += ["--platform", str(report.image.platform)]
    words += ["--profile", report.profile]
    if report.fail_on:
        words += ["--fail-on", report.fail_on]
    for code in report.verdict.allowed:
        words += ["--allow-incomplete", code]
    for key, value in _context(report):
        words += ["--context", f"{key}={value}"]
    for one in report.policy.policies if report.policy else ():
        words += ["--policy", one.name if one.layer == "built-in" else f"{one.layer}={one.origin}"]
    if report.baseline:
        words += ["--baseline", report.baseline.name]
    return tuple(words)


def exception_words(use: ExceptionUse) -> str:
    """Return which exception it is and until when: `EX-1, expired 2026-08-01`."""
    if not use.expires:
        return f"{use.id}, no end"
    return f"{use.id}, {'expired' if use.expired else 'until'} {use.expires}"


def _context(report: ScanReport) -> Iterator[tuple[str, str]]:
    told = report.context
    pairs = (
        ("product", told.product),
        ("team", told.team),
        ("repository", told.repository),
        ("criticality", told.criticality.value),
        ("exposure", told.exposure.value),
        ("environment", told.environment),
        ("stage", told.stage),
        *(("owner", one) for one in told.owners),
    )
    yield from ((key, value) for key, value in pairs if value not in {"", "unknown"})


def _part(layer: int, base: int | None) -> Part:
    if base is None:
        return Part.UNKNOWN
    return Part.BASE if layer < base else Part.OWN
