"""YAML that people write: bounded, without tags or duplicate keys, and every value has a line.

`yaml-rs` reads YAML 1.2 (`on`, `NO` and dates stay text), caps nesting, and survived millions of
damaged inputs; it gives no positions. Those come from a second look at the text: an index of the
lines on which keys and items of block style begin. It follows indentation only, so that what
stands in flow style (`{a: 1}`) has the line of the nearest key around it. A wrong indentation can
make a line number less exact, never a value wrong.

Source: YAML 1.2.2, chapters 6 to 9, https://yaml.org/spec/1.2.2/.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, MIB

T = TypeVar("T")

Path = tuple[str | int, ...]
"""Keys and positions (from 0) that lead to a value."""

SETTINGS_BYTES: Final = 1 * MIB
"""The longest file of settings (policies, exceptions, a project file); real ones have kilobytes."""

_MOST_DOCUMENTS: Final = 1000
_MOST_EVENTS: Final = 100_000
_MOST_NESTED_ALIASES: Final = 16
_MOST_EXPANSIONS: Final = 1000

# A document marker stands alone at the start of a line, whatever surrounds it (9.1.2, c-forbidden).
_MARKER: Final = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|$)", re.MULTILINE)
_EMPTY: Final = re.compile(r"(?:[ \t\r]*+(?:[#%][^\n]*+)?(?:\n|\Z))*+")
_KEY: Final = re.compile(
    r"""(?:"(?P<double>[^"\\\n]*+)"|'(?P<single>[^'\n]*+)'|(?P<plain>[^\s#&*!|>%@`{}\[\],"'-][^:#\n]*|-[^\s:#][^:#\n]*))
    [ \t]*+:(?=[ \t\r]|$)""",
    re.VERBOSE,
)
_ITEM: Final = re.compile(r"-(?:[ ]++|$)")
_PLACE: Final = re.compile(r"line (?P<line>[0-9]+), column (?P<column>[0-9]+)")
_REPEATED: Final = re.compile(r"duplicate mapping key: '(?P<key>[^'\n]*+)'")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<key>[^`]*+)`")
_AT: Final = re.compile(r" - at `(?P<key>key in )?\$(?P<path>[^`]*+)`$")
_STEP: Final = re.compile(r"\.(?P<key>[^.\[]++)|\[(?P<at>[0-9]++|\.\.\.)\]")


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `value` is plain data (None: an empty document); `name` what messages call it.

    `text` is the document's own part of the file, which begins on line `first`.
    """

    name: str
    value: object
    text: str
    first: int = 1

    def line(self, *path: str | int) -> int:
        """Return the line (from 1) of a key or item, or of the nearest one around it."""
        return lines(self, (path,))[0]

    def place(self, *path: str | int) -> str:
        """Return `name:line`, as every message about the document begins."""
        return f"{self.name}:{self.line(*path)}"


def read(data: bytes, *, name: str, most_bytes: int = SETTINGS_BYTES) -> Document:
    """Return the only document of a file. Raises InputError that begins with `name:line`."""
    documents = read_all(data, name=name, most_bytes=most_bytes)
    if len(documents) > 1:
        raise _broken(f"{name}:{documents[1].first}: a second document; this file takes one")
    return documents[0] if documents else Document(name=name, value=None, text="")


def read_all(data: bytes, *, name: str, most_bytes: int = SETTINGS_BYTES) -> tuple[Document, ...]:
    """Return the documents of a file; empty ones are left out. Raises InputError (`name:line`)."""
    if len(data) > min(most_bytes, DEFAULT.yaml_bytes):
        raise InputError("limit.file", f"{name}: larger than {most_bytes:,} bytes, the most here")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _broken(f"{name}:{line}: not UTF-8 text; save the file as UTF-8") from error
    documents: list[Document] = []
    for first, piece in _pieces(text):
        if len(documents) == _MOST_DOCUMENTS:
            raise _broken(f"{name}:{first}: more than {_MOST_DOCUMENTS:,} documents")
        value = _value(piece, name, first)
        documents.append(Document(name=name, value=value, text=piece, first=first))
    return tuple(documents)


def convert(document: Document, type_: type[T]) -> T:
    """Return the document's value as `type_`; a number where a text is wanted is refused.

    Raises InputError that begins with `name:line` and says which field is wrong.
    """
    try:
        return msgspec.convert(document.value, type_)
    except msgspec.ValidationError as error:
        said, path = _located(str(error))
        where = _dotted(path)
        unknown = _UNKNOWN.search(said)
        path = (*path, unknown["key"]) if unknown else path
        raise _broken(
            f"{document.place(*path)}: {where + ': ' if where else ''}{_sentence(said)}"
        ) from error


