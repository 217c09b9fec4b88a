"""Who needs whom in npm's, Yarn's and pnpm's lockfiles.

Source: npm, package-lock.json ("lockfileVersion" 1 to 3); Yarn 1 and Berry lockfiles; pnpm,
lockfile versions 5 to 9.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.text import octets
from scantling.remedy.locks.graph import ROOT, Edge, Graph

_MODULES: Final = "node_modules/"
_DEPTH: Final = 64
_DIGITS: Final = frozenset("0123456789")
_YARN_SPEC: Final = re.compile(r'"?(?P<name>@?[^@\s",]++)@(?:npm:)?(?P<range>[^",\n]*+)"?')
_YARN_FIELD: Final = re.compile(r'  version:? "?(?P<version>[^"\s]++)"?')
_YARN_DEPENDENCY: Final = re.compile(
    r"""    "?(?P<name>@?[^@\s":]++)"?:? "?(?:npm:)?(?P<range>[^"\n]*+)"?"""
)
_PNPM_KEY: Final = re.compile(
    r"/?(?P<name>(?:@[^/@\s]++/)?[^/@\s]++)[@/](?P<version>[0-9][^\s(_]*+)[^\s]*+"
)
_PNPM_ROW: Final = re.compile(
    r"""(?P<indent>[ ]*+)
    (?:'(?P<quoted>[^']++)'|"(?P<double>[^"]++)"
      |(?P<plain>[^\s'":\#][^:\#\n]*+(?::[^\s:][^:\n]*+)*+)):
    (?:[ ]++(?P<value>[^\n]*+))?""",
    re.VERBOSE,
)


class _Package(Struct):
    version: str = ""
    name: str = ""
    resolved: str | bool = ""
    link: bool = False
    inBundle: bool = False  # noqa: N815 - npm's name
    dependencies: dict[str, str] = {}
    devDependencies: dict[str, str] = {}  # noqa: N815
    optionalDependencies: dict[str, str] = {}  # noqa: N815
    peerDependencies: dict[str, str] = {}  # noqa: N815


class _Nested(Struct):
    version: str = ""
    bundled: bool = False
    requires: dict[str, str] | bool = {}
    dependencies: dict[str, "_Nested"] = {}


class _Lock(Struct):
    packages: dict[str, _Package] = {}
    dependencies: dict[str, _Nested] = {}


def package_lock(text: str, wanted: Mapping[str, str]) -> Graph:
    """Return the graph of package-lock.json. Raises InputError.

    `wanted` are the manifest's direct dependencies, which version 1 does not repeat.
    """
    try:
        lock = msgspec.json.decode(octets(text.removeprefix("\ufeff")), type=_Lock)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError("parse.failed", f"the lockfile cannot be read ({error})") from error
    return _folders(lock.packages) if lock.packages else _nested(lock.dependencies, wanted)


def yarn_lock(text: str, wanted: Mapping[str, str]) -> Graph:
    """Return the graph of yarn.lock, 1 or Berry. `wanted` are the direct dependencies."""
    by_spec: dict[tuple[str, str], str] = {}
    packages: dict[str, tuple[str, str]] = {}
    needs: list[tuple[str, str, str]] = []
    roots = {ROOT}
    for specs, version, dependencies in _yarn_blocks(text):
        name = specs[0][0]
        key = f"{name}@{version}"
        packages[key] = (name, version)
        if any(range_.startswith("workspace:") for _, range_ in specs):
            roots.add(key)
        by_spec |= dict.fromkeys(specs, key)
        needs += [(key, *one) for one in dependencies]
    needs += [(ROOT, name, range_) for name, range_ in wanted.items()]
    edges = [
        Edge(source, by_spec[name, range_], range_)
        for source, name, range_ in needs
        if (name, range_) in by_spec
    ]
    return Graph(packages=packages, edges=tuple(edges), roots=frozenset(roots))


def pnpm_lock(text: str) -> Graph:
    """Return the graph of pnpm-lock.yaml; it tells no ranges but those of direct dependencies."""
    packages: dict[str, tuple[str, str]] = {}
    edges: list[Edge] = []
    roots = {ROOT}
    for path, value in _pnpm_rows(text):
        match path:
            case ("importers", where, _, name, "version") | ("importers", where, _, name) if value:
                roots.add(where)
                edges.append(Edge(where, _pnpm_target(name, value)))
            case ("dependencies" | "devDependencies" | "optionalDependencies", name, *_) if value:
                edges.append(Edge(ROOT, _pnpm_target(name, value)))
            case ("packages" | "snapshots", key, *rest):
                made = _pnpm_key(key)
                found = _PNPM_KEY.fullmatch(key)
                if found is not None:
                    packages[made] = (found["name"], found["version"])
                if len(rest) == 2 and rest[0].endswith("ependencies") and value:  # noqa: PLR2004
                    edges.append(Edge(made, _pnpm_target(rest[1], value)))
            case _:
                pass
    known = tuple(one for one in dict.fromkeys(edges) if one.target in packages)
    return Graph(packages=packages, edges=known, roots=frozenset(roots))


def _folders(entries: dict[str, _Package]) -> Graph:
    packages: dict[str, tuple[str, str]] = {}
    edges: list[Edge] = []
    roots = {path for path in entries if _MODULES not in path}
    for path, entry in entries.items():
        if path not in roots and not entry.link:
            packages[path] = (entry.name or path.rpartition(_MODULES)[2], entry.version)
        needs = {**entry.peerDependencies, **entry.optionalDependencies, **entry.dependencies}
        if path in roots:
            needs |= entry.devDependencies
        for name, range_ in needs.items():
            target = _resolved(entries, path, name)
            if target is not None:
                edges.append(Edge(path, target, range_))
    bundled = frozenset(path for path, entry in entries.items() if entry.inBundle)
    return Graph(
        packages=packages, edges=tuple(edges), roots=frozenset(roots | {ROOT}), bundled=bundled
    )


def _resolved(entries: Mapping[str, object], path: str, name: str) -> str | None:
    """Return the folder that a package finds another in: its own, then those above."""
    for _ in range(_DEPTH):
        at = f"{path}/{_MODULES}{name}" if path else f"{_MODULES}{name}"
        if at in entries:
            return at
        if not path:
            return None
        path = path.rpartition(f"/{_MODULES}")[0] if f"/{_MODULES}" in path else ""
    return None


def _nested(top: dict[str, _Nested], wanted: Mapping[str, str]) -> Graph:
    entries: dict[str, _Nested] = {}
    _flatten(top, "", entries, 0)
    packages = {
        path: (path.rpartition(_MODULES)[2], entry.version) for path, entry in entries.items()
    }
    edges = [Edge(ROOT, f"{_MODULES}{name}", range_) for name, range_ in wanted.items()]
    for path, entry in entries.items():
        for name, range_ in (entry.requires if isinstance(entry.requires, dict) else {}).items():
            target = _resolved(entries, path, name)
            if target is not None:
                edges.append(Edge(path, target, range_))
    bundled = frozenset(path for path, entry in entries.items() if entry.bundled)
    return Graph(packages=packages, edges=tuple(edges), bundled=bundled)


def _flatten(
    level: dict[str, _Nested], above: str, entries: dict[str, _Nested], depth: int
) -> None:
    if depth > _DEPTH:
        raise InputError("parse.failed", "the lockfile is nested too deeply")
    for name, entry in level.items():
        path = f"{above}/{_MODULES}{name}" if above else f"{_MODULES}{name}"
        entries[path] = entry
        _flatten(entry.dependencies, path, entries, depth + 1)


_Block = tuple[list[tuple[str, str]], str, list[tuple[str, str]]]


def _yarn_blocks(text: str) -> Iterator[_Block]:
    """Yield (what it answers, version, its dependencies) of each package."""
    specs: list[tuple[str, str]] = []
    version, section = "", ""
    dependencies: list[tuple[str, str]] = []
    for raw in (*text.split("\n"), "end"):
        row = raw.removesuffix("\r")
        if not row or row.startswith("#"):
            continue
        if not row.startswith(" "):
            if specs and version:
                yield specs, version, dependencies
            specs = [(one["name"], one["range"].strip()) for one in _YARN_SPEC.finditer(row[:-1])]
            version, section, dependencies = "", "", []
        elif not row.startswith("   "):
            found = _YARN_FIELD.fullmatch(row)
            version = found["version"] if found else version
            section = row.strip().rstrip(":")
        elif section in {"dependencies", "optionalDependencies"}:
            need = _YARN_DEPENDENCY.fullmatch(row)
            if need is not None:
                dependencies.append((need["name"], need["range"].strip()))


def _pnpm_rows(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys of block style that lead to each row, with its value."""
    stack: list[tuple[int, str]] = []
    for raw in text.split("\n"):
        row = _PNPM_ROW.fullmatch(raw.removesuffix("\r"))
        if row is None:
            continue
        indent = len(row["indent"])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if len(stack) >= _DEPTH:
            raise InputError("parse.failed", "the lockfile is nested too deeply")
        key = row["quoted"] or row["double"] or row["plain"] or ""
        stack.append((indent, key))
        value = (row["value"] or "").strip().strip("'\"")
        yield tuple(one for _, one in stack), value


def _pnpm_key(key: str) -> str:
    """Return a key in the form of version 9, `name@version(peers)`; older ones have slashes."""
    key = key.removeprefix("/")
    found = _PNPM_KEY.fullmatch(key)
    return f"{found['name']}@{key[found.start('version') :]}" if found else key


def _pnpm_target(name: str, value: str) -> str:
    """Return the key that a reference means: a version, or the key itself for an alias."""
    if value.startswith("/"):
        return _pnpm_key(value)
    if value[:1] not in _DIGITS:
        return value
    return f"{name}@{value}"
