"""Build, update and inspect the advisory database.

examples:
  scantling db update                           refresh from the publishers
  scantling db update --mirror https://advisories.example.com/db
  scantling db build --from ./feeds             from a folder with a feeds.toml
  scantling db search CVE-2024-3094
  scantling db export advisories.tar; scantling db import advisories.tar
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Final

# subcommand: (module, what it is for). Modules are imported when their subcommand is used.
_SUBCOMMANDS: Final = {
    "build": ("db_build", "build a database from local copies or mirrors of feeds"),
    "update": ("db_build", "fetch what changed, from the publishers or from a mirror"),
    "info": ("db_show", "show sources, dates, licenses and versions"),
    "verify": ("db_show", "check every byte of the database"),
    "search": ("db_show", "show what is known about an id or a package"),
    "diff": ("db_show", "show what changed between two versions"),
    "export": ("db_move", "write a version to a file, for a machine without network"),
    "import": ("db_move", "take a version from a file"),
    "prune": ("db_move", "remove old versions"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(dest="db_command", metavar="SUBCOMMAND", required=True)
    for name, (_, what) in _SUBCOMMANDS.items():
        sub = subparsers.add_parser(name, help=what, description=what, allow_abbrev=False)
        sub.add_argument("--db", metavar="DIR", help="the store (default: the user's own)")
        _OPTIONS[name](sub)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit code."""
    module = import_module(f"scantling.cli.{_SUBCOMMANDS[args.db_command][0]}")
    command: Callable[[argparse.Namespace], int] = getattr(module, f"run_{args.db_command}")
    return command(args)


def _build(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--from", dest="folder", metavar="DIR", help="a folder with a feeds.toml")
    sub.add_argument("--feeds", metavar="FILE", help="a feeds.toml elsewhere than in DIR")
    _feeds(sub)


def _update(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--mirror", metavar="URL", help="an HTTP server laid out like a store")
    _trust(sub)
    _feeds(sub)


def _feeds(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--source",
        metavar="NAME=PLACE",
        action="append",
        default=[],
        help="where to get a feed: URL, file, folder or archive (repeatable)",
    )
    sub.add_argument(
        "--only", metavar="NAME", action="append", default=[], help="this feed only (repeatable)"
    )
    sub.add_argument(
        "--accept-changes",
        metavar="NAME",
        action="append",
        default=[],
        help="take an implausibly large change of this feed (repeatable)",
    )
    sub.add_argument("--again", action="store_true", help="parse everything, changed or not")
    sub.add_argument("--key", metavar="FILE", help="sign with this key (default: a local one)")
    sub.add_argument("--json", action="store_true", help="write the outcome as JSON")
    sub.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def _trust(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--allow-unsigned", action="store_true", help="take a database nobody we trust signed"
    )
    sub.add_argument("--allow-older", action="store_true", help="go back to an older database")


def _info(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="write it as JSON")
    sub.add_argument("--version", metavar="DIGEST", default="", help="an older version")


def _search(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "term", metavar="ID|PACKAGE", help="CVE-2024-3094, GHSA-…, openssl, pypi/jinja2"
    )
    _info(sub)


def _diff(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("old", metavar="OLD", help="a digest, or a date")
    sub.add_argument("new", metavar="NEW", nargs="?", default="", help="default: the one in use")
    sub.add_argument("--json", action="store_true", help="one JSON object per line")


def _export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="the bundle to write")
    sub.add_argument("--version", metavar="DIGEST", default="", help="an older version")


def _import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="the bundle to take")
    _trust(sub)


def _prune(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--keep", metavar="N", type=int, default=2, help="versions to keep")


_OPTIONS: Final[dict[str, Callable[[argparse.ArgumentParser], None]]] = {
    "build": _build,
    "update": _update,
    "info": _info,
    "verify": _info,
    "search": _search,
    "diff": _diff,
    "export": _export,
    "import": _import,
    "prune": _prune,
}
