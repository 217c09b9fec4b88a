"""RUN lines that upgrade system packages: what they say, and where in a Dockerfile they go."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from scantling.core.model.image import Image
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place
from scantling.core.model.plan import Edit
from scantling.project.dockerfile.edits import insert_run, pin
from scantling.project.dockerfile.model import Dockerfile, Instruction
from scantling.project.dockerfile.parse import parse
from scantling.project.lines import Origin, layer_origins
from scantling.remedy.api import Files, Situation
from scantling.remedy.safe import is_name, is_version

# Package manager by type, with the package it comes in; the first that is there is used.
_MANAGERS: Final = {
    "deb": (("apt-get", "apt"),),
    "apk": (("apk", "apk-tools"),),
    "rpm": (
        ("dnf", "dnf"),
        ("dnf", "dnf5"),
        ("microdnf", "microdnf"),
        ("yum", "yum"),
        ("tdnf", "tdnf"),
    ),
}
_WORD: Final = re.compile(
    r'(?P<quote>"?)[A-Za-z0-9][A-Za-z0-9+._-]*+[A-Za-z0-9.+_:~=>-]*+(?P=quote)'
)
_DASHED: Final = re.compile(r"-[0-9]")
_ROOT: Final = frozenset({"", "0", "root"})
_MAKERS: Final = frozenset({"RUN", "COPY", "ADD"})


class Wanted(Struct, frozen=True, kw_only=True):
    """A package to upgrade. `version` is empty where it cannot be told: the newest is taken."""

    package: Package
    version: str


class Editor(Struct, frozen=True, kw_only=True):
    """How a Dockerfile is edited. `place` is the first line; None: it is not, see `warnings`."""

    wanted: tuple[Wanted, ...]
    manager: str
    image: Image
    situation: Situation
    place: Place | None = None
    warnings: tuple[str, ...] = ()

    def edits(self, files: Files) -> tuple[Edit, ...]:
        """Return the edit of the Dockerfile as it is now; none if it cannot be done safely."""
        before = files.parsed()
        if before is None or self.place is None:
            return ()
        after, rest = _pinned(before, self.wanted, files)
        # From the end, so that the places of the others stay.
        for group in reversed(_by_position(after, rest, files, self.situation)):
            text = _with_run(after, group, self.manager)
            if text is None:
                return ()
            after = parse(text, arguments=files.arguments)
        return (Edit(path=files.dockerfile, before=before.text, after=after.text),)


class _Group(Struct, frozen=True, kw_only=True):
    """Packages that are upgraded by one RUN behind an instruction."""

    after: Instruction
    wanted: tuple[Wanted, ...]


def manager_of(ecosystem: str, packages: Iterable[Package]) -> str:
    """Return the package manager's command in the image; empty if it has none."""
    names = {one.name for one in packages if one.ecosystem == ecosystem}
    known = _MANAGERS.get(ecosystem.partition("/")[0], ())
    return next((command for command, package in known if package in names), "")


def run_line(wanted: Iterable[Wanted], manager: str) -> str:
    """Return the command that upgrades the packages; empty where one cannot be written safely."""
    wanted = tuple(wanted)
    if not manager or not wanted or not all(map(_is_safe, wanted)):
        return ""
    return _command(manager, {one.package.name: _word(one, manager) for one in wanted}.values())


def _word(one: Wanted, manager: str) -> str:
    """Return a package with its version as a package manager takes it."""
    name, version = one.package.name, one.version
    if not version:
        return name
    match manager:
        case "apt-get":
            return f"{name}={version}"
        case "apk":
            # The repository keeps one version; a lower bound holds the fix and survives the next.
            return f'"{name}>={version}"'
        case _:
            return f"{name}-{version}"


def _command(manager: str, words: Iterable[str]) -> str:
    before, behind = _around(manager)
    return before + " ".join(sorted(words)) + behind


def _around(manager: str) -> tuple[str, str]:
    """Return what is before and behind the packages in our own commands."""
    match manager:
        case "apt-get":
            return (
                "apt-get update && apt-get install --only-upgrade -y --no-install-recommends ",
                " && rm -rf /var/lib/apt/lists/*",
            )
        case "apk":
            return "apk add --no-cache --upgrade ", ""
        case _:
            return f"{manager} upgrade -y ", f" && {manager} clean all"


def _with_run(file: Dockerfile, group: "_Group", manager: str) -> str | None:
    """Return the file with the packages upgraded behind an instruction; None: not safely.

    Where a line of ours stands there already it gets longer: each RUN is a layer.
    """
    position = next(
        (at for at, one in enumerate(file.instructions) if one.start == group.after.start), None
    )
    command = run_line(group.wanted, manager)
    if position is None or not command:
        return None
    for ours in file.instructions[position : position + 2]:
        words = _words_of(ours, manager)
        if words:
            mine = {one.package.name: _word(one, manager) for one in group.wanted}
            kept = [one for one in words if not any(_is_of(one, name) for name in mine)]
            longer = f"RUN {_command(manager, [*kept, *mine.values()])}"
            return file.text[: ours.start] + longer + file.text[ours.end :]
    edited = insert_run(file, file.instructions[position], command)
    return None if edited is None else edited.text


def _is_of(word: str, name: str) -> bool:
    """Return whether a word of a command of ours is about the package of this name."""
    rest = word.strip('"').removeprefix(name)
    named = word.strip('"').startswith(name)
    return named and (not rest or rest[0] in "=>" or bool(_DASHED.match(rest)))


