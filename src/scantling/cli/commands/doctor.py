"""Check what this machine offers: isolation, decompression, cache, advisory data, limits.

Exit code 0 when a scan can run as intended, 3 when something is degraded, 5 when there is no
usable advisory data.
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from msgspec import Struct
from msgspec.structs import fields

from scantling.assess.coverage import age_days
from scantling.cli.databases import open_chosen
from scantling.cli.options import add_database_option, cache_dir
from scantling.core import clock
from scantling.core.errors import AdvisoryDataError, ExitCode
from scantling.core.limits import DEFAULT
from scantling.core.sandbox import pool
from scantling.core.sandbox.isolation import ALL
from scantling.core.text import neutral
from scantling.core.version import __version__


class Check(Struct, frozen=True):
    """One thing looked at. `code` is what the command ends with if it is not `fine`."""

    name: str
    fine: bool
    detail: str
    code: ExitCode = ExitCode.INCOMPLETE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_database_option(parser)
    parser.add_argument("--cache-dir", metavar="DIR", help="where facts of layers are kept")


def run(args: argparse.Namespace) -> int:
    """Print every check and the limits; return the worst exit code."""
    checks = [*_checks(args)]
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = "ok      " if check.fine else "degraded"
        sys.stdout.write(f"{mark}  {check.name:<{width}}  {neutral(check.detail)}\n")
    sys.stdout.write("\nLimits (change one with --limit NAME=VALUE)\n")
    for field in fields(DEFAULT):
        sys.stdout.write(f"  {field.name:<24}{getattr(DEFAULT, field.name):>16,}\n")
    return max((check.code for check in checks if not check.fine), default=ExitCode.PASSED)


def _checks(args: argparse.Namespace) -> Iterator[Check]:
    yield Check("version", fine=True, detail=f"Scantling {__version__}")
    yield Check("python", fine=True, detail=f"{platform.python_version()} on {platform.platform()}")
    yield _isolation()
    yield _module("isal.igzip_lib", "gzip", "fast inflating with isal")
    zstd = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    yield _module(zstd, "zstd", f"reading zstd layers with {zstd}")
    yield _cache(cache_dir(args.cache_dir))
    yield from _database(args.db)


def _isolation() -> Check:
    in_force = pool.available()
    missing = [name for name in ALL if name not in in_force]
    detail = f"workers are confined by {', '.join(in_force) or 'nothing'}"
    if missing:
        detail += f"; this kernel does not offer {', '.join(missing)}"
    return Check("isolation", not missing, detail)


def _module(module: str, name: str, purpose: str) -> Check:
    try:
        import_module(module)
    except ImportError as error:
        return Check(name, fine=False, detail=f"{purpose} is not possible: {error}")
    return Check(name, fine=True, detail=purpose)


def _cache(folder: Path) -> Check:
    nearest = folder
    while not nearest.exists():
        nearest = nearest.parent
    if os.access(nearest, os.W_OK):
        return Check("cache", fine=True, detail=str(folder))
    return Check("cache", fine=False, detail=f"{nearest} is not writable; set SCANTLING_CACHE_DIR")


def _database(flag: str | None) -> Iterator[Check]:
    bad = ExitCode.NO_ADVISORY_DATA
    try:
        database = open_chosen(flag)
    except AdvisoryDataError as error:
        yield Check("database", fine=False, detail=str(error), code=bad)
        return
    info = database.info
    signed = "signed by a trusted key" if info.verified else "not signed by a key you trust"
    if info.origin == "embedded":
        signed = "as old as this package"
    detail = f"{info.digest[:19]} of {info.built[:10]}, {info.origin}, {signed}"
    yield Check("database", info.verified, detail, bad)
    now = clock.now()
    for source in info.sources:
        age = age_days(source, now)
        fresh = age is not None and age <= source.stale_after_days
        old = "of unknown age" if age is None else f"{age} days old"
        detail = f"{source.records:,} records, {old}, {source.complete}"
        yield Check(f"source {source.name}", fresh, detail, bad)
