"""Text as inert Markdown: no link, mention, reference, formula, HTML or table cell comes out of it.

Character references alone do not stop GitHub and GitLab: they look for mentions (`@team`),
references (`#1`, `!1`, `GH-1`), addresses and formulas in the text that Markdown made. A zero-width
space after the sign does, as does code.

Source: CommonMark 0.31, 2.5 and 6.1; GitHub Flavored Markdown 0.29, 4.10 and 6.9; GitLab Docs,
"GitLab Flavored Markdown", "GitLab-specific references".
"""

import re
from typing import Final

from scantling.core.text import neutral

_GAP: Final = "&#8203;"
_SPECIAL: Final = re.compile(
    r"""
    ^[-=] | ^[0-9]{1,9}[.)](?=[ ]|$)       # starts of lists, rules and headings
    | (?<![A-Za-z0-9])[Gg][Hh]-(?=[0-9])   # GH-1
    | [\\`*_{}\[\]()\#+!|<>~&@:$%^]
    | (?<=[Ww]{3})\.
    """,
    re.VERBOSE,
)
_SIGNS: Final = frozenset("@#!~$%^&")


def inert(text: str, *, limit: int = 1024) -> str:
    """Return text from outside as Markdown that shows it, on one line; `limit` in characters.

    Blanks alone become a space without width: nothing at all would change what stands around it.
    """
    inner = neutral(text, limit=limit).strip(" ")
    return _SPECIAL.sub(_reference, inner) if inner or not text else _GAP


def code(text: str, *, limit: int = 1024) -> str:
    """Return text from outside as inline code, also right in a table; empty for an empty text."""
    inner = neutral(text, limit=limit).strip(" ")
    if not inner:
        return _GAP if text else ""
    if "`" in inner or "|" in inner:  # A span could end; whether `\\|` ends a cell is disputed.
        return f"<code>{_SPECIAL.sub(_reference, inner)}</code>"
    return f"`{inner}`"


def row(*cells: str) -> str:
    """Return a row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |\n"


def _reference(match: re.Match[str]) -> str:
    text = match[0]
    if text[0] in "Gg":
        return text + _GAP
    if len(text) > 1:
        return f"{text[:-1]}&#{ord(text[-1])};"
    after = match.string[match.end() : match.end() + 1]
    refers = text in _SIGNS and after not in {"", " "}
    leads = text == "." or (text == ":" and after == "/")  # www. and https://
    return f"&#{ord(text)};{_GAP if refers or leads else ''}"
