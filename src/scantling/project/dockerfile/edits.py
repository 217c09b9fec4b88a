"""Edits of a Dockerfile. Everything that is not changed stays as it is, to the character.

Each edit is parsed again before it is given out: one that would change the meaning of another
instruction is not made.
"""

import re
from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.expand import expand
from scantling.project.dockerfile.model import Dockerfile, Instruction, Stage
from scantling.project.dockerfile.parse import parse

_VARIABLE: Final = re.compile(
    r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*+)\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*+))"
)
_PLAIN: Final = re.compile(r"[A-Za-z0-9._/:@+~-]++")
_INSTALL: Final = re.compile(
    r"""(?:^|[\s(])(?:apt-get|apt|aptitude|apk|dnf|microdnf|tdnf|yum|zypper|pip[0-9.]*+|npm|gem|uv)
    (?:[ \t]++[^\s;&|]++){0,12}?[ \t]++(?:install|add|upgrade|in|i)(?=\s)
    (?P<packages>[^;&|\n]*+)""",
    re.VERBOSE,
)
_PINNED: Final = re.compile(
    r"""(?<![^\s"'])(?P<name>@?[A-Za-z0-9][A-Za-z0-9+._/-]*+)(?P<extra>(?::[a-z0-9-]++|\[[A-Za-z0-9,._-]*+\])?)
    (?P<sign>==|~=|=|@)(?P<version>[^\s"'\\=]++)""",
    re.VERBOSE,
)


_QUOTES: Final = "\"'"
_DEPTH: Final = 8
"""ARGs made of ARGs."""

Default = tuple[Instruction, str, str]


class Edited(Struct, frozen=True, kw_only=True):
    """A changed file. `line` is the first line that differs from the old file.

    `others` are the lines of further FROM instructions whose image changes with it.
    """

    text: str
    line: int
    others: tuple[int, ...] = ()


def rebase(file: Dockerfile, stage: Stage, image: str) -> Edited | None:
    """Return the file with another image in a stage's FROM; None: it cannot be done safely.

    Where the image comes from ARGs and only one of them must change (`FROM debian:${TAG}`), its
    default is changed instead, as its author would.
    """
    if stage.parent is not None or not stage.origin.words or not _PLAIN.fullmatch(image):
        return None
    word = stage.origin.words[0]
    fed = _fed(parse(file.text), word.text, image)
    if fed is not None:
        edited = set_argument(file, *fed, index=stage.index)
        if edited is not None and parse(edited.text).stages[stage.index].image == image:
            return edited
    text = _replace(file, word.start, word.end, image)
    return _checked(file, text, word.start, index=stage.index)


def set_argument(
    file: Dockerfile, instruction: Instruction, name: str, value: str, *, index: int = -1
) -> Edited | None:
    """Return the file with another default for a name of an ARG; None: it has none, or no such.

    `index` is the stage the change is for; other FROM instructions it reaches are in `others`.
    """
    if instruction.keyword != "ARG" or not _PLAIN.fullmatch(value):
        return None
    for word in instruction.words:
        own, equals, _ = word.text.partition("=")
        raw = file.text[word.start : word.end]
        if own == name and equals and raw.startswith(f"{name}="):
            start, end = word.start + len(name) + 1, word.end
            if end - start > 1 and file.text[start] in _QUOTES and raw.endswith(file.text[start]):
                start, end = start + 1, end - 1
            return _checked(file, _replace(file, start, end, value), start, index=index)
    return None


def pin(file: Dockerfile, instruction: Instruction, name: str, version: str) -> Edited | None:
    """Return the file with another version of a pinned package in a RUN; None: it is not pinned.

    Pins are `name=version` (apt-get, apk), `name==version` (pip) and `name@version` (npm) in an
    install command. What tells an architecture or an extra (`name:arm64=`, `name[x]==`) stays.
    """
    if instruction.keyword != "RUN" or not _PLAIN.fullmatch(version):
        return None
    text = _joined(instruction, file.escape)
    for command in _INSTALL.finditer(text):
        for found in _PINNED.finditer(text, *command.span("packages")):
            if found["name"] == name:
                start, end = (instruction.start + at for at in found.span("version"))
                return _checked(file, _replace(file, start, end, version), start)
    return None


