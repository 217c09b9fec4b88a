"""A Dockerfile as values: pieces that cover every character, instructions, stages, problems.

Offsets count characters of the text from 0, lines and columns from 1.
"""

from enum import StrEnum

from msgspec import Struct

from scantling.core.model.place import Place, PlaceKind

_SHOWN_CHARS = 120


class PieceKind(StrEnum):
    """What a stretch of the file is."""

    BLANK = "blank"
    COMMENT = "comment"
    DIRECTIVE = "directive"
    INSTRUCTION = "instruction"


class Piece(Struct, frozen=True, kw_only=True):
    """Whole lines of the file. All pieces together, in order, are the file."""

    kind: PieceKind
    text: str
    start: int
    line: int


class Directive(Struct, frozen=True, kw_only=True):
    """A parser directive (`# syntax=docker/dockerfile:1`). `name` is in lower case."""

    name: str
    value: str
    line: int


class Problem(Struct, frozen=True, kw_only=True, order=True):
    """Why a builder refuses the file, or why we cannot say what a line comes to.

    `message` is what is wrong, `hint` what to do about it (empty if there is nothing to say).
    """

    line: int
    column: int
    message: str
    hint: str = ""


class Word(Struct, frozen=True, kw_only=True):
    """One argument. `text` has no line continuations; its place in the file is `start:end`.

    `expanded` is the text with variables replaced and quotes removed, where the builder does so;
    a variable whose value cannot be known stays as it is written.
    """

    text: str
    start: int
    end: int
    expanded: str = ""


class Flag(Struct, frozen=True, kw_only=True):
    """A flag before the arguments. `value` is None for a bare one (`--link`)."""

    name: str
    value: str | None
    start: int
    end: int
    expanded: str = ""


class Heredoc(Struct, frozen=True, kw_only=True):
    """A here-document. `content` is as in the file, between the lines of opening and closing.

    `expands` is False when the name was quoted; `chomps` tells `<<-`, which strips leading tabs.
    """

    name: str
    content: str
    start: int
    line: int
    expands: bool = True
    chomps: bool = False
    descriptor: str = ""


class Form(StrEnum):
    """How arguments are written: a JSON array (`exec`) or text (`shell`)."""

    EXEC = "exec"
    SHELL = "shell"


class Instruction(Struct, frozen=True, kw_only=True):
    """One instruction.

    `keyword` is in capitals. `raw` is the text in the file, `start:end`, without the line's end;
    here-documents belong to it. `arguments` is what follows keyword and flags, with continuations
    and the comments between them removed. `words` are the arguments as this instruction takes
    them: the elements of an array, words, `name=value` items, or one text. `pairs` are names and
    expanded values of ENV, LABEL and ARG (None: an ARG without default). `unknown` are variables
    without a known value. `stage` is the index of the stage, -1 before the first FROM. `inner` is
    the instruction of an ONBUILD.
    """

    keyword: str
    arguments: str
    raw: str
    start: int
    end: int
    line: int
    end_line: int
    column: int
    form: Form = Form.SHELL
    flags: tuple[Flag, ...] = ()
    words: tuple[Word, ...] = ()
    heredocs: tuple[Heredoc, ...] = ()
    pairs: tuple[tuple[str, str | None], ...] = ()
    unknown: tuple[str, ...] = ()
    stage: int = -1
    inner: "Instruction | None" = None

    def flag(self, name: str) -> str | None:
        """Return the expanded value of the last flag of this name, empty if bare, None if none."""
        values = [flag.expanded for flag in self.flags if flag.name == name]
        return values[-1] if values else None

    def place(self, path: str, *, certain: bool = True) -> Place:
        """Return where this instruction is, in the file `path` of the project."""
        line = " ".join(f"{self.keyword} {self.arguments}".split())
        return Place(
            path=path,
            line=self.line,
            end_line=self.end_line,
            column=self.column,
            kind=PlaceKind.FROM if self.keyword == "FROM" else PlaceKind.INSTRUCTION,
            text=line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…",
            certain=certain,
        )


class Stage(Struct, frozen=True, kw_only=True):
    """A build stage. `instructions` begin with its FROM.

    `image` is the expanded image reference, or the name of an earlier stage, whose index is then
    in `parent`. `name` is in lower case, empty if it has none.
    """

    index: int
    name: str
    image: str
    instructions: tuple[Instruction, ...]
    parent: int | None = None
    platform: str = ""

    @property
    def origin(self) -> Instruction:
        """Return the FROM."""
        return self.instructions[0]


class Dockerfile(Struct, frozen=True, kw_only=True):
    """A whole file. `preamble` are the instructions before the first FROM."""

    text: str
    pieces: tuple[Piece, ...]
    instructions: tuple[Instruction, ...]
    preamble: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    directives: tuple[Directive, ...] = ()
    problems: tuple[Problem, ...] = ()
    escape: str = "\\"

    def stage(self, target: str = "") -> Stage | None:
        """Return the stage to build: the last, or the one with this name or number.

        None: the file has no stage, or none of that name. Source: Dockerfile reference, FROM;
        `docker build --target`.
        """
        if not target:
            return self.stages[-1] if self.stages else None
        # A later stage of the same name hides an earlier one.
        named = [stage for stage in self.stages if stage.name == target.lower()]
        if not named and target.isascii() and target.isdigit():
            named = [stage for stage in self.stages if str(stage.index) == target]
        return named[-1] if named else None

    def chain(self, target: str = "") -> tuple[Stage, ...]:
        """Return the stages that the target is made of, bottom first; empty if there is none."""
        stage = self.stage(target)
        chain: list[Stage] = []
        while stage is not None:
            chain.append(stage)
            # A parent's index is always smaller, so this ends.
            stage = None if stage.parent is None else self.stages[stage.parent]
        return tuple(reversed(chain))
