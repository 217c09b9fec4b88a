"""Pieces that several sections use: tables, badges, sections, definition lists."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from scantling.core.model.advisory import Level
from scantling.reports.html.markup import NOTHING, Markup, element, join, number, text


class Column(Struct, frozen=True):
    """A column: its head; `number` aligns right; `wide` is left out on a narrow screen.

    `fixed` is for versions and identifiers: a fixed-width face.
    """

    head: str
    number: bool = False
    wide: bool = False
    fixed: bool = False


def table(
    name: str, caption: Markup, columns: Sequence[Column], rows: Iterable[Sequence[str]]
) -> Markup:
    """Return a table that scrolls by itself; the first cell of each row names it.

    `name` tells it from the other tables of the page.

    A cell that is `Markup` goes out as it is, any other text is escaped.
    """
    heads = join(
        [element("th", one.head, scope="col", class_=_class(one, head=True)) for one in columns],
    )
    opened = [f'<td class="{_class(one)}">' if _class(one) else "<td>" for one in columns]
    body = []
    for row in rows:
        cells = [cell if isinstance(cell, Markup) else text(cell) for cell in row]
        first = f'<th scope="row">{cells[0]}</th>'
        rest = "".join(f"{tag}{cell}</td>" for tag, cell in zip(opened[1:], cells[1:], strict=True))
        body.append(f"<tr>{first}{rest}</tr>\n")
    return Markup(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{text(name)} table">'
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{''.join(body)}</tbody></table></div>\n"
    )


def _class(column: Column, *, head: bool = False) -> str | None:
    fixed = column.fixed and not head
    return " ".join(["n"] * column.number + ["x"] * column.wide + ["m"] * fixed) or None


def section(name: str, title: str, *children: Markup) -> Markup:
    """Return a section with its heading; `name` is its fragment."""
    return Markup(
        f'<section id="{name}" aria-labelledby="{name}-h">'
        f'<h2 id="{name}-h">{text(title)}</h2>\n{"".join(children)}</section>\n'
    )


def folded(title: Markup, *children: Markup, class_: str = "card") -> Markup:
    """Return what is shown when it is asked for."""
    return element("details", element("summary", title), *children, class_=class_)


def level(severity: Level) -> Markup:
    """Return the badge of a severity: a word on its color."""
    return Markup(f'<span class="b b-{severity}">{severity}</span>')


def tag(words: str, kind: str = "") -> Markup:
    """Return a word in a frame."""
    return element("span", words, class_=f"t t-{kind}" if kind else "t")


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """Return a definition list; pairs without a value are left out."""
    items = [
        element("dt", name) + element("dd", value)
        for name, value in rows
        if value not in {"", NOTHING}
    ]
    return element("dl", Markup("".join(items))) if items else NOTHING


def code(value: str, *, limit: int = 1024) -> Markup:
    """Return a value in a fixed-width face, nothing for an empty one."""
    return Markup(f"<code>{text(value, limit=limit)}</code>") if value else NOTHING


def listed(items: Iterable[str], class_: str | None = None) -> Markup:
    """Return an unordered list, nothing for an empty one."""
    made = [element("li", one) for one in items]
    return element("ul", *made, class_=class_) if made else NOTHING


def amount(value: float) -> str:
    """Return a number for people, with thousands separated."""
    return f"{value:,}" if isinstance(value, int) else number(value)
