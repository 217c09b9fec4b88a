"""Shell-like assignments, as os-release(5) and lsb-release use them.

Source: os-release(5): newline-separated `NAME=value`; values may be quoted, and in double quotes a
backslash escapes `"`, `$`, backslash and backtick; no concatenation; `#` starts a comment line.
"""

import re
from typing import Final

from scantling.catalog.api import OpenFile, Unreadable

_LINE: Final = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*+)=(?P<value>[^\n]*+)")
_DOUBLE: Final = re.compile(r'"(?P<inner>(?:[^"\\]|\\[^\n])*+)"')
_SINGLE: Final = re.compile(r"'(?P<inner>[^']*+)'")
_PLAIN: Final = re.compile(r"(?:[^\s\"'\\]|\\[^\n])*+")
_ESCAPE_IN_DOUBLE: Final = re.compile(r'\\(?P<char>["$\\`])')
_ESCAPE: Final = re.compile(r"\\(?P<char>[^\n])")


def read_assignments(file: OpenFile) -> tuple[dict[str, str], tuple[Unreadable, ...]]:
    """Return the variables, unquoted, and what was not readable.

    A name that is assigned twice has its last value, as in a shell. A line that is no assignment
    and a value that is too long are left out; a value with broken quotes is taken as written. Each
    of these is reported as a note: whether it matters depends on the variable that is missing then.
    """
    found: dict[str, str] = {}
    notes: list[Unreadable] = []
    for number, line in enumerate(file.text().split("\n"), 1):
        stripped = line.strip(" \t\r")
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            notes.append(_note(number, "is not an assignment"))
        elif len(match["value"]) > file.limits.name_chars:
            notes.append(_note(number, "has too long a value", limit="name_chars"))
        else:
            value = _unquoted(match["value"])
            if value is None:
                notes.append(_note(number, "has a value with broken quotes"))
                value = match["value"].strip("\"'")
            found[match["name"]] = value
    return found, tuple(notes)


def _unquoted(value: str) -> str | None:
    if match := _DOUBLE.fullmatch(value):
        return _ESCAPE_IN_DOUBLE.sub(r"\g<char>", match["inner"])
    if match := _SINGLE.fullmatch(value):
        return match["inner"]
    if _PLAIN.fullmatch(value):
        return _ESCAPE.sub(r"\g<char>", value)
    return None


def _note(number: int, what: str, *, limit: str = "") -> Unreadable:
    return Unreadable(code="parse.note", reason=f"line {number} {what}", limit=limit)
