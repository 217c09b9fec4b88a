"""Edits of JSON files that leave every other character as it is: package.json, composer.json.

The text is checked by a strict reader first and after; between, values are found by position.

Source: RFC 8259.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.text import octets

_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\\n]|\\.)*+)"|(?P<sign>[{}\[\],:])|(?P<plain>[^\s{}\[\],:"]++)'
)
_DEPTH: Final = 100
_INDENT: Final = re.compile(r"^(?P<indent>[ \t]++)\"", re.MULTILINE)

Path = tuple[str, ...]


class Value(Struct, frozen=True, kw_only=True):
    """A value's stretch of the text, quotes and brackets included. `text` is a string's content."""

    start: int
    end: int
    kind: str
    """`string`, `object`, `array` or `plain`."""
    text: str = ""
    last: int = -1
    """Where the last member of an object ends; -1 if it is empty or no object."""


def values(text: str) -> dict[Path, Value]:
    """Return all values by their path (places in arrays as text). Raises InputError: no JSON."""
    _check(text)
    reader = _Reader()
    for token in _TOKEN.finditer(text.removeprefix("\ufeff"), 0):
        reader.token(token)
    shift = len(text) - len(text.removeprefix("\ufeff"))
    if not shift:
        return reader.found
    return {
        path: msgspec.structs.replace(
            one,
            start=one.start + shift,
            end=one.end + shift,
            last=one.last + shift if one.last >= 0 else -1,
        )
        for path, one in reader.found.items()
    }


def strings(found: Mapping[Path, Value], *path: str) -> dict[str, str]:
    """Return the members of an object that are strings."""
    return {
        at[-1]: one.text
        for at, one in found.items()
        if len(at) == len(path) + 1 and at[:-1] == path and one.kind == "string"
    }


def put(text: str, path: Path, value: str) -> str:
    """Return the text with a string at a path; objects on the way are made, at the end.

    Raises InputError: it is no JSON, or something else than an object or text is in the way.
    """
    found = values(text)
    there = found.get(path)
    if there is not None:
        if there.kind != "string":
            raise InputError("parse.failed", f"{'.'.join(path)} is not a text")
        return _checked(text[: there.start] + _quoted(value) + text[there.end :])
    known = 0
    while path[: known + 1] in found:
        known += 1
    outer = found.get(path[:known])
    if outer is None or outer.kind != "object":
        raise InputError("parse.failed", f"{'.'.join(path[:known])} is not an object")
    return _checked(_inserted(text, outer, path[known:], value, depth=known + 1))


def _inserted(text: str, outer: Value, path: Path, value: str, *, depth: int) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    unit = _INDENT.search(text)
    indent = unit["indent"] if unit else "  "
    flat = outer.last >= 0 and "\n" not in text[outer.start : outer.end]
    made = _quoted(value)
    for level, name in reversed(list(enumerate(path, depth))):
        member = f"{_quoted(name)}: {made}"
        if level == depth:
            made = member
        elif flat:
            made = "{ " + member + " }"
        else:
            made = f"{{{newline}{indent * level}{member}{newline}{indent * (level - 1)}}}"
    if flat:
        return f"{text[: outer.last]}, {made}{text[outer.last :]}"
    if outer.last >= 0:
        return f"{text[: outer.last]},{newline}{indent * depth}{made}{text[outer.last :]}"
    inner = f"{{{newline}{indent * depth}{made}{newline}{indent * (depth - 1)}}}"
    return text[: outer.start] + inner + text[outer.end :]


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _check(text: str) -> None:
    try:
        msgspec.json.decode(octets(text.removeprefix("\ufeff")))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("parse.failed", f"the file is not JSON ({error})") from error


def _checked(text: str) -> str:
    _check(text)
    return text


class _Reader:
    """Follows the tokens of a text that is known to be JSON."""

    def __init__(self) -> None:
        self.found: dict[Path, Value] = {}
        self.path: list[str] = []
        self.open: list[tuple[str, int]] = []
        self.counts: list[int] = []
        self.last: list[int] = []
        self.key = ""
        self.wants_key = False

    def token(self, token: re.Match[str]) -> None:
        sign = token["sign"]
        if sign is None:
            self._scalar(token)
        elif sign in "{[":
            if len(self.open) >= _DEPTH:
                raise InputError("parse.failed", "the file is nested too deeply")
            self.path.append(self._name())
            self.open.append((sign, token.start()))
            self.counts.append(0)
            self.last.append(-1)
            self.wants_key = sign == "{"
        elif sign in "}]":
            self._close(token.end())
        elif sign == ",":
            self.counts[-1] += 1
            self.wants_key = self.open[-1][0] == "{"

    def _name(self) -> str:
        if not self.open:
            return ""
        return self.key if self.open[-1][0] == "{" else str(self.counts[-1])

    def _scalar(self, token: re.Match[str]) -> None:
        text = token["text"]
        content = "" if text is None else msgspec.json.decode(octets(token[0]), type=str)
        if self.wants_key:
            self.key, self.wants_key = content, False
            return
        kind = "plain" if text is None else "string"
        self._put(Value(start=token.start(), end=token.end(), kind=kind, text=content))

    def _put(self, value: Value) -> None:
        self.found[(*self.path[1:], self._name()) if self.open else ()] = value
        if self.last:
            self.last[-1] = value.end

    def _close(self, end: int) -> None:
        sign, start = self.open.pop()
        own, last = self.path.pop(), self.last.pop()
        self.counts.pop()
        kind = "object" if sign == "{" else "array"
        value = Value(start=start, end=end, kind=kind, last=last if sign == "{" else -1)
        self.wants_key = False
        if self.open:
            self.found[(*self.path[1:], own)] = value
            self.last[-1] = end
        else:
            self.found[()] = value
