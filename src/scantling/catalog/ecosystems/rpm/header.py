"""One RPM header: the record of one installed package in every kind of RPM database.

A header is an index of (tag, type, offset, count) and a store of data. The part that came with the
package is the *region*; what rpm adds at installation follows it. The header carries a digest of
its own region, so damage to a package's name, version or file list is found out.

Source: rpm's "Package format v4", header structure (https://rpm.org/docs/); tags: rpmtag.h.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.api import OpenFile, Unreadable
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

_ENTRY: Final = struct.Struct(">iIiI")
_LENGTHS: Final = struct.Struct(">II")
# What rpm hashes in front of the region: magic, version and four reserved bytes.
_MAGIC: Final = b"\x8e\xad\xe8\x01\x00\x00\x00\x00"

_INT32, _STRING, _BINARY, _STRINGS, _I18N = 4, 6, 7, 8, 9
_TEXTS: Final = frozenset({_STRING, _STRINGS, _I18N})

_IMMUTABLE: Final = 63
_SHA1_HEADER, _SHA256_HEADER = 269, 273
_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_VENDOR, _LICENSE, _ARCH = 1011, 1014, 1022
_OLD_FILE_NAMES, _SOURCE_RPM = 1027, 1044
_DIR_INDEXES, _BASE_NAMES, _DIR_NAMES = 1116, 1117, 1118
_MODULARITY_LABEL: Final = 5096

_WORD: Final = re.compile(r"[!-~]++")
# No colon: it would read as an epoch.
_VERSION_WORD: Final = re.compile(r"[!-9;-~]++")
_SOURCE_FILE: Final = re.compile(
    r"(?P<name>[^\s/]+)-(?P<evr>[^\s/-]+-[^\s/-]+)\.(?:no)?src\.rpm", re.ASCII
)


class _Header(Struct, frozen=True):
    tags: dict[int, tuple[int, int, int]]
    store: bytes
    index: bytes


def read_headers(
    blobs: Iterator[bytes | Unreadable], file: OpenFile, *, note: str = ""
) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the given order, and every damaged record.

    Public keys, which rpm keeps among the packages, are left out. A header whose digest does not
    match is reported and its package kept. `note` is added to every package.
    """
    for number, blob in enumerate(blobs, 1):
        if number > file.limits.records:
            reason = f"it has more than {file.limits.records} records"
            yield Unreadable(code="limit.records", reason=reason, limit="records")
            return
        if isinstance(blob, Unreadable):
            yield blob
            continue
        try:
            yield from _found(_header(blob, file.limits), file.limits, note)
        except InputError as error:
            yield Unreadable(
                code=error.code, reason=f"record {number}: {error.detail}", limit=error.limit
            )


def _header(blob: bytes, limits: Limits) -> _Header:
    if len(blob) > limits.rpm_header_bytes:
        raise InputError("limit.records", "the header is too large", limit="rpm_header_bytes")
    if len(blob) < _LENGTHS.size:
        raise _damaged("the header is cut off")
    entries, size = _LENGTHS.unpack_from(blob)
    if entries > limits.rpm_header_entries:
        raise InputError("limit.records", "too many header tags", limit="rpm_header_entries")
    at = _LENGTHS.size + entries * _ENTRY.size
    if at + size != len(blob):
        raise _damaged("the header's lengths do not add up")
    index = blob[_LENGTHS.size : at]
    # An entry after the region replaces one in it, as in rpm: the last one counts.
    tags = {tag: (kind, off, count) for tag, kind, off, count in _ENTRY.iter_unpack(index)}
    return _Header(tags, blob[at:], index)


def _found(
    header: _Header, limits: Limits, note: str
) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    name = _text(header, _NAME)
    if not _WORD.fullmatch(name) or len(name) > limits.name_chars:
        raise _damaged("it has no valid name")
    if name == "gpg-pubkey" and _SOURCE_RPM not in header.tags:
        return
    version = f"{_text(header, _VERSION)}-{_text(header, _RELEASE)}"
    if not _VERSION_WORD.fullmatch(version) or version.startswith("-") or version.endswith("-"):
        raise _damaged(f"{name} has no valid version and release")
    if len(version) > limits.version_chars:
        raise InputError(
            "limit.records", f"the version of {name} is too long", limit="version_chars"
        )
    epoch = _epoch(header)
    yield _package(header, name, version, epoch, note)
    if not _digest_matches(header):
        yield Unreadable(
            code="parse.record", reason=f"the header of {name} does not have its digest"
        )
    try:
        paths = _paths(header)
    except InputError as error:
        yield Unreadable(code=error.code, reason=f"the file list of {name}: {error.detail}")
    else:
        if paths:
            yield OwnedFiles(package=name, paths=paths, arch=_text(header, _ARCH))


