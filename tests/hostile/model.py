"""A second, naive reader: what a damaged image still says, for a damage that has right digests.

It reads ordinary tar archives only and gives up at the first oddity; an image it gives up on has no
excuse for a missing package. One that it can read still lists a package if the package's evidence
is there, unharmed, at its place.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from scantling.core.model.inventory import Package
from tests.hostile.bases import APK, DPKG, vulnerability

_BLOCK = 512
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*|\0+")
_EMPTY_KINDS = frozenset(b"123456")
_PARAGRAPHS = (DPKG, APK)


class Member(Struct, frozen=True, kw_only=True):
    """One entry: where it starts, where its data starts, where the next entry starts."""

    name: str
    kind: str
    link: str
    start: int
    data_at: int
    size: int
    end: int


class OddError(Exception):
    """This is no ordinary archive."""


def members(tar: bytes) -> list[Member]:
    """Return the entries of an ordinary archive. Raises OddError for any other."""
    found: list[Member] = []
    at = start = 0
    name = link = ""
    while True:
        block = tar[at : at + _BLOCK]
        if not block.strip(b"\0"):
            break
        size = _header_size(block)
        kind = chr(block[156] or 48)
        data = tar[at + _BLOCK : at + _BLOCK + size]
        end = at + _BLOCK + -(-size // _BLOCK) * _BLOCK
        if kind == "x":
            records = _pax(data)
            name, link = records.get("path", name), records.get("linkpath", link)
        elif kind == "L":
            name = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif kind == "g":
            raise OddError("a global header")
        else:
            shown = name or _name(block)
            found.append(
                Member(
                    name=shown.strip("/").removeprefix("./"),
                    kind=kind,
                    link=link or _text(block[157:257]),
                    start=start,
                    data_at=at + _BLOCK,
                    size=size,
                    end=end,
                )
            )
            name = link = ""
            start = end
        at = end
    if len(tar) - at < 2 * _BLOCK or tar[at:].strip(b"\0"):
        raise OddError("no right end")
    return found


def _header_size(block: bytes) -> int:
    total = sum(block[:148]) + sum(block[156:]) + 8 * 32
    if len(block) < _BLOCK or _number(block[148:156]) != total or block[257:262] != b"ustar":
        raise OddError("no right header")
    kind = block[156]
    if chr(kind or 48) not in "0123456xgL":
        raise OddError("no usual type")
    return 0 if kind in _EMPTY_KINDS else _number(block[124:136])


def _number(field: bytes) -> int:
    found = _OCTAL.fullmatch(field)
    if found is None:
        raise OddError("no octal number")
    return int(found[1] or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:265] == b"ustar\x0000" else ""
    name = _text(block[:100])
    return f"{prefix}/{name}" if prefix else name


def _pax(data: bytes) -> dict[str, str]:
    records: dict[str, str] = {}
    while data:
        length, _, rest = data.partition(b" ")
        body = rest[: int(length) - len(length) - 1]
        key, _, value = body.removesuffix(b"\n").partition(b"=")
        records[key.decode()] = value.decode("utf-8", "surrogateescape")
        data = data[int(length) :]
    return records


def visible(tars: Iterable[bytes]) -> dict[str, bytes]:
    """Return the files that a container of these layers would see. Raises OddError."""
    files: dict[str, bytes] = {}
    for tar in tars:
        layer = members(tar)
        gone = [_whiteout(one.name) for one in layer if "/.wh." in f"/{one.name}"]
        for path in list(files):
            if any(path == one or path.startswith(one + "/") or not one for one in gone):
                del files[path]
        for one in layer:
            if "/.wh." in f"/{one.name}":
                continue
            if one.kind != "5":
                for path in [p for p in files if p.startswith(one.name + "/")]:
                    del files[path]
            files.pop(one.name, None)
            if one.kind == "0":
                files[one.name] = tar[one.data_at : one.data_at + one.size]
            elif one.kind == "1" and one.link.removeprefix("./") in files:
                files[one.name] = files[one.link.removeprefix("./")]
    return files


def _whiteout(name: str) -> str:
    folder, _, leaf = f"/{name}".rpartition("/")
    path = folder if leaf == ".wh..wh..opq" else f"{folder}/{leaf.removeprefix('.wh.')}"
    return path.strip("/")


class Demand(Struct, frozen=True, kw_only=True):
    """What a complete report on a damaged image must have.

    `ids` are vulnerabilities; `counts` how many packages each evidence file must at least give.
    """

    ids: frozenset[str]
    counts: Mapping[str, int]


def evidence(packages: Sequence[Package]) -> Counter[str]:
    """Return how many packages were found at each file of the image."""
    return Counter(
        location.path.partition("!/")[0] for one in packages for location in one.locations
    )


def demand(
    packages: Sequence[Package], before: Mapping[str, bytes], tars: Sequence[bytes] | None
) -> Demand:
    """Return what must be found in `tars`, given what was found when files were as `before`.

    None, or layers that are no ordinary archives: everything.
    """
    try:
        now = None if tars is None else visible(tars)
    except (OddError, ValueError):
        now = None
    if now is None:
        return Demand(ids=frozenset(map(vulnerability, packages)), counts=evidence(packages))
    ids = {
        vulnerability(one)
        for one in packages
        for location in one.locations
        if _says(one, location.path.partition("!/")[0], before, now)
    }
    counts = {
        path: count
        for path, count in evidence(packages).items()
        if path in now
        and not _is_cut_between_records(path, before[path], now[path])
        and not _is_application(path)
    }
    return Demand(ids=frozenset(ids), counts=counts)


def _says(
    package: Package, path: str, before: Mapping[str, bytes], now: Mapping[str, bytes]
) -> bool:
    """Tell whether the file still says that the package is there."""
    old, new = before[path], now.get(path)
    if new is None or old == new:
        return new is not None
    if path in _PARAGRAPHS:
        return _record(old, package) in new.split(b"\n\n")
    if path.endswith("package.json"):
        return _named(old) == _named(new)
    if path.endswith(("METADATA", ".egg-info")) or "/status.d/" in path:
        return _identity(old) == _identity(new)
    return False


def _record(data: bytes, package: Package) -> bytes:
    starts = (f"Package: {package.name}\n".encode(), f"P:{package.name}\n".encode())
    return next(
        one
        for one in data.split(b"\n\n")
        if any(one.startswith(s) or b"\n" + s in one for s in starts)
    )


def _named(data: bytes) -> object:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    return (value.get("name"), value.get("version")) if isinstance(value, dict) else None


def _identity(data: bytes) -> list[bytes]:
    head = data.partition(b"\n\n")[0]
    wanted = (b"Name:", b"Version:", b"Package:")
    return [line for line in head.split(b"\n") if line.startswith(wanted)]


def _is_cut_between_records(path: str, old: bytes, new: bytes) -> bool:
    """Tell whether whole records were cut off the end, which nothing in the file shows."""
    return path in _PARAGRAPHS and old.startswith(new) and new.endswith(b"\n\n")


def _is_application(path: str) -> bool:
    """Tell whether this names the application itself: a broken one is a note (templates)."""
    return path.endswith("package.json") and "node_modules/" not in path
