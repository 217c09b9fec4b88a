"""Options that several commands share, and what they become.

Precedence: flag, then environment variable (`SCANTLING_<FLAG>`), then the default. It is applied
here and nowhere else; nothing below the command line reads flags or variables.
"""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec.structs import fields, replace

from scantling.catalog.api import Profile
from scantling.core.errors import UsageError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.model.advisory import Level
from scantling.core.model.gap import CODES
from scantling.image.api import ImageOptions
from scantling.scan import ScanOptions

TARGET_HELP: Final = """\
an image: an OCI layout folder (DIR, DIR:TAG), an OCI or docker-save archive (FILE.tar),
a registry reference (registry.example.com/team/app:1.2), or a root file system folder;
oci:, oci-archive:, docker-archive:, registry: and dir: say which"""

_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


def add_image_options(parser: argparse.ArgumentParser) -> None:
    """Add the target and how to read it."""
    parser.add_argument("target", metavar="TARGET", help=TARGET_HELP)
    add_reading_options(parser)


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add how to read an image."""
    group = parser.add_argument_group("reading")
    group.add_argument("--platform", metavar="OS/ARCH", help="which image of a multi-platform one")
    group.add_argument(
        "--profile",
        choices=[*map(str, Profile)],
        help="how deep to look (default: standard)",
    )
    group.add_argument("--workers", metavar="N", help="parallel readers (default: all processors)")
    group.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="raise or lower a limit; scantling doctor lists them",
    )
    group.add_argument("--cache-dir", metavar="DIR", help="where facts of layers are kept")
    group.add_argument("--no-cache", action="store_true", help="read every layer again")
    add_registry_options(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def add_registry_options(parser: argparse.ArgumentParser) -> None:
    """Add how a registry is reached."""
    registry = parser.add_argument_group("registry")
    registry.add_argument("--auth-file", metavar="FILE", help="a docker config.json to use")
    registry.add_argument(
        "--mirror",
        metavar="REGISTRY=MIRROR",
        action="append",
        default=[],
        help="ask MIRROR first for images of REGISTRY",
    )
    registry.add_argument("--ca-file", metavar="FILE", help="trust the authorities in this file")
    registry.add_argument(
        "--token-host",
        metavar="REGISTRY=HOST",
        action="append",
        default=[],
        help="let HOST, of another domain, sign in users of REGISTRY",
    )
    registry.add_argument(
        "--insecure", action="store_true", help="accept plain HTTP and unverified TLS"
    )


def add_verdict_options(parser: argparse.ArgumentParser) -> None:
    """Add what makes a scan pass or fail."""
    group = parser.add_argument_group("deciding")
    group.add_argument(
        "--fail-on",
        metavar="SEVERITY",
        help=f"exit 1 for open findings this bad or worse: {', '.join(map(str, Level))}",
    )
    group.add_argument(
        "--allow-incomplete",
        metavar="CODE",
        action="append",
        default=[],
        help="pass in spite of gaps of this code; printed in the report (repeatable)",
    )


def add_database_option(parser: argparse.ArgumentParser) -> None:
    """Add which advisory database to use."""
    parser.add_argument(
        "--db",
        metavar="DIR|DIGEST",
        help="advisory database: a folder, or the digest of an older version (default: the newest"
        " built or fetched here, else the embedded starter)",
    )


def setting(flag: str | None, name: str) -> str:
    """Return the flag's value, else that of `SCANTLING_<name>`, else the empty string."""
    return flag if flag is not None else os.environ.get(f"SCANTLING_{name}", "")


def scan_options(args: argparse.Namespace) -> ScanOptions:
    """Return the options of a scan. Raises UsageError with what is allowed."""
    return ScanOptions(
        image=image_options(args),
        profile=_profile(setting(args.profile, "PROFILE")),
        workers=_count(setting(args.workers, "WORKERS"), "--workers"),
        fail_on=_level(setting(getattr(args, "fail_on", None), "FAIL_ON")),
        allow_incomplete=_codes(getattr(args, "allow_incomplete", [])),
        new_only=getattr(args, "new_only", False),
        timings=getattr(args, "timings", False),
    )


def image_options(args: argparse.Namespace) -> ImageOptions:
    """Return how to open the target. Raises UsageError."""
    return ImageOptions(
        platform=setting(args.platform, "PLATFORM"),
        limits=_limits(args.limit),
        insecure_registry=args.insecure,
        mirrors=tuple(_pair(text, "--mirror REGISTRY=MIRROR") for text in args.mirror),
        auth_file=setting(args.auth_file, "AUTH_FILE"),
        ca_file=setting(args.ca_file, "CA_FILE"),
        token_hosts=tuple(_pair(text, "--token-host REGISTRY=HOST") for text in args.token_host),
    )


def cache_of(args: argparse.Namespace) -> Path | None:
    """Return the folder for facts of layers; None if the user wants none kept."""
    if args.no_cache:
        return None
    return cache_dir(args.cache_dir)


def cache_dir(flag: str | None) -> Path:
    """Return the folder for what can be made again. Source: XDG Base Directory Specification."""
    named = setting(flag, "CACHE_DIR")
    return Path(named) if named else _xdg("XDG_CACHE_HOME", ".cache")


def data_dir() -> Path:
    """Return the folder for the advisory database, keys and other kept data."""
    named = os.environ.get("SCANTLING_DATA_DIR", "")
    return Path(named) if named else _xdg("XDG_DATA_HOME", ".local/share")


def _xdg(variable: str, fallback: str) -> Path:
    base = os.environ.get(variable, "")
    return (Path(base) if base.startswith("/") else Path.home() / fallback) / "scantling"


def _profile(text: str) -> Profile:
    return Profile(_choice(text, map(str, Profile), "--profile")) if text else Profile.STANDARD


def _level(text: str) -> Level | None:
    return Level(_choice(text, map(str, Level), "--fail-on")) if text else None


def _codes(codes: list[str]) -> frozenset[str]:
    return frozenset(_choice(code, CODES, "--allow-incomplete") for code in codes)


def _choice(text: str, allowed: Iterable[str], option: str) -> str:
    names = [*allowed]
    if text.lower() not in names:
        raise UsageError(f"{option} takes one of {', '.join(names)}; not {text!r}")
    return text.lower()


def _count(text: str, option: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text)):  # noqa: PLR2004
        raise UsageError(f"{option} takes a number from 1 to 999; not {text!r}")
    return int(text)


def _pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(f"{form} needs both sides of the equals sign; got {text!r}")
    return name, value


def _limits(texts: list[str]) -> Limits:
    names = {field.name for field in fields(Limits)}
    changed: dict[str, int] = {}
    for text in texts:
        name, value = _pair(text, "--limit NAME=VALUE")
        if name not in names:
            raise UsageError(f"--limit: there is no limit {name!r}; scantling doctor lists them")
        changed[name] = amount(value, "--limit")
    return replace(DEFAULT, **changed) if changed else DEFAULT


def amount(text: str, option: str) -> int:
    """Return a number of bytes or things: `100`, `64k`, `2g`, `1GiB`. Raises UsageError."""
    digits, unit = text.lower().removesuffix("ib"), ""
    if digits and digits[-1] in _UNITS:
        digits, unit = digits[:-1], digits[-1]
    if not (digits.isascii() and digits.isdigit() and 0 < len(digits) < 16):  # noqa: PLR2004
        raise UsageError(f"{option} takes a whole number, with k, m or g if you like; not {text!r}")
    return int(digits) * _UNITS[unit]
