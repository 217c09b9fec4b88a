"""What a builder refuses: each rule says what is wrong and what to write instead.

Source: Dockerfile reference (https://docs.docker.com/reference/dockerfile/), each instruction's
own section; BuildKit 0.25, frontend/dockerfile/instructions.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from scantling.project.dockerfile.grammar import NOT_INNER, RULES, Rule, Style
from scantling.project.dockerfile.model import Dockerfile, Form, Instruction, Problem, Stage

_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*+")
_ENV_NAME: Final = re.compile(r"[^=\s]++")
_SINGLE: Final = (1, 3)  # FROM image, FROM image AS name
_SHOWN_CHARS: Final = 40


def check_file(file: Dockerfile) -> Iterator[Problem]:
    """Yield what is wrong with the file as a whole: its order and its stages."""
    if not file.instructions:
        yield Problem(line=1, column=1, message="the file has no instructions", hint=_FIRST)
        return
    for early in file.preamble:
        if early.keyword in RULES and early.keyword != "ARG":
            yield _problem(early, f"{early.keyword} stands before the first FROM", _FIRST)
    if not file.stages:
        last = file.instructions[-1]
        yield _problem(last, "the file has no FROM, so there is nothing to build", _FIRST)
    for stage in file.stages:
        yield from _check_stage(stage)


def check_instruction(instruction: Instruction) -> Iterator[Problem]:
    """Yield what is wrong with one instruction by itself."""
    rule = RULES.get(instruction.keyword)
    if rule is None:
        yield _unknown(instruction)
        return
    yield from _check_flags(instruction, rule)
    count = len(instruction.words)
    # A here-document is a source.
    if count < rule.least and rule.style is not Style.INNER:
        yield _problem(
            instruction, f"{instruction.keyword} has too few arguments", f"It takes {rule.wants}."
        )
    match instruction.keyword:
        case "FROM":
            yield from _check_from(instruction)
        case "ONBUILD":
            yield from _check_onbuild(instruction)
        case "SHELL" if count and instruction.form is not Form.EXEC:
            yield _problem(instruction, "SHELL is not a JSON array", f"Write {rule.wants}.")
        case "HEALTHCHECK":
            yield from _check_health(instruction)
        case "ENV" | "LABEL" | "ARG":
            yield from _check_names(instruction)
        case _:
            pass  # the rules of the table say it all


_FIRST: Final = "Begin with FROM image; only ARG may stand before it."


def _check_stage(stage: Stage) -> Iterator[Problem]:
    if not stage.image and stage.origin.words:
        yield _problem(
            stage.origin,
            f"the image {stage.origin.words[0].text} is empty once variables are replaced",
            "Give the ARG before the first FROM a default.",
        )
    for instruction in stage.instructions:
        source = instruction.flag("from") if instruction.keyword == "COPY" else None
        if source and source.isascii() and source.isdigit() and _beyond(source, stage):
            yield _problem(
                instruction,
                f"--from={source[:_SHOWN_CHARS]} is not an earlier stage",
                "Stages count from 0; better give the stage a name with AS.",
            )


def _beyond(number: str, stage: Stage) -> bool:
    # int() refuses more than 4,300 digits; no file has so many stages.
    return len(number) > len(str(stage.index)) or int(number) >= stage.index


def _check_flags(instruction: Instruction, rule: Rule) -> Iterator[Problem]:
    for flag in instruction.flags:
        name = flag.name[:_SHOWN_CHARS]
        if flag.name not in rule.flags:
            near = get_close_matches(name, sorted(rule.flags), 1)
            hint = f"Did you mean --{near[0]}?" if near else ""
            if not rule.flags:
                hint = f"{instruction.keyword} takes no flags."
            yield _problem(instruction, f"{instruction.keyword} has no flag --{name}", hint)
        elif flag.value is None and flag.name not in rule.bare:
            yield _problem(
                instruction, f"--{name} lacks its value", f"Write --{name}=value, without spaces."
            )


def _check_from(instruction: Instruction) -> Iterator[Problem]:
    words = instruction.words
    if not words:
        return
    if len(words) not in _SINGLE or (len(words) > 1 and words[1].text.lower() != "as"):
        yield _problem(
            instruction,
            "FROM takes an image, or an image, AS and a name",
            "Flags go before the image.",
        )
    elif len(words) > 1:
        name = words[2].text.lower()
        if not _STAGE_NAME.fullmatch(name):
            yield _problem(
                instruction,
                f"{name[:_SHOWN_CHARS]!r} cannot be the name of a stage",
                "Begin with a letter, go on with letters, digits, '-', '_' and '.'.",
            )
        elif name == "scratch":
            yield _problem(instruction, "a stage cannot be named scratch", "Choose another name.")


def _check_onbuild(instruction: Instruction) -> Iterator[Problem]:
    inner = instruction.inner
    if inner is None:
        yield _problem(instruction, "ONBUILD lacks its instruction", "Write ONBUILD RUN command.")
    elif inner.keyword in NOT_INNER:
        yield _problem(instruction, f"ONBUILD cannot hold {inner.keyword}", "")
    else:
        yield from check_instruction(inner)


def _check_health(instruction: Instruction) -> Iterator[Problem]:
    if not instruction.words:
        return
    kind = instruction.words[0].text.upper()
    count = len(instruction.words)
    if kind not in {"CMD", "NONE"}:
        yield _problem(
            instruction,
            f"HEALTHCHECK has no type {kind[:_SHOWN_CHARS]}",
            "Write HEALTHCHECK CMD command, or HEALTHCHECK NONE.",
        )
    elif (kind == "NONE") is (count > 1):
        wants = "a command" if kind == "CMD" else "nothing behind it"
        yield _problem(instruction, f"HEALTHCHECK {kind} takes {wants}", "")


def _check_names(instruction: Instruction) -> Iterator[Problem]:
    words = instruction.words
    old = instruction.keyword != "ARG" and bool(words) and "=" not in words[0].text
    if old and len(words) == 1:
        yield _problem(
            instruction, f"{instruction.keyword} {words[0].text[:_SHOWN_CHARS]} has no value", _SET
        )
    for word in () if old else words:
        name, equals, _ = word.text.partition("=")
        if not equals and instruction.keyword != "ARG":
            yield _problem(
                instruction,
                f"{instruction.keyword}: {word.text[:_SHOWN_CHARS]!r} has no '='",
                "Put values with spaces in quotes.",
            )
        elif not _ENV_NAME.fullmatch(name):
            yield _problem(instruction, f"{instruction.keyword} has a value without a name", _SET)


_SET: Final = "Write name=value."


def _unknown(instruction: Instruction) -> Problem:
    keyword = instruction.keyword[:_SHOWN_CHARS]
    if not keyword:
        return _problem(instruction, "a line is continued, but nothing follows", "")
    near = get_close_matches(keyword, sorted(RULES), 1)
    hint = f"Did you mean {near[0]}?" if near else "A line that goes on needs a \\ at its end."
    return _problem(instruction, f"there is no instruction {keyword}", hint)


def _problem(instruction: Instruction, message: str, hint: str) -> Problem:
    return Problem(line=instruction.line, column=instruction.column, message=message, hint=hint)
