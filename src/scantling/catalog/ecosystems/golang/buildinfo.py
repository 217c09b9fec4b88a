"""What the Go linker writes into every program: the toolchain's version and the modules built in.

Finding it, as `debug/buildinfo` does:

1. The place is the section `.go.buildinfo` (`__go_buildinfo` in Mach-O), else the first writable
   data segment, which the linker starts with it.
2. There, at an address that is a multiple of 16, is the mark `\\xff Go buildinf:`.
3. Byte 15 tells the form. Bit 1 set (Go 1.18 and later): at byte 32 two strings follow, each after
   its length as a varint. Else byte 14 is the size of a pointer, bit 0 of byte 15 the byte order,
   and at byte 16 are two pointers to string headers (pointer, length).
4. The second string is the module list between two 16-byte marks.

Source: Go's `debug/buildinfo` (buildinfo.go) and `runtime/debug` (mod.go), Go 1.22.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.executable import Executable, Region
from scantling.core.errors import InputError
from scantling.core.limits import Limits

_MARK: Final = b"\xff Go buildinf:"
_ALIGN: Final = 16
_HEADER_BYTES: Final = 32
_SENTINEL_BYTES: Final = 16
_INLINE: Final = 2
_BIG_ENDIAN: Final = 1
SECTIONS: Final = (".go.buildinfo", "__go_buildinfo")
"""Names of the section with the build information, in ELF and in Mach-O."""
_PLACES: Final = 8
"""Writable segments that are searched; linkers make one or two, a header may claim 65,535."""
_ESCAPE: Final = re.compile(r"\\(?:x(?P<hex>[0-9a-f]{2})|(?P<one>.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


class BuildInfo(Struct, frozen=True, kw_only=True):
    """`toolchain` as written (`go1.22.5`); `text` the module list, empty when built without it."""

    toolchain: str
    text: str = ""


class Module(Struct, frozen=True, kw_only=True):
    """One module; `replaced` is what the source asked for when this took its place."""

    path: str
    version: str = ""
    replaced: str = ""


class Modules(Struct, frozen=True, kw_only=True):
    """The parsed module list. `path` is that of the main package; `odd` the lines not understood.

    `main` is None for a program that is not built from a module.
    """

    path: str = ""
    main: Module | None = None
    dependencies: tuple[Module, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()


def read(program: Executable, limits: Limits) -> BuildInfo | None:
    """Return the build information of a program; None: it has none.

    Raises InputError when it is there and cannot be read.
    """
    for region in _places(program):
        at = _find(program.file, region)
        if at >= 0:
            return _decode(program, at, limits)
    return None


def modules(text: str, limits: Limits) -> Modules:
    """Return the parsed module list. Raises InputError when it has more lines than allowed."""
    lines = text.split("\n")
    if len(lines) > limits.records:
        raise InputError("limit.records", f"{len(lines)} lines of modules", limit="records")
    path = ""
    found: list[tuple[str, Module]] = []
    settings: list[tuple[str, str]] = []
    odd: list[str] = []
    for line in filter(None, lines):
        word, _, rest = line.partition("\t")
        fields = rest.split("\t")
        if word == "path":
            path = rest
        elif word == "build":
            settings.append(_setting(rest))
        elif word in ("mod", "dep") and fields[0] and not (word == "mod" and found):
            found.append((word, Module(path=fields[0], version=_second(fields))))
        elif word == "=>" and fields[0] and fields[1:] and found and not found[-1][1].replaced:
            kind, old = found.pop()
            replaced = f"{old.path} {old.version}".strip()
            new = Module(path=fields[0], version=_second(fields), replaced=replaced)
            found.append((kind, new))
        else:
            odd.append(line)
    main = next((module for kind, module in found if kind == "mod"), None)
    dependencies = tuple(module for kind, module in found if kind == "dep")
    return Modules(
        path=path,
        main=main,
        dependencies=dependencies,
        settings=tuple(settings),
        odd=tuple(odd),
    )


def _places(program: Executable) -> Iterator[Region]:
    section = program.section(*SECTIONS)
    if section is not None:
        yield section
    yield from program.segments(data=True)[:_PLACES]


def _find(file: bytes, region: Region) -> int:
    """Return where the aligned mark is in the region, -1 if nowhere."""
    end = region.offset + region.size
    # Mostly zeros, over which a search from the end goes in strides, and mostly not Go's.
    if file.rfind(_MARK, region.offset, end) < 0:
        return -1
    at = file.find(_MARK, region.offset, end)
    while at >= 0 and (region.address + at - region.offset) % _ALIGN:
        at = file.find(_MARK, at + 1, end)
    return at


def _decode(program: Executable, at: int, limits: Limits) -> BuildInfo:
    header = program.file[at : at + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES:
        raise InputError("parse.failed", "Go build information is cut off", offset=at)
    flags = header[15]
    if flags & _INLINE:
        toolchain, after = _inline(program.file, at + _HEADER_BYTES, limits)
        text, _ = _inline(program.file, after, limits)
    else:
        size, order = header[14], "big" if flags & _BIG_ENDIAN else "little"
        if size not in (4, 8):
            raise InputError("parse.failed", f"a pointer of {size} bytes", offset=at + 14)
        first = _number(header[16 : 16 + size], order)
        second = _number(header[16 + size : 16 + 2 * size], order)
        toolchain = _pointed(program, first, size, order, limits)
        text = _pointed(program, second, size, order, limits)
    return _checked(toolchain, text, at)


def _checked(toolchain: bytes, text: bytes, at: int) -> BuildInfo:
    version = toolchain.decode("utf-8", errors="replace")
    if not version.isprintable() or not version.startswith(("go", "devel")):
        reason = f"Go build information names no toolchain: {version[:100]!r}"
        raise InputError("parse.failed", reason, offset=at)
    if text:
        inner = text[_SENTINEL_BYTES:-_SENTINEL_BYTES]
        if inner[-1:] != b"\n":
            raise InputError("parse.failed", "the list of Go modules is damaged", offset=at)
        text = inner
    return BuildInfo(toolchain=version, text=text.decode("utf-8", errors="replace"))


def _inline(file: bytes, at: int, limits: Limits) -> tuple[bytes, int]:
    """Return the string at `at`, whose length is a varint before it, and the place after it."""
    length = 0
    for place in range(10):
        byte = file[at + place] if at + place < len(file) else 0x80
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the high bit says that more follows
            start = at + place + 1
            return _bounded(file, start, length, limits), start + length
    raise InputError("parse.failed", "a length in Go build information is damaged", offset=at)


def _bounded(file: bytes, start: int, length: int, limits: Limits) -> bytes:
    if length > limits.build_info_bytes:
        reason = f"Go build information claims {length} bytes"
        raise InputError("limit.records", reason, offset=start, limit="build_info_bytes")
    if start + length > len(file):
        raise InputError("parse.failed", "Go build information is cut off", offset=start)
    return file[start : start + length]


def _pointed(program: Executable, address: int, size: int, order: str, limits: Limits) -> bytes:
    """Return the string whose header (pointer, length) is at `address`; 0 is no string."""
    if not address:
        return b""
    header = program.at(address, 2 * size)
    start, length = _number(header[:size], order), _number(header[size:], order)
    if length > limits.build_info_bytes:
        reason = f"Go build information claims {length} bytes"
        raise InputError("limit.records", reason, limit="build_info_bytes")
    found = program.at(start, length)
    if not header or len(found) != length:
        # A position-independent program linked by the C linker keeps the pointer in a relocation.
        raise InputError("parse.failed", f"a pointer in Go build information leads to {start:#x}")
    return found


def _number(field: bytes, order: str) -> int:
    return int.from_bytes(field, "big" if order == "big" else "little")


def _second(fields: list[str]) -> str:
    return fields[1] if len(fields) > 1 else ""


def _setting(text: str) -> tuple[str, str]:
    """Return key and value of `-ldflags="-s -w"`; Go quotes what has spaces or quotes."""
    key, _, value = text.partition("=")
    if value[:1] == "`":
        return key, value.strip("`")
    if value[:1] == '"':
        return key, _ESCAPE.sub(_unescaped, value.removeprefix('"').removesuffix('"'))
    return key, value


def _unescaped(escape: re.Match[str]) -> str:
    if escape["hex"]:
        return chr(int(escape["hex"], 16))
    return _ESCAPED.get(escape["one"], escape["one"])
