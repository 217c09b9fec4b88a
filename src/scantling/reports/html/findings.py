"""The findings: one table by risk, and below it everything known about each.

Rows are written as plain text pieces, not element by element: a large image has thousands.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Severity, Signal
from scantling.core.model.decision import Decision
from scantling.core.model.finding import Finding, FindingState, Match
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.core.model.report import ScanReport
from scantling.reports import summary, view
from scantling.reports.html.charts import risk_bar
from scantling.reports.html.markup import NOTHING, Markup, element, join, link, number, text
from scantling.reports.html.parts import (
    Column,
    code,
    folded,
    level,
    listed,
    pairs,
    section,
    table,
    tag,
)

_COLUMNS: Final = (
    Column("Vulnerability"),
    Column("Severity"),
    Column("Risk, low to high"),
    Column("Package"),
    Column("Version → fixed in", fixed=True),
    Column("Signals"),
    Column("Where", wide=True),
    Column("Decision", wide=True),
)
_TITLES: Final = {
    FindingState.OPEN: "Open findings",
    FindingState.UNDETERMINED: "Undetermined findings: their versions cannot be compared",
    FindingState.SUPPRESSED: "Suppressed findings, each with its reason",
}
_MOST_LINKS: Final = 4
_MOST_MATCHES: Final = 12


class _Known(Struct, frozen=True):
    """What a row needs beside the finding."""

    report: ScanReport
    packages: dict[tuple[str, str], Package]
    decisions: dict[str, Decision]
    places: dict[str, Place]
    new: frozenset[str]


def findings(report: ScanReport) -> Markup:
    """Return the tables of findings by state; nothing if nothing was matched."""
    if report.database is None:
        return NOTHING
    known = _known(report)
    numbered = [*enumerate(summary.by_risk(report.findings), 1)]
    parts = [_state(known, state, numbered) for state in FindingState]
    if not numbered:
        parts = [element("p", "No finding.", class_="card")]
    return section("findings", "Findings", *parts)


def details(report: ScanReport) -> Markup:
    """Return everything known about each finding, folded; in the order of the tables."""
    if not report.findings:
        return NOTHING
    known = _known(report)
    blocks = [_detail(known, at, one) for at, one in enumerate(summary.by_risk(report.findings), 1)]
    hint = "Every word of every source, why it matched, and where to read more. Open a line."
    return section("details", "Details", element("p", hint, class_="note"), join(blocks))


def _known(report: ScanReport) -> _Known:
    return _Known(
        report,
        view.packages_by_purl(report),
        summary.decisions(report),
        summary.places(report),
        frozenset(report.baseline.new) if report.baseline else frozenset(),
    )


def _state(known: _Known, state: FindingState, numbered: Sequence[tuple[int, Finding]]) -> Markup:
    some = [(at, one) for at, one in numbered if one.state is state]
    if not some:
        return NOTHING
    caption = Markup(f"<b>{_TITLES[state]}: {len(some)}</b>, highest risk first")
    rows = (_row(known, at, one) for at, one in some)
    shown = table(state.value.capitalize(), caption, _COLUMNS, rows)
    if state is FindingState.SUPPRESSED:
        return folded(text(f"{_TITLES[state]}: {len(some)}"), shown)
    return shown


def _row(known: _Known, at: int, one: Finding) -> tuple[Markup, ...]:
    package = known.packages.get((one.purl, one.owner))
    new = tag("new", "new") if one.identity in known.new else ""
    name = text(view.package_name(package) if package else view.display_name(one.purl))
    kind = text(package.type if package else "")
    version = text(package.version if package else "")
    source = text(_said_by(one))
    return (
        Markup(f'<a class="nw" href="#f{at}">{text(one.id)}</a> {new}'),
        Markup(f"{level(one.severity)}{source and f'<small>{source}</small>'}"),
        _risk(one),
        Markup(f"{name}<small>{kind}</small>"),
        Markup(f"{version}<small>→ {text(view.fix_words(one))}</small>"),
        _signals(one),
        _where(known, one, package),
        _decision(known, one),
    )


def _said_by(one: Finding) -> str:
    score = "" if one.score is None else f"CVSS {number(one.score)}"
    return ", ".join(part for part in (score, one.severity_source) if part)


def _risk(one: Finding) -> Markup:
    if one.risk is None:
        return Markup('<span class="note">not rated</span>')
    score, low, high = one.risk.score, one.risk.low, one.risk.high
    return Markup(
        f'<div class="risk"><b>{number(score)}</b> <small>{number(low)} to {number(high)}</small>'
        f"{risk_bar(score, low, high)}</div>"
    )


def _signals(one: Finding) -> Markup:
    parts = []
    if summary.exploited(one):
        parts.append(tag("KEV", "kev"))
    chance = summary.probability(one)
    if chance is not None:
        parts.append(tag(f"EPSS {_percent(chance)}"))
    return join(parts)


def _percent(chance: float) -> str:
    return f"{chance * 100:.0f}%" if chance >= 0.01 else "<1%"  # noqa: PLR2004 - one percent


def _where(known: _Known, one: Finding, package: Package | None) -> Markup:
    place = known.places.get(one.purl)
    parts = []
    if place is not None:
        parts.append(code(f"{place.path}:{place.line}"))
    if package is not None:
        origin = f"{one.part} layer" if one.part != "unknown" else "layer"
        step = view.instruction(known.report, package.origin)[:70]
        parts.append(Markup(f"<small>{origin} {package.origin} {text(step)}</small>"))
    return join(parts)


def _decision(known: _Known, one: Finding) -> Markup:
    said = known.decisions.get(one.identity)
    if said is None:
        return text(one.reason) if one.state is not FindingState.OPEN else NOTHING
    until = f" until {said.due}" if said.due else ""
    parts = [tag(f"{said.action}{until}", said.action)]
    if said.exception is not None:
        words = summary.exception_words(said.exception)
        parts.append(Markup(f"<small>exception {text(words)}</small>"))
    else:
        parts.append(Markup(f"<small>{text(said.rule)}</small>"))
    return join(parts)


def _detail(known: _Known, at: int, one: Finding) -> Markup:
    package = known.packages.get((one.purl, one.owner))
    name = text(view.package_name(package) if package else view.display_name(one.purl))
    version = text(package.version if package else "")
    head = f"{level(one.severity)} {text(one.id)} in {name} {version}"
    parts = [
        element("p", text(one.summary, limit=2048)) if one.summary else NOTHING,
        _facts(known, one, package),
        _why(one),
        _factors(one),
        _links(one),
    ]
    # The fragment is inside, not on the element: a browser opens what holds the target of a link.
    # Source: HTML, "ancestor revealing algorithm".
    inner = f'<div id="f{at}">{"".join(parts)}</div>'
    return Markup(f'<details class="card f"><summary>{head}</summary>{inner}</details>\n')


def _facts(known: _Known, one: Finding, package: Package | None) -> Markup:
    said = known.decisions.get(one.identity)
    place = known.places.get(one.purl)
    files = package.locations[:4] if package else ()
    return pairs(
        (
            ("Also known as", ", ".join(one.aliases)),
            ("Package", code(one.purl)),
            ("Owned by", code(one.owner)),
            ("Found in", join([code(file.path) for file in files], ", ")),
            ("Line to edit", _place(place) if place else ""),
            (
                "Fixed in",
                view.fix_words(one) + (f" (the source says: {one.word})" if one.word else ""),
            ),
            ("Severity", f"{one.severity}, {_said_by(one)}" if _said_by(one) else one.severity),
            ("Vector", code(one.vector)),
            ("State", f"{one.state}: {one.reason}" if one.reason else ""),
            ("Followed", one.decided_by),
            ("Signals", "; ".join(map(_signal, one.signals))),
            ("Decision", _spoken(said) if said else ""),
            ("Identity", code(one.identity)),
        )
    )


def _place(place: Place) -> Markup:
    likely = "" if place.certain else " (by likeness)"
    return Markup(f"{code(f'{place.path}:{place.line}')} {code(place.text)}{likely}")


def _signal(one: Signal) -> str:
    match one.kind:
        case "kev":
            used = ", used by ransomware" if one.note == "ransomware" else ""
            return f"known to be exploited since {one.value}{used} (CISA KEV)"
        case "epss":
            return f"EPSS {one.value}, percentile {one.note}, of {one.date}"
        case _:
            return " ".join(part for part in (one.kind.upper(), one.value, one.note) if part)


def _spoken(said: Decision) -> str:
    words = f"{said.action} by {said.rule}: {said.reason}"
    if said.due:
        words += f" Due {said.due}."
    use = said.exception
    if use is None:
        return words
    approved = f", approved by {use.approver}" if use.approver else ""
    known = f"{summary.exception_words(use)}, of {use.owner}{approved}"
    return f"{words} Exception {known}: {use.reason}"


def _why(one: Finding) -> Markup:
    items = [_match(match) for match in one.matches[:_MOST_MATCHES]]
    if len(one.matches) > _MOST_MATCHES:
        items.append(text(f"{len(one.matches) - _MOST_MATCHES} more in the JSON report"))
    return Markup(f"<h3>What the sources say</h3>{listed(items)}") if items else NOTHING


def _match(one: Match) -> Markup:
    severities = ", ".join(map(_severity, one.severities))
    parts = (
        one.outcome,
        one.because,
        f"fixed in {', '.join(one.fixed_in)}" if one.fixed_in else f"fix: {one.fix}",
        f"its word: {one.word}" if one.word else "",
        severities,
        f"modified {one.modified[:10]}" if one.modified else "",
    )
    said = "; ".join(part for part in parts if part)
    return Markup(f"<b>{text(one.source)}</b> {code(one.advisory)}: {text(said)}")


def _severity(one: Severity) -> str:
    score = "" if one.score is None else f" {number(one.score)}"
    return f"{one.source} {one.value}{score}" if one.kind == "word" else f"{one.source} CVSS{score}"


def _factors(one: Finding) -> Markup:
    if one.risk is None:
        return NOTHING
    said = "; ".join(
        f"{factor.name}{'' if factor.known else ' (not known)'}: {factor.because}"
        for factor in one.risk.factors
    )
    head = (
        f"Risk {number(one.risk.score)}, between {number(one.risk.low)} and {number(one.risk.high)}"
    )
    return Markup(f"<h3>{text(head)}</h3><p>{text(said, limit=4096)}</p>")


def _links(one: Finding) -> Markup:
    return Markup("".join(_references(one)))


def _references(one: Finding) -> Iterator[str]:
    if one.references:
        yield "<h3>Read more</h3>"
        yield listed(link(url) for url in one.references[:_MOST_LINKS])
    if len(one.references) > _MOST_LINKS:
        yield f"<p>{len(one.references) - _MOST_LINKS} more in the JSON report</p>"