def insert_run(file: Dockerfile, after: Instruction, command: str) -> Edited | None:
    """Return the file with `RUN command` on a line of its own behind an instruction.

    None: the instruction is not closed, or the command would not arrive as one. The command is
    one line. Raises ValueError otherwise.
    """
    if "\n" in command or not command.strip():
        raise ValueError("the command must be one line")
    end = file.text.find("\n", after.end)
    at = len(file.text) if end < 0 else end + 1
    newline = "\r\n" if "\r\n" in file.text else "\n"
    lead = "" if end >= 0 else newline
    text = file.text[:at] + lead + f"RUN {command}{newline}" + file.text[at:]
    made = parse(text)
    index = file.instructions.index(after) + 1
    inserted = made.instructions[index : index + 1]
    rest = made.instructions[:index] + made.instructions[index + 1 :]
    if not inserted or inserted[0].arguments != command.strip() or inserted[0].heredocs:
        return None
    if [one.raw for one in rest] != [one.raw for one in file.instructions]:
        return None
    return Edited(text=text, line=inserted[0].line)


def _fed(file: Dockerfile, text: str, wanted: str, *, depth: int = 0) -> Default | None:
    """Return the ARG before the first FROM whose default, changed, makes `text` what is wanted.

    One variable is changed and the others keep their values. Where its default is made of further
    variables, those are looked at first.
    """
    values = {name: value or "" for one in file.preamble for name, value in one.pairs}
    for found in _VARIABLE.finditer(text):
        before = expand(text[: found.start()], values, escape=file.escape).text
        behind = expand(text[found.end() :], values, escape=file.escape).text
        middle = wanted[len(before) : len(wanted) - len(behind)]
        if not middle or before + middle + behind != wanted:
            continue
        name = found["braced"] or found["bare"]
        default = _default(file, name)
        if default is None:
            continue
        instruction, written = default
        inner = _fed(file, written, middle, depth=depth + 1) if depth < _DEPTH else None
        return inner or (instruction, name, middle)
    return None


def _default(file: Dockerfile, name: str) -> tuple[Instruction, str] | None:
    """Return the last ARG before the first FROM that gives a name a default, and the default."""
    for instruction in reversed(file.preamble):
        for word in instruction.words if instruction.keyword == "ARG" else ():
            own, equals, written = word.text.partition("=")
            if own == name and equals:
                return instruction, written.strip("\"'")
    return None


def _replace(file: Dockerfile, start: int, end: int, by: str) -> str:
    return file.text[:start] + by + file.text[end:]


def _checked(file: Dockerfile, text: str, at: int, *, index: int = -1) -> Edited | None:
    """Return the edit unless it changes how the rest of the file is cut.

    `index` is the stage that is meant to change.
    """
    # The file may have been parsed with build arguments; both sides are compared without.
    before, made = parse(file.text), parse(text)
    if [one.keyword for one in made.instructions] != [one.keyword for one in file.instructions]:
        return None
    if len(made.problems) > len(before.problems):
        return None
    reached = [
        new.origin.line
        for old, new in zip(before.stages, made.stages, strict=True)
        if old.image != new.image and old.index != index
    ]
    line = file.text.count("\n", 0, at) + 1
    return Edited(text=text, line=line, others=tuple(reached))


def _joined(instruction: Instruction, escape: str) -> str:
    """Return the raw text with continuations and comments inside blanked out, no longer or shorter.

    A command then ends where a line does, also in a here-document.
    """
    lines = instruction.raw.split("\n")
    out: list[str] = []
    goes_on = False
    for line in lines:
        bare = line.rstrip("\t \r")
        if goes_on and (not bare or line.lstrip().startswith("#")):
            out.append(" " * (len(line) + 1))
            continue
        goes_on = bare.endswith(escape) and not bare.endswith(escape * 2)
        if goes_on:
            out.append(bare[:-1] + " " * (len(line) - len(bare) + 2))
        else:
            out.append(line + "\n")
    return "".join(out)
