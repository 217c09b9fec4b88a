"""Packages of a published .NET application or runtime: `<name>.deps.json`.

`libraries` lists what the build knew. A library of type `package` is installed when a target gives
it files for run time; one without (reference assemblies, analyzers, meta-packages) leaves nothing
in the image and is not reported. `runtimepack` is the runtime of a self-contained application.
`project` is the application's own code (`root` for the one the file is named for). What it cannot
see: assemblies merged into one file; single-file programs.

Source: https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, Struct

from scantling.catalog.api import Cataloger, Found, OpenFile, Unreadable, Want
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

_PACK: Final = "runtimepack."
_BOM: Final = b"\xef\xbb\xbf"
# A suffix counts from its last dot, and keeping every `.json` of an image would be a waste.
_MARKS: Final = (b'"runtimeTarget"', b'"compilationOptions"', b".NETCoreApp", b".NETStandard")
_NOTHING: Final = frozenset({b"", b"{}", b"null"})


class _Library(Struct):
    type: str = ""


class _Assets(Struct):
    runtime: Raw = Raw()
    native: Raw = Raw()
    resources: Raw = Raw()
    targets: Raw = msgspec.field(name="runtimeTargets", default=Raw())


class _Deps(Struct):
    libraries: dict[str, _Library] = {}
    targets: dict[str, dict[str, _Assets]] = {}


_DECODER: Final = msgspec.json.Decoder(_Deps)


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the libraries in the file's order. Raises InputError when it is not such a file."""
    if not file.name.endswith(".deps.json"):
        return
    try:
        deps = _DECODER.decode(file.data.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("parse.failed", f"not a deps.json: {error}"[:300]) from None
    if len(deps.libraries) > file.limits.records:
        raise InputError("limit.records", f"{len(deps.libraries)} libraries", limit="records")
    present = {key for libraries in deps.targets.values() for key, assets in libraries.items()
               if _has_files(assets)}  # fmt: skip
    known = {key for libraries in deps.targets.values() for key in libraries}
    for key, library in deps.libraries.items():
        if key in present or key not in known or library.type == "project":
            yield _fact(key, library.type, file)


def _has_files(assets: _Assets) -> bool:
    kinds = (assets.runtime, assets.native, assets.resources, assets.targets)
    return any(bytes(kind) not in _NOTHING for kind in kinds)


def _fact(key: str, kind: str, file: OpenFile) -> Found:
    name, _, version = key.partition("/")
    if kind == "runtimepack":
        name = name.removeprefix(_PACK)
    if not _is_sound(name, version, file.limits):
        return Unreadable(code="parse.record", reason=f"not a library: {key[:200]!r}")
    return PackageFact(
        type="nuget",
        name=name,
        version=version,
        root=kind == "project" and name == file.name.removesuffix(".deps.json"),
        note="a project of the application" if kind == "project" else "",
    )


def _is_sound(name: str, version: str, limits: Limits) -> bool:
    return (
        0 < len(name) <= limits.name_chars
        and 0 < len(version) <= limits.version_chars
        and (name + version).isprintable()
    )


PLUGIN: Final = Cataloger(
    name="dotnet-deps-json",
    version=1,
    wants=tuple(Want(suffix=".json", magic=magic, marks=_MARKS) for magic in (b"{", _BOM + b"{")),
    parse=parse,
)
