"""JSON files: npm, Composer, Pipenv, NuGet.

A tolerant scanner that knows lines; a damaged file gives the entries before the damage.

Source: npm, package-lock.json (lockfileVersion 1 to 3); Composer, composer.lock; Pipfile.lock
(pipfile-spec 6); NuGet, packages.lock.json.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.project.lockfiles.entry import Entry

_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\\n]|\\.)*+)"|(?P<sign>[{}\[\],:])|(?P<plain>[^\s{}\[\],:"]++)'
)
_ESCAPED: Final = re.compile(r"\\(.)")
_DEPTH: Final = 200
_MODULES: Final = "node_modules/"


class Member(Struct, frozen=True, kw_only=True):
    """A scalar, the keys that lead to it (numbers in arrays as text), and each key's line."""

    path: tuple[str, ...]
    lines: tuple[int, ...]
    value: str


def members(text: str) -> Iterator[Member]:
    """Yield the scalars of a JSON text in order; stops where nesting is too deep."""
    at = _Position()
    line, last = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", last, token.start())
        last = token.start()
        sign = token["sign"]
        if sign is None:
            value = token["plain"] or _ESCAPED.sub(r"\1", token["text"])
            if at.wants_key():
                at.pending = (value, line)
            elif at.counts:
                name, own = at.step(line)
                yield Member(path=(*at.path, name), lines=(*at.lines, own), value=value)
                at.key = None
        elif sign in "{[":
            if len(at.counts) >= _DEPTH:
                return
            at.open(sign, line)
        else:
            at.sign(sign)


class _Position:
    """Where in the nesting we are. A number in `counts` is an array's, -1 stands for an object."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.lines: list[int] = []
        self.counts: list[int] = []
        self.key: tuple[str, int] | None = None
        self.pending: tuple[str, int] | None = None

    def wants_key(self) -> bool:
        return bool(self.counts) and self.counts[-1] < 0 and self.key is None

    def step(self, line: int) -> tuple[str, int]:
        if self.counts[-1] >= 0:
            return str(self.counts[-1]), line
        return self.key or ("", line)

    def open(self, sign: str, line: int) -> None:
        name, own = self.step(line) if self.counts else ("", line)
        self.path.append(name)
        self.lines.append(own)
        self.counts.append(-1 if sign == "{" else 0)
        self.key = self.pending = None

    def sign(self, sign: str) -> None:
        if sign == ":":
            self.key, self.pending = self.pending, None
            return
        self.key = self.pending = None
        if sign == "," and self.counts and self.counts[-1] >= 0:
            self.counts[-1] += 1
        elif sign in "}]" and self.counts:
            self.path.pop()
            self.lines.pop()
            self.counts.pop()


def package_lock(text: str) -> Iterator[Entry]:
    """Yield the packages of package-lock.json or npm-shrinkwrap.json, at their keys."""
    nested: list[Entry] = []
    modern = False
    for member in members(text):
        path = member.path[1:]
        match path:
            case ("packages", where, "version") if _MODULES in where:
                modern = True
                name = where.rpartition(_MODULES)[2]
                yield Entry(name=name, version=member.value, line=member.lines[2])
            case ("packages", where, "name") if _MODULES in where:
                # An alias: the folder is called otherwise.
                yield Entry(name=member.value, version="", line=member.lines[2])
            case ("dependencies", *_, name, "version"):
                nested.append(Entry(name=name, version=member.value, line=member.lines[-2]))
            case _:
                pass
    if not modern:
        yield from nested


def package_json(text: str) -> Iterator[Entry]:
    """Yield the direct dependencies of package.json."""
    return _direct(text, {"dependencies", "devDependencies", "optionalDependencies"})


def composer_json(text: str) -> Iterator[Entry]:
    """Yield the direct dependencies of composer.json."""
    return _direct(text, {"require", "require-dev"})


def composer_lock(text: str) -> Iterator[Entry]:
    """Yield the packages of composer.lock, at the line of their name."""
    name = ""
    line = 0
    where: tuple[str, ...] = ()
    for member in members(text):
        match member.path[1:]:
            case ("packages" | "packages-dev", _, "name"):
                name, line, where = member.value, member.lines[-1], member.path[:-1]
            case ("packages" | "packages-dev", _, "version") if member.path[:-1] == where:
                yield Entry(name=name, version=member.value.removeprefix("v"), line=line)
            case _:
                pass


def pipfile_lock(text: str) -> Iterator[Entry]:
    """Yield the packages of Pipfile.lock, at their keys."""
    for member in members(text):
        match member.path[1:]:
            case ("default" | "develop", name, "version"):
                version = member.value.removeprefix("==")
                yield Entry(name=name, version=version, line=member.lines[2])
            case _:
                pass


def packages_lock_json(text: str) -> Iterator[Entry]:
    """Yield the packages of NuGet's packages.lock.json, at their keys."""
    for member in members(text):
        match member.path[1:]:
            case ("dependencies", _, name, "resolved"):
                yield Entry(name=name, version=member.value, line=member.lines[3])
            case _:
                pass


def _direct(text: str, tables: set[str]) -> Iterator[Entry]:
    for member in members(text):
        match member.path[1:]:
            case (table, name) if table in tables:
                yield Entry(name=name, version="", line=member.lines[-1])
            case _:
                pass
