"""What is in the image: its layers with what each brought, and its packages with licenses."""

from collections.abc import Iterator
from typing import Final

from scantling.core.model.inventory import Package
from scantling.core.model.report import ScanReport
from scantling.reports import summary, view
from scantling.reports.html.charts import amount_bar, level_bar
from scantling.reports.html.markup import NOTHING, Markup, element, join, text
from scantling.reports.html.parts import Column, code, folded, section, table
from scantling.reports.summary import LayerSummary

_LAYERS: Final = (
    Column("Layer"),
    Column("Made by"),
    Column("Size", number=True),
    Column("Compared", wide=True),
    Column("Packages", number=True),
    Column("Open findings", number=True),
    Column("By severity", wide=True),
)
_PACKAGES: Final = (
    Column("Package"),
    Column("Version", fixed=True),
    Column("Layer", number=True),
    Column("Licenses as declared"),
    Column("Seen in", wide=True, fixed=True),
)
_MOST_LICENSES: Final = 6


def layers(report: ScanReport) -> Markup:
    """Return the layers, bottom first; nothing for an image without layers."""
    found = summary.layers(report)
    if not found:
        return NOTHING
    largest = max(one.size_bytes for one in found)
    most = max(one.findings for one in found)
    caption = Markup("Bottom first. Bars compare the layers with the largest of them.")
    shown = table("Layers", caption, _LAYERS, (_layer(one, largest, most) for one in found))
    return section("layers", "Layers", shown)


def _layer(one: LayerSummary, largest: int, most: int) -> tuple[Markup, ...]:
    part = (
        "" if one.part == "unknown" else f"<small>{'base' if one.part == 'base' else 'own'}</small>"
    )
    worst = ", ".join(f"{count} {level}" for level, count in one.levels)
    size = summary.size(one.size_bytes) if one.size_bytes else "not told"
    return (
        Markup(f"{one.index}{part}"),
        code(one.instruction, limit=300) or text("not told"),
        text(size),
        Markup(f'<div class="bars">{amount_bar(one.size_bytes, largest)}</div>'),
        text(str(one.packages)),
        Markup(f"{one.findings}<small>{text(worst)}</small>"),
        Markup(f'<div class="bars">{level_bar(one.levels, most)}</div>'),
    )


def packages(report: ScanReport) -> Markup:
    """Return the packages by type, each type folded; the counts stay in sight."""
    groups = summary.packages_by_type(report)
    if not groups:
        empty = element("p", "No package was recognized.", class_="card")
        return section("packages", "Packages", empty)
    blocks = []
    for name, some in groups.items():
        licensed = sum(bool(one.licenses) for one in some)
        head = Markup(
            f"{text(name)}: {view.number(len(some), 'package')}, {licensed} with a license"
        )
        rows = (_package(one) for one in some)
        caption = Markup(f"Packages of type {text(name)}")
        blocks.append(folded(head, table(f"Packages: {name}", caption, _PACKAGES, rows)))
    return section("packages", "Packages", join(blocks))


def _package(one: Package) -> tuple[Markup, ...]:
    owned = f"<small>from {text(view.display_name(one.owner))}</small>" if one.owner else ""
    return (
        Markup(f"{text(view.package_name(one))}{owned}"),
        text(one.version),
        text(str(one.origin)),
        Markup("".join(_licenses(one))),
        text(one.locations[0].path if one.locations else ""),
    )


def _licenses(one: Package) -> Iterator[str]:
    if not one.licenses:
        yield '<span class="note">not declared</span>'
    yield ", ".join(text(name) for name in one.licenses[:_MOST_LICENSES])
    if len(one.licenses) > _MOST_LICENSES:
        yield f" and {len(one.licenses) - _MOST_LICENSES} more"
