"""What a layer's history says of the instruction that made it, and how well one fits it.

The history is free text; these are the habits of the tools that write it:

- BuildKit: `RUN /bin/sh -c apt-get update # buildkit`, `RUN |1 A=b /bin/sh -c …`,
  `COPY --chown=1 a b # buildkit`, `WORKDIR /app`
- the classic builder and Buildah: `/bin/sh -c apt-get update`, `|1 A=b /bin/sh -c …`,
  `/bin/sh -c #(nop) COPY file:<digest> in /app `
- Kaniko: the instruction as it is written

Source: BuildKit 0.25, frontend/dockerfile/dockerfile2llb/convert.go (commit messages); Moby,
daemon/builder/dockerfile (`#(nop)`); OCI image-spec, config.md ("history").
"""

import re
from posixpath import join as posixjoin
from posixpath import normpath
from typing import Final

from msgspec import Struct

from scantling.project.dockerfile.model import Form, Instruction

_LONGEST: Final = 64 * 1024
"""Characters of one history entry that are compared; an image may say anything."""

_ARGUMENTS: Final = re.compile(r"\|[0-9]++ ")
_SHELL_ENDS: Final = (
    "-c",
    "-ec",
    "-ce",
    "-lc",
    "-exc",
    "-xec",
    "-euxc",
    "/C",
    "/c",
    "-Command",
    "-command",
)
_NOP: Final = "/bin/sh -c #(nop)"
_BUILDKIT: Final = "# buildkit"
_KEYWORD: Final = re.compile(r"(?P<keyword>RUN|COPY|ADD|WORKDIR)(?: (?P<rest>.*))?", re.DOTALL)
_LEGACY_COPY: Final = re.compile(r"(?:file|dir|multi):[0-9a-f]{8,64} in (?P<target>\S.*)")
_ALIKE: Final = 0.5
"""Share of words in common from which two commands may be versions of one."""


class Made(Struct, frozen=True, kw_only=True):
    """How a layer was made. `keyword` is empty if the history is no instruction.

    `text` is the rest with white space collapsed; `target` the destination of a classic COPY, whose
    sources are not known; `words` the set of words, for likeness.
    """

    keyword: str
    text: str
    target: str = ""
    words: frozenset[str] = frozenset()


class Candidate(Struct, frozen=True, kw_only=True):
    """An instruction and the texts under which the history may have it, with their words.

    `target` is the destination of a COPY or ADD; relative if the folder is not known.
    """

    instruction: Instruction
    target: str = ""
    texts: tuple[str, ...]
    words: tuple[frozenset[str], ...]


def read_history(created_by: str) -> Made:
    """Return what one history entry says; never raises."""
    text = " ".join(created_by[:_LONGEST].split())
    if text.endswith(_BUILDKIT):
        text = text[: -len(_BUILDKIT)].rstrip()
    if text.startswith(_NOP):
        text = text[len(_NOP) :].strip()
    found = _KEYWORD.fullmatch(text)
    keyword, rest = (found["keyword"], found["rest"] or "") if found else ("", text)
    if not keyword and (
        _ARGUMENTS.match(text) or text.startswith(("/bin/", "/busybox/", "cmd /S"))
    ):
        keyword = "RUN"
    target = ""
    if keyword in {"COPY", "ADD"}:
        rest = " ".join(word for word in rest.split(" ") if not word.startswith("--"))
        legacy = _LEGACY_COPY.fullmatch(rest)
        target = legacy["target"] if legacy else ""
    return Made(keyword=keyword, text=rest, target=target, words=frozenset(rest.split(" ")))


def prepare(instruction: Instruction, folder: str = "") -> Candidate:
    """Return an instruction ready to be compared; `folder` is the WORKDIR (empty: not known)."""
    if instruction.keyword != "RUN":
        words = tuple(word.expanded for word in instruction.words)
        return Candidate(
            instruction=instruction,
            target=normpath(posixjoin(folder, words[-1])) if words else "",
            texts=(" ".join(words),),
            words=(frozenset(words),),
        )
    texts = tuple(text[:_LONGEST] for text in _commands(instruction) if text)
    return Candidate(
        instruction=instruction,
        texts=texts,
        words=tuple(frozenset(text.split(" ")) for text in texts),
    )


def fit(made: Made, candidate: Candidate) -> float:
    """Return how well an instruction fits: 1 it is this one, 0 it is not, between: it may be."""
    instruction = candidate.instruction
    if made.keyword != instruction.keyword or not candidate.texts:
        return 0.0
    match made.keyword:
        case "RUN":
            return _fit_run(made, candidate)
        case "WORKDIR":
            path = candidate.texts[0]
            return float(made.text == path or made.text.endswith("/" + path.rstrip("/")))
        case _:
            return _fit_copy(made, candidate)


def _commands(instruction: Instruction) -> tuple[str, ...]:
    """Return the texts under which the history may have a RUN, white space collapsed."""
    if instruction.form is Form.EXEC:
        return (" ".join(" ".join(word.text for word in instruction.words).split()),)
    written = " ".join(instruction.arguments.split())
    if not instruction.heredocs:
        return (written,)
    bodies = [" ".join(document.content.split()) for document in instruction.heredocs]
    whole = [written]
    for document, body in zip(instruction.heredocs, bodies, strict=True):
        whole += [body, document.name]
    return (bodies[0], " ".join(whole), written)


def _fit_run(made: Made, candidate: Candidate) -> float:
    best = 0.0
    for command, words in zip(candidate.texts, candidate.words, strict=True):
        if made.text.endswith(command):
            before = made.text[: -len(command)]
            if not before or before.rstrip().endswith(_SHELL_ENDS):
                return 1.0
            best = max(best, 0.9 if before.endswith(" ") else 0.0)
        # The shell and its option are no words of the command.
        shared = len(words & made.words) / max(len(words), len(made.words) - 2, 1)
        best = max(best, min(shared, 0.85) if shared >= _ALIKE else 0.0)
    return best


def _fit_copy(made: Made, candidate: Candidate) -> float:
    words = [word.expanded for word in candidate.instruction.words]
    if not words:
        return 0.0
    if made.target:
        if candidate.target.startswith("/"):
            return 0.95 if normpath(made.target) == candidate.target else 0.0
        # The classic builder resolves a relative destination against a folder we do not know.
        return 0.6
    if made.text == candidate.texts[0]:
        return 1.0
    if candidate.instruction.unknown and made.text.split(" ")[-1] == words[-1]:
        return 0.8
    mine = candidate.words[0]
    shared = len(mine & made.words) / max(len(mine), len(made.words))
    return min(shared, 0.85) if shared >= _ALIKE else 0.0
