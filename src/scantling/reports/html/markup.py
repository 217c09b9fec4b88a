"""Text that is markup, and the only ways to make it.

A `Markup` is markup; any other `str` is text and is escaped on its way in. Nothing from an image
can therefore open a tag, an attribute, or an address: addresses pass `view.link`, which lets only
web pages through. The output is also well-formed XML, so that a strict reader can check it.

Source: HTML, "The XML syntax" and "Parsing HTML documents", https://html.spec.whatwg.org/.
"""

import re
from typing import Final

from scantling.core.text import neutral
from scantling.reports import view

# Most values: inert as they are. A pattern tells so ten times as fast as escaping them does.
_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9 ._/,;+()=@%~?-]|:(?!:))*+")
# Noncharacters are errors in HTML and forbidden in XML 1.0 (2.2), so they are made visible.
_LAST: Final = "".join(chr(plane * 0x10000 + 0xFFFE + at) for plane in range(17) for at in (0, 1))
_NONCHARACTER: Final = re.compile(f"[\ufdd0-\ufdef{_LAST}]")
_VOID: Final = frozenset(
    {"br", "link", "meta", "rect", "line", "path", "circle", "polyline", "use"}
)


class Markup(str):
    """Text that is already markup and goes out as it is."""

    __slots__ = ()


NOTHING: Final = Markup("")


def text(value: str, *, limit: int = 1024) -> Markup:
    """Return the value as inert markup: neutralized, on one line, escaped for any place."""
    if len(value) <= limit and _PLAIN.fullmatch(value):
        return Markup(value)
    shown = neutral(value, limit=limit)
    if not shown.isascii():
        shown = _NONCHARACTER.sub(lambda odd: f"\\u{ord(odd[0]):04x}", shown)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(shown.replace('"', "&quot;").replace("'", "&#39;").replace("`", "&#96;"))


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element; `class_` is `class`, other underscores are hyphens, None is left out."""
    opened = f"<{name}"
    for key, value in attributes.items():
        if value is not None:
            shown = text(value, limit=4096) if isinstance(value, str) else number(value)
            opened += f' {key.rstrip("_").replace("_", "-")}="{shown}"'
    if name in _VOID:
        return Markup(opened + "/>")
    inner = "".join([one if isinstance(one, Markup) else text(one) for one in children])
    return Markup(f"{opened}>{inner}</{name}>")


def join(parts: "list[Markup] | tuple[Markup, ...]", between: str = "") -> Markup:
    """Return the parts one after the other."""
    return Markup(between.join(parts))


def number(value: float) -> str:
    """Return a number with at most one decimal and no trailing zero: sizes stay small."""
    return f"{value:.1f}".removesuffix(".0")


def link(url: str, label: str = "") -> Markup:
    """Return a link to a web page; anything else becomes plain text."""
    address = view.link(url)
    if not address:
        return text(label or url)
    shown = label or address.removeprefix("https://").removeprefix("http://")
    return element("a", shown, href=address, rel="noopener")
