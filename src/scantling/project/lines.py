"""From packages to the Dockerfile line that brought them.

A package knows the layer it came with, a layer's history tells the instruction that made it, and
the instruction has a line. The layers of the base image stand for the FROM. Where a layer cannot
be told from its history, the most likely line is given and marked as not certain.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from scantling.core.model.base import BaseImage
from scantling.core.model.image import Image, Layer
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.project.dockerfile.model import Dockerfile, Instruction
from scantling.project.history import Candidate, Made, fit, prepare, read_history

_MAKERS: Final = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
"""Instructions that make layers; WORKDIR does when it creates the folder."""

_MOST_MAKERS: Final = 1000
_CERTAIN: Final = 0.95
_POSSIBLE: Final = 0.45

_MANAGERS: Final[dict[str, re.Pattern[str]]] = {
    "deb": re.compile(r"\b(?:apt-get|apt|aptitude|dpkg)\b"),
    "apk": re.compile(r"\bapk\b"),
    "rpm": re.compile(r"\b(?:dnf|microdnf|tdnf|yum|zypper|rpm)\b"),
    "pypi": re.compile(r"\b(?:pip[0-9.]*|pipx|uv|poetry|pdm|pipenv|conda|mamba|python[0-9.]*)\b"),
    "npm": re.compile(r"\b(?:npm|npx|yarn|pnpm|corepack|bun)\b"),
    "gem": re.compile(r"\b(?:gem|bundle|bundler)\b"),
    "composer": re.compile(r"\bcomposer\b"),
    "cargo": re.compile(r"\b(?:cargo|rustup)\b"),
    "golang": re.compile(r"\bgo (?:build|install|get|mod)\b"),
    "maven": re.compile(r"\b(?:mvn|mvnw|gradle|gradlew)\b"),
    "nuget": re.compile(r"\b(?:dotnet|nuget)\b"),
}
_SYSTEM: Final = frozenset({"deb", "apk", "rpm"})
_NAME_WORD: Final = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@+._/-]*+")


class Origin(Struct, frozen=True, kw_only=True):
    """Where a layer comes from: an instruction (None: cannot be told), or the base image."""

    instruction: Instruction | None
    certain: bool
    base: bool = False


def places(
    packages: Iterable[Package],
    image: Image,
    dockerfile: Dockerfile,
    base: BaseImage | None = None,
    *,
    path: str = "Dockerfile",
    target: str = "",
) -> dict[str, Place]:
    """Return the Dockerfile place of each package, by purl; empty if nothing is built there.

    `path` is the Dockerfile's in the project, `target` the stage that was built (empty: the last).
    """
    chain = dockerfile.chain(target)
    if not chain:
        return {}
    makers = [one for stage in chain for one in stage.instructions if one.keyword in _MAKERS]
    origins = layer_origins(image, dockerfile, base, target=target)
    guesses = _Guesses(makers)
    found: dict[str, Place] = {}
    for package in packages:
        known = 0 <= package.origin < len(origins)
        origin = origins[package.origin] if known else Origin(instruction=None, certain=False)
        instruction = origin.instruction
        if instruction is None:
            instruction = guesses.of(package, own=base is not None and known)
        instruction = instruction or chain[0].origin
        found[package.purl] = instruction.place(path, certain=origin.certain)
    return found


def layer_origins(
    image: Image, dockerfile: Dockerfile, base: BaseImage | None = None, *, target: str = ""
) -> tuple[Origin, ...]:
    """Return where each layer of the image comes from, bottom first; empty without a FROM."""
    chain = dockerfile.chain(target)
    if not chain:
        return ()
    origin = chain[0].origin
    makers = [one for stage in chain for one in stage.instructions if one.keyword in _MAKERS]
    makers = makers[-_MOST_MAKERS:]
    below = min(base.layers, len(image.layers)) if base else 0
    of_base = Origin(instruction=origin, certain=bool(base and base.certain), base=True)
    own = image.layers[below:]
    candidates = _candidates(makers)
    aligned = _align([read_history(layer.created_by) for layer in own], candidates)
    if not any(aligned):
        return (of_base,) * below + _by_position(own, makers, told=base is not None)
    matched = [_origin(found, candidates) for found in aligned]
    if base is None:
        # What lies below the first layer we recognize came with the FROM.
        first = next(index for index, found in enumerate(aligned) if found)
        guess = Origin(instruction=origin, certain=False, base=True)
        matched[:first] = [guess] * first
    return (of_base,) * below + tuple(matched)


def _candidates(makers: Sequence[Instruction]) -> list[Candidate]:
    folder = ""
    candidates: list[Candidate] = []
    for maker in makers:
        candidates.append(prepare(maker, folder))
        if maker.keyword == "WORKDIR" and maker.words:
            to = posixpath.join(folder, maker.words[0].expanded)
            # Relative to a folder that the base image sets.
            folder = to if to.startswith("/") else ""
    return candidates


Found = tuple[Candidate, float] | None


def _align(layers: Sequence[Made], makers: Sequence[Candidate]) -> list[Found]:
    """Return for each layer the instruction that fits, so that both keep their order.

    The sum of the fits is the greatest possible; among equals, later instructions win, since an
    image's last layers are the most certain to be its own.
    """
    rows, columns = len(layers), len(makers)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    fits = [
        [value if (value := fit(made, maker)) >= _POSSIBLE else 0.0 for maker in makers]
        for made in layers
    ]
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            value = fits[row - 1][column - 1]
            with_both = best[row - 1][column - 1] + value if value else 0.0
            best[row][column] = max(with_both, best[row - 1][column], best[row][column - 1])
    found: list[Found] = [None] * rows
    row, column = rows, columns
    while row and column:
        value = fits[row - 1][column - 1]
        if value and best[row][column] == best[row - 1][column - 1] + value:
            found[row - 1] = (makers[column - 1], value)
            row, column = row - 1, column - 1
        elif best[row][column] == best[row][column - 1]:
            column -= 1
        else:
            row -= 1
    return found


def _origin(found: Found, candidates: Sequence[Candidate]) -> Origin:
    if found is None:
        return Origin(instruction=None, certain=False)
    candidate, value = found
    twins = sum(
        one.instruction.keyword == candidate.instruction.keyword and one.texts == candidate.texts
        for one in candidates
    )
    return Origin(instruction=candidate.instruction, certain=value >= _CERTAIN and twins == 1)


def _by_position(
    own: Sequence[Layer], makers: Sequence[Instruction], *, told: bool
) -> tuple[Origin, ...]:
    """Pair layers without history with instructions, if there are as many of both."""
    certain_makers = [one for one in makers if one.keyword != "WORKDIR"]
    for candidates in (certain_makers, list(makers)):
        if told and own and len(own) == len(candidates):
            return tuple(Origin(instruction=one, certain=False) for one in candidates)
    return (Origin(instruction=None, certain=False),) * len(own)


class _Guesses:
    """The most likely instruction for packages whose layer does not tell; one look-up each."""

    def __init__(self, makers: Sequence[Instruction]) -> None:
        self.runs = [one for one in makers if one.keyword == "RUN"]
        copies = [one for one in makers if one.keyword in {"COPY", "ADD"}]
        self.copy = copies[-1] if copies else None
        self.by_type: dict[str, tuple[Instruction | None, dict[str, Instruction]]] = {}

    def of(self, package: Package, *, own: bool) -> Instruction | None:
        """Return the instruction; None: rather the FROM.

        `own` says that the package is known not to be the base's.
        """
        manager, named = self.by_type.get(package.type) or self.read(package.type)
        for name in (package.name, package.source_name):
            if name in named:
                return named[name]
        system = package.type in _SYSTEM
        if manager is not None and (own or not system):
            return manager
        return None if system else self.copy

    def read(self, type_: str) -> tuple[Instruction | None, dict[str, Instruction]]:
        """Return the first RUN of a type's manager, and the first that has each word."""
        manager = _MANAGERS.get(type_)
        named: dict[str, Instruction] = {}
        managing = [one for one in self.runs if manager and manager.search(one.raw)]
        for instruction in managing:
            for token in _NAME_WORD.findall(instruction.raw):
                for word in (token, token.partition("@")[0]):
                    named.setdefault(word, instruction)
        found = (managing[0] if managing else None, named)
        self.by_type[type_] = found
        return found
