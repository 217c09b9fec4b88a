"""Reports and keys that a command is given: files, standard input, environment variables."""

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from scantling.core.errors import InputError, UsageError
from scantling.core.limits import DEFAULT
from scantling.core.model.report import ScanReport
from scantling.core.secret import Secret
from scantling.reports.stored import read_report as decoded
from scantling.supply.keys import KEY_FILE_BYTES, PrivateKey, PublicKey, private_key, public_key

PASSWORD: str = "COSIGN_PASSWORD"  # noqa: S105 - the name of a variable
_ENVIRONMENT = "env://"


class StoredReport(Struct, frozen=True, kw_only=True):
    """A report and the bytes it was read from. `name` is how the user called them."""

    name: str
    report: ScanReport
    data: bytes


def read_report(name: str, data: bytes | None = None) -> StoredReport:
    """Return the JSON report in a file, or for `-` on standard input. Raises UsageError.

    `data` is what the file holds if it was read already.
    """
    data = read_file(name) if data is None else data
    shown = "standard input" if name == "-" else name
    try:
        return StoredReport(name=shown, report=decoded(data), data=data)
    except InputError as error:
        raise UsageError(f"{shown}: {error.detail}") from error


def read_file(name: str, limit_bytes: int = DEFAULT.json_bytes) -> bytes:
    """Return the bytes of a file, or for `-` of standard input. Raises UsageError."""
    if name == "-":
        return _bounded(sys.stdin.buffer, "standard input", limit_bytes)
    try:
        with Path(name).open("rb") as file:
            return _bounded(file, name, limit_bytes)
    except OSError as error:
        raise UsageError(f"cannot read {name!r}: {error.strerror}") from error


def read_private_key(name: str) -> PrivateKey:
    """Return the private key in a file or, for `env://NAME`, in a variable. Raises UsageError."""
    return private_key(_key_bytes(name), name, lambda: password(name))


def read_public_key(name: str) -> PublicKey:
    """Return the public key in a file or, for `env://NAME`, in a variable. Raises UsageError."""
    return public_key(_key_bytes(name), name)


def password(name: str, *, twice: bool = False) -> Secret:
    """Return the password of a key: COSIGN_PASSWORD, else what a person types.

    Raises UsageError if there is nobody to ask, or the two answers differ.
    """
    if PASSWORD in os.environ:
        return Secret(os.environ[PASSWORD])
    if not sys.stdin.isatty():
        raise UsageError(f"{name} needs a password; set {PASSWORD} (it may be empty)")
    first = getpass(f"Password of {name}: ")
    if twice and getpass("Once more: ") != first:
        raise UsageError("the two passwords differ")
    return Secret(first)


def _key_bytes(name: str) -> bytes:
    if name.startswith(_ENVIRONMENT):
        variable = name.removeprefix(_ENVIRONMENT)
        if variable not in os.environ:
            raise UsageError(f"--key {name}: there is no such environment variable")
        return os.environ[variable].encode("utf-8", "surrogateescape")
    return read_file(name, KEY_FILE_BYTES)


def _bounded(file: BinaryIO, name: str, limit_bytes: int) -> bytes:
    data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise UsageError(f"{name}: larger than {limit_bytes:,} bytes, the most here")
    return data
