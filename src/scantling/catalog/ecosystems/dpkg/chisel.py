"""Chisel's manifest, `var/lib/chisel/manifest.wall`: Ubuntu images made of slices of packages.

A zstd-compressed list of JSON objects, one for each line; the first says how many there are:

    {"jsonwall":"1.0","schema":"1.0","count":84}
    {"kind":"content","slice":"libssl3t64_libs","path":"/usr/lib/x86_64-linux-gnu/libssl.so.3"}
    {"kind":"package","name":"libssl3t64","version":"3.0.13-0ubuntu3","sha256":"…","arch":"amd64"}

It cannot see source packages: the manifest does not name them, and Ubuntu's advisories speak of
them. Packages that are named otherwise than their source may therefore go without their
advisories, which is a gap.

Source: Chisel documentation, reference, "Chisel manifest" (jsonwall 1.0, schema 1.0).
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.core.errors import InputError
from scantling.core.model.facts import OwnedFiles, PackageFact
from scantling.image.gaplist import GapList
from scantling.image.zstd import decompress

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]*+")
_VERSION: Final = re.compile(r"[0-9A-Za-z.+:~-]++")
_KINDS: Final = frozenset({"package", "content", "path", "slice"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class _Head(Struct):
    jsonwall: str
    schema: str
    count: int


class _Entry(Struct):
    """An entry of any kind; only `package` and `content` are of interest."""

    kind: str
    name: str = ""
    version: str = ""
    arch: str = ""
    sha256: str = ""
    slice: str = ""
    path: str = ""


_HEADS: Final = msgspec.json.Decoder(_Head)
_ENTRIES: Final = msgspec.json.Decoder(_Entry)


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield packages in the file's order, then the files of each, and every damaged entry.

    Raises InputError when the file is not such a manifest.
    """
    content, notes = _content(file)
    yield from notes
    head, *lines = [line for line in content.split(b"\n") if line]
    try:
        count = _HEADS.decode(head).count
    except msgspec.MsgspecError:
        raise InputError("parse.failed", "its first line is not a manifest's") from None
    if count != len(lines) + 1:
        reason = f"it says it has {count} lines and has {len(lines) + 1}"
        yield Unreadable(code="parse.record", reason=reason)
    owned: dict[str, list[str]] = {}
    listed: set[str] = set()
    for entry in _entries(lines, file):
        if isinstance(entry, Unreadable):
            yield entry
        elif entry.kind == "package":
            listed.add(entry.name)
            yield _package(entry, file)
        elif entry.kind == "content":
            package = entry.slice.partition("_")[0]
            owned.setdefault(package, []).append(entry.path.lstrip("/"))
    for package, paths in owned.items():
        yield OwnedFiles(package=package, paths=tuple(paths))
        if package not in listed:
            reason = f"files are from {package!r}, which is not among the packages"
            yield Unreadable(code="parse.record", reason=reason)
    if listed:
        reason = f"the list of {len(listed)} packages does not say which sources they are from"
        yield Unreadable(code="os.no-source-names", reason=reason)


def _entries(lines: list[bytes], file: OpenFile) -> Iterator[_Entry | Unreadable]:
    for number, line in enumerate(lines, 2):
        if number > file.limits.records:
            reason = f"it has more than {file.limits.records} entries"
            yield Unreadable(code="limit.records", reason=reason, limit="records")
            return
        try:
            entry = _ENTRIES.decode(line)
        except (msgspec.MsgspecError, RecursionError):
            yield Unreadable(code="parse.record", reason=f"line {number} is not an entry")
            continue
        if entry.kind in _KINDS:
            yield entry
        else:
            yield Unreadable(code="parse.record", reason=f"line {number} is of no known kind")


def _content(file: OpenFile) -> tuple[bytes, tuple[Unreadable, ...]]:
    """Return the decompressed manifest, never empty, and what follows it. Raises InputError."""
    pending = [file.data]
    gaps = GapList()
    content = bytearray()
    pieces = decompress(
        lambda: pending.pop() if pending else b"", gaps, window_bytes=file.limits.window_bytes
    )
    for piece in pieces:
        content += piece
        if len(content) > file.limits.json_bytes:
            raise InputError("limit.file", "the manifest is too large", limit="json_bytes")
    if not content.strip(b"\n"):
        raise InputError("parse.failed", "the manifest is empty")
    notes = tuple(Unreadable(code=one.code, reason=one.detail) for one in gaps.gaps())
    return bytes(content), notes


def _package(entry: _Entry, file: OpenFile) -> PackageFact | Unreadable:
    limits = file.limits
    fits = len(entry.name) <= limits.name_chars and len(entry.version) <= limits.version_chars
    if not (fits and _NAME.fullmatch(entry.name) and _VERSION.fullmatch(entry.version)):
        reason = f"the package {entry.name[: limits.name_chars]!r} has no valid name and version"
        return Unreadable(code="parse.record", reason=reason)
    return PackageFact(
        type="deb",
        name=entry.name,
        version=entry.version.removeprefix("0:"),
        arch=entry.arch,
        hashes=(("sha256", entry.sha256),) if _SHA256.fullmatch(entry.sha256) else (),
    )


PLUGIN: Final = Cataloger(
    name="chisel",
    version=1,
    wants=(Want(path="var/lib/chisel/manifest.wall", size=Size.DATABASE),),
    parse=parse,
    package_db="deb",
)
