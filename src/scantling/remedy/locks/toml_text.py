"""Edits of TOML files that leave every other character as it is: pyproject.toml, Cargo.toml.

Strings are found by position with the keys that lead to them; the file is read strictly before and
after, and an edit is given out only if no other value of it changed.

Source: TOML 1.0.0, https://toml.io/en/v1.0.0.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from scantling.core.errors import InputError

_TOKEN: Final = re.compile(
    r'''(?P<comment>\#[^\n]*+)
    |"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'[\s\S]*?'{3,5}
    |"(?P<basic>(?:[^"\\\n]|\\.)*+)"|'(?P<literal>[^'\n]*+)'
    |(?P<sign>[{}\[\],=.\n])|(?P<bare>[^\s{}\[\],=.\#"']++)''',
    re.VERBOSE | re.DOTALL,
)
_DEPTH: Final = 64
_ONE: Final = 1

Path = tuple[str, ...]


class Literal(Struct, frozen=True, kw_only=True):
    """A string on one line. `start:end` is its content, without quotes; `path` leads to it.

    The path has no places in arrays: all members of one have its path.
    """

    path: Path
    text: str
    start: int
    end: int


def read(text: str) -> dict[str, Any]:
    """Return the file's values. Raises InputError: it is not TOML."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError("parse.failed", f"the file is not TOML ({error})") from error


def literals(text: str) -> Iterator[Literal]:
    """Yield the strings that are values, in order. Raises InputError: it is not TOML."""
    read(text)
    reader = _Reader()
    for token in _TOKEN.finditer(text):
        yield from reader.token(token)


def replaced(text: str, at: Literal, by: str) -> str:
    """Return the text with another string there. Raises InputError if more would change."""
    made = text[: at.start] + by + text[at.end :]
    before, after = list(_leaves(read(text))), list(_leaves(read(made)))
    differ = [new for old, new in zip(before, after, strict=False) if old != new]
    if len(before) != len(after) or len(differ) > _ONE or any(one != by for _, one in differ):
        raise InputError("parse.failed", "the string could not be changed by itself")
    return made


def _leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*path, str(key)))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _leaves(one, (*path, str(index)))
    else:
        yield path, value


class _Reader:
    """Follows the tokens of a text that is known to be TOML."""

    def __init__(self) -> None:
        self.table: Path = ()
        self.keys: list[Path] = [()]
        self.open: list[str] = []
        self.key: list[str] = []
        self.header: list[str] | None = None
        self.in_value = False
        self.fresh = True

    def token(self, token: re.Match[str]) -> Iterator[Literal]:
        if token["comment"] is not None:
            return
        if token["sign"] is not None:
            self._sign(token["sign"])
            return
        text = token["bare"]
        if text is None:
            text = token["literal"] if token["basic"] is None else token["basic"]
        self.fresh = False
        if self.header is not None:
            self.header.append(text or "")
        elif not self.in_value:
            self.key.append(text or "")
        elif token["bare"] is None and text is not None and "\\" not in text:
            path = self.table + tuple(part for keys in self.keys for part in keys)
            yield Literal(path=path, text=text, start=token.start() + 1, end=token.end() - 1)

    def _sign(self, sign: str) -> None:
        if self.header is not None:
            self._in_header(sign)
        elif sign == "\n" and not self.open:
            self.in_value, self.fresh = False, True
            self.key, self.keys = [], [()]
        elif sign == "[" and self.fresh and not self.open:
            self.header = []
        elif sign == "=" and not self.in_value:
            self.keys[-1] = tuple(self.key)
            self.key, self.in_value = [], True
        elif sign in "{[" and self.in_value:
            self._push(sign)
        elif sign in "}]" and self.open:
            self._pop(sign)
        elif sign == "," and self.open and self.open[-1] == "{":
            self.keys[-1], self.in_value, self.key = (), False, []

    def _in_header(self, sign: str) -> None:
        if sign == "\n" and self.header is not None:
            self.table = tuple(self.header)
            self.header, self.fresh = None, True

    def _push(self, sign: str) -> None:
        if len(self.open) >= _DEPTH:
            raise InputError("parse.failed", "the file is nested too deeply")
        self.open.append(sign)
        if sign == "{":
            self.keys.append(())
            self.in_value = False

    def _pop(self, sign: str) -> None:
        self.open.pop()
        if sign == "}":
            self.keys.pop()
            self.key = []
        self.in_value = True
