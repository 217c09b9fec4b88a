"""One logical line as an instruction, before any variable is replaced.

Source: Dockerfile reference, "Format", "Shell and exec form", and each instruction's section.
"""

from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.grammar import RULES, Style
from scantling.project.dockerfile.logical import SPACES, Logical
from scantling.project.dockerfile.model import (
    Flag,
    Form,
    Heredoc,
    Instruction,
    Problem,
    Word,
)
from scantling.project.dockerfile.words import Span, array, head, plain_words, words

_COMMANDS: Final = frozenset({Style.COMMAND, Style.ARRAY})
_ARRAYS: Final = _COMMANDS | {Style.LIST}


class Arguments(Struct, frozen=True, kw_only=True):
    """The arguments of an instruction. `problem`: what is wrong with an array, empty if nothing."""

    words: tuple[Word, ...] = ()
    form: Form = Form.SHELL
    problem: str = ""


def read_instruction(
    logical: Logical, file: str, escape: str, *, start: int = 0
) -> tuple[Instruction, tuple[Problem, ...]]:
    """Return the instruction of a logical line of `file`, and what is wrong with its arguments.

    `start` is where in the logical line it begins: behind ONBUILD for the inner one.
    """
    text = logical.text
    start += len(text[start:]) - len(text[start:].lstrip(SPACES))
    first = head(text, start)
    rule = RULES.get(first.keyword)
    inner: Instruction | None = None
    problems: tuple[Problem, ...] = ()
    arguments = Arguments()
    if rule is not None and rule.style is not Style.INNER:
        arguments = _arguments(logical, first.rest, rule.style, escape)
    elif rule is not None and start == 0 and first.rest[0] < first.rest[1]:
        inner, problems = read_instruction(logical, file, escape, start=first.rest[0])
    begin, end = logical.span(start, len(text.rstrip(SPACES)))
    if logical.bodies:
        end = logical.last.content
    line = logical.first.number + file.count("\n", logical.first.start, begin)
    instruction = Instruction(
        keyword=first.keyword,
        arguments=text[slice(*first.rest)],
        raw=file[begin:end],
        start=begin,
        end=end,
        line=line,
        end_line=line + file.count("\n", begin, end),
        column=begin - file.rfind("\n", 0, begin),
        form=arguments.form,
        flags=tuple(_flag(logical, word, span) for word, span in first.flags),
        words=arguments.words,
        heredocs=_heredocs(logical, file),
        inner=inner,
    )
    if arguments.problem:
        found = Problem(
            line=line,
            column=instruction.column,
            message=f"{first.keyword}: {arguments.problem}",
            hint='Put each element in double quotes: ["a", "1"].',
        )
        problems = (*problems, found)
    return instruction, problems


def _arguments(logical: Logical, rest: Span, style: Style, escape: str) -> Arguments:
    text = logical.text
    if rest[0] >= rest[1]:
        return Arguments()
    if style is Style.HEALTH:
        return _health(logical, rest, escape)
    items = array(text[slice(*rest)]) if style in _ARRAYS else None
    if isinstance(items, list):
        start, end = logical.span(*rest)
        elements = tuple(Word(text=item, start=start, end=end) for item in items)
        return Arguments(words=elements, form=Form.EXEC)
    spans = [rest]
    if style in {Style.LIST, Style.WORDS}:
        spans = plain_words(text, rest)
    elif style is Style.NAMES:
        spans = words(text, rest, escape)
    elif style is Style.PAIRS:
        spans = _pairs(text, rest, escape)
    return Arguments(words=tuple(_word(logical, span) for span in spans), problem=items or "")


def _pairs(text: str, rest: Span, escape: str) -> list[Span]:
    spans = words(text, rest, escape)
    if "=" in text[slice(*spans[0])] or len(spans) == 1:
        return spans
    # The old form: a name, and everything behind it is the value.
    name, second = plain_words(text, rest)[:2]
    return [name, (second[0], rest[1])]


def _health(logical: Logical, rest: Span, escape: str) -> Arguments:
    spans = plain_words(logical.text, rest)
    command = Arguments()
    if len(spans) > 1:
        command = _arguments(logical, (spans[1][0], rest[1]), Style.COMMAND, escape)
    return Arguments(
        words=(_word(logical, spans[0]), *command.words),
        form=command.form,
        problem=command.problem,
    )


def _word(logical: Logical, span: Span) -> Word:
    start, end = logical.span(*span)
    return Word(text=logical.text[slice(*span)], start=start, end=end)


def _flag(logical: Logical, word: str, span: Span) -> Flag:
    name, equals, value = word.removeprefix("--").partition("=")
    start, end = logical.span(*span)
    return Flag(name=name, value=value if equals else None, start=start, end=end)


def _heredocs(logical: Logical, file: str) -> tuple[Heredoc, ...]:
    return tuple(
        Heredoc(
            name=body.opened.name,
            content=file[body.start : body.end],
            start=body.start,
            line=body.line,
            expands=body.opened.expands,
            chomps=body.opened.chomps,
            descriptor=body.opened.descriptor,
        )
        for body in logical.bodies
    )
