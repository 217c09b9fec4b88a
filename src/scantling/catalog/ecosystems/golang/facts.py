"""From Go build information to packages."""

import re
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Found, OpenFile, Unreadable
from scantling.catalog.ecosystems.golang.buildinfo import (
    SECTIONS,
    BuildInfo,
    Module,
    Modules,
    modules,
    read,
)
from scantling.catalog.executable import executables
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact
from scantling.versions.schemes.golang import stdlib_version

_DEVEL: Final = "(devel)"
_LISTED: Final = 20
# `-X main.version=1.2.3`, with the whole argument quoted when it has spaces.
_LINKED: Final = re.compile(
    r"""-X[ =]+(?:'(?P<single>[^']*+)'|"(?P<double>[^"]*+)"|(?P<plain>[^ '"]++))""", re.VERBOSE
)
_VERSION: Final = re.compile(
    r"v?+[0-9]++\.[0-9]++(?:\.[0-9]++)?+(?:[-+][0-9A-Za-z]++(?:[.+_-][0-9A-Za-z]++)*+)?+"
)
_VARIABLES: Final = frozenset(
    {"version", "appversion", "buildversion", "gitversion", "releaseversion", "gittag"}
)


def programs_in(file: OpenFile) -> Iterator[BuildInfo | Unreadable]:
    """Yield the build information of the programs in a file; Unreadable for damaged headers.

    Nothing is yielded for a program without. Raises InputError when a header or the information
    itself cannot be read.
    """
    for program in executables(file.data, file.limits, SECTIONS):
        info = read(program, file.limits)
        if info is not None:
            yield info
        elif program.damage:
            yield Unreadable(code="parse.failed", reason=f"outside the file: {program.damage}")


def packages(info: BuildInfo, limits: Limits) -> Iterator[Found]:
    """Yield the standard library, the main module (`root`) and its dependencies, in file order.

    A replacement stands for what it replaces, because it is what was compiled. One by a local
    folder has no version. Versions keep their `v`, as the Go command writes them.
    """
    yield from _standard_library(info)
    listed = modules(info.text, limits)
    for line in listed.odd[:_LISTED]:
        yield Unreadable(code="parse.record", reason=f"not understood: {line[:100]!r}")
    if listed.main is not None:
        yield from _main(listed.main, listed)
    elif not listed.dependencies and not _is_own_tool(listed.path):
        reason = f"built without modules, so what is in it is not listed: {listed.path[:200]}"
        yield Unreadable(code="go.unversioned", reason=reason)
    local: list[str] = []
    for module in listed.dependencies:
        problem = _problem(module, limits)
        if problem:
            yield Unreadable(code="parse.record", reason=problem)
            continue
        fact = _dependency(module)
        if not fact.version:
            local.append(fact.namespace + "/" + fact.name)
        yield fact
    if local:
        reason = f"{len(local)} modules have no version: {', '.join(local[:_LISTED])}"
        yield Unreadable(code="go.unversioned", reason=reason)


def _standard_library(info: BuildInfo) -> Iterator[Found]:
    version = stdlib_version(info.toolchain)
    if version is None:
        reason = f"the toolchain {info.toolchain[:100]!r} is no release"
        yield Unreadable(code="go.unversioned", reason=reason)
    note = "" if info.toolchain == f"go{version}" else f"toolchain {info.toolchain[:100]}"
    yield PackageFact(type="golang", name="stdlib", version=version or "", note=note)


def _is_own_tool(path: str) -> bool:
    """Tell whether this is a program of the Go distribution, made of the standard library only."""
    return path.partition("/")[0] == "cmd"


def _main(module: Module, listed: Modules) -> Iterator[Found]:
    version, note = module.version, ""
    if version in ("", _DEVEL):
        versions = _linked_versions(module.path, listed)
        version = versions[0][1] if len({value for _, value in versions}) == 1 else ""
        note = f"version as the linker was told ({versions[0][0]})" if version else ""
    if not version:
        reason = f"{module.path} was built from source without a version"
        yield Unreadable(code="go.unversioned", reason=reason)
    yield _package(module.path, version, note=note or _revision(listed), root=True)


def _linked_versions(path: str, listed: Modules) -> list[tuple[str, str]]:
    """Return (variable, version) for every version that the linker wrote into the program.

    Only variables of the program itself count: `-X` also sets those of dependencies.
    """
    flags = next((value for key, value in listed.settings if key == "-ldflags"), "")
    found = []
    for match in _LINKED.finditer(flags):
        variable, _, value = (match["single"] or match["double"] or match["plain"] or "").partition(
            "="
        )
        place, _, name = variable.rpartition(".")
        own = place in ("main", path) or place.startswith(path + "/")
        if own and name.lower() in _VARIABLES and _VERSION.fullmatch(value):
            found.append((variable, "v" + value.removeprefix("v")))
    return found


def _revision(listed: Modules) -> str:
    settings = dict(listed.settings)
    revision = settings.get("vcs.revision", "")[:100]
    changed = " with local changes" if settings.get("vcs.modified") == "true" else ""
    return f"built from revision {revision}{changed}" if revision else ""


def _problem(module: Module, limits: Limits) -> str:
    if len(module.path) > limits.name_chars or len(module.version) > limits.version_chars:
        return f"a module's name or version is too long: {module.path[:100]!r}"
    if not (module.path + module.version).isprintable() or "\ufffd" in module.path:
        return f"a module's name or version is not printable: {module.path[:100]!r}"
    if not module.version and not module.replaced:
        return f"a module has no version: {module.path[:100]!r}"
    return ""


def _dependency(module: Module) -> PackageFact:
    if not module.replaced:
        return _package(module.path, module.version)
    if module.path.startswith((".", "/")) or module.version in ("", _DEVEL):
        asked, _, _ = module.replaced.partition(" ")
        return _package(asked, "", note=f"{module.replaced} replaced by {module.path}")
    return _package(module.path, module.version, note=f"replaces {module.replaced}")


def _package(path: str, version: str, *, note: str = "", root: bool = False) -> PackageFact:
    namespace, _, name = path.rpartition("/")
    known = "" if version == _DEVEL else version
    return PackageFact(
        type="golang", namespace=namespace, name=name, version=known, note=note[:500], root=root
    )
