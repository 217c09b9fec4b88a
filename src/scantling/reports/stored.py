"""Reports that were stored as JSON, read back.

A stored report is bytes from somewhere: it is decoded into the report's own type and nothing else,
within a limit, and refused if its schema has another major version.
"""

from pathlib import Path
from typing import Final

import msgspec

from scantling.core.errors import InputError, UsageError
from scantling.core.limits import DEFAULT
from scantling.core.model.gap import CODES
from scantling.core.model.report import SCHEMA_VERSION, ScanReport
from scantling.reports.formats.json import Document

_BLANK: Final = b" \t\r\n"


class _Version(msgspec.Struct):
    schema_version: str


_DECODER: Final = msgspec.json.Decoder(Document)
_VERSION: Final = msgspec.json.Decoder(_Version)


def read_report(data: bytes) -> ScanReport:
    """Return the report that `scan --format json` wrote.

    Raises InputError with what is wrong: too large, not JSON, another schema, a wrong field.
    """
    if len(data) > DEFAULT.json_bytes:
        raise InputError("limit.file", f"larger than {DEFAULT.json_bytes:,} bytes, the most here")
    try:
        version = _VERSION.decode(data).schema_version
        if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
            raise InputError(
                "parse.failed", f"schema {version[:20]}; this version reads {SCHEMA_VERSION}"
            )
        report = _DECODER.decode(data).report
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("parse.failed", f"not a report of scan --format json ({error})") from error
    odd = sorted({one.code for one in report.gaps} - CODES.keys())
    if odd:
        raise InputError("parse.failed", f"it has a gap code that there is not: {odd[0][:60]}")
    return report


def stored_report(path: Path) -> ScanReport:
    """Return the report in a file. Raises UsageError: the file, and what is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(DEFAULT.json_bytes + 1)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    try:
        return read_report(data)
    except InputError as error:
        raise UsageError(f"{path}: {error.detail}") from error


def is_report(path: Path) -> bool:
    """Return whether a path is a file that begins as JSON does, which no image file does."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(64).lstrip(_BLANK).startswith(b"{")
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
