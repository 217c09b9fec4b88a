"""Edits of XML files that leave every other byte as it is: pom.xml, project files of .NET.

Offsets are of bytes, as expat counts them. DTDs are refused; so are encodings that are no superset
of ASCII.

Source: XML 1.0 (Fifth Edition); POM reference; MSBuild project file schema.
"""

import re
from typing import Final
from xml.parsers import expat

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.text import octets

_DEPTH: Final = 128
_ELEMENTS: Final = 200_000
_ATTRIBUTE: Final = re.compile(
    rb"""[\s](?P<name>[A-Za-z_:][A-Za-z0-9_:.-]*+)\s*+=\s*+(?:"(?P<double>[^"<]*+)"|'(?P<single>[^'<]*+)')"""
)
_ENCODING: Final = re.compile(rb"""<\?xml[^>]*?encoding=["'](?P<name>[^"']++)["']""")
# Bytes below 128 mean the same in all of these, and no other ones are written.
_KNOWN: Final = frozenset(
    {b"utf-8", b"utf8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
)


class Element(Struct, frozen=True, kw_only=True):
    """An element, in document order. `path` are the local names down to its own.

    `parent` is the index of its parent among all elements, -1 for the root. `start:end` is its
    content, `open` where its tag begins, `close` the end of all of it. `text` is its content if
    there is nothing but text, else None. `attributes` are (name, text, start, end).
    """

    path: tuple[str, ...]
    parent: int
    open: int
    start: int
    end: int
    close: int
    line: int
    text: str | None = None
    attributes: tuple[tuple[str, str, int, int], ...] = ()

    @property
    def name(self) -> str:
        """Return the local name."""
        return self.path[-1]

    def attribute(self, name: str) -> tuple[str, int, int] | None:
        """Return an attribute's text and place; None: there is none."""
        for own, text, start, end in self.attributes:
            if own == name:
                return text, start, end
        return None


class Document(Struct, frozen=True, kw_only=True):
    """A file's bytes and its elements."""

    data: bytes
    elements: tuple[Element, ...]

    def children(self, index: int, *names: str) -> list[int]:
        """Return the indexes of an element's children of these names, in order."""
        return [
            at
            for at, one in enumerate(self.elements)
            if one.parent == index and (not names or one.name in names)
        ]

    def child_text(self, index: int, name: str) -> str:
        """Return the text of a child; empty if it has none, or more than text."""
        for at in self.children(index, name):
            return (self.elements[at].text or "").strip()
        return ""

    def replaced(self, *changes: tuple[int, int, str]) -> str:
        """Return the file's text with stretches changed. Raises InputError: it is no XML then."""
        data = self.data
        for start, end, by in sorted(changes, reverse=True):
            data = data[:start] + octets(by) + data[end:]
        text = data.decode("utf-8", "surrogateescape")
        read(text)
        return text


def read(text: str) -> Document:
    """Return the elements. Raises InputError: it is not well-formed, or in an unknown encoding."""
    data = octets(text)
    encoding = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    if encoding is not None and encoding["name"].lower() not in _KNOWN:
        raise InputError("parse.failed", "the file is in an encoding that is not edited")
    reader = _Reader(data)
    try:
        reader.parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, _RefusedError) as error:
        raise InputError("parse.failed", f"the file is not plain XML ({error})") from error
    return Document(data=data, elements=tuple(one for one in reader.elements if one is not None))


class _RefusedError(Exception):
    """The document has what no such file needs."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.elements: list[Element | None] = []
        self.open: list[tuple[int, str, int, int, int, bool]] = []

    def doctype(self, *_: object) -> None:
        raise _RefusedError("it has a document type")

    def start(self, name: str, _: dict[str, str]) -> None:
        if len(self.open) >= _DEPTH or len(self.elements) >= _ELEMENTS:
            raise _RefusedError("it is too large")
        at = self.parser.CurrentByteIndex
        end = self._tag_end(at)
        empty = self.data[end - 2 : end] == b"/>"
        local = name.rpartition(":")[2]
        line = self.parser.CurrentLineNumber
        self.open.append((len(self.elements), local, at, end, line, empty))
        self.elements.append(None)

    def end(self, _: str) -> None:
        index, name, at, start, line, empty = self.open.pop()
        here = self.parser.CurrentByteIndex
        end, close = (start, start) if empty else (here, self.data.index(b">", here) + 1)
        content = self.data[start:end]
        plain = b"<" not in content and b"&" not in content
        text = content.decode("utf-8", "surrogateescape") if plain and not empty else None
        self.elements[index] = Element(
            path=(*(one[1] for one in self.open), name),
            parent=self.open[-1][0] if self.open else -1,
            open=at,
            start=start,
            end=end,
            close=close,
            line=line,
            text=text,
            attributes=self._attributes(at, start),
        )

    def _tag_end(self, at: int) -> int:
        """Return where a start tag ends; a `>` in an attribute's quotes is not its end."""
        quote = 0
        for index in range(at + 1, len(self.data)):
            byte = self.data[index]
            if quote:
                quote = 0 if byte == quote else quote
            elif byte in b"\"'":
                quote = byte
            elif byte == ord(">"):
                return index + 1
        raise _RefusedError("a tag has no end")

    def _attributes(self, at: int, end: int) -> tuple[tuple[str, str, int, int], ...]:
        found: list[tuple[str, str, int, int]] = []
        for match in _ATTRIBUTE.finditer(self.data, at, end):
            group = "double" if match["double"] is not None else "single"
            value = match[group].decode("utf-8", "surrogateescape")
            found.append((match["name"].decode("ascii"), value, *match.span(group)))
        return tuple(found)
