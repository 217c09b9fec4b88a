"""From lines of a file to logical lines: comments, directives, continuations, here-documents.

Source: Dockerfile reference, "Format", "Parser directives", "Here-Documents"
(https://docs.docker.com/reference/dockerfile/); BuildKit 0.25, frontend/dockerfile/parser, for
what the reference leaves open: a comment or an empty line inside a continued instruction is
skipped, an escape character before the last one ends the line, here-documents are only those of
RUN, COPY and ADD in shell form.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.model import Directive, Piece, PieceKind, Problem

# What Go's unicode.IsSpace takes for white space; Python's own set has control characters, too.
SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_DIRECTIVE: Final = re.compile(
    r"#[\t\v\f\r ]*+(?P<name>[A-Za-z][A-Za-z0-9]*+)[\t\v\f\r ]*+=(?P<value>.*)", re.DOTALL
)
_KNOWN: Final = frozenset({"syntax", "escape", "check"})
_ESCAPES: Final = ("\\", "`")


class Line(Struct, frozen=True, kw_only=True):
    """A line of the file: its text is `start:content`, its end with the line break `end`."""

    number: int
    start: int
    content: int
    end: int


class Opened(Struct, frozen=True, kw_only=True):
    """The opening of a here-document in a logical line."""

    name: str
    expands: bool
    chomps: bool
    descriptor: str


class Body(Struct, frozen=True, kw_only=True):
    """A here-document that was read: its lines between opening and closing."""

    opened: Opened
    start: int
    end: int
    line: int
    closed: bool


class Logical(Struct, frozen=True, kw_only=True):
    """A logical line: `text` without continuations, and where its parts come from in the file.

    `marks` and `sources` run in step: from offset `marks[i]` of the text on, characters lie in
    the file from `sources[i]` on.
    """

    text: str
    marks: tuple[int, ...]
    sources: tuple[int, ...]
    first: Line
    last: Line
    bodies: tuple[Body, ...] = ()

    def source(self, offset: int) -> int:
        """Return where in the file the character at this offset of the text is."""
        index = max(bisect_right(self.marks, offset) - 1, 0)
        return self.sources[index] + offset - self.marks[index]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the file that `text[start:end]` comes from."""
        if end <= start:
            return self.source(start), self.source(start)
        return self.source(start), self.source(end - 1) + 1


class Cut(Struct, frozen=True, kw_only=True):
    """A file cut into pieces and logical lines."""

    pieces: tuple[Piece, ...]
    logical: tuple[Logical, ...]
    directives: tuple[Directive, ...]
    problems: tuple[Problem, ...]
    escape: str


