"""A comparison as one HTML page, under the same policy as the report: no script, no request."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.compare import Comparison
from scantling.core.model.finding import Finding
from scantling.reports import summary, view
from scantling.reports.compare.words import Group, changed, groups, totals
from scantling.reports.html import charts, style
from scantling.reports.html.markup import NOTHING, Markup, element, number, text
from scantling.reports.html.parts import (
    Column,
    code,
    folded,
    level,
    listed,
    section,
    table,
    tag,
)

_COLUMNS: Final = (
    Column("Vulnerability"),
    Column("Package", fixed=True),
    Column("Severity"),
    Column("Risk", number=True),
    Column("Fixed in"),
    Column("About", wide=True),
)
_CHANGED: Final = (
    Column("Vulnerability"),
    Column("Package", fixed=True),
    Column("Severity"),
    Column("What changed"),
)
_GOOD: Final = {"fixed": "ok", "new": "bad", "lost": "bad", "reopened": "bad"}


def page(found: Comparison, before: str, after: str) -> str:
    """Return the comparison of `before` with `after`, names as the user gave them."""
    sections = {("overview", "Overview"): _overview(found)}
    for group in groups(found):
        sections[group.name, group.title] = _group(group)
    sections["changed", "Reads differently"] = _changed(found)
    sections["packages", "Packages"] = _packages(found)
    shown = {name: made for name, made in sections.items() if made}
    head = (
        element("h1", f"{before} → {after}"),
        element("p", totals(found)),
        element("p", code(found.before), " → ", code(found.after)),
    )
    title = f"{before} → {after} - Scantling"
    end = style.end("Scantling. This file holds no script and asks for nothing.")
    return style.page(title, head, shown, shown.values()) + end


def _overview(found: Comparison) -> Markup:
    tiles = [_tile(len(one.shown), one.title.lower(), _GOOD[one.name]) for one in groups(found)]
    tiles.append(_tile(len(found.unchanged), "in both reports", ""))
    parts = [element("div", *tiles, class_="grid")]
    if found.because:
        words = element("p", "Not only the image differs, so not every change is the image's:")
        parts.append(element("div", words, listed(found.because), class_="card"))
    figure = charts.changes([(one.name, one.shown) for one in groups(found)])
    parts.append(element("div", charts.figure(figure), class_="charts") if figure else NOTHING)
    return section("overview", "Overview", *parts)


def _tile(count: int, words: str, color: str) -> Markup:
    bold = element("b", f"{count:,}", class_=color if count and color else None)
    return element("div", bold, element("span", words), class_="card tile")


def _group(group: Group) -> Markup:
    if not group.shown and not group.hidden:
        return NOTHING
    hidden = f" Suppressed besides: {group.hidden}." if group.hidden else ""
    note = element("p", f"{group.meaning}{hidden}", class_="note")
    caption = Markup(f"<b>{len(group.shown)}</b>, highest risk first")
    rows = map(_row, summary.by_risk(group.shown))
    shown = table(group.title, caption, _COLUMNS, rows) if group.shown else NOTHING
    return section(group.name, group.title, note, shown)


def _row(one: Finding) -> tuple[Markup, ...]:
    state = Markup(f" {tag(one.state, 'warn')}") if one.state != "open" else NOTHING
    known = Markup(f" {tag('KEV', 'kev')}") if summary.exploited(one) else NOTHING
    return (
        Markup(f'<span class="nw">{text(one.id)}</span>{known}{state}'),
        text(_versioned(one)),
        level(one.severity),
        text("" if one.risk is None else number(one.risk.score)),
        text(view.fix_words(one)),
        text(one.summary, limit=200),
    )


def _versioned(one: Finding) -> str:
    version = one.matches[0].version if one.matches else ""
    return f"{view.display_name(one.purl)} {version}".strip()


def _changed(found: Comparison) -> Markup:
    rows = [
        (text(one.id), text(_versioned(one)), level(one.severity), text(words))
        for one, words in changed(found)
    ]
    if not rows:
        return NOTHING
    caption = Markup(f"<b>{len(rows)}</b> in both reports, told differently")
    shown = table("Reads differently", caption, _CHANGED, rows)
    return section("changed", "Reads differently", shown)


def _packages(found: Comparison) -> Markup:
    blocks = [*_purls("added", found.packages_added), *_purls("removed", found.packages_removed)]
    return section("packages", "Packages", *blocks) if blocks else NOTHING


def _purls(what: str, purls: tuple[str, ...]) -> Iterator[Markup]:
    if purls:
        head = text(f"{view.number(len(purls), 'package')} {what}")
        yield folded(head, listed(code(one) for one in purls))
