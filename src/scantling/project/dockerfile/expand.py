"""Replacing variables and removing quotes, as the builder does it.

Source: Dockerfile reference, "Environment replacement"
(https://docs.docker.com/reference/dockerfile/#environment-replacement); BuildKit 0.25,
frontend/dockerfile/shell, for the order of escapes and quotes.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.glob import (
    PatternError,
    replaced,
    without_prefix,
    without_suffix,
)

VALUE_CHARS: Final = 128 * 1024
"""Longest result; the kernel's own limit for one string (MAX_ARG_STRLEN)."""

_DEPTH: Final = 64
"""`${a:-${b:-…}}`; nobody nests more than two or three."""

_SPECIAL: Final = frozenset("@*#?-$!0")
_MODIFIERS: Final = frozenset("-+?#%")


class Expansion(Struct, frozen=True, kw_only=True):
    """A word with its variables replaced.

    `used` are the variables with a value, `missing` those without. `error` is what is wrong with
    the word, empty if nothing; `text` is then the word as it was.
    """

    text: str
    used: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str = ""


def expand(
    word: str, values: Mapping[str, str], *, escape: str = "\\", keep: bool = False
) -> Expansion:
    """Return the word without quotes and escapes and with its variables replaced; never raises.

    With `keep`, what depends on a variable without a value stays as it is written.
    """
    if "$" not in word and "'" not in word and '"' not in word and escape not in word:
        return Expansion(text=word)
    reader = _Reader(word, values, escape, keep=keep)
    try:
        text = reader.until("")
    except _SyntaxError as error:
        return Expansion(text=word, error=str(error))
    except PatternError as error:
        return Expansion(text=word, error=f"bad pattern: {error}")
    if len(text) > VALUE_CHARS:
        return Expansion(text=word, error=f"the value has more than {VALUE_CHARS:,} characters")
    return Expansion(text=text, used=tuple(reader.used), missing=tuple(reader.missing))


class _SyntaxError(ValueError):
    """The word breaks the rules; the text says how."""


class _Reader:
    def __init__(self, word: str, values: Mapping[str, str], escape: str, *, keep: bool) -> None:
        self.word = word
        self.values = values
        self.escape = escape
        self.keep = keep
        self.at = 0
        self.depth = 0
        # Insertion order is the order of use.
        self.used: dict[str, None] = {}
        self.missing: dict[str, None] = {}

    def peek(self) -> str:
        return self.word[self.at : self.at + 1]

    def next(self) -> str:
        self.at += 1
        return self.word[self.at - 1 : self.at]

    def until(self, stop: str, *, raw: bool = False) -> str:
        """Read up to and over `stop` (empty: to the end). `raw` keeps escape characters."""
        self.depth += 1
        if self.depth > _DEPTH:
            raise _SyntaxError("substitutions are nested too deeply")
        out: list[str] = []
        length = 0
        while char := self.peek():
            if char == stop:
                self.at += 1
                break
            out.append(self.one(char, raw=raw))
            length += len(out[-1])
            if length > VALUE_CHARS:
                raise _SyntaxError(f"the value has more than {VALUE_CHARS:,} characters")
        else:
            if stop:
                raise _SyntaxError(f"a substitution lacks its {stop}")
        self.depth -= 1
        return "".join(out)

    def one(self, char: str, *, raw: bool) -> str:
        if char == "$":
            return self.dollar()
        self.at += 1
        if char == "'":
            return self.single()
        if char == '"':
            return self.double(raw=raw)
        if char != self.escape:
            return char
        # An escape at the very end stands for nothing.
        return (char if raw else "") + self.next()

    def single(self) -> str:
        end = self.word.find("'", self.at)
        if end < 0:
            raise _SyntaxError("a single quote is not closed")
        text = self.word[self.at : end]
        self.at = end + 1
        return text

    def double(self, *, raw: bool) -> str:
        out: list[str] = []
        while char := self.peek():
            if char == "$":
                out.append(self.dollar())
                continue
            self.at += 1
            if char == '"':
                return "".join(out)
            if char == self.escape:
                follower = self.peek()
                if raw or follower not in ('"', "$", self.escape, ""):
                    out.append(char)
                if follower in ('"', "$", self.escape):
                    out.append(self.next())
                continue
            out.append(char)
        raise _SyntaxError("a double quote is not closed")

    def dollar(self) -> str:
        start = self.at
        self.at += 1
        if self.peek() != "{":
            name = self.name()
            if not name:
                return "$"
            return self.value(name, start)[0]
        self.at += 1
        if self.peek() in ("", "{", "}", ":"):
            raise _SyntaxError("${ must be followed by the name of a variable")
        name = self.name()
        sign = self.next()
        if sign == "}":
            return self.value(name, start)[0]
        if sign == "/":
            return self.substitution(name, start)
        colon = sign == ":"
        if colon:
            sign = self.next()
        if sign not in _MODIFIERS or not sign:
            raise _SyntaxError(f"${{{name}{':' if colon else ''}{sign} is no known substitution")
        word = self.until("}", raw=sign in "#%")
        return self.modified(name, sign, word, start, colon=colon)

    def modified(self, name: str, sign: str, word: str, start: int, *, colon: bool) -> str:
        value, known = self.value(name, start)
        if self.keep and not known:
            return value
        has = known and not (colon and not value)
        match sign:
            case "-":
                return value if has else word
            case "+":
                return word if has else ""
            case "?":
                if not has:
                    raise _SyntaxError(f"{name}: {word or 'it must have a value'}")
                return value
            case _:
                longest = word.startswith(sign)
                pattern = word[1:] if longest else word
                trim = without_suffix if sign == "%" else without_prefix
                return trim(value, pattern, longest=longest)

    def substitution(self, name: str, start: int) -> str:
        every = self.peek() == "/"
        if every:
            self.at += 1
        pattern = self.until("/", raw=True)
        by = self.until("}", raw=True)
        value, known = self.value(name, start)
        if self.keep and not known:
            return value
        return replaced(value, pattern, by, every=every)

    def name(self) -> str:
        start = self.at
        first = self.peek()
        if first.isdecimal():
            while self.peek().isdecimal():
                self.at += 1
        elif first in _SPECIAL:
            self.at += 1
        else:
            while (char := self.peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self.at += 1
        return self.word[start : self.at]

    def value(self, name: str, start: int) -> tuple[str, bool]:
        """Return the value, and whether there is one; the source text in place of an unknown."""
        value = self.values.get(name)
        if value is not None:
            self.used[name] = None
            return value, True
        self.missing[name] = None
        return (self.word[start : self.at] if self.keep else ""), False
