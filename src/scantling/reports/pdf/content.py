"""What the PDF report says, as data for its layout: plain words, numbers and drawings.

The layout (`report.typ`) shows a text as it is, so nothing from an image can be markup there. What
the typesetter's fonts cannot draw is replaced visibly by its code point: a missing sign is an error
in an accessible PDF, and an empty box tells nobody anything.

Source: ISO 14289-1 (PDF/UA-1), 7.21.8: no character without a glyph.
"""

import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.model.advisory import SourceInfo
from scantling.core.model.finding import Finding, FindingState, VerdictStatus
from scantling.core.model.gap import CODES
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports import summary, view
from scantling.reports.html import charts
from scantling.reports.html.style import FIGURES

_WORDS: Final = {
    VerdictStatus.CLEAN: "Clean",
    VerdictStatus.FINDINGS: "Findings",
    VerdictStatus.UNKNOWN: "Unknown",
}
_TITLES: Final = {
    FindingState.OPEN: "Open findings",
    FindingState.UNDETERMINED: "Undetermined findings",
    FindingState.SUPPRESSED: "Suppressed findings",
}
# Latin, Greek, Cyrillic, and common signs: what the fonts are known to have (a test typesets all).
_DRAWN: Final = (
    "\x20-\x7e\xa0-\xac\xae-\u024f\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1"
    "\u03a3-\u0482\u048a-\u04ff\u1e00-\u1eff\u2010-\u2027\u2030-\u2040\u20a0-\u20bf"
    "\u2190-\u22ff\u2500-\u25ff"
)
_NOT_DRAWN: Final = re.compile(f"[^{_DRAWN}]")
_MOST_ALIKE: Final = 12
_LONGEST: Final = 600


class _Tile(Struct, frozen=True):
    count: int
    words: str


class _Level(Struct, frozen=True):
    word: str
    count: int


class _Gap(Struct, frozen=True):
    title: str
    code: str
    advice: str
    items: list[str]


class _Chart(Struct, frozen=True):
    title: str
    reading: str
    drawing: str


class _Row(Struct, frozen=True):
    id: str
    package: str
    version: str
    fixed: str
    severity: str
    risk: str
    range: str
    notes: str


class _Part(Struct, frozen=True):
    title: str
    rows: list[_Row]


class Content(Struct, frozen=True):
    """The document. Texts are neutralized and hold only what the fonts can draw."""

    title: str
    name: str
    facts: str
    digest: str
    status: str
    word: str
    meaning: str
    reasons: list[str]
    notes: list[str]
    tiles: list[_Tile]
    levels: list[_Level]
    gaps: list[_Gap]
    base: list[str]
    charts: list[_Chart]
    findings: list[_Part]
    changes: list[str]
    policy: list[str]
    layers: list[list[str]]
    data: list[str]
    sources: list[list[str]]
    command: str
    record: list[tuple[str, str]]
    footer: str


def content(report: ScanReport) -> bytes:
    """Return the document's content as JSON."""
    return msgspec.json.encode(_content(report))


def words(value: str) -> str:
    """Return the value as the document shows it: inert, on one line, drawable."""
    shown = neutral(value, limit=_LONGEST)
    return _NOT_DRAWN.sub(lambda odd: f"\\u{ord(odd[0]):04x}", shown)


def _content(report: ScanReport) -> Content:
    image = report.image
    facts = (
        view.distro_name(report),
        str(image.platform),
        view.number(len(image.layers), "layer"),
        view.number(len(report.packages), "package"),
        f"scanned {report.created}",
    )
    name = words(image.reference) or "image"
    return Content(
        title=f"{view.status_words(report)}: {name} - Scantling",
        name=name,
        facts=words(" · ".join(facts)),
        digest=words(image.digest or "no digest"),
        status=report.verdict.status.value,
        word="Not judged" if view.not_judged(report) else _WORDS[report.verdict.status],
        meaning=summary.meaning(report),
        reasons=[words(one) for one in report.verdict.reasons],
        notes=[*_notes(report)],
        tiles=[*_tiles(report)],
        levels=[*_levels(report)],
        gaps=[*_gaps(report)],
        base=[words(f"Base image: {report.base.name}. {report.base.because}")]
        if report.base
        else [],
        charts=[*_charts(report)],
        findings=[*_findings(report)],
        changes=[*_changes(report)],
        policy=[*_policy(report)],
        layers=[*_layers(report)],
        data=[*_data(report)],
        sources=[_source(one, report) for one in report.database.sources]
        if report.database
        else [],
        command=words(" ".join(map(shlex.quote, summary.command(report)))),
        record=[*_record(report)],
        footer=words(f"Scantling {report.tool_version}, {image.reference}"),
    )


def _notes(report: ScanReport) -> Iterator[str]:
    if report.verdict.allowed:
        yield words(f"Accepted although incomplete: {', '.join(report.verdict.allowed)}.")
    if report.policy is not None:
        yield words(f"The policy says: {report.policy.action}.")
    yield f"Exit code {report.verdict.exit_code}."


def _tiles(report: ScanReport) -> Iterator[_Tile]:
    if report.database is None:
        return
    found = view.by_state(report, FindingState.OPEN)
    known = sum(summary.exploited(one) is not None for one in found)
    fixable = sum(summary.fix_group(one) is summary.FixGroup.AVAILABLE for one in found)
    yield _Tile(len(found), "open findings")
    yield _Tile(known, "known to be exploited (CISA KEV)")
    yield _Tile(fixable, "with a fix available")
    blocking = sum(one.kind == "blocking" for one in report.gaps)
    yield _Tile(blocking, "things not looked at")


