"""The table: for people at a terminal.

Lines are cut to the terminal's width; nothing that decides the verdict is ever cut away.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from scantling.core.model.advisory import Level
from scantling.core.model.base import Part
from scantling.core.model.decision import Action
from scantling.core.model.finding import Finding, FindingState, VerdictStatus
from scantling.core.model.gap import Gap, GapKind
from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import view
from scantling.reports.api import Format, Look

_COLORS: Final = {
    Level.CRITICAL: "1;31",
    Level.HIGH: "31",
    Level.MEDIUM: "33",
    Level.LOW: "36",
    Level.NEGLIGIBLE: "2",
    Level.UNKNOWN: "35",
}
_VERDICT_COLORS: Final = {
    VerdictStatus.CLEAN: "1;32",
    VerdictStatus.FINDINGS: "1;33",
    VerdictStatus.UNKNOWN: "1;35",
}
_HEAD: Final = ("SEVERITY", "RISK", "VULNERABILITY", "PACKAGE", "VERSION", "FIXED IN", "LAYER")
_PARTS: Final = {Part.UNKNOWN: "", Part.BASE: "base", Part.OWN: "own"}
_MOST_ALIKE: Final = 4
"""Gaps of one code that are listed one by one."""
_MOST_DECISIONS: Final = 10
_MOST_NEW: Final = 20
_WIDEST: Final = (11, 4, 22, 34, 26, 34, 8)


def render(report: ScanReport, look: Look) -> Iterator[str]:
    """Yield the report as text."""
    yield from _about(report)
    yield from _findings(report, look)
    yield from _changes(report)
    yield from _policy(report, look)
    yield from _gaps(report.gaps, look)
    yield from _database(report)
    yield from _cost(report)
    color = "1" if view.not_judged(report) else _VERDICT_COLORS[report.verdict.status]
    yield f"\n{_colored('Verdict:', color, look)} {neutral(view.headline(report), limit=4096)}\n"


def _about(report: ScanReport) -> Iterator[str]:
    image = report.image
    digest = f" · {view.short_digest(image.digest)}" if image.digest else ""
    yield f"{neutral(image.reference)}{neutral(digest)} · {neutral(str(image.platform))}\n"
    kinds = ", ".join(f"{count} {type_}" for type_, count in view.type_counts(report.packages))
    yield (
        f"{neutral(view.distro_name(report))} · {view.number(len(image.layers), 'layer')} · "
        f"{view.number(len(report.packages), 'package')}"
        f"{f' ({neutral(kinds)})' if kinds else ''}\n"
    )
    if image.ambiguity:
        yield f"{neutral(image.ambiguity)}\n"
    if report.base is not None:
        name = report.base.name or report.base.digest
        guess = "" if report.base.certain else ", likely"
        layers = f" ({view.number(report.base.layers, 'layer')}{guess})"
        yield f"base: {neutral(name)}{layers}\n"


def _findings(report: ScanReport, look: Look) -> Iterator[str]:
    if report.database is None:
        return
    packages = view.packages_by_purl(report)
    for state, title in (
        (FindingState.OPEN, "Findings"),
        (FindingState.UNDETERMINED, "Undetermined"),
        (FindingState.SUPPRESSED, "Suppressed"),
    ):
        found = view.by_state(report, state)
        if not found:
            continue
        counts = ", ".join(f"{count} {level}" for level, count in view.level_counts(found))
        hidden = state is FindingState.SUPPRESSED and not look.show_suppressed
        hint = " (--show-suppressed lists them)" if hidden else ""
        yield f"\n{title}: {len(found)} ({counts}){hint}\n"
        if not hidden:
            yield from _table([_row(one, packages) for one in found], found, look)
            if state is not FindingState.OPEN:
                yield from _reasons(found)


def _row(finding: Finding, packages: dict[tuple[str, str], Package]) -> tuple[str, ...]:
    package = packages[finding.purl, finding.owner]
    exploited = "!" if any(one.kind == "kev" for one in finding.signals) else ""
    return (
        finding.severity + exploited,
        "" if finding.risk is None else f"{finding.risk.score:.0f}",
        finding.id,
        f"{package.type} {view.package_name(package)}",
        package.version,
        view.fix_words(finding),
        f"{package.origin} {_PARTS[finding.part]}".rstrip(),
    )


def _table(
    rows: Sequence[tuple[str, ...]], findings: Iterable[Finding], look: Look
) -> Iterator[str]:
    cells = [tuple(neutral(cell) for cell in row) for row in (_HEAD, *rows)]
    widths = [
        min(max(map(len, column)), widest)
        for column, widest in zip(zip(*cells, strict=True), _WIDEST, strict=True)
    ]
    colors = [None, *(_COLORS[one.severity] for one in findings)]
    for row, color in zip(cells, colors, strict=True):
        cut = [_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)]
        if color:
            cut[0] = _colored(cut[0], color, look)
        yield "  " + "  ".join(cut).rstrip() + "\n"
    if any(row[0].endswith("!") for row in rows):
        yield "  ! known to be exploited (CISA KEV)\n"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _reasons(findings: tuple[Finding, ...]) -> Iterator[str]:
    for one in findings:
        if one.reason:
            yield f"  {neutral(one.id)}: {neutral(one.reason)}\n"


def _changes(report: ScanReport) -> Iterator[str]:
    """Say what is new and what is gone since the baseline."""
    baseline = report.baseline
    if baseline is None:
        return
    counts = f"{len(baseline.new)} new, {len(baseline.fixed)} fixed, {baseline.unchanged} as before"
    lost = f", {len(baseline.lost)} that can no longer be judged" if baseline.lost else ""
    yield f"\nSince {neutral(baseline.name)}: {counts}{lost}\n"
    new = frozenset(baseline.new)
    found = [one for one in report.findings if one.identity in new]
    for one in found[:_MOST_NEW]:
        yield f"  new: {neutral(one.id)} in {neutral(one.purl)}\n"
    if len(found) > _MOST_NEW:
        yield f"  and {len(found) - _MOST_NEW} more\n"


def _policy(report: ScanReport, look: Look) -> Iterator[str]:
    """Say what the policies decide: blocked, deferred, warned of, excepted."""
    policy = report.policy
    if policy is None:
        return
    names = ", ".join(one.name for one in policy.policies)
    yield f"\n{_colored('Policy', '1', look)} {neutral(names)}: {policy.action}\n"
    about = {one.identity: f"{one.id} in {one.purl}" for one in report.findings}
    spoken = [
        one for one in policy.decisions if one.action.rank > Action.WARN.rank or one.exception
    ]
    warned = sum(one.action is Action.WARN and not one.exception for one in policy.decisions)
    for one in spoken[:_MOST_DECISIONS]:
        until = f" until {one.due}" if one.due else ""
        yield f"  {one.action}{until}: {neutral(about.get(one.subject, one.subject))}"
        yield f" ({neutral(one.rule)}: {neutral(one.reason, limit=300)})\n"
        if one.exception is not None:
            ended = "ended" if one.exception.expired else "until"
            yield f"    exception {neutral(one.exception.id)} of {neutral(one.exception.owner)},"
            yield f" {ended} {neutral(one.exception.expires)}\n"
    if len(spoken) > _MOST_DECISIONS:
        yield f"  and {len(spoken) - _MOST_DECISIONS} more decisions, all in --format json\n"
    if warned:
        yield f"  warn: {warned} more\n"
    for error in policy.errors:
        yield f"  {_colored('error', '31', look)}: {neutral(error, limit=1000)}\n"
    for unused in policy.unused_exceptions:
        yield f"  exception not used: {neutral(unused)}\n"


def _gaps(gaps: tuple[Gap, ...], look: Look) -> Iterator[str]:
    for kind, title in ((GapKind.BLOCKING, "Not looked at"), (GapKind.INFO, "Worth knowing")):
        some = [one for one in gaps if one.kind is kind]
        if not some:
            continue
        yield f"\n{_colored(title, '1', look)}\n"
        for alike in view.by_code(some):
            for one in alike[:_MOST_ALIKE]:
                yield _gap(one)
            if len(alike) > _MOST_ALIKE:
                yield f"  {alike[0].code}: {len(alike) - _MOST_ALIKE} more, all in --format json\n"


def _gap(one: Gap) -> str:
    where = view.place(one)
    times = f" ({one.count} times)" if one.count > 1 else ""
    place = f"{where}: " if where else ""
    return f"  {one.code}{times}: {neutral(place)}{neutral(one.detail)}. {one.advice}\n"


def _database(report: ScanReport) -> Iterator[str]:
    database = report.database
    if database is None:
        return
    yield (
        f"\nAdvisory data {view.short_digest(database.digest)} ({neutral(database.origin)}):"
        f" {len(database.sources)} sources, newest of {_newest(report)}\n"
    )


def _newest(report: ScanReport) -> str:
    dates = [one.as_of[:10] for one in report.database.sources] if report.database else []
    return neutral(max(dates, default="an unknown date"))


def _cost(report: ScanReport) -> Iterator[str]:
    cost = report.resources
    if cost is not None:
        stages = ", ".join(f"{name} {seconds:.3f} s" for name, seconds in cost.stages)
        yield f"\nTook {cost.seconds:.3f} s: {stages}; {cost.bytes_read:,} bytes read, "
        peak = cost.peak_bytes / 2**20
        yield f"{cost.layers_cached} layers from the cache, peak {peak:.0f} MiB\n"


def _colored(text: str, color: str, look: Look) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if look.color else text


PLUGIN: Final = Format(
    name="table", media_type="text/plain", suffix=".txt", render=render, inventory=True
)