def _words_of(instruction: Instruction, manager: str) -> list[str]:
    """Return the packages of a RUN that is exactly ours; none for any other."""
    before, behind = _around(manager)
    text = instruction.raw
    whole = f"RUN {before}", behind
    if not (text.startswith(whole[0]) and text.endswith(whole[1])):
        return []
    words = text[len(whole[0]) : len(text) - len(whole[1])].split(" ")
    return words if all(_WORD.fullmatch(one) for one in words) else []


def run_lines(wanted: Iterable[Wanted], manager: str) -> tuple[str, ...]:
    """Return the command as a tuple: none where it cannot be written."""
    line = run_line(wanted, manager)
    return (line,) if line else ()


def editor(situation: Situation, wanted: tuple[Wanted, ...], manager: str) -> Editor:
    """Return how the project's Dockerfile is edited, or why it is not."""
    made = Editor(wanted=wanted, manager=manager, image=situation.image, situation=situation)
    if not manager:
        return _without(made, "the image has no package manager: it is rebuilt from a newer base")
    if not all(map(_is_safe, wanted)):
        return _without(made, "a name or version among these is not one that may be written")
    warnings = _untold(wanted)
    files = situation.files
    before = files.parsed()
    if before is None or not before.chain(files.target):
        return _without(made, *warnings)
    after, rest = _pinned(before, wanted, files)
    groups = _by_position(after, rest, files, situation)
    if rest and not groups:
        user = "the build is not known to run as root where these packages could be upgraded"
        return _without(made, *warnings, user)
    first = groups[0].after if groups else _first_pin(before, wanted)
    place = first.place(files.dockerfile) if first else None
    return Editor(
        wanted=wanted,
        manager=manager,
        image=situation.image,
        situation=situation,
        place=place,
        warnings=warnings,
    )


def _without(made: Editor, *warnings: str) -> Editor:
    return Editor(
        wanted=made.wanted,
        manager=made.manager,
        image=made.image,
        situation=made.situation,
        warnings=warnings,
    )


def _untold(wanted: Iterable[Wanted]) -> tuple[str, ...]:
    names = sorted({one.package.name for one in wanted if not one.version})
    if not names:
        return ()
    return (f"the exact version of {', '.join(names[:5])} cannot be told: the newest is taken",)


def _is_safe(one: Wanted) -> bool:
    version_ok = not one.version or is_version(one.version)
    return version_ok and is_name(one.package.type, one.package.name)


def _pinned(
    before: Dockerfile, wanted: tuple[Wanted, ...], files: Files
) -> tuple[Dockerfile, tuple[Wanted, ...]]:
    """Return the file with versions that it pins changed, and the packages it does not pin."""
    made, rest = before, []
    for one in wanted:
        edited = None
        if one.version:
            for index in range(len(made.instructions)):
                if _in_chain(made, files, made.instructions[index]):
                    edited = pin(made, made.instructions[index], one.package.name, one.version)
                if edited is not None:
                    made = parse(edited.text, arguments=files.arguments)
                    break
        if edited is None:
            rest.append(one)
    return made, tuple(rest)


def _first_pin(before: Dockerfile, wanted: tuple[Wanted, ...]) -> Instruction | None:
    for instruction in before.instructions:
        if any(pin(before, instruction, one.package.name, one.version) for one in wanted):
            return instruction
    return None


def _in_chain(file: Dockerfile, files: Files, instruction: Instruction) -> bool:
    return instruction.stage in {stage.index for stage in file.chain(files.target)}


def _by_position(
    file: Dockerfile, wanted: tuple[Wanted, ...], files: Files, situation: Situation
) -> tuple[_Group, ...]:
    """Return where RUNs go, in the file's order; empty if there is no safe place for some."""
    origins = layer_origins(situation.image, file, situation.base, target=files.target)
    groups: dict[int, list[Wanted]] = {}
    for one in wanted:
        position = _position(file, files, origins, one.package, situation)
        if position is None:
            return ()
        groups.setdefault(position.start, []).append(one)
    by_start = {one.start: one for one in file.instructions}
    return tuple(
        _Group(after=by_start[start], wanted=tuple(group))
        for start, group in sorted(groups.items())
    )


def _position(
    file: Dockerfile,
    files: Files,
    origins: tuple[Origin, ...],
    package: Package,
    situation: Situation,
) -> Instruction | None:
    """Return the instruction behind which a package can be upgraded; None: not known.

    A package that an upgrade meets before it is there is passed over without a word, so where
    its instruction is not certain the last one of the build that makes a layer is taken.
    """
    chain = file.chain(files.target)
    steps = [one for stage in chain for one in stage.instructions]
    origin = origins[package.origin] if 0 <= package.origin < len(origins) else None
    if origin is not None and origin.base:
        wanted = chain[0].origin
    elif origin is not None and origin.certain and origin.instruction is not None:
        wanted = origin.instruction
    else:
        makers = [one for one in steps if one.keyword in _MAKERS and _is_root(steps, one)]
        wanted = makers[-1] if makers else chain[0].origin
    if any(one.keyword == "SHELL" for one in steps):
        return None
    return wanted if _is_root(steps, wanted, situation.image) else None


def _is_root(steps: list[Instruction], at: Instruction, image: Image | None = None) -> bool:
    """Return whether a RUN behind an instruction is known to run as root.

    Where the file sets no user before it, that is the base image's: not root if the image has
    another user that the file never sets.
    """
    users = [one.arguments.strip() for one in steps if one.keyword == "USER"]
    before = [
        one.arguments.strip() for one in steps if one.keyword == "USER" and one.start <= at.start
    ]
    if before:
        return before[-1].partition(":")[0] in _ROOT
    inherited = image.config.user.partition(":")[0] if image else ""
    return bool(users) or inherited in _ROOT
