"""Splitting the text of an instruction: keyword, flags, words, arrays, here-documents.

Source: Dockerfile reference, "Format", "Shell and exec form", "Here-Documents"; BuildKit 0.25,
frontend/dockerfile/parser (line_parsers.go, split_command.go) for quoting inside words.
"""

import re
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.text import octets
from scantling.project.dockerfile.logical import SPACES, Opened

Span = tuple[int, int]

_HEREDOC: Final = re.compile(r"(?P<descriptor>[0-9]*+)<<(?P<chomp>-?)(?P<name>[^<]++)")
_SPACE_RUN: Final = re.compile(r"[\t\v\f\r ]++")
_WITH_HEREDOC: Final = frozenset({"RUN", "COPY", "ADD"})
_QUOTES: Final = "\"'"
_ARRAY: Final = msgspec.json.Decoder(list[str])


class Head(Struct, frozen=True, kw_only=True):
    """Keyword in capitals, flags and their values with quotes removed, and where the rest is."""

    keyword: str
    flags: tuple[tuple[str, Span], ...]
    rest: Span


def head(text: str, start: int = 0) -> Head:
    """Take keyword and flags off a logical line that begins at `start`."""
    end = len(text.rstrip(SPACES))
    found = _SPACE_RUN.search(text, start, end)
    keyword = text[start : found.start() if found else end].upper()
    at = found.end() if found else end
    flags: list[tuple[str, Span]] = []
    while True:
        at = _skip(text, at, end)
        if not text.startswith("--", at, end):
            break
        word, behind = _flag(text, at, end)
        if word == "--":
            at = _skip(text, behind, end)
            break
        flags.append((word, (at, behind)))
        at = behind
    return Head(keyword=keyword, flags=tuple(flags), rest=(at, max(end, at)))


def words(text: str, rest: Span, escape: str) -> list[Span]:
    """Return the words between `rest`, quotes kept; quoted and escaped spaces do not split."""
    spans: list[Span] = []
    at, end = rest
    while (at := _skip(text, at, end)) < end:
        behind = _word(text, at, end, escape)
        spans.append((at, behind))
        at = behind
    return spans


def plain_words(text: str, rest: Span) -> list[Span]:
    """Return the words between `rest` as white space separates them; quotes have no meaning."""
    spans: list[Span] = []
    at, end = rest
    for found in _SPACE_RUN.finditer(text, at, end):
        if found.start() > at:
            spans.append((at, found.start()))
        at = found.end()
    if end > at:
        spans.append((at, end))
    return spans


def array(text: str) -> list[str] | str | None:
    """Return the strings of a JSON array; what is wrong with its elements; None: not an array."""
    if not text.startswith("["):
        return None
    try:
        return _ARRAY.decode(octets(text))
    except msgspec.ValidationError:
        return "an array must hold strings only"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # As the builder does: what is no JSON is a command for the shell.
        return None


def heredocs(text: str) -> tuple[Opened, ...]:
    """Return the here-documents that a logical line opens, in order."""
    first = head(text)
    while first.keyword == "ONBUILD":
        first = head(text, first.rest[0])
    if first.keyword not in _WITH_HEREDOC or "<<" not in text:
        return ()
    if isinstance(array(text[slice(*first.rest)]), list):
        return ()
    # The builder looks for them with a backslash as the escape character, whatever the file's.
    found = (_heredoc(text[slice(*span)]) for span in words(text, first.rest, "\\"))
    return tuple(opened for opened in found if opened is not None)


def _heredoc(word: str) -> Opened | None:
    found = _HEREDOC.fullmatch(word)
    if found is None:
        return None
    name = unquoted(found["name"])
    if not name:
        return None
    return Opened(
        name=name,
        expands=name == found["name"],
        chomps=bool(found["chomp"]),
        descriptor=found["descriptor"],
    )


def unquoted(text: str, escape: str = "\\") -> str:
    """Return a word without its quotes and escapes; variables are left alone."""
    out: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if char == escape and quote != "'" and at + 1 < len(text):
            at += 1
            if quote and text[at] not in ('"', "$", escape):
                out.append(char)
            out.append(text[at])
        elif char == quote:
            quote = ""
        elif not quote and char in _QUOTES:
            quote = char
        else:
            out.append(char)
        at += 1
    return "".join(out)


def _skip(text: str, at: int, end: int) -> int:
    while at < end and text[at] in SPACES:
        at += 1
    return at


def _word(text: str, at: int, end: int, escape: str) -> int:
    """Return where the word that begins at `at` ends."""
    quote = ""
    while at < end:
        char = text[at]
        if char == escape and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char in SPACES:
            break
        at += 1
    return min(at, end)


def _flag(text: str, at: int, end: int) -> tuple[str, int]:
    """Return a flag without quotes and escapes, and where it ends; the escape is always `\\`."""
    behind = _word(text, at, end, "\\")
    out: list[str] = []
    quote = ""
    while at < behind:
        char = text[at]
        if char == "\\" and at + 1 < behind:
            at += 1
            out.append(text[at])
        elif char == quote:
            quote = ""
        elif not quote and char in _QUOTES:
            quote = char
        elif char != "\\":
            out.append(char)
        at += 1
    return "".join(out), behind
