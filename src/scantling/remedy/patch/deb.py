"""Debian binary packages: what is in a `.deb`, without installing it.

Read in a sandboxed worker, whole and strictly: a member that cannot be understood makes the package
unusable, since a layer with half of it would be worse than none.

Source: deb(5), deb-control(5), Debian Policy 5.3; ar format as in deb(5).
"""

import lzma
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError, UsageError
from scantling.core.limits import DEFAULT, MIB, Limits
from scantling.core.sandbox.pool import call
from scantling.image.cursor import BytesSource, Cursor
from scantling.image.entrypath import canonical, decode
from scantling.image.gaplist import GapList
from scantling.image.tarheader import number
from scantling.image.tarmember import MemberReader
from scantling.remedy.safe import is_name, is_version

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_SIZE: Final = re.compile(rb"[0-9]{1,10}+")
_MAGIC: Final = b"!<arch>\n"
_HEADER_BYTES: Final = 60
_STORED_BYTES: Final = 128 * MIB
"""Of one package; the largest of a server image (a JDK) have about 80 MB."""
_CONTENT_BYTES: Final = 192 * MIB
"""Of one package, uncompressed; a worker's answer may have 256 MiB."""
_PACKAGES: Final = 256
_BAD: Final = "parse.failed"


class DebFile(Struct, frozen=True, kw_only=True):
    """One member. `kind` is `file`, `symlink`, `hardlink` or `folder`; paths without leading `/`.

    `link` is a symlink's target as written, a hardlink's as a path like `path`.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    mtime_s: int
    link: str = ""
    data: bytes = b""


class Deb(Struct, frozen=True, kw_only=True):
    """A package. `control` is its stanza as written; `meta` are the other control files by name."""

    name: str
    version: str
    architecture: str
    control: str
    meta: dict[str, bytes]
    files: tuple[DebFile, ...]

    @property
    def scripts(self) -> tuple[str, ...]:
        """Return its maintainer scripts, sorted: what dpkg would have run."""
        return tuple(sorted({"preinst", "postinst", "prerm", "postrm"} & set(self.meta)))

    @property
    def conffiles(self) -> frozenset[str]:
        """Return the paths of its configuration files. Source: deb-conffiles(5)."""
        lines = self.meta.get("conffiles", b"").decode("utf-8", "surrogateescape").split("\n")
        return frozenset(line.split()[0].lstrip("/") for line in lines if line.startswith("/"))


def read_folder(folder: Path, *, limits: Limits = DEFAULT) -> tuple[Deb, ...]:
    """Return the packages in a folder's `*.deb` files, by name.

    Raises UsageError: it is no folder, has none or too many, two of one name, or one is unreadable.
    """
    if not folder.is_dir():
        raise UsageError(f"--patch-layer: {folder} is not a folder of .deb files")
    paths = sorted(folder.glob("*.deb"))
    if not 0 < len(paths) <= _PACKAGES:
        raise UsageError(f"--patch-layer: {folder} has {len(paths)} .deb files; 1 to {_PACKAGES}")
    found: dict[str, Deb] = {}
    for path in paths:
        deb = _read(path, limits)
        if found.setdefault(deb.name, deb) is not deb:
            raise UsageError(f"--patch-layer: {folder} has {deb.name} twice; keep one")
    return tuple(found[name] for name in sorted(found))


def _read(path: Path, limits: Limits) -> Deb:
    try:
        with path.open("rb") as file:
            data = file.read(_STORED_BYTES + 1)
        if len(data) > _STORED_BYTES:
            raise UsageError(f"{path}: larger than {_STORED_BYTES:,} bytes")
        answer = call(_answer, data, limits=limits)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except InputError as error:
        raise UsageError(f"{path}: not a usable Debian package: {error}") from error
    return msgspec.msgpack.decode(answer, type=Deb)


def _answer(data: bytes) -> bytes:
    return msgspec.msgpack.encode(read_deb(data))


def read_deb(data: bytes) -> Deb:
    """Return the package in a file's bytes. Raises InputError for anything that is not one."""
    members = dict(_members(data))
    if members.get("debian-binary", b"")[:2] != b"2.":
        raise InputError(_BAD, "it is not of the format 2.x")
    control = {one.path: one for one in _tar(_only(members, "control.tar"))}
    text = control["control"].data.decode("utf-8", "replace") if "control" in control else ""
    fields = {
        name: value.strip()
        for name, colon, value in (line.partition(":") for line in text.split("\n"))
        if colon and not name.startswith((" ", "\t"))
    }
    name, version = fields.get("Package", ""), fields.get("Version", "")
    if not is_name("deb", name) or not is_version(version) or "\n\n" in text.strip("\n"):
        raise InputError(_BAD, "its control file names no package and version")
    return Deb(
        name=name,
        version=version,
        architecture=fields.get("Architecture", ""),
        control=text.strip("\n"),
        meta={one.path: one.data for one in control.values() if _is_meta(one)},
        files=tuple(one for one in _tar(_only(members, "data.tar")) if one.path),
    )


