"""VEX repositories: an index of documents by package, for many products of many authors.

    vex-repository.json   the manifest: name, and which version of the specification
    index.json            package URL without version → location of the document
    pkg/…                 the documents

Only documents about something in the image are read: a repository holds hundreds.

Source: VEX Repository Specification 0.1, https://github.com/aquasecurity/vex-repo-spec (2.5, 3.3).
"""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from scantling.assess.vex.api import VexProblem
from scantling.assess.vex.identity import ImageNames
from scantling.core.errors import InputError
from scantling.core.model.inventory import Package
from scantling.core.purl_parts import key, parse

_CODE: Final = "vex.unreadable"

Keys = frozenset[tuple[str, str, str]]


_Kind = TypeVar("_Kind")


class _Version(Struct):
    spec_version: str


class _Manifest(Struct):
    """`versions` is a map in the specification and a list in the repositories there are."""

    name: str
    versions: dict[str, _Version] | list[_Version]


class _Entry(Struct):
    id: str
    location: str


class _Index(Struct):
    packages: list[_Entry]


def keys_of(packages: Iterable[Package], names: ImageNames) -> Keys:
    """Return what an image's packages, and the image itself, are called in an index."""
    known = (parse(one.purl) for one in packages)
    found = {key(parts) for parts in known if parts is not None}
    for name in names.names:
        path = name.repository.partition("/")[2]
        found |= {("oci", "", name.short), ("docker", path.rpartition("/")[0], name.short)}
    return frozenset(found)


def check_manifest(data: bytes) -> str:
    """Return the repository's name. Raises InputError if it follows no specification we know."""
    manifest = _decoded(data, _Manifest, "vex-repository.json")
    versions = manifest.versions
    listed = versions.values() if isinstance(versions, dict) else versions
    said = sorted(one.spec_version for one in listed)
    if not any(one.removeprefix("v").startswith("0.") for one in said):
        raise InputError(_CODE, f"a repository of another specification: {', '.join(said)}")
    return manifest.name


def locations(data: bytes, wanted: Keys, origin: str) -> tuple[tuple[str, ...], list[VexProblem]]:
    """Return the documents about what is wanted, sorted, and entries that cannot be used.

    Locations are relative, with forward slashes, and stay within the repository.
    Raises InputError if the index cannot be read.
    """
    index = _decoded(data, _Index, "index.json")
    found: set[str] = set()
    problems = []
    for at, entry in enumerate(index.packages):
        parts = parse(entry.id)
        reason = ""
        if parts is None:
            reason = f"{entry.id!r} is no package URL"
        elif not _is_inside(entry.location):
            reason = f"{entry.location!r} is no place within the repository"
        elif key(parts) in wanted:
            found.add(entry.location)
        if reason:
            where = f"packages[{at}]"
            problems.append(VexProblem(origin=origin, where=where, reason=reason))
    return tuple(sorted(found)), problems


def _is_inside(location: str) -> bool:
    path = PurePosixPath(location)
    odd = "\0" in location or "\\" in location or not location
    return not (odd or path.is_absolute() or ".." in path.parts)


def _decoded(data: bytes, kind: type[_Kind], name: str) -> _Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(_CODE, f"{name} cannot be read: {error}") from error
