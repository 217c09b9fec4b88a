"""A layer that upgrades packages: their files, what they no longer have, and dpkg's own records.

Written as dpkg would leave the files, but nothing is run: neither maintainer scripts nor triggers.
Paths go where the image's links lead (`/lib` is `usr/lib` since Debian 12); folders that are there
are not written, so that none takes the place of a link; configuration files that are there stay.

Source: OCI image-spec, layer.md; dpkg(1), "Files"; Debian Policy 10.7.3; POSIX.1-2017, pax.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.core.errors import UsageError
from scantling.core.text import octets
from scantling.remedy.patch.below import INFO, STATUS, Below
from scantling.remedy.patch.deb import Deb, DebFile
from scantling.remedy.patch.needs import field, unmet_by
from scantling.versions.registry import scheme_for

_BLOCK: Final = 512
_NAME_BYTES: Final = 100
_TYPES: Final = {"file": b"0", "hardlink": b"1", "symlink": b"2", "folder": b"5"}
_OCTAL_7: Final = 0o7777777


class Patch(Struct, frozen=True, kw_only=True):
    """A layer to be. `upgraded` are (package, version before, version after); `notes` sentences."""

    tar: bytes
    upgraded: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]


def wants(path: str) -> bool:
    """Return whether a file of the image must be read to make a patch."""
    return path == STATUS or (path.startswith(INFO) and path.endswith(".list"))


def make_patch(debs: Iterable[Deb], below: Below) -> Patch:
    """Return the layer that upgrades the packages that the image has.

    Raises UsageError: the image keeps no dpkg status, or none of the packages is in it in an older
    version for the same architecture.
    """
    status = below.files.get(STATUS)
    if status is None:
        raise UsageError(f"--patch-layer: the image has no {STATUS}; it is not patched this way")
    stanzas = [one for one in status.decode("utf-8", "surrogateescape").split("\n\n") if one]
    entries: dict[str, DebFile] = {}
    upgraded: list[tuple[str, str, str]] = []
    notes: list[str] = []
    gone: set[str] = set()
    for deb in debs:
        at = next((at for at, one in enumerate(stanzas) if _is_older(one, deb)), None)
        if at is None:
            notes.append(f"{deb.name} {deb.version} is not in the image in an older version")
            continue
        upgraded.append((deb.name, field(stanzas[at], "Version"), deb.version))
        stanzas[at] = _stanza(deb, stanzas[at])
        stem = _stem(deb, below)
        for one in _files(deb, below, notes):
            entries[one.path] = one
        gone |= _lost(deb, stem, below)
        entries |= {one.path: one for one in _records(deb, stem)}
        if deb.scripts:
            notes.append(f"{deb.name}: {', '.join(deb.scripts)} did not run")
    if not upgraded:
        raise UsageError("--patch-layer: " + ("; ".join(notes) or "there is nothing to upgrade"))
    for unmet in unmet_by(stanzas, {name for name, _, _ in upgraded}):
        raise UsageError(f"--patch-layer: {unmet}; put that package in the folder, too")
    text = "\n\n".join(one.strip("\n") for one in stanzas) + "\n\n"
    entries[STATUS] = _made(STATUS, octets(text))
    entries |= {one.path: one for one in _whiteouts(gone - set(entries))}
    return Patch(tar=tar_of(entries.values()), upgraded=tuple(upgraded), notes=tuple(notes))


def _is_older(stanza: str, deb: Deb) -> bool:
    """Return whether a stanza of dpkg's status is this package, installed, in an older version."""
    key = scheme_for("deb").key
    now, then = key(field(stanza, "Version")), key(deb.version)
    return (
        field(stanza, "Package") == deb.name
        and field(stanza, "Architecture") == deb.architecture
        and field(stanza, "Status").endswith(" installed")
        and now is not None
        and then is not None
        and now < then
    )


def _stanza(deb: Deb, before: str) -> str:
    """Return the package's stanza for dpkg's status. Source: dpkg(1); deb822(5)."""
    status = field(before, "Status")
    first, _, rest = deb.control.partition("\n")
    return f"{first}\nStatus: {status}\n{rest}"


def _stem(deb: Deb, below: Below) -> str:
    """Return how dpkg names the package's records: with its architecture if it may be twice."""
    several = f"{INFO}{deb.name}:{deb.architecture}"
    return several if f"{several}.list" in below.files else f"{INFO}{deb.name}"