def _levels(report: ScanReport) -> Iterator[_Level]:
    found = view.by_state(report, FindingState.OPEN)
    for level, count in view.level_counts(found):
        yield _Level(level.value, count)


def _gaps(report: ScanReport) -> Iterator[_Gap]:
    for alike in view.by_code(sorted(report.gaps, key=lambda one: one.kind)):
        _, meaning, advice = CODES[alike[0].code]
        items = []
        for one in alike[:_MOST_ALIKE]:
            where = view.place(one)
            items.append(words(f"{where}: {one.detail}" if where else one.detail))
        if len(alike) > _MOST_ALIKE:
            items.append(f"{len(alike) - _MOST_ALIKE} more, all in the JSON report")
        note = "" if alike[0].kind == "blocking" else " (changes nothing)"
        title = f"{meaning[:1].upper()}{meaning[1:]}{note}"
        yield _Gap(words(title), alike[0].code, words(advice), items)


def _charts(report: ScanReport) -> Iterator[_Chart]:
    found = view.by_state(report, FindingState.OPEN)
    if not found:
        return
    drawn = (charts.risks(found), charts.fixes(found), charts.parts(found), charts.ages(found))
    for one in drawn:
        if one is not None:
            opened, _, rest = one.drawing.partition(">")
            space = opened.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
            yield _Chart(one.title, one.reading, f"{space}><style>{FIGURES}</style>{rest}")


def _findings(report: ScanReport) -> Iterator[_Part]:
    for state, title in _TITLES.items():
        some = summary.by_risk(view.by_state(report, state))
        if some:
            yield _Part(f"{title}: {len(some)}", [*_rows(report, some)])


def _rows(report: ScanReport, findings: Iterable[Finding]) -> Iterator[_Row]:
    packages = view.packages_by_purl(report)
    decisions = summary.decisions(report)
    for one in findings:
        package = packages.get((one.purl, one.owner))
        said = decisions.get(one.identity)
        chance = summary.probability(one)
        notes = (
            "KEV" if summary.exploited(one) else "",
            "" if chance is None else f"EPSS {chance:.3f}",
            f"{said.action} by {said.rule}" if said else "",
            f"exception {summary.exception_words(said.exception)}"
            if said and said.exception
            else "",
            one.reason,
        )
        risk = one.risk
        yield _Row(
            id=words(one.id),
            package=words(view.package_name(package) if package else view.display_name(one.purl)),
            version=words(package.version if package else ""),
            fixed=words(view.fix_words(one)),
            severity=one.severity.value,
            risk="not rated" if risk is None else f"{risk.score:.0f}",
            range="" if risk is None else f"{risk.low:.0f} to {risk.high:.0f}",
            notes=words("; ".join(note for note in notes if note)),
        )


def _changes(report: ScanReport) -> Iterator[str]:
    earlier = report.baseline
    if earlier is None:
        return
    yield words(
        f"Compared with {earlier.name}: {len(earlier.new)} new, {len(earlier.fixed)} fixed, "
        f"{len(earlier.lost)} lost, {earlier.unchanged} unchanged."
    )
    new = frozenset(earlier.new)
    for one in summary.by_risk(report.findings):
        if one.identity in new:
            yield words(f"New: {one.id} in {view.display_name(one.purl)}")
    for word, some in (("Fixed", earlier.fixed), ("Lost, a gap hides it now", earlier.lost)):
        for one in some:
            yield words(f"{word}: {one.id} in {view.display_name(one.purl)}")
    for difference in earlier.because:
        yield words(f"Beside the image, this differs: {difference}")


def _policy(report: ScanReport) -> Iterator[str]:
    result = report.policy
    if result is None:
        return
    yield words(f"Decided for {result.today}: {result.action}.")
    about = {one.identity: one for one in report.findings}
    for error in result.errors:
        yield words(f"Could not be evaluated, so it blocks: {error}")
    for one in result.decisions:
        known = about.get(one.subject)
        subject = f"{known.id} in {view.display_name(known.purl)}" if known else one.subject
        due = f" until {one.due}" if one.due else ""
        yield words(f"{one.action}{due}: {subject}, by {one.rule}: {one.reason}")


def _layers(report: ScanReport) -> Iterator[list[str]]:
    for one in summary.layers(report):
        worst = ", ".join(f"{count} {level}" for level, count in one.levels)
        yield [
            str(one.index),
            words(one.instruction[:300] or "not told"),
            summary.size(one.size_bytes) if one.size_bytes else "not told",
            str(one.packages),
            f"{one.findings}{f' ({worst})' if worst else ''}",
        ]


def _data(report: ScanReport) -> Iterator[str]:
    database = report.database
    if database is None:
        yield "Nothing was matched: this is an inventory, not a scan."
        return
    signed = "signature verified" if database.verified else "signature not verified"
    yield words(f"Database {database.digest}, built {database.built}, {signed}.")


def _source(one: SourceInfo, report: ScanReport) -> list[str]:
    age = summary.age_days(one.as_of, report.created)
    days = "not known" if age is None else view.number(age, "day")
    stale = ", stale" if age is not None and age > one.stale_after_days else ""
    cells = (one.name, one.as_of[:10], f"{days}{stale}", one.complete, one.license)
    return [words(cell) for cell in cells]


def _record(report: ScanReport) -> Iterator[tuple[str, str]]:
    image = report.image
    rows = (
        ("Manifest", image.manifest_digest),
        ("Configuration", image.config_digest),
        ("Database", report.database.digest if report.database else ""),
        ("Policies", report.policy.digest if report.policy else ""),
        ("Tool", f"scantling {report.tool_version}"),
        ("Profile", report.profile),
    )
    for name, value in rows:
        if value:
            yield name, words(value)
