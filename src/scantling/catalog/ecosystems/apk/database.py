"""apk's database of installed packages: records of one-letter fields, empty lines between them.

Source: apk-tools, apk-package(5) and the wiki page "Apk spec" (installed database); `F:` names a
folder and the following `R:` lines the files in it.
"""

import binascii
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scantling.catalog.api import OpenFile, Unreadable
from scantling.core.model.facts import OwnedFiles, PackageFact

_FIELDS: Final = frozenset("CPVAoLm")
# apk ignores a lower-case field it does not know and refuses an upper-case one.
_KNOWN: Final = frozenset("ACDFILMPRSTUVZabcdefghijklmnopqrstuvwxyz")
_NAME: Final = re.compile(r"[!-~]++")
_VERSION: Final = re.compile(r"[0-9A-Za-z._~-]++")

# Checksum of the control segment, by its prefix: algorithm and length in bytes.
_CHECKSUMS: Final = {"Q1": ("sha1", 20), "Q2": ("sha256", 32)}


class _Record(Struct):
    fields: dict[str, str]
    paths: list[str]
    bad: list[str]


def read_database(
    file: OpenFile, *, note: str = ""
) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    """Yield each package and then its files, in the file's order, and every damaged record.

    A record that repeats its first field is two that lost the empty line between them. `note` is
    added to every package.
    """
    text = file.text()
    number = 0
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = block.strip("\n")
        if not lines:
            continue
        number += 1
        if number > file.limits.records:
            reason = f"it has more than {file.limits.records} records"
            yield Unreadable(code="limit.records", reason=reason, limit="records")
            return
        if len(lines) > file.limits.record_bytes:
            reason = f"record {number} is too large"
            yield Unreadable(code="limit.records", reason=reason, limit="record_bytes")
            continue
        for record in _records(lines):
            yield from _found(record, note, file, number)
    if text and not text.endswith("\n"):
        yield Unreadable(code="parse.record", reason="it ends in the middle of a line")
    elif text and not text.endswith(("\n\n", "\n\r\n")):
        yield Unreadable(
            code="parse.note",
            reason="it does not end with an empty line, as apk writes it; it may have been cut",
        )


def _records(block: str) -> Iterator[_Record]:
    record = _Record(fields={}, paths=[], bad=[])
    first = folder = ""
    for line in block.split("\n"):
        field, value = line[:1], line[2:]
        if line[1:2] != ":" or field not in _KNOWN:
            record.bad.append("a line is not a field")
        elif field == "F":
            folder = value
        elif field == "R":
            record.paths.append(f"{folder}/{value}" if folder else value)
        elif field in _FIELDS:
            if field == first:
                record.bad.append("the empty line before the next record is missing")
                yield record
                record = _Record(fields={}, paths=[], bad=[])
            first = first or field
            if field in record.fields:
                record.bad.append(f"it has two {field} fields")
            else:
                record.fields[field] = value.strip()
    yield record


def _found(
    record: _Record, note: str, file: OpenFile, number: int
) -> Iterator[PackageFact | OwnedFiles | Unreadable]:
    fields = record.fields
    name, version = fields.get("P", ""), fields.get("V", "")
    if not _NAME.fullmatch(name) or len(name) > file.limits.name_chars:
        record.bad.append("it has no valid package name")
    elif not _VERSION.fullmatch(version) or len(version) > file.limits.version_chars:
        record.bad.append(f"{name} has no valid version")
    else:
        hashes = _hashes(fields.get("C", ""))
        if not hashes and "C" in fields:
            reason = f"record {number}: the checksum of {name} is not readable"
            yield Unreadable(code="parse.note", reason=reason)
        yield _package(fields, hashes, note)
        if record.paths:
            yield OwnedFiles(package=name, paths=tuple(record.paths), arch=fields.get("A", ""))
    for reason in dict.fromkeys(record.bad):
        yield Unreadable(code="parse.record", reason=f"record {number}: {reason}")


def _package(fields: dict[str, str], hashes: tuple[tuple[str, str], ...], note: str) -> PackageFact:
    name, version = fields["P"], fields["V"]
    origin = fields.get("o", "")
    virtual = "a virtual package: a name for a set of others" if name.startswith(".") else ""
    return PackageFact(
        type="apk",
        name=name,
        version=version,
        source_name=origin if origin != name else "",
        source_version=version if origin not in {"", name} else "",
        arch=fields.get("A", ""),
        licenses=(fields["L"],) if fields.get("L") else (),
        vendor=fields.get("m", ""),
        hashes=hashes,
        note="; ".join(part for part in (note, virtual) if part),
    )


def _hashes(checksum: str) -> tuple[tuple[str, str], ...]:
    """Return the checksum that apk knows the package by; empty if it is damaged or missing."""
    algorithm, size = _CHECKSUMS.get(checksum[:2], ("", 0))
    try:
        digest = binascii.a2b_base64(checksum[2:].encode(), strict_mode=True)
    except binascii.Error:
        return ()
    return ((algorithm, digest.hex()),) if algorithm and len(digest) == size else ()
