"""Bump npm packages of package.json, package-lock.json, yarn.lock, pnpm-lock.yaml.

    "express": "^4.17.1"                 the lockfile may take 4.17.3: only a command is needed
    "express": "~4.17.1"                 it may not take 4.18.0: the constraint becomes ~4.18.0
    "overrides": { "qs": "~6.11.1" }     a dependency of others that hold it below: it is overridden
                                         (Yarn: resolutions, pnpm: pnpm.overrides)

Lockfiles hold hashes of what was downloaded, so they are never edited: the command that brings them
up to date is named. A package that others carry inside them cannot be exchanged; the package to
upgrade instead is named.

What it cannot see: whether a package that needs another major version works with the overriding
one; the ranges of pnpm's transitive dependencies, which its lockfile does not tell (they are
always overridden).

Source: npm, package.json ("overrides"), npm-update, npm-install; Yarn, "Selective dependency
resolutions"; pnpm, "overrides", "pnpm update".
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

from scantling.remedy.api import Files, Proposal, Situation, Strategy
from scantling.remedy.locks import json_text, npm_graph
from scantling.remedy.locks.bump import (
    Kind,
    Wanted,
    Way,
    bumps,
    folder_of,
    names_it,
    own_package,
    run_in,
)
from scantling.remedy.locks.graph import Edge, Graph, through
from scantling.remedy.locks.ranges import allows, moved

_LOCKS: Final = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")
_TABLES: Final = ("dependencies", "devDependencies", "optionalDependencies")
_INSTALL: Final = {
    "npm": "npm install --package-lock-only",
    "yarn": "yarn install",
    "berry": "yarn install",
    "pnpm": "pnpm install --lockfile-only",
}
_UPDATE: Final = {
    "npm": "npm update {name} --package-lock-only",
    "berry": "yarn up -R {name}",
    "pnpm": "pnpm update {name} --lockfile-only",
}
_REFERRING: Final = frozenset({"npm", "pnpm"})
_SHOWN: Final = 3


def propose(situation: Situation) -> Iterator[Proposal]:
    """Yield the proposals by package URL, smallest steps first."""
    yield from bumps(situation, _KIND)


def _way(files: Files, wanted: Wanted) -> Way | None:
    way: Way | None = None
    locked: set[str] = set()
    for path in files.named(*_LOCKS):
        folder = folder_of(path)
        if "node_modules" in path.split("/"):
            continue
        locked.add(folder)
        if wanted.before in names_it("npm", path, files.texts[path], wanted.name):
            found = _locked(files, path, wanted)
            way = found if way is None else way.joined(found)
    if way is not None:
        return way
    return _unlocked(files, wanted, locked)


def _unlocked(files: Files, wanted: Wanted, locked: set[str]) -> Way | None:
    """Return the way where no lockfile has it: the constraint is what a build goes by."""
    way: Way | None = None
    for path in files.named("package.json"):
        constraints = _constraints(files.texts[path], wanted.name)
        if not constraints or "node_modules" in path.split("/"):
            continue
        warning = ""
        if any(_covers(folder, path) for folder in locked):
            warning = f"the lockfile over {path} does not have {wanted.name} {wanted.before}: it"
            warning += " may be newer than the image"
        found = Way(
            rewrites=((path, partial(_moved, wanted=wanted)),),
            commands=run_in(folder_of(path), "npm install"),
            warnings=(warning,) if warning else (),
        )
        way = found if way is None else way.joined(found)
    return way


def _locked(files: Files, path: str, wanted: Wanted) -> Way:
    tool = _tool(path, files.texts[path])
    folder = folder_of(path)
    manifests = {
        one: files.texts[one] for one in files.named("package.json") if _covers(folder, one)
    }
    root = f"{folder}/package.json" if folder else "package.json"
    graph = _graph(tool, files.texts[path], manifests.get(root, "{}"))
    keys = graph.keys(wanted.name, wanted.before)
    bundled = keys & graph.bundled
    edges = graph.needed_by(keys - bundled)
    direct = [one for one in edges if one.source in graph.roots]
    others = [one for one in edges if one.source not in graph.roots]
    # An empty range is one that pnpm does not tell: it may be exact.
    holds = [one for one in others if allows("npm", one.range or "-", wanted.version) is not True]
    way = Way(warnings=_bundled(graph, bundled, wanted))
    override = bool(holds) or (tool == "yarn" and bool(others))
    for one in _directly(manifests, wanted, all_=override) if direct else ():
        way = way.joined(Way(rewrites=((one, partial(_moved, wanted=wanted)),)))
    if override:
        names = _targets(tool, graph, holds or others, keys, wanted)
        # A tilde: what is verified, and its patches; a caret would go to the newest minor release.
        # npm and pnpm refuse an override that differs from a direct dependency, unless it refers
        # to that.
        by = f"${wanted.name}" if direct and tool in _REFERRING else f"~{wanted.version}"
        rewrite = partial(_overridden, tool=tool, names=names, by=by, wanted=wanted)
        known = graph.names(one for one in holds if one.range)
        warnings = (*_overriding(known, wanted), *through(graph, keys))
        way = way.joined(Way(rewrites=((root, rewrite),), warnings=warnings))
    return way.joined(Way(commands=_commands(tool, folder, wanted, rewrites=bool(way.rewrites))))


def _tool(path: str, text: str) -> str:
    if path.endswith("yarn.lock"):
        return "berry" if "\n__metadata:" in text else "yarn"
    return "pnpm" if path.endswith(".yaml") else "npm"


def _graph(tool: str, text: str, manifest: str) -> Graph:
    if tool == "pnpm":
        return npm_graph.pnpm_lock(text)
    found = json_text.values(manifest)
    direct = {
        name: one for table in _TABLES for name, one in json_text.strings(found, table).items()
    }
    read = npm_graph.package_lock if tool == "npm" else npm_graph.yarn_lock
    return read(text, direct)


def _constraints(text: str, name: str) -> dict[str, str]:
    found = json_text.values(text)
    tables = {table: json_text.strings(found, table).get(name) for table in _TABLES}
    return {table: one for table, one in tables.items() if one is not None}


def _directly(manifests: dict[str, str], wanted: Wanted, *, all_: bool) -> tuple[str, ...]:
    """Return the manifests whose constraint does not take the version; `all_`: that have one."""
    return tuple(
        path
        for path, text in manifests.items()
        for one in _constraints(text, wanted.name).values()
        if moved("npm", one, wanted.version)
        and (all_ or allows("npm", one, wanted.version) is not True)
    )


def _moved(text: str, *, wanted: Wanted) -> str:
    for table, constraint in _constraints(text, wanted.name).items():
        made = moved("npm", constraint, wanted.version)
        if made and made != constraint:
            text = json_text.put(text, (table, wanted.name), made)
    return text


def _overridden(text: str, *, tool: str, names: tuple[str, ...], by: str, wanted: Wanted) -> str:
    table = {"npm": ("overrides",), "pnpm": ("pnpm", "overrides")}.get(tool, ("resolutions",))
    for name in names:
        now = json_text.strings(json_text.values(text), *table).get(name, "")
        if now != by and (not now or moved("npm", now, wanted.version) != now):
            text = json_text.put(text, (*table, name), by)
    return text


def _targets(
    tool: str, graph: Graph, holds: list[Edge], keys: frozenset[str], wanted: Wanted
) -> tuple[str, ...]:
    """Return what an override calls the package: by its version or dependents if others stay."""
    alone = {key for key, (name, _) in graph.packages.items() if name == wanted.name} <= keys
    if alone:
        return (wanted.name,)
    if tool in _REFERRING:
        return (f"{wanted.name}@{wanted.before}",)
    lead = "**/" if tool == "yarn" else ""
    return tuple(f"{lead}{one}/{wanted.name}" for one in graph.names(holds))


def _overriding(names: tuple[str, ...], wanted: Wanted) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield (
            f"{', '.join(names[:_SHOWN])}{more} asked for an older {wanted.name}: newer versions"
            " of these may do without the override"
        )


def _bundled(graph: Graph, bundled: frozenset[str], wanted: Wanted) -> tuple[str, ...]:
    names = graph.names(graph.needed_by(bundled))
    if not names:
        return ()
    return (f"{', '.join(names[:_SHOWN])} carries {wanted.name} inside: upgrade that",)


def _commands(tool: str, folder: str, wanted: Wanted, *, rewrites: bool) -> tuple[str, ...]:
    update = _UPDATE.get(tool, "yarn install").format(name=wanted.name)
    if not rewrites:
        return run_in(folder, update if tool != "yarn" else f"yarn upgrade {wanted.name}")
    # npm keeps what is locked even where a new override says otherwise, until it is updated.
    return run_in(folder, _INSTALL[tool], *([update] if tool == "npm" else []))


def _covers(folder: str, path: str) -> bool:
    return "node_modules" not in path.split("/") and (not folder or path.startswith(f"{folder}/"))


_KIND: Final = Kind(type="npm", way=_way, own=own_package)
PLUGIN: Final = Strategy(name="bump-npm", propose=propose)
