"""Rust programs built with `cargo auditable`: the crates linked into them.

The section `.dep-v0` (ELF, PE, Mach-O) holds a zlib-compressed JSON list of crates. Alpine, Wolfi
and Fedora build their Rust programs this way. Crates of kind `build` ran while building and are
not in the program, so they are not reported. What it cannot see: Rust programs built without it;
which features of a crate are compiled in; the version of the Rust standard library.

An ELF file does not show its sections in its first bytes, so every ELF file is looked at, one at a
time: memory is that of the largest file, and looking costs some microseconds. This is why
it is not part of the fast profile.

Source: https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md and
cargo-auditable.schema.json there.
"""

import zlib
from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from msgspec import Struct

from scantling.catalog.api import Cataloger, Found, OpenFile, Profile, Size, Unreadable, Want
from scantling.catalog.executable import ELF, FAT, MACHO, Executable, executables
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import PackageFact

_SECTIONS: Final = (".dep-v0",)
_PUBLIC: Final = "crates.io"


class _Crate(Struct):
    name: str
    version: str
    source: str = ""
    kind: Literal["runtime", "build"] = "runtime"
    root: bool = False


class _List(Struct):
    packages: list[_Crate]


_DECODER: Final = msgspec.json.Decoder(_List)


def parse(file: OpenFile) -> Iterator[Found]:
    """Yield the crates in the program, in the list's order; nothing for other programs.

    Raises InputError when the file's headers or the list are damaged.
    """
    for program in executables(file.data, file.limits, _SECTIONS):
        data = _section(program, file.limits)
        if data is not None:
            yield from _crates(_inflated(data, file.limits), file.limits)
        elif program.damage:
            yield Unreadable(code="parse.failed", reason=f"outside the file: {program.damage}")


def _section(program: Executable, limits: Limits) -> bytes | None:
    region = program.section(*_SECTIONS)
    if region is None:
        return None
    if region.size > limits.build_info_bytes:
        reason = f"the list of crates has {region.size} bytes"
        raise InputError("limit.records", reason, limit="build_info_bytes")
    data = program.file[region.offset : region.offset + region.size]
    if region.compressed or len(data) != region.size:
        raise InputError("parse.failed", "the list of crates is cut off", offset=region.offset)
    return data


def _inflated(data: bytes, limits: Limits) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, limits.build_info_bytes)
    except zlib.error as error:
        raise InputError("parse.failed", f"the list of crates is damaged: {error}") from None
    if stream.unconsumed_tail:
        reason = f"the list of crates expands to more than {limits.build_info_bytes} bytes"
        raise InputError("limit.records", reason, limit="build_info_bytes")
    if not stream.eof:
        raise InputError("parse.failed", "the list of crates is cut off")
    return text


def _crates(text: bytes, limits: Limits) -> Iterator[Found]:
    try:
        crates = _DECODER.decode(text).packages
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = f"the list of crates is not as specified: {error}"[:300]
        raise InputError("parse.failed", reason) from None
    if len(crates) > limits.records:
        raise InputError("limit.records", f"{len(crates)} crates", limit="records")
    for crate in crates:
        if crate.kind == "build":
            continue
        if not _is_sound(crate, limits):
            reason = f"not a crate: {crate.name[:100]!r} {crate.version[:100]!r}"
            yield Unreadable(code="parse.record", reason=reason)
            continue
        other = crate.source not in ("", _PUBLIC)
        yield PackageFact(
            type="cargo",
            name=crate.name,
            version=crate.version,
            root=crate.root,
            note=f"from a {crate.source[:100]} source, not {_PUBLIC}" if other else "",
        )


def _is_sound(crate: _Crate, limits: Limits) -> bool:
    return (
        0 < len(crate.name) <= limits.name_chars
        and 0 < len(crate.version) <= limits.version_chars
        and (crate.name + crate.version).isprintable()
    )


PLUGIN: Final = Cataloger(
    name="rust-auditable",
    version=1,
    wants=(
        Want(magic=ELF, size=Size.BINARY),
        Want(suffix=".exe", magic=b"MZ", size=Size.BINARY),
        *(Want(magic=magic, size=Size.BINARY) for magic in (*MACHO, *FAT)),
    ),
    parse=parse,
    profile=Profile.STANDARD,
)
