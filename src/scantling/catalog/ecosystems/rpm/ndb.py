"""rpm's own database format: `Packages.db`, used by SUSE.

The file starts with pages of 16-byte slots; each slot names a record by block (16 bytes). A record
has its slot's number at its start and an Adler-32 checksum at its end.

Reads it in `var/lib/rpm`, `usr/lib/sysimage/rpm` and `usr/share/rpm`. It cannot see what was
copied into the image without rpm.

Source: rpm, lib/backend/ndb/rpmpkg.c (format of Packages.db).
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from scantling.catalog.api import Cataloger, OpenFile, Size, Unreadable, Want
from scantling.catalog.ecosystems.rpm.header import read_headers
from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.model.facts import OwnedFiles, PackageFact

_FILE_HEAD: Final = struct.Struct("<4sIIII")
_SLOT: Final = struct.Struct("<4sIII")
_HEAD: Final = struct.Struct("<4sIII")
_TAIL: Final = struct.Struct("<II4s")
_MAGIC: Final = b"RpmP"
_SLOT_MAGIC: Final = b"Slot"
_START, _END = b"BlbS", b"BlbE"
_PAGE: Final = 4096
_BLOCK: Final = 16
# The file's header takes the place of the first two slots.
_FIRST_SLOT: Final = 2 * _SLOT.size


def parse(file: OpenFile) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the order of slots, and every damaged record."""
    yield from read_headers(read_blobs(file), file)


def read_blobs(file: OpenFile) -> Iterator[bytes | Unreadable]:
    """Yield the headers in the order of slots, and what is damaged.

    A record that no slot names is reported too: rpm overwrites records that it erases. Raises
    InputError when the file is no such database.
    """
    data = file.data
    if len(data) < _FILE_HEAD.size:
        raise InputError("parse.failed", "the database is cut off")
    magic, version, _, slot_pages, _ = _FILE_HEAD.unpack_from(data)
    if magic != _MAGIC or version != 0:
        raise InputError("parse.failed", "it is not an rpm database in ndb format", offset=0)
    end = slot_pages * _PAGE
    if not _PAGE <= end <= len(data):
        raise InputError("parse.failed", "the database is cut off in its slots")
    named: dict[int, int] = {}
    unclaimed = len(data)
    for at in range(_FIRST_SLOT, end, _SLOT.size):
        slot_magic, package, block, blocks = _SLOT.unpack_from(data, at)
        if slot_magic != _SLOT_MAGIC:
            yield Unreadable(code="parse.record", reason="a slot is damaged", offset=at)
        elif package:
            start, stop = block * _BLOCK, (block + blocks) * _BLOCK
            # Records do not overlap; without this, slots could multiply the reading.
            unclaimed -= stop - start
            if start in named or unclaimed < 0:
                yield Unreadable(code="parse.record", reason="two slots name a record", offset=at)
                continue
            named[start] = stop
            yield _blob(data, package, (start, stop), file.limits)
    yield from _unnamed(data, end, named)


def _blob(data: bytes, package: int, place: tuple[int, int], limits: Limits) -> bytes | Unreadable:
    start, stop = place
    if stop > len(data) or stop - start < _HEAD.size + _TAIL.size:
        return _damaged("is cut off", start)
    if stop - start > limits.rpm_header_bytes:
        reason = f"the record at byte {start} is too large"
        return Unreadable(code="limit.records", reason=reason, limit="rpm_header_bytes")
    magic, owner, _, size = _HEAD.unpack_from(data, start)
    checksum, size_again, end_magic = _TAIL.unpack_from(data, stop - _TAIL.size)
    if (magic, owner, end_magic) != (_START, package, _END):
        return _damaged("is not the one its slot names", start)
    if size != size_again or size > stop - start - _HEAD.size - _TAIL.size:
        return _damaged("has a wrong length", start)
    if checksum != zlib.adler32(memoryview(data)[start : stop - _TAIL.size]):
        return _damaged("does not have its checksum", start)
    return data[start + _HEAD.size : start + _HEAD.size + size]


def _unnamed(data: bytes, begin: int, named: dict[int, int]) -> Iterator[Unreadable]:
    at = begin
    while (at := data.find(_START, at)) >= 0:
        if at in named and named[at] > at:
            at = named[at]
            continue
        if at % _BLOCK == 0:
            yield _damaged("is in no slot", at)
        at += 1


def _damaged(what: str, offset: int) -> Unreadable:
    return Unreadable(
        code="parse.record", reason=f"the record at byte {offset} {what}", offset=offset
    )


PLUGIN: Final = Cataloger(
    name="rpm-ndb",
    version=1,
    wants=tuple(
        Want(path=f"{folder}/Packages.db", size=Size.DATABASE)
        for folder in ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm")
    ),
    parse=parse,
    package_db="rpm",
)