def _is_meta(one: DebFile) -> bool:
    return one.kind == "file" and one.path != "control" and "/" not in one.path


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the members of the ar archive."""
    if data[: len(_MAGIC)] != _MAGIC:
        raise InputError(_BAD, "it is not an ar archive")
    at = len(_MAGIC)
    while at < len(data):
        header = data[at : at + _HEADER_BYTES]
        digits = header[48:58].strip()
        if len(header) < _HEADER_BYTES or header[58:] != b"`\n" or not _SIZE.fullmatch(digits):
            raise InputError(_BAD, "ar: a damaged header", offset=at)
        at, size = at + _HEADER_BYTES, int(digits)
        if at + size > len(data):
            raise InputError(_BAD, "ar: it ends early", offset=at)
        yield header[:16].strip().rstrip(b"/").decode("ascii", "replace"), data[at : at + size]
        at += size + size % 2


def _only(members: dict[str, bytes], stem: str) -> bytes:
    """Return the one member of this name, uncompressed. Source: deb(5)."""
    names = [one for one in members if one == stem or one.startswith(f"{stem}.")]
    if len(names) != 1:
        raise InputError(_BAD, f"it has {len(names)} members {stem}")
    data = members[names[0]]
    try:
        match names[0].removeprefix(stem):
            case "":
                out = data
            case ".gz":
                out = zlib.decompressobj(31).decompress(data, _CONTENT_BYTES + 1)
            case ".xz":
                xz = lzma.LZMADecompressor(memlimit=DEFAULT.window_bytes)
                out = xz.decompress(data, _CONTENT_BYTES + 1)
            case ".zst":
                out = zstd.ZstdDecompressor().decompress(data, _CONTENT_BYTES + 1)
            case other:
                raise InputError(_BAD, f"{stem}{other}: a compression that is not read")
    except (zlib.error, lzma.LZMAError, zstd.ZstdError, EOFError) as error:
        raise InputError(_BAD, f"{names[0]}: damaged ({error})") from error
    if len(out) > _CONTENT_BYTES:
        raise InputError("limit.bytes", f"{names[0]}: more than {_CONTENT_BYTES:,} bytes")
    return out


def _tar(data: bytes) -> Iterator[DebFile]:
    """Yield the members of a tar. Raises InputError for whatever is damaged or is a device."""
    cursor, gaps = Cursor(BytesSource(data)), GapList()
    reader = MemberReader(cursor, DEFAULT, gaps)
    kinds = {b"0"[0]: "file", b"1"[0]: "hardlink", b"2"[0]: "symlink", b"5"[0]: "folder"}
    while not reader.ended:
        member = reader.next()
        if member is None:
            continue
        kind = kinds.get(member.kind)
        path = canonical(member.name, DEFAULT)
        if kind is None or member.lost or member.sparse is not None:
            raise InputError(_BAD, f"{path!r} is of a kind that is not written", path=path)
        start = cursor.offset
        header = data[member.offset : member.offset + 512]
        yield DebFile(
            path=path,
            kind=kind,
            mode=member.mode,
            uid=number(header[108:116]) or 0,
            gid=number(header[116:124]) or 0,
            mtime_s=number(header[136:148]) or 0,
            link=_link(kind, member.link),
            data=data[start : start + member.size] if kind == "file" else b"",
        )
        cursor.at += member.end - cursor.offset
    damage = [one for one in gaps.gaps() if one.code != "tar.note"]
    if damage:
        raise InputError(damage[0].code, damage[0].detail)


def _link(kind: str, link: bytes) -> str:
    if kind == "hardlink":
        return canonical(link, DEFAULT)
    return decode(link) if kind == "symlink" else ""