def cut(text: str, heredocs: Callable[[str], tuple[Opened, ...]]) -> Cut:
    """Return the pieces and logical lines of a Dockerfile; any text is accepted.

    `heredocs` is asked for each complete logical line which here-documents it opens.
    """
    return _Cutter(text, heredocs).run()


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text. A line ends with `\\n`; a `\\r` before it belongs to the end."""
    lines: list[Line] = []
    start = 0
    while start < len(text):
        at = text.find("\n", start)
        end = len(text) if at < 0 else at + 1
        content = end if at < 0 else at
        if at > start and text[at - 1] == "\r":
            content -= 1
        lines.append(Line(number=len(lines) + 1, start=start, content=content, end=end))
        start = end
    return lines


class _Cutter:
    def __init__(self, text: str, heredocs: Callable[[str], tuple[Opened, ...]]) -> None:
        self.text = text
        self.heredocs = heredocs
        self.lines = lines_of(text)
        self.at = 0
        self.escape = "\\"
        self.directives: list[Directive] = []
        self.directing = True
        self.pieces: list[Piece] = []
        self.logical: list[Logical] = []
        self.problems: list[Problem] = []

    def run(self) -> Cut:
        while self.at < len(self.lines):
            first = self.lines[self.at]
            kind = self.one(first)
            self.at += 1
            end = self.lines[self.at - 1].end
            self.pieces.append(
                Piece(
                    kind=kind,
                    text=self.text[first.start : end],
                    start=first.start,
                    line=first.number,
                )
            )
        return Cut(
            pieces=tuple(self.pieces),
            logical=tuple(self.logical),
            directives=tuple(self.directives),
            problems=tuple(self.problems),
            escape=self.escape,
        )

    def one(self, line: Line) -> PieceKind:
        """Read what begins at this line; `at` is then its last line."""
        content = self.content(line)
        bare = content.lstrip(SPACES)
        if not bare:
            self.directing = False
            return PieceKind.BLANK
        if bare.startswith("#"):
            return PieceKind.DIRECTIVE if self.directive(bare, line) else PieceKind.COMMENT
        self.directing = False
        self.instruction(line, line.content - len(bare))
        return PieceKind.INSTRUCTION

    def content(self, line: Line) -> str:
        content = self.text[line.start : line.content]
        # A byte-order mark is no part of the first line.
        return content[1:] if line.number == 1 and content.startswith("\ufeff") else content

    def directive(self, bare: str, line: Line) -> bool:
        found = _DIRECTIVE.fullmatch(bare) if self.directing else None
        value = found["value"].strip(SPACES) if found else ""
        if found is None or not value or found["name"].lower() not in _KNOWN:
            self.directing = False
            return False
        name = found["name"].lower()
        if any(known.name == name for known in self.directives):
            self.problem(line, f"the directive {name} is given twice", "Keep the first one.")
        elif name == "escape" and value not in _ESCAPES:
            self.problem(line, f"the escape character cannot be {value!r}", "Use \\ or `.")
        elif name == "escape":
            self.escape = value
        self.directives.append(Directive(name=name, value=value, line=line.number))
        return True

    def instruction(self, first: Line, start: int) -> None:
        parts: list[str] = []
        marks: list[int] = []
        sources: list[int] = []
        length = 0
        last = first
        while True:
            line = self.lines[self.at]
            part, goes_on = self.without_continuation(self.text[start : line.content])
            if part:
                parts.append(part)
                marks.append(length)
                sources.append(start)
                length += len(part)
            last = line
            if not goes_on or not self.next_continued():
                break
            start = self.lines[self.at].start
        text = "".join(parts)
        bodies = tuple(self.body(opened) for opened in self.heredocs(text))
        if bodies:
            last = self.lines[self.at]
        logical = Logical(
            text=text,
            marks=tuple(marks) or (0,),
            sources=tuple(sources) or (start,),
            first=first,
            last=last,
            bodies=bodies,
        )
        self.logical.append(logical)

    def next_continued(self) -> bool:
        """Move to the next line that continues the instruction; False at the end of the file."""
        while self.at + 1 < len(self.lines):
            self.at += 1
            bare = self.content(self.lines[self.at]).lstrip(SPACES)
            if bare and not bare.startswith("#"):
                return True
        return False

    def without_continuation(self, content: str) -> tuple[str, bool]:
        bare = content.rstrip("\t ")
        if not bare.endswith(self.escape) or bare.endswith(self.escape * 2):
            return content, False
        return bare[:-1], True

    def body(self, opened: Opened) -> Body:
        """Read a here-document that begins at the next line."""
        first = self.at + 1
        while self.at + 1 < len(self.lines):
            self.at += 1
            line = self.lines[self.at]
            content = self.text[line.start : line.content]
            if (content.lstrip("\t") if opened.chomps else content) == opened.name:
                return self.read(opened, first, self.at, closed=True)
        self.problem(
            self.lines[-1],
            f"the here-document {opened.name} is never closed",
            f"Add a line that is exactly {opened.name}.",
        )
        return self.read(opened, first, len(self.lines), closed=False)

    def read(self, opened: Opened, first: int, behind: int, *, closed: bool) -> Body:
        begin = self.lines[first].start if first < len(self.lines) else len(self.text)
        end = self.lines[behind].start if behind < len(self.lines) else len(self.text)
        return Body(opened=opened, start=begin, end=end, line=first + 1, closed=closed)

    def problem(self, line: Line, message: str, hint: str) -> None:
        self.problems.append(Problem(line=line.number, column=1, message=message, hint=hint))
