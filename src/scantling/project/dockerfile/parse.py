"""Parse a Dockerfile. Never raises: what is wrong with it is a `Problem` with its line.

Source: Dockerfile reference, https://docs.docker.com/reference/dockerfile/ (syntax 1.20), for
stages and variables "FROM", "ARG", "ENV" and "Multi-stage builds".
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from scantling.core.model.image import Platform
from scantling.project.dockerfile.check import check_file, check_instruction
from scantling.project.dockerfile.grammar import PLATFORM_ARGS, RULES, Style
from scantling.project.dockerfile.logical import Logical, cut
from scantling.project.dockerfile.model import (
    Dockerfile,
    Flag,
    Instruction,
    Problem,
    Stage,
    Word,
)
from scantling.project.dockerfile.read import read_instruction
from scantling.project.dockerfile.scope import Budget, Scope, global_scope
from scantling.project.dockerfile.words import heredocs

_STAGES: Final = 1000
"""Stages that inherit variables. Real files have at most a few dozen."""

_NAMED: Final = 3  # FROM image AS name
_SCRATCH: Final = "scratch"


def parse(text: str, *, arguments: Mapping[str, str] | None = None) -> Dockerfile:
    """Return the file as values; the pieces' texts, joined, are `text`.

    `arguments` are build arguments; they win over the defaults of ARG. Platform arguments
    (`TARGETARCH`) are unknown unless given here. Bytes that are no UTF-8 should arrive decoded
    with `surrogateescape`, so that edits can give them back.
    """
    return _Parser(text, arguments or {}).run()


def platform_arguments(platform: Platform) -> dict[str, str]:
    """Return the arguments that a builder sets for the platform of the image.

    Those of the machine that builds (`BUILDARCH`) are not told by an image.
    """
    return {
        "TARGETPLATFORM": str(platform),
        "TARGETOS": platform.os,
        "TARGETARCH": platform.architecture,
        "TARGETVARIANT": platform.variant,
    }


class _Parser:
    def __init__(self, text: str, arguments: Mapping[str, str]) -> None:
        self.text = text
        self.arguments = arguments
        self.cut = cut(text, heredocs)
        self.budget = Budget()
        self.problems: list[Problem] = list(self.cut.problems)
        self.globals = global_scope(arguments)
        self.scope = self.globals
        self.preamble: list[Instruction] = []
        self.stages: list[Stage] = []
        self.inside: list[list[Instruction]] = []
        self.scopes: list[Scope] = []
        self.names: dict[str, int] = {}

    def run(self) -> Dockerfile:
        instructions = tuple(self.instruction(logical) for logical in self.cut.logical)
        file = Dockerfile(
            text=self.text,
            pieces=self.cut.pieces,
            instructions=instructions,
            preamble=tuple(self.preamble),
            stages=tuple(
                msgspec.structs.replace(stage, instructions=tuple(inside))
                for stage, inside in zip(self.stages, self.inside, strict=True)
            ),
            directives=self.cut.directives,
            escape=self.cut.escape,
        )
        problems = sorted({*self.problems, *check_file(file)})
        return msgspec.structs.replace(file, problems=tuple(problems))

    def instruction(self, logical: Logical) -> Instruction:
        read, problems = read_instruction(logical, self.text, self.cut.escape)
        self.problems.extend(problems)
        begins = read.keyword == "FROM"
        scope = self.globals if begins else self.scope
        instruction = self.expanded(read, scope)
        instruction = msgspec.structs.replace(
            instruction, stage=len(self.stages) - (0 if begins else 1)
        )
        if begins:
            self.begin(instruction)
        elif instruction.keyword == "ENV":
            for name, value in instruction.pairs:
                scope.set(name, value or "")
        self.problems.extend(check_instruction(instruction))
        (self.inside[-1] if self.inside else self.preamble).append(instruction)
        return instruction

    def begin(self, origin: Instruction) -> None:
        """Open the stage that a FROM begins."""
        image = origin.words[0].expanded if origin.words else ""
        name = ""
        if len(origin.words) == _NAMED and origin.words[1].text.lower() == "as":
            name = origin.words[2].text.lower()
        parent = self.names.get(image.lower())
        stage = Stage(
            index=len(self.stages),
            name=name,
            image=image,
            instructions=(),
            parent=parent,
            platform=origin.flag("platform") or "",
        )
        if parent is not None and len(self.stages) < _STAGES:
            self.scope = self.scopes[parent].copy()
        else:
            # Whatever another image sets is not known here; nothing is set in an empty one.
            self.scope = Scope(is_open=image != _SCRATCH)
        if name:
            self.names[name] = stage.index
        self.stages.append(stage)
        self.inside.append([])
        self.scopes.append(self.scope)

    def expanded(self, read: Instruction, scope: Scope) -> Instruction:
        """Return the instruction with its variables replaced; an ARG also declares its own."""
        rule = RULES.get(read.keyword)
        if rule is None:
            return read
        unknown: dict[str, None] = {}
        flags = tuple(self.flag(flag, read, scope, unknown) for flag in read.flags)
        if rule.style in {Style.PAIRS, Style.NAMES}:
            pairs = self.pairs(read, scope, unknown)
            values = [name if value is None else f"{name}={value}" for name, value in pairs]
            if len(values) < len(read.words):  # the old form: ENV name value
                values = [part or "" for part in pairs[0]]
            found = tuple(
                msgspec.structs.replace(word, expanded=value)
                for word, value in zip(read.words, values, strict=True)
            )
            return msgspec.structs.replace(
                read, flags=flags, words=found, pairs=tuple(pairs), unknown=tuple(unknown)
            )
        found = tuple(
            msgspec.structs.replace(
                word,
                expanded=self.value(word, read, scope, unknown) if rule.expands else word.text,
            )
            for word in read.words
        )
        return msgspec.structs.replace(read, flags=flags, words=found, unknown=tuple(unknown))

    def pairs(
        self, read: Instruction, scope: Scope, unknown: dict[str, None]
    ) -> list[tuple[str, str | None]]:
        pairs: list[tuple[str, str | None]] = []
        old = read.keyword != "ARG" and bool(read.words) and "=" not in read.words[0].text
        for word in read.words[:1] if old else read.words:
            name, equals, _ = word.text.partition("=")
            value: str | None = None
            if old and len(read.words) > 1:
                value = self.value(read.words[1], read, scope, unknown)
            elif equals:
                skipped = len(name) + 1
                part = msgspec.structs.replace(word, text=word.text[skipped:])
                value = self.value(part, read, scope, unknown)
            key = self.value(msgspec.structs.replace(word, text=name), read, scope, unknown)
            if read.keyword == "ARG":
                value = self.argue(key, value, scope)
            pairs.append((key, value))
        return pairs

    def argue(self, name: str, default: str | None, scope: Scope) -> str | None:
        """Declare an ARG and return the value it has; None: none."""
        value = self.arguments.get(name, default)
        if value is None and scope is not self.globals:
            value = self.globals.values.get(name)
            if value is None and name in PLATFORM_ARGS:
                scope.unknown.add(name)
        scope.argue(name, value)
        return value

    def flag(self, flag: Flag, read: Instruction, scope: Scope, unknown: dict[str, None]) -> Flag:
        word = Word(text=flag.value or "", start=flag.start, end=flag.end)
        return msgspec.structs.replace(flag, expanded=self.value(word, read, scope, unknown))

    def value(self, word: Word, read: Instruction, scope: Scope, unknown: dict[str, None]) -> str:
        found = self.budget.expand(word.text, scope, self.cut.escape)
        if found.error:
            self.problems.append(
                Problem(
                    line=read.line + self.text.count("\n", read.start, word.start),
                    column=word.start - self.text.rfind("\n", 0, word.start),
                    message=f"{read.keyword}: in {word.text[:80]!r}, {found.error}",
                )
            )
        unknown.update(dict.fromkeys(found.missing))
        return found.text
