"""Charts as SVG: each says something that a table says badly, and says it in words as well.

A chart is a `Figure`: its title, a sentence that reads it for you, and the drawing. The drawing has
a role and a name; every bar has its number beside it, so that no color stands alone. Coordinates
are in units of a drawing that scales with its column; no number depends on the machine.

Source: SVG 2, https://www.w3.org/TR/SVG2/; WAI-ARIA Graphics Module, 2018.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from scantling.core.model.advisory import Level
from scantling.core.model.base import Part
from scantling.core.model.finding import Finding
from scantling.reports import view
from scantling.reports.html.markup import NOTHING, Markup, element, join, number
from scantling.reports.summary import FixGroup, levels, levels_by_fix, levels_by_part, years

_WIDTH: Final = 560
_LABEL: Final = 86
_BAR: Final = 20
_STEP: Final = 29
_NARROW: Final = 17
"""A segment narrower than this has no room for its number."""
_MOST_POINTS: Final = 160
_FIX_CLASSES: Final = {
    FixGroup.AVAILABLE: "f-available",
    FixGroup.NONE: "f-none",
    FixGroup.REFUSED: "f-refused",
    FixGroup.UNKNOWN: "f-nofix",
}
_PARTS: Final = {
    Part.BASE: "base image",
    Part.OWN: "own layers",
    Part.UNKNOWN: "not known",
}


class Figure(Struct, frozen=True):
    """A chart: `title` and `reading` are text, `drawing` is an SVG element."""

    title: str
    reading: str
    drawing: Markup


class _Row(Struct, frozen=True):
    label: str
    parts: tuple[tuple[str, str, int], ...]
    """(class, word, count)"""


def fixes(findings: Sequence[Finding]) -> Figure:
    """Return open findings by severity, each bar split by what can be done."""
    counts = levels_by_fix(findings)
    rows = [
        _Row(level, tuple((_FIX_CLASSES[group], group, count) for group, count in groups.items()))
        for level, groups in counts.items()
        if sum(groups.values())
    ]
    available = sum(groups[FixGroup.AVAILABLE] for groups in counts.values())
    reading = f"{available} of {view.number(len(findings), 'open finding')} can be fixed today."
    legend = [(_FIX_CLASSES[group], group.value) for group in FixGroup]
    return Figure("Severity and what can be done", reading, _bars(rows, legend, reading))


def parts(findings: Sequence[Finding]) -> Figure | None:
    """Return open findings of the base image beside our own; None if no base is known."""
    counts = levels_by_part(findings)
    if not set(counts) - {Part.UNKNOWN}:
        return None
    rows = [
        _Row(_PARTS[part], tuple((f"f-{level}", level, n) for level, n in row.items()))
        for part, row in counts.items()
    ]
    base = sum(counts.get(Part.BASE, {}).values())
    reading = f"{base} of {view.number(len(findings), 'open finding')} came with the base image."
    legend = [(f"f-{level}", level.value) for level in view.LEVELS if _any(counts, level)]
    return Figure("Base image and own layers", reading, _bars(rows, legend, reading))


def ages(findings: Sequence[Finding]) -> Figure | None:
    """Return open findings by the year in their CVE identifier; None if none has one."""
    counts = years(findings)
    if not counts:
        return None
    old = sum(sum(groups.values()) for year, groups in counts.items() if year <= max(counts) - 2)
    known = sum(sum(groups.values()) for groups in counts.values())
    reading = (
        f"{old} of {known} were assigned in {max(counts) - 2} or before; the year is the "
        "identifier's."
    )
    return Figure("Age of the vulnerabilities", reading, _columns(counts, reading))


def risks(findings: Sequence[Finding]) -> Figure | None:
    """Return risk, highest first, with the range that missing facts leave; None if not rated."""
    rated = sorted(
        ((one.risk.score, one.risk.low, one.risk.high) for one in findings if one.risk is not None),
        reverse=True,
    )
    if not rated:
        return None
    wide = sum(high - low > 25 for _, low, high in rated)  # noqa: PLR2004 - a quarter of the scale
    reading = (
        f"Highest {number(rated[0][0])}, median {number(rated[len(rated) // 2][0])} of 100. "
        f"For {wide} of {len(rated)} missing facts leave a range of more than 25 points."
    )
    return Figure("Risk, highest first, with its uncertainty", reading, _curve(rated, reading))


def changes(groups: Sequence[tuple[str, Sequence[Finding]]]) -> Figure | None:
    """Return what became of findings, each bar split by severity; None if there are none."""
    rows = []
    for title, findings in groups:
        counts = levels(findings)
        rows.append(_Row(title, tuple((f"f-{one}", one.value, n) for one, n in counts.items())))
    total = sum(len(findings) for _, findings in groups)
    if not total:
        return None
    present = {one.severity for _, findings in groups for one in findings}
    legend = [(f"f-{level}", level.value) for level in view.LEVELS if level in present]
    reading = f"{view.number(total, 'finding')} changed, by severity."
    return Figure("What changed", reading, _bars(rows, legend, reading))


def risk_bar(score: float, low: float, high: float) -> Markup:
    """Return a small bar from 0 to 100: the range, and a mark at the score. Words stand beside."""
    width = max(high - low, 1.0)
    at = min(max(score - 0.9, 0.0), 98.2)
    return Markup(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="band" d="M{number(low)} 1h{number(width)}v8h-{number(width)}z"/>'
        f'<path class="f-low" d="M{number(at)} 0h1.8v10h-1.8z"/></svg>'
    )


def level_bar(counts: Sequence[tuple[Level, int]], most: int) -> Markup:
    """Return a small stacked bar of severities; `most` is the full width."""
    x, drawn = 0.0, []
    for level, count in counts:
        width = 100 * count / max(most, 1)
        drawn.append(_box(f"f-{level}", x, 1, width, 8))
        x += width
    return _small(drawn)


def amount_bar(amount: int, most: int) -> Markup:
    """Return a small bar of one amount; `most` is the full width."""
    return _small([_box("f-size", 0, 1, 100 * amount / max(most, 1), 8)])


def _small(drawn: list[Markup]) -> Markup:
    track = _box("track", 0, 3, 100, 4)
    return element(
        "svg",
        track,
        *drawn,
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _any(counts: Mapping[Part, Mapping[Level, int]], level: Level) -> bool:
    return any(row[level] for row in counts.values())


def _box(class_: str, x: float, y: float, width: float, height: float) -> Markup:
    return element("rect", class_=class_, x=x, y=y, width=width, height=height)


def _word(words: str, x: float, y: float, class_: str | None = None) -> Markup:
    return element("text", words, x=x, y=y, class_=class_)


def _drawing(height: float, name: str, *children: Markup) -> Markup:
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {_WIDTH} {number(height)}",
        role="img",
        aria_label=name,
    )


def _bars(rows: Sequence[_Row], legend: Iterable[tuple[str, str]], name: str) -> Markup:
    """Return horizontal stacked bars with a total at the end of each."""
    space = _WIDTH - _LABEL - 40
    most = max((sum(count for *_, count in row.parts) for row in rows), default=1)
    drawn = []
    for at, row in enumerate(rows):
        y = at * _STEP + 2
        drawn.append(_word(row.label, _LABEL - 10, y + 14.5, "e"))
        x = float(_LABEL)
        for class_, _word_of_part, count in row.parts:
            width = space * count / most
            if count:
                drawn.append(_box(class_, x, y, max(width, 1.5), _BAR))
            if width >= _NARROW + 7 * (len(str(count)) - 1):
                drawn.append(_word(str(count), x + width / 2, y + 14.5, "i"))
            x += width
        drawn.append(_word(str(sum(count for *_, count in row.parts)), x + 7, y + 14.5))
    y = len(rows) * _STEP + 12
    spoken = "; ".join(f"{row.label}: {_spoken(row.parts)}" for row in rows)
    drawn.append(_legend(legend, y))
    return _drawing(y + 16, f"{name} {spoken}.", *drawn)


def _spoken(parts_: Iterable[tuple[str, str, int]]) -> str:
    return ", ".join(f"{count} {word}" for _, word, count in parts_ if count) or "none"


def _legend(legend: Iterable[tuple[str, str]], y: float) -> Markup:
    x, drawn = 2.0, []
    for class_, word in legend:
        drawn += [_box(class_, x, y, 11, 11), _word(word, x + 16, y + 10, "s")]
        x += 34 + 6.6 * len(word)
    return join(drawn)


def _columns(counts: Mapping[int, Mapping[FixGroup, int]], name: str) -> Markup:
    """Return stacked columns by year, the total above each."""
    height, base = 150, 172
    most = max(sum(groups.values()) for groups in counts.values())
    step = (_WIDTH - 4) / len(counts)
    width = min(step * 0.72, 46)
    every = 1 if step > 34 else 2 if step > 18 else 5  # noqa: PLR2004 - the width of a year
    drawn = [element("path", class_="axis", d=f"M0 {base}.5h{_WIDTH}")]
    for at, (year, groups) in enumerate(counts.items()):
        middle = 2 + step * at + step / 2
        y = float(base)
        for group, count in groups.items():
            if count:
                tall = max(height * count / most, 1.5)
                y -= tall
                drawn.append(_box(_FIX_CLASSES[group], middle - width / 2, y, width, tall))
        total = sum(groups.values())
        if total and step > 6 + 6 * len(str(total)):
            drawn.append(_word(str(total), middle, y - 5, "c"))
        if at % every == 0:
            drawn.append(_word(str(year), middle, base + 16, "s c"))
    spoken = ", ".join(f"{year}: {sum(groups.values())}" for year, groups in counts.items())
    drawn.append(_legend([(_FIX_CLASSES[group], group.value) for group in FixGroup], base + 28))
    return _drawing(base + 44, f"{name} By year: {spoken}.", *drawn)


def _curve(rated: Sequence[tuple[float, float, float]], name: str) -> Markup:
    """Return the curve of scores over the ranks, in the band between low and high.

    Long lists are thinned to what a screen can show; the first and the last stay.
    """
    left, top, width, height = 30, 10, _WIDTH - 36, 150
    last = len(rated) - 1
    shown = min(len(rated), _MOST_POINTS)
    ranks = [round(at * last / max(shown - 1, 1)) for at in range(shown)]
    if last == 0:
        ranks = [0, 0]

    def point(at: int, value: float) -> str:
        x = left + width * at / (len(ranks) - 1)
        return f"{number(x)} {number(top + height * (1 - value / 100))}"

    upper = [point(at, rated[rank][2]) for at, rank in enumerate(ranks)]
    lower = [point(at, rated[rank][1]) for at, rank in enumerate(ranks)]
    scores = [point(at, rated[rank][0]) for at, rank in enumerate(ranks)]
    axis = []
    for value in (0, 25, 50, 75, 100):
        y = top + height * (1 - value / 100)
        axis.append(element("path", class_="axis", d=f"M{left} {number(y)}h{width}"))
        axis.append(_word(str(value), left - 7, y + 4, "s e"))
    bottom = top + height
    return _drawing(
        bottom + 42,
        name,
        *axis,
        element("path", class_="band", d=f"M{'L'.join(upper)}L{'L'.join(reversed(lower))}z"),
        element("path", class_="curve", d=f"M{'L'.join(scores)}"),
        _word("rank 1", left, bottom + 16, "s"),
        _word(f"rank {len(rated)}", left + width, bottom + 16, "s e"),
        _legend([("f-low", "risk"), ("band", "between lowest and highest possible")], bottom + 28),
    )


def figure(chart: Figure | None) -> Markup:
    """Return the chart with its caption and reading; nothing for none."""
    if chart is None:
        return NOTHING
    return element(
        "figure",
        element("figcaption", chart.title),
        element("p", chart.reading),
        chart.drawing,
    )
