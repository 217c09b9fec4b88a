"""Installed Node packages and applications: `package.json`.

Read are `node_modules/<name>/package.json` (with or without a scope), Debian's
`usr/share/nodejs/<name>/package.json`, and the `package.json` of an application outside all of
these (`root`). Packages carry many more such files: folders of test data, `esm/package.json` that
only says `"type": "module"`. They are no packages for npm (`npm ls --all` does not list them) and
not for us. What it cannot see: packages that a bundler copied into one script.

Source: https://docs.npmjs.com/cli/v10/configuring-npm/package-json and
https://docs.npmjs.com/cli/v10/configuring-npm/folders
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable, Want
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

_MODULES: Final = "node_modules"
_DEBIAN: Final = ("usr/share/nodejs/", "usr/lib/nodejs/", "usr/local/share/nodejs/")
# pnpm and `npm install --install-strategy=linked` keep the real files in `.pnpm/<id>/node_modules`
# and `.store/<id>/node_modules`.
_STORES: Final = frozenset({".pnpm", ".store"})
# Folders in which packages keep whole trees as data for their own tests.
_DATA: Final = frozenset(
    {"test", "tests", "__tests__", "spec", "fixture", "fixtures", "__fixtures__", "testdata"}
    | {"example", "examples", "benchmark", "benchmarks", "docs", "demo"}
)
_BOM: Final = b"\xef\xbb\xbf"
_EMPTY: Final = Raw(b"null")


class _Named(Struct):
    type: str = ""
    name: str = ""


class _Manifest(Struct):
    name: str | None = None
    version: str | None = None
    license: Raw = _EMPTY
    licenses: Raw = _EMPTY


_DECODER: Final = msgspec.json.Decoder(_Manifest)
_LICENSES: Final = msgspec.json.Decoder(str | _Named | list[str | _Named] | None)


class _Place(Struct, frozen=True, kw_only=True):
    """Where the manifest lies. `name` is what the folder is called, empty for an application."""

    name: str = ""
    note: str = ""


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the package; nothing when this is no package (see above).

    An installed package without name or version, or whose JSON is broken, is unreadable; a broken
    file elsewhere (templates are common) is a note.
    """
    place = _place(file.folder)
    if place is None:
        return
    code = "parse.failed" if place.name else "parse.note"
    try:
        manifest = _DECODER.decode(file.data.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        yield Unreadable(code=code, reason=f"not a package.json: {error}"[:300])
        return
    name, version = (manifest.name or "").strip(), (manifest.version or "").strip()
    if not name and not version and not place.name:
        return  # not a package: `{"type": "module"}`
    problem = _problem(name, version, file.limits)
    if problem and place.name:
        yield Unreadable(code=code, reason=problem)
    elif not problem:
        yield from _package(manifest, name, version, place)


def _package(manifest: _Manifest, name: str, version: str, place: _Place) -> Iterator[Found]:
    scope, slash, bare = name.rpartition("/")
    note = place.note
    if place.name not in ("", name):
        note = "; ".join(filter(None, (f"installed as {place.name}", note)))
    licenses: tuple[str, ...] = ()
    try:
        licenses = (*_licenses(manifest.license), *_licenses(manifest.licenses))
    except (msgspec.MsgspecError, RecursionError) as error:
        yield Unreadable(code="parse.note", reason=f"its license is malformed: {error}"[:300])
    yield PackageFact(
        type="npm",
        namespace=scope if slash else "",
        name=bare,
        version=version,
        licenses=licenses,
        root=not place.name,
        note=note,
    )


def _problem(name: str, version: str, limits: Limits) -> str:
    """Return why this cannot be a package, empty if it can."""
    if not name or not version:
        return f"it has no {'version' if name else 'name'}"
    if len(name) > limits.name_chars or len(version) > limits.version_chars:
        return "its name or version is too long"
    scope, slash, bare = name.rpartition("/")
    if not bare or (slash and ("/" in scope or not scope.startswith("@"))):
        return f"{name[:100]!r} is not a package name"
    if not (name + version).isprintable() or "\ufffd" in name + version:
        return f"{name[:100]!r} {version[:100]!r} has unprintable characters"
    return ""


def _licenses(raw: Raw) -> tuple[str, ...]:
    """Return the declared texts; three forms have been valid: a text, an object, a list."""
    if raw in (_EMPTY, b""):
        return ()
    value = _LICENSES.decode(raw)
    values = value if isinstance(value, list) else [value]
    texts = (item if isinstance(item, str) else item.type or item.name for item in values if item)
    return tuple(text for text in texts if text)


def _place(folder: str) -> _Place | None:
    """Return what lies at `folder`; None: not a place for packages."""
    inside = f"/{folder}/"
    at = inside.find(f"/{_MODULES}/")
    if at >= 0:
        return _in_modules(inside[at + 1 : -1].split("/"))
    for base in _DEBIAN:
        if folder.startswith(base):
            name = folder[len(base) :]
            return _Place(name=name) if _is_package_folder(name.split("/")) else None
    return _Place()


def _in_modules(parts: list[str]) -> _Place | None:
    """Return the package at `node_modules/a/node_modules/@b/c`; None: not one.

    A `node_modules` at another place inside a package is data when a folder says so, and else a
    copy that npm does not know of but Node can load.
    """
    name: list[str] = []
    note = ""
    while parts:
        inner = parts.index(_MODULES, 1) if _MODULES in parts[1:] else len(parts)
        name, parts = parts[1:inner], parts[inner:]
        last = not parts
        if not name or _is_package_folder(name) or (not last and name[0] in _STORES):
            continue
        if last or not _DATA.isdisjoint(name):
            return None
        note = f"inside {'/'.join(name)}"
    return _Place(name="/".join(name), note=note) if _is_package_folder(name) else None


def _is_package_folder(parts: list[str]) -> bool:
    if parts and parts[0].startswith("@"):
        return len(parts) == 2  # noqa: PLR2004 - scope and name
    return len(parts) == 1 and parts[0] != "" and not parts[0].startswith(".")


PLUGIN: Final = Cataloger(
    name="node-package-json",
    version=2,
    wants=(Want(name="package.json"),),
    parse=parse,
)