def lines(document: Document, paths: tuple[Path, ...]) -> tuple[int, ...]:
    """Return the lines (from 1) of several keys or items at the cost of one."""
    index, _ = _index(document.text)
    return tuple(document.first - 1 + _nearest(index, path) for path in paths)


def _nearest(index: dict[Path, int], path: Path) -> int:
    for length in range(len(path), 0, -1):
        found = index.get(path[:length])
        if found is not None:
            return found
    return 1


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Yield (first line, text) of each document that says anything."""
    marks = [*_MARKER.finditer(text)]
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(text)]
    for start, end in zip(starts, ends, strict=True):
        piece = text[start:end]
        blank = _EMPTY.match(piece)
        if blank is None or blank.end() < len(piece):
            yield text.count("\n", 0, start) + 1, piece


def _value(text: str, name: str, first: int) -> object:
    import yaml_rs  # noqa: PLC0415 - 19 ms that only readers of YAML pay

    limits = yaml_rs.AliasLimits(
        max_total_replayed_events=_MOST_EVENTS,
        max_replay_stack_depth=_MOST_NESTED_ALIASES,
        max_alias_expansions_per_anchor=_MOST_EXPANSIONS,
    )
    try:
        value: object = yaml_rs.loads(
            text,
            parse_datetime=False,
            alias_limits=limits,
            duplicate_key_policy=yaml_rs.DuplicateKeyPolicy.Error,
        )
    except yaml_rs.YAMLDecodeError as error:
        raise _broken(_decode_error(str(error), name, first, text)) from error
    # TypeError: an unhashable mapping key, which yaml-rs does not catch; the others as named.
    except (TypeError, ValueError, RecursionError) as error:
        raise _broken(f"{name}:{first}: not YAML that can be read ({error})") from error
    return value


def _decode_error(message: str, name: str, first: int, text: str) -> str:
    place = _PLACE.search(message)
    rows = [row for row in message.split("\n") if row.strip()]
    if place is None:
        twice = _REPEATED.search(message)
        line = _index(text)[1].get(twice["key"], 1) if twice else 1
        return f"{name}:{first - 1 + line}: {rows[0] if rows else 'not YAML'}"
    # The parser counts from its own document and may point behind the end.
    line = min(int(place["line"]), text.count("\n") + 1)
    return f"{name}:{first - 1 + line}: {rows[-1]} (column {place['column']})"


@lru_cache(maxsize=4)
def _index(text: str) -> tuple[dict[Path, int], dict[str | int, int]]:
    """Return the line (from 1) of each key and item of block style, by path; and of repeated keys.

    A text of several lines may look like keys; nobody asks for those.
    """
    found: dict[Path, int] = {}
    repeated: dict[str | int, int] = {}
    counts: dict[Path, int] = {}
    stack: list[tuple[int, bool, Path]] = []  # column, is an item, path
    for number, line in enumerate(text.split("\n"), 1):
        column = len(line) - len(line.lstrip(" "))
        while item := _ITEM.match(line, column):
            while stack and (stack[-1][0] > column or stack[-1][:2] == (column, True)):
                stack.pop()
            parent = stack[-1][2] if stack else ()
            at = counts.get(parent, 0)
            counts[parent] = at + 1
            stack.append((column, True, (*parent, at)))
            found.setdefault((*parent, at), number)
            column = item.end()
        if key := _KEY.match(line, column):
            while stack and stack[-1][0] >= column:
                stack.pop()
            path = (*(stack[-1][2] if stack else ()), _key_text(key))
            stack.append((column, False, path))
            if found.setdefault(path, number) != number:
                repeated.setdefault(path[-1], number)
    return found, repeated


def _key_text(key: re.Match[str]) -> str:
    if key["double"] is not None:
        return key["double"]
    return key["single"] if key["single"] is not None else str(key["plain"]).rstrip()


def _located(message: str) -> tuple[str, Path]:
    """Return msgspec's message without its path, and the path."""
    at = _AT.search(message)
    if at is None:
        return message, ()
    steps: list[str | int] = []
    for step in _STEP.finditer(at["path"]):
        if step["key"] is None and step["at"] == "...":
            break  # somewhere in a mapping; msgspec does not say where
        steps.append(step["key"] if step["key"] is not None else int(step["at"]))
    return message[: at.start()], tuple(steps)


def _dotted(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _sentence(said: str) -> str:
    words = said.replace("Object ", "").replace("`", "'")
    return words[:1].lower() + words[1:]


def _broken(detail: str) -> InputError:
    return InputError("parse.failed", detail)