def _package(header: _Header, name: str, version: str, epoch: str, note: str) -> PackageFact:
    full = epoch + version
    license_ = _text(header, _LICENSE)
    source_name, source_version = _source(_text(header, _SOURCE_RPM), version, epoch)
    if (source_name, source_version) == (name, full):
        source_name, source_version = "", ""
    return PackageFact(
        type="rpm",
        name=name,
        version=full,
        source_name=source_name,
        source_version=source_version,
        arch=_text(header, _ARCH),
        licenses=(license_,) if license_ else (),
        vendor=_text(header, _VENDOR),
        module=_text(header, _MODULARITY_LABEL),
        note=note,
    )


def _epoch(header: _Header) -> str:
    """Return `2:`, or nothing for none and for 0."""
    if _EPOCH not in header.tags:
        return ""
    (epoch,) = _numbers(header, _EPOCH)[:1] or (0,)
    return f"{epoch}:" if epoch else ""


def source_of(file_name: str) -> tuple[str, str]:
    """Return name and `version-release` of a source package's file name; two empty texts if none.

    Example: `glibc-2.34-60.el9.src.rpm`.
    """
    match = _SOURCE_FILE.fullmatch(file_name)
    return (match["name"], match["evr"]) if match else ("", "")


def _source(file_name: str, version: str, epoch: str) -> tuple[str, str]:
    # The file name has no epoch. With the same version and release it is the same build, and so
    # has the package's epoch; else it is not known.
    name, source_version = source_of(file_name)
    return name, epoch + version if source_version == version else source_version


def _paths(header: _Header) -> tuple[str, ...]:
    """Return the installed paths without the leading slash. Raises InputError."""
    if _BASE_NAMES not in header.tags:
        return tuple(path.lstrip("/") for path in _texts(header, _OLD_FILE_NAMES))
    names = _texts(header, _BASE_NAMES)
    folders = [folder.lstrip("/") for folder in _texts(header, _DIR_NAMES)]
    places = _numbers(header, _DIR_INDEXES)
    if len(places) != len(names):
        raise _damaged("it has not as many folders as names")
    try:
        return tuple([folders[place] + name for place, name in zip(places, names, strict=True)])
    except IndexError:
        raise _damaged("a file is in a folder that is not listed") from None


def _text(header: _Header, tag: int) -> str:
    """Return the (first) text of a tag; empty if the header does not have it."""
    kind, offset, count = header.tags.get(tag, (_STRING, 0, 0))
    if not count:
        return ""
    end = header.store.find(b"\0", offset) if 0 <= offset < len(header.store) else -1
    if kind not in _TEXTS or end < 0:
        raise _damaged(f"tag {tag} is not a text")
    return header.store[offset:end].decode("utf-8", errors="replace")


def _texts(header: _Header, tag: int) -> list[str]:
    kind, offset, count = header.tags.get(tag, (_STRINGS, 0, 0))
    if not count:
        return []
    # Each text ends in a NUL byte, so that there cannot be more of them than bytes.
    if kind != _STRINGS or not 0 <= offset <= len(header.store) - count:
        raise _damaged(f"tag {tag} is not a list of texts")
    # File names may be any bytes; paths are compared in this spelling.
    parts = header.store[offset:].split(b"\0", count)
    if len(parts) <= count:
        raise _damaged(f"tag {tag} is cut off")
    return b"\0".join(parts[:count]).decode("utf-8", errors="surrogateescape").split("\0")


def _numbers(header: _Header, tag: int) -> tuple[int, ...]:
    kind, offset, count = header.tags.get(tag, (_INT32, 0, 0))
    if kind != _INT32 or not 0 <= offset <= len(header.store) - 4 * count:
        raise _damaged(f"tag {tag} is not a list of numbers")
    return struct.unpack_from(f">{count}I", header.store, offset)


def _digest_matches(header: _Header) -> bool:
    """Tell whether the region has the digest that the header names; True if it names none.

    Source: rpm, lib/package.c (headerSigVerify) and lib/header.c (hdrblobVerifyRegion).
    """
    expected = _text(header, _SHA256_HEADER) or _text(header, _SHA1_HEADER)
    if not expected:
        return True
    kind, offset, count = header.tags.get(_IMMUTABLE, (0, -1, 0))
    if (kind, count) != (_BINARY, _ENTRY.size) or not 0 <= offset <= len(
        header.store
    ) - _ENTRY.size:
        return False
    # The region ends in a trailer that says, as a negative offset, how long its index is.
    end = offset + _ENTRY.size
    _, _, back, _ = _ENTRY.unpack_from(header.store, offset)
    if not 0 < -back <= len(header.index) or back % _ENTRY.size:
        return False
    algorithm = "sha256" if _SHA256_HEADER in header.tags else "sha1"
    digest = hashlib.new(algorithm, _MAGIC, usedforsecurity=False)
    digest.update(_LENGTHS.pack(-back // _ENTRY.size, end))
    digest.update(header.index[:-back])
    digest.update(header.store[:end])
    return digest.hexdigest() == expected.lower()


def _damaged(what: str) -> InputError:
    return InputError("parse.record", what)
