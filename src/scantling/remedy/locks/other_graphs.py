"""Who needs whom in the lockfiles of Poetry, uv, Cargo, Bundler, Composer and NuGet.

Source: Poetry, uv and Cargo lockfiles as those tools write them; Bundler, Gemfile.lock; Composer,
composer.lock; NuGet, packages.lock.json.
"""

import re
import tomllib
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.text import octets
from scantling.project.lockfiles.entry import same_name
from scantling.remedy.locks.graph import ROOT, Edge, Graph

_GEM: Final = re.compile(
    r"(?P<indent> {2}| {4}| {6})(?P<name>[^\s(!]++)(?: \((?P<range>[^)\n]++)\))?!?"
)
_PLATFORM: Final = re.compile(
    r"-(?:java|x86|x64|arm|aarch64|universal|mswin|mingw)[A-Za-z0-9_-]*+$"
)
_NAME_END: Final = re.compile(r"[^A-Za-z0-9._-]")
_IN_SPECS: Final = 4
_T = TypeVar("_T")


class _TomlDependency(Struct):
    name: str
    version: str = ""


class _TomlPackage(Struct):
    name: str
    version: str = ""
    source: str | dict[str, Any] = ""
    dependencies: list[str | _TomlDependency] | dict[str, Any] = []


class _TomlLock(Struct):
    package: list[_TomlPackage] = []


class _ComposerPackage(Struct):
    name: str
    version: str = ""
    require: dict[str, str] | list[str] = {}


class _ComposerLock(Struct):
    packages: list[_ComposerPackage] = []
    packages_dev: list[_ComposerPackage] = msgspec.field(default_factory=list, name="packages-dev")


class _NugetPackage(Struct):
    type: str = ""
    requested: str = ""
    resolved: str = ""
    dependencies: dict[str, str] = {}


class _NugetLock(Struct):
    dependencies: dict[str, dict[str, _NugetPackage]] = {}


def poetry_lock(text: str, wanted: Iterable[str]) -> Graph:
    """Return the graph of poetry.lock, with ranges; `wanted` are the direct dependencies."""
    graph = _Builder("pypi")
    for package in _toml(text).package:
        key = graph.add(package.name, package.version)
        needs = package.dependencies if isinstance(package.dependencies, dict) else {}
        for name, said in needs.items():
            for range_ in _poetry_ranges(said):
                graph.need(key, name, range_)
    for name in wanted:
        graph.need(ROOT, name)
    return graph.built()


def uv_lock(text: str, wanted: Iterable[str]) -> Graph:
    """Return the graph of uv.lock or pdm.lock; no ranges are told."""
    graph = _Builder("pypi")
    for package in _toml(text).package:
        key = graph.add(package.name, package.version)
        needs = package.dependencies if isinstance(package.dependencies, list) else []
        for one in needs:
            graph.need(key, one.name if isinstance(one, _TomlDependency) else _pep508_name(one))
    for name in wanted:
        graph.need(ROOT, name)
    return graph.built()


def cargo_lock(text: str) -> Graph:
    """Return the graph of Cargo.lock; packages without a source are the project's own."""
    graph = _Builder("cargo")
    for package in _toml(text).package:
        key = graph.add(package.name, package.version)
        if not package.source:
            graph.roots.add(key)
        for one in package.dependencies if isinstance(package.dependencies, list) else []:
            words = one.split(" ") if isinstance(one, str) else [one.name]
            graph.need(key, words[0], version=words[1] if len(words) > 1 else "")
    return graph.built()


def gemfile_lock(text: str) -> Graph:
    """Return the graph of Gemfile.lock, with ranges."""
    graph = _Builder("gem")
    section, key = "", ""
    for row in text.split("\n"):
        if row[:1] not in {" ", "", "\r"}:
            section, key = row.strip(), ""
        found = _GEM.fullmatch(row.removesuffix("\r"))
        if found is None:
            continue
        indent, name, said = len(found["indent"]), found["name"], found["range"] or ""
        if section == "DEPENDENCIES":
            graph.need(ROOT, name, said)
        elif indent == _IN_SPECS:
            key = graph.add(name, _PLATFORM.sub("", said))
        elif indent > _IN_SPECS and key:
            graph.need(key, name, said)
    return graph.built()


def composer_lock(text: str, wanted: Iterable[str]) -> Graph:
    """Return the graph of composer.lock, with ranges; `wanted` are the direct dependencies."""
    lock = _json(text, _ComposerLock)
    graph = _Builder("composer")
    for package in (*lock.packages, *lock.packages_dev):
        key = graph.add(package.name, package.version)
        for name, range_ in (package.require if isinstance(package.require, dict) else {}).items():
            graph.need(key, name, range_)
    for name in wanted:
        graph.need(ROOT, name)
    return graph.built()


def nuget_lock(text: str) -> Graph:
    """Return the graph of packages.lock.json, with ranges."""
    graph = _Builder("nuget")
    for packages in _json(text, _NugetLock).dependencies.values():
        for name, package in packages.items():
            key = graph.add(name, package.resolved)
            if package.type == "Direct":
                graph.need(ROOT, name, package.requested, version=package.resolved)
            for other, range_ in package.dependencies.items():
                known = packages.get(other)
                graph.need(key, other, range_, version=known.resolved if known else "")
    return graph.built()


class _Builder:
    """Collects packages and needs; names are resolved at the end, to every version there is."""

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.packages: dict[str, tuple[str, str]] = {}
        self.keys: dict[str, list[str]] = {}
        self.needs: list[tuple[str, str, str, str]] = []
        self.roots: set[str] = {ROOT}

    def add(self, name: str, version: str) -> str:
        name = same_name(self.type, name)
        key = f"{name}@{version}"
        if key not in self.packages:
            self.packages[key] = (name, version)
            self.keys.setdefault(name, []).append(key)
        return key

    def need(self, source: str, name: str, range_: str = "", *, version: str = "") -> None:
        self.needs.append((source, same_name(self.type, name), range_, version))

    def built(self) -> Graph:
        edges = [
            Edge(source, key, range_)
            for source, name, range_, version in self.needs
            for key in self.keys.get(name, ())
            if not version or self.packages[key][1] == version
        ]
        return Graph(
            packages=self.packages, edges=tuple(dict.fromkeys(edges)), roots=frozenset(self.roots)
        )


def _toml(text: str) -> _TomlLock:
    try:
        return msgspec.convert(tomllib.loads(text), _TomlLock)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise InputError("parse.failed", f"the lockfile cannot be read ({error})") from error


def _json(text: str, type_: type[_T]) -> _T:
    try:
        return msgspec.json.decode(octets(text.removeprefix("\ufeff")), type=type_)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError("parse.failed", f"the lockfile cannot be read ({error})") from error


def _poetry_ranges(said: object) -> list[str]:
    """Return the ranges of a dependency: a text, a table with `version`, or several of them."""
    found: list[str] = []
    for one in said if isinstance(said, list) else [said]:
        range_ = one.get("version", "") if isinstance(one, dict) else one
        found.append(range_ if isinstance(range_, str) else "")
    return found


def _pep508_name(text: str) -> str:
    return _NAME_END.split(text, maxsplit=1)[0]
