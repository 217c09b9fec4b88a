"""From packages to the lines of lockfiles and manifests that name them."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final
from urllib.parse import unquote

from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.inventory import Package
from scantling.core.model.place import Place, PlaceKind
from scantling.project.lockfiles import json_files, text_files, toml_files, xml_files
from scantling.project.lockfiles.entry import Entry, Format, same_name

_SHOWN_CHARS: Final = 120
_LOCK: Final = PlaceKind.LOCKFILE
_MANIFEST: Final = PlaceKind.MANIFEST


FORMATS: Final[dict[str, Format]] = {
    "package-lock.json": Format(type="npm", kind=_LOCK, read=json_files.package_lock),
    "npm-shrinkwrap.json": Format(type="npm", kind=_LOCK, read=json_files.package_lock),
    "yarn.lock": Format(type="npm", kind=_LOCK, read=text_files.yarn_lock),
    "pnpm-lock.yaml": Format(type="npm", kind=_LOCK, read=text_files.pnpm_lock),
    "package.json": Format(type="npm", kind=_MANIFEST, read=json_files.package_json),
    "poetry.lock": Format(type="pypi", kind=_LOCK, read=toml_files.toml_lock),
    "uv.lock": Format(type="pypi", kind=_LOCK, read=toml_files.toml_lock),
    "pdm.lock": Format(type="pypi", kind=_LOCK, read=toml_files.toml_lock),
    "Pipfile.lock": Format(type="pypi", kind=_LOCK, read=json_files.pipfile_lock),
    "Pipfile": Format(type="pypi", kind=_MANIFEST, read=toml_files.key_tables),
    "pyproject.toml": Format(type="pypi", kind=_MANIFEST, read=toml_files.pyproject),
    "go.mod": Format(type="golang", kind=_MANIFEST, read=text_files.go_mod),
    "go.sum": Format(type="golang", kind=_LOCK, read=text_files.go_sum),
    "Cargo.lock": Format(type="cargo", kind=_LOCK, read=toml_files.toml_lock),
    "Cargo.toml": Format(type="cargo", kind=_MANIFEST, read=toml_files.key_tables),
    "Gemfile.lock": Format(type="gem", kind=_LOCK, read=text_files.gemfile_lock),
    "Gemfile": Format(type="gem", kind=_MANIFEST, read=text_files.gemfile),
    "composer.lock": Format(type="composer", kind=_LOCK, read=json_files.composer_lock),
    "composer.json": Format(type="composer", kind=_MANIFEST, read=json_files.composer_json),
    "pom.xml": Format(type="maven", kind=_MANIFEST, read=xml_files.pom),
    "gradle.lockfile": Format(type="maven", kind=_LOCK, read=text_files.gradle_lockfile),
    "packages.lock.json": Format(type="nuget", kind=_LOCK, read=json_files.packages_lock_json),
    "packages.config": Format(type="nuget", kind=_MANIFEST, read=xml_files.dotnet),
    "Directory.Packages.props": Format(type="nuget", kind=_MANIFEST, read=xml_files.dotnet),
}
"""File name to format; `format_of` also knows names with a pattern."""

_REQUIREMENTS: Final = Format(type="pypi", kind=_MANIFEST, read=text_files.requirements)
_DOTNET: Final = Format(type="nuget", kind=_MANIFEST, read=xml_files.dotnet)


def format_of(path: str) -> Format | None:
    """Return how a file lists packages, by its name; None: it is no such file."""
    name = path.rpartition("/")[2]
    known = FORMATS.get(name)
    if known is not None:
        return known
    if name.endswith((".txt", ".in")) and ("requirements" in path or "constraints" in path):
        return _REQUIREMENTS
    return _DOTNET if name.endswith((".csproj", ".fsproj", ".vbproj")) else None


def entries(path: str, text: str, *, limits: Limits = DEFAULT) -> Iterator[Entry]:
    """Yield the packages a file names, with lines; nothing for other files. Never raises.

    A damaged file gives what can be read; a larger one than `text_bytes` gives nothing.
    """
    found = format_of(path)
    if found is not None and len(text) <= limits.text_bytes:
        yield from islice(found.read(text), limits.records)


def lockfile_places(
    packages: Iterable[Package], files: Mapping[str, str]
) -> dict[str, tuple[Place, ...]]:
    """Return the lines that name each package, by purl: manifests first, then by path.

    `files` are texts by path in the project. A package that no file names is left out. A line
    that has another version, or none, is not certain.
    """
    index: dict[tuple[str, str], list[tuple[str, Format, Entry]]] = {}
    for path in sorted(files):
        known = format_of(path)
        if known is None:
            continue
        for entry in entries(path, files[path]):
            key = (known.type, same_name(known.type, entry.name))
            index.setdefault(key, []).append((path, known, entry))
    rows: dict[str, list[str]] = {}
    found: dict[str, tuple[Place, ...]] = {}
    for package in packages:
        named = index.get((package.type, same_name(package.type, full_name(package))), [])
        chosen = _chosen(package, named)
        if chosen:
            found[package.purl] = tuple(
                _place(path, known, entry, package, rows.setdefault(path, files[path].split("\n")))
                for path, known, entry in chosen
            )
    return found


def full_name(package: Package) -> str:
    """Return the name as lockfiles write it: `@scope/name`, `group:artifact`, `example.com/a`."""
    namespace, name = unquote(package.namespace), package.name
    if not namespace:
        return name
    return f"{namespace}:{name}" if package.type == "maven" else f"{namespace}/{name}"


def _chosen(
    package: Package, named: list[tuple[str, Format, Entry]]
) -> list[tuple[str, Format, Entry]]:
    """Return the best line of each file: the one with the version, else the first."""
    best: dict[str, tuple[str, Format, Entry]] = {}
    for path, known, entry in named:
        if path not in best or (_agrees(package, entry) and not _agrees(package, best[path][2])):
            best[path] = (path, known, entry)
    return sorted(best.values(), key=lambda one: (one[1].kind is not _MANIFEST, one[0]))


def _agrees(package: Package, entry: Entry) -> bool:
    return entry.version.removeprefix("v") == package.version.removeprefix("v")


def _place(path: str, known: Format, entry: Entry, package: Package, rows: list[str]) -> Place:
    text = rows[entry.line - 1].strip() if entry.line <= len(rows) else ""
    return Place(
        path=path,
        line=entry.line,
        kind=known.kind,
        text=text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…",
        certain=_agrees(package, entry),
    )
