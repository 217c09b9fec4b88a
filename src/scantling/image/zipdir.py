"""The ZIP directory: where the entries are, and what contradicts what. Nothing is inflated here.

Source: APPNOTE.TXT, .ZIP File Format Specification 6.3.10, sections 4.3.7 (local header), 4.3.9
(data descriptor), 4.3.12 (central directory), 4.3.14-4.3.16 (end records), 4.5.3 (zip64).
"""

import struct
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.image.entrypath import decode
from scantling.image.gaplist import GapList

LOCAL: Final = struct.Struct("<4s5H3I2H")
LOCAL_MAGIC: Final = b"PK\x03\x04"
DESCRIPTOR_MAGIC: Final = b"PK\x07\x08"
# Passed over: signature, needed version, time, date, first disk, internal attributes.
CENTRAL: Final = struct.Struct("<4xH2x2H4x3I3H4x2I")
_CENTRAL_MAGIC: Final = b"PK\x01\x02"
_END: Final = struct.Struct("<4s4H2IH")
_END_MAGIC: Final = b"PK\x05\x06"
_LOCATOR: Final = struct.Struct("<4sIQI")
_LOCATOR_MAGIC: Final = b"PK\x06\x07"
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_END64_MAGIC: Final = b"PK\x06\x06"
_COMMENT_BYTES: Final = 0xFFFF
_U16: Final = 0xFFFF
_U32: Final = 0xFFFFFFFF
_ZIP64_EXTRA: Final = 1
_UNICODE_PATH_EXTRA: Final = 0x7075
DESCRIPTOR: Final = 0x8
_CREATOR_UNIX: Final = 3
_SYMLINK: Final = 0o120000
_TYPE: Final = 0o170000


class ZipEntry(Struct, frozen=True, gc=False):
    """One entry as the central directory describes it. Sizes in bytes, as claimed.

    `name` is data, never a path on disk: `/`-separated as stored, bytes that are not UTF-8 kept by
    surrogateescape (without the UTF-8 flag readers take cp437; ASCII is the same in both).
    `method`: 0 stored, 8 deflate, 93 zstd, others unreadable. `offset`: of the local header in
    the file. `is_link`: a Unix symbolic link; its content is the target.
    """

    name: str
    method: int
    flags: int
    crc: int
    stored_bytes: int
    size_bytes: int
    offset: int
    central: int
    """Position of the entry's central header in the file."""
    is_link: bool = False

    @property
    def is_folder(self) -> bool:
        """Return whether the name says folder."""
        return self.name.endswith("/")

    @property
    def has_descriptor(self) -> bool:
        """Return whether sizes and checksum follow the data instead of preceding it."""
        return bool(self.flags & DESCRIPTOR)


class Directory(Struct, kw_only=True):
    """All entries in directory order. `start` is where the central directory begins.

    `prefix` is the number of bytes in front of the archive, as in a self-extracting one.
    """

    entries: tuple[ZipEntry, ...]
    start: int
    prefix: int


class _End(Struct, kw_only=True):
    count: int
    size: int
    offset: int
    at: int


def read_directory(data: bytes, limits: Limits, gaps: GapList) -> Directory:
    """Return the central directory, noting in `gaps` what other readers could see differently.

    Raises InputError `zip.corrupt` when there is none to be found, `limit.entries` when it has more
    than `zip_entries`.
    """
    end = _end(data, gaps)
    if end.count > limits.zip_entries:
        raise InputError(
            "limit.entries", f"zip: more than {limits.zip_entries} entries", limit="zip_entries"
        )
    start = end.at - end.size
    prefix = start - end.offset
    if start < 0 or prefix < 0:
        raise _corrupt("the central directory lies outside the file", end.at)
    entries: list[ZipEntry] = []
    at = start
    while at < end.at and data.startswith(_CENTRAL_MAGIC, at):
        if len(entries) >= limits.zip_entries:
            raise InputError(
                "limit.entries",
                f"zip: more than {limits.zip_entries} entries",
                limit="zip_entries",
            )
        entry, at = _central(data, at, prefix, gaps)
        entries.append(entry)
    if at != end.at or len(entries) != end.count:
        gaps.add("zip.ambiguous", "zip: the directory is not as long as it says", offset=at)
    return Directory(entries=tuple(entries), start=start, prefix=prefix)


def _end(data: bytes, gaps: GapList) -> _End:
    """Find the end record: the last one whose comment ends with the file.

    1. From the end backwards, over at most 65,535 bytes of comment.
    2. None ends with the file: take the last one, bytes follow it, which is ambiguous.
    3. Another end record in the comment: some readers take that one, which is ambiguous.
    4. A zip64 locator right in front replaces the numbers.
    """
    lowest = max(0, len(data) - _END.size - _COMMENT_BYTES)
    found = [at for at in _all(data, _END_MAGIC, lowest) if at + _END.size <= len(data)]
    if not found:
        raise _corrupt("no end of central directory", len(data))
    exact = [at for at in found if at + _END.size + _comment_bytes(data, at) == len(data)]
    at = exact[-1] if exact else found[-1]
    if not exact:
        gaps.add("zip.ambiguous", "zip: data follows the archive", offset=at)
    if len(exact) > 1 or found[-1] != at:
        gaps.add("zip.ambiguous", "zip: more than one end record", offset=found[0])
    _, disk, start_disk, here, count, size, offset, _ = _END.unpack_from(data, at)
    if (disk, start_disk) not in {(0, 0), (_U16, _U16)} or here != count:
        gaps.add("zip.ambiguous", "zip: the archive is said to have several parts", offset=at)
    end = _End(count=count, size=size, offset=offset, at=at)
    locator = at - _LOCATOR.size
    if locator >= 0 and data.startswith(_LOCATOR_MAGIC, locator):
        return _end64(data, locator, end, gaps)
    if count == _U16 or _U32 in {size, offset}:
        gaps.add("zip.ambiguous", "zip: zip64 numbers are announced and missing", offset=at)
    return end