def _files(deb: Deb, below: Below, notes: list[str]) -> Iterator[DebFile]:
    for one in deb.files:
        path = below.place_of(one.path)
        if one.kind == "folder" and path in below.paths:
            continue
        if one.path in deb.conffiles and path in below.paths:
            notes.append(f"{deb.name}: {path} stays as it is")
            continue
        if one.kind != "folder" and path in below.folders:
            raise UsageError(f"--patch-layer: {deb.name} would put a file in place of {path!r}")
        link = below.place_of(one.link) if one.kind == "hardlink" else one.link
        yield replace(one, path=path, link=link)


def _lost(deb: Deb, stem: str, below: Below) -> set[str]:
    """Return the paths of the old version that the new one has not; folders and settings stay."""
    text = below.files.get(f"{stem}.list", b"").decode("utf-8", "surrogateescape")
    old = {below.place_of(line.lstrip("/")) for line in text.split("\n") if line.startswith("/")}
    new = {below.place_of(one.path) for one in deb.files}
    found = {
        one
        for one in old - new
        if one in below.paths and one not in below.folders and not one.startswith("etc/")
    }
    records = {
        one
        for one in below.paths
        if one.startswith(f"{stem}.") and one.removeprefix(f"{stem}.") not in {*deb.meta, "list"}
    }
    return found | records


def _records(deb: Deb, stem: str) -> Iterator[DebFile]:
    """Yield dpkg's records of the package: its control files, and the list of its paths."""
    for name, data in sorted(deb.meta.items()):
        mode = 0o755 if name in deb.scripts else 0o644
        yield replace(_made(f"{stem}.{name}", data), mode=mode)
    paths = ["/.", *(f"/{one.path}" for one in deb.files)]
    yield _made(f"{stem}.list", octets("\n".join(paths) + "\n"))


def _made(path: str, data: bytes) -> DebFile:
    return DebFile(path=path, kind="file", mode=0o644, uid=0, gid=0, mtime_s=0, data=data)


def _whiteouts(paths: Iterable[str]) -> Iterator[DebFile]:
    for path in sorted(paths):
        folder, slash, leaf = path.rpartition("/")
        yield _made(f"{folder}{slash}.wh.{leaf}", b"")


def tar_of(entries: Iterable[DebFile]) -> bytes:
    """Return a tar of the entries: by path, hard links last; the same entries, the same bytes."""
    ordered = sorted(entries, key=lambda one: (one.kind == "hardlink", octets(one.path)))
    body = b"".join(part for one in ordered for part in _member(one))
    return body + bytes(2 * _BLOCK)


def _member(one: DebFile) -> Iterator[bytes]:
    name = octets(one.path + ("/" if one.kind == "folder" else ""))
    link = octets(one.link)
    records = b""
    if len(name) > _NAME_BYTES:
        records += _record(b"path", name)
    if len(link) > _NAME_BYTES:
        records += _record(b"linkpath", link)
    if records:
        yield _header(b"pax", b"x", size=len(records)) + records + bytes(-len(records) % _BLOCK)
    size = len(one.data) if one.kind == "file" else 0
    yield _header(name[:_NAME_BYTES], _TYPES[one.kind], size=size, of=one, link=link[:_NAME_BYTES])
    yield one.data + bytes(-len(one.data) % _BLOCK)


def _header(
    name: bytes, kind: bytes, *, size: int, of: DebFile | None = None, link: bytes = b""
) -> bytes:
    """Return a ustar header. Source: POSIX.1-2017, pax, "ustar Interchange Format"."""
    block = bytearray(_BLOCK)
    block[: len(name)] = name
    mode, uid, gid, mtime_s = (of.mode, of.uid, of.gid, of.mtime_s) if of else (0o644, 0, 0, 0)
    fields = ((100, 8, mode), (108, 8, uid & _OCTAL_7), (116, 8, gid & _OCTAL_7))
    for at, width, value in (*fields, (124, 12, size), (136, 12, max(0, mtime_s))):
        block[at : at + width] = f"{value:0{width - 1}o}\0".encode()
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def _record(key: bytes, value: bytes) -> bytes:
    """Return a pax record, `length key=value`; the length counts itself."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)
