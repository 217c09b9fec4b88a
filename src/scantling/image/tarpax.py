"""pax extended headers: the records that replace a header's name, link and size.

Source: POSIX.1-2017, pax, "pax Header Block" and "pax Extended Header".
"""

import re
from typing import Final

from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits

_LENGTH: Final = re.compile(rb"([1-9][0-9]{0,7}) ")
_NUMBER: Final = re.compile(rb"[0-9]{1,19}")
_NO_NUL: Final = frozenset({b"path", b"linkpath", b"uname", b"gname", b"GNU.sparse.name"})
_DECISIVE: Final = frozenset({b"path", b"linkpath", b"size", b"GNU.sparse.name"})
_CHARSETS: Final = frozenset({b"", b"BINARY", b"ISO-IR 10646 2000 UTF-8"})
_SPARSE: Final = b"GNU.sparse."
_OVERLAY: Final = (
    b"SCHILY.xattr.trusted.overlay.opaque",
    b"SCHILY.xattr.user.overlay.opaque",
)


class Records(Struct, frozen=True, kw_only=True):
    """What an extended header says of the next entry; None: it says nothing.

    `sparse` are the GNU.sparse records in order. `doubled`: a decisive key came twice with
    different values, and the last holds. `overlay`: it carries overlayfs's opaque mark.
    """

    path: bytes | None = None
    link: bytes | None = None
    size: int | None = None
    sparse: tuple[tuple[bytes, bytes], ...] = ()
    doubled: bool = False
    overlay: bool = False


def parse(body: bytes, limits: Limits) -> Records:
    """Return the records of an extended header.

    Raises InputError `tar.pax` when a record is malformed: a wrong length, a missing newline, a NUL
    in a key or name, a size that is no number, an unknown charset. `limit.records` when there are
    more than `pax_records`.
    """
    pairs = split(body, limits)
    values: dict[bytes, bytes] = {}
    doubled = False
    for key, value in pairs:
        doubled |= key in _DECISIVE and values.get(key, value) != value
        values[key] = value
    if values.get(b"hdrcharset", b"") not in _CHARSETS:
        raise _bad("an unknown charset")
    return Records(
        path=values.get(b"path") or None,
        link=values.get(b"linkpath") or None,
        size=number(values[b"size"]) if values.get(b"size") else None,
        sparse=tuple(pair for pair in pairs if pair[0].startswith(_SPARSE)),
        doubled=doubled,
        overlay=any(values.get(key) == b"y" for key in _OVERLAY),
    )


def split(body: bytes, limits: Limits) -> list[tuple[bytes, bytes]]:
    """Return the `length key=value` records in order. Raises InputError as `parse`."""
    pairs: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(body):
        length = _LENGTH.match(body, at)
        if length is None:
            raise _bad("a record without a length")
        end = at + int(length[1])
        key, equals, value = body[length.end() : end - 1].partition(b"=")
        if end > len(body) or end <= length.end() or body[end - 1] != 0x0A or not equals or not key:  # noqa: PLR2004
            raise _bad("a record with a wrong length")
        if b"\0" in key or (b"\0" in value and key in _NO_NUL):
            raise _bad("a record with a NUL byte")
        pairs.append((key, value))
        at = end
        if len(pairs) > limits.pax_records:
            raise InputError(
                "limit.records",
                f"tar: more than {limits.pax_records} records in an extended header",
                limit="pax_records",
            )
    return pairs


def number(text: bytes) -> int:
    """Return a decimal number of at most 19 digits. Raises InputError `tar.pax`."""
    if not _NUMBER.fullmatch(text):
        raise _bad("a record that should be a number is none")
    return int(text)


def _bad(detail: str) -> InputError:
    return InputError("tar.pax", f"tar: an extended header has {detail}")