def _end64(data: bytes, locator: int, end: _End, gaps: GapList) -> _End:
    """Return the zip64 numbers; the record must lie right in front of its locator."""
    _, _, claimed, _ = _LOCATOR.unpack_from(data, locator)
    at = locator - _END64.size
    if at < 0 or not data.startswith(_END64_MAGIC, at):
        at = data.rfind(_END64_MAGIC, 0, locator)
        gaps.add("zip.ambiguous", "zip: the zip64 end record is misplaced", offset=locator)
        if at < 0 or at + _END64.size > locator:
            return end
    _, length, _, _, _, _, here, count, size, offset = _END64.unpack_from(data, at)
    prefix = at - size - offset
    if claimed + max(prefix, 0) != at or length + 12 != locator - at or here != count:
        gaps.add("zip.ambiguous", "zip: the zip64 end record contradicts itself", offset=at)
    pairs = ((end.count, count, _U16), (end.size, size, _U32), (end.offset, offset, _U32))
    if any(old not in {new, escape} for old, new, escape in pairs):
        gaps.add("zip.ambiguous", "zip: the two end records disagree", offset=at)
    return _End(count=count, size=size, offset=offset, at=at)


def _central(data: bytes, at: int, prefix: int, gaps: GapList) -> tuple[ZipEntry, int]:
    """Return the entry whose central header is at `at`, and the position behind it."""
    if at + CENTRAL.size > len(data):
        raise _corrupt("the central directory is cut", at)
    (
        creator,
        flags,
        method,
        crc,
        stored,
        size,
        name_bytes,
        extra_bytes,
        comment_bytes,
        attributes,
        offset,
    ) = CENTRAL.unpack_from(data, at)
    name_at = at + CENTRAL.size
    extra_at = name_at + name_bytes
    following = extra_at + extra_bytes + comment_bytes
    if following > len(data):
        raise _corrupt("the central directory is cut", at)
    name = data[name_at:extra_at]
    if extra_bytes:
        extra = extras(data[extra_at : extra_at + extra_bytes])
        if extra is None or _renames(extra.get(_UNICODE_PATH_EXTRA, name), name):
            gaps.add("zip.ambiguous", "zip: an entry has an unsound extra field", offset=at)
        size, stored, offset = _wide(
            (size, stored, offset), (extra or {}).get(_ZIP64_EXTRA), gaps, at
        )
    is_link = creator >> 8 == _CREATOR_UNIX and attributes >> 16 & _TYPE == _SYMLINK
    # By position: keywords cost as much as all the rest, and archives have many entries.
    entry = ZipEntry(decode(name), method, flags, crc, stored, size, offset + prefix, at, is_link)
    return entry, following


def extras(field: bytes) -> dict[int, bytes] | None:
    """Return the extra fields by id; None when they overrun or one comes twice."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(field):
        tag, length = struct.unpack_from("<2H", field, at)
        if at + 4 + length > len(field) or (tag in found and tag == _ZIP64_EXTRA):
            return None
        found[tag] = field[at + 4 : at + 4 + length]
        at += 4 + length
    # Some writers (Android's zipalign) pad with up to three zero bytes.
    return found if not any(field[at:]) else None


def _wide(
    numbers: tuple[int, int, int], extra: bytes | None, gaps: GapList, at: int
) -> tuple[int, int, int]:
    """Replace the numbers that are all ones by the zip64 field's, in its order (4.5.3)."""
    if extra is None:
        return numbers
    wide = list(numbers)
    place = 0
    for index, value in enumerate(numbers):
        if value != _U32:
            continue
        if place + 8 > len(extra):
            gaps.add("zip.ambiguous", "zip: a zip64 field is too short", offset=at)
            break
        wide[index] = int.from_bytes(extra[place : place + 8], "little")
        place += 8
    return wide[0], wide[1], wide[2]


def _renames(unicode_path: bytes, name: bytes) -> bool:
    """Return whether an Info-ZIP Unicode path (version, CRC, name) contradicts an ASCII name."""
    return name.isascii() and unicode_path != name and unicode_path[5:] != name


def _comment_bytes(data: bytes, end: int) -> int:
    return int.from_bytes(data[end + 20 : end + 22], "little")


def _all(data: bytes, magic: bytes, start: int) -> list[int]:
    found = []
    at = data.find(magic, start)
    while at >= 0:
        found.append(at)
        at = data.find(magic, at + 1)
    return found


def _corrupt(detail: str, offset: int) -> InputError:
    return InputError("zip.corrupt", f"zip: {detail}", offset=offset)
