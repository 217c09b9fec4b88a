"""Tell which base image an image stands on, what to do about it, and what stands on a base.

Manifests and configurations are read, never layers. Bases are recognized by the chain of their
layers in an index of known images: the user's own (`base index add`) and imported ones.

examples:
  scantling base app.tar                                    short for: scantling base of app.tar
  scantling base registry.example.com/shop/web:1.4 --from python:3.12-slim
  scantling base index add python:3.12-slim debian:12 --platform all
  scantling base index add --list images.txt
  scantling base impact debian:12
"""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from scantling.cli.options import add_registry_options

_OF: Final = "of"
# subcommand: (module, what it is for). Modules are imported when their subcommand is used.
_SUBCOMMANDS: Final = {
    _OF: ("base_show", "show the base of an image, its layers, and advice"),
    "impact": ("base_show", "show which known images stand on a base"),
    "tags": ("base_show", "list the tags of a repository in its registry"),
    "index": ("base_index", "keep the index of known images"),
}
_INDEX: Final = {
    "add": "add images by reading their manifest and configuration",
    "list": "show the sets of known images, or the images of a repository",
    "update": "ask the registries what the tags of the own set mean now",
    "import": "make a set of the JSON lines in a file",
    "export": "write known images as JSON lines",
    "remove": "remove a set",
    "verify": "check every byte of the index",
}
_SET_HELP: Final = "the set of images (default: own)"


def spell_out(argv: Sequence[str]) -> Sequence[str]:
    """Return the arguments with the subcommand that `scantling base IMAGE` leaves out."""
    if argv and (argv[0] in _SUBCOMMANDS or argv[0] in {"-h", "--help"}):
        return argv
    return [_OF, *argv]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(dest="base_command", metavar="SUBCOMMAND", required=True)
    for name, (_, what) in _SUBCOMMANDS.items():
        sub = subparsers.add_parser(name, help=what, description=what, allow_abbrev=False)
        if name == "index":
            inner = sub.add_subparsers(dest="index_command", metavar="SUBCOMMAND", required=True)
            for verb, aim in _INDEX.items():
                leaf = inner.add_parser(verb, help=aim, description=aim, allow_abbrev=False)
                _shelf(leaf)
                _OPTIONS[verb](leaf)
        else:
            _shelf(sub)
            _OPTIONS[name](sub)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit code."""
    module = import_module(f"scantling.cli.{_SUBCOMMANDS[args.base_command][0]}")
    verb = args.index_command if args.base_command == "index" else args.base_command
    command: Callable[[argparse.Namespace], int] = getattr(module, f"run_{verb}")
    return command(args)


def _shelf(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--bases", metavar="DIR", help="the index (default: the user's own)")


def _reading(sub: argparse.ArgumentParser) -> None:
    """Add how images are opened; what `cli.options.image_options` asks for."""
    sub.add_argument("--platform", metavar="OS/ARCH", help="which image of a multi-platform one")
    sub.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="raise or lower a limit; scantling doctor lists them",
    )
    add_registry_options(sub)
    sub.add_argument("-q", "--quiet", action="store_true", help="show no progress")


def _of(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("target", metavar="IMAGE", help="an image, as `scantling scan` takes it")
    sub.add_argument(
        "--from",
        dest="declared",
        metavar="BASE",
        default="",
        help="what follows FROM in the Dockerfile of the image",
    )
    sub.add_argument("--db", metavar="DIR|DIGEST", help="advisory database, for ends of life")
    sub.add_argument("--json", action="store_true", help="write it as JSON")
    _reading(sub)


def _impact(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("base", metavar="BASE", help="debian, debian:12, a digest")
    sub.add_argument("--json", action="store_true", help="one JSON object per build of the base")


def _tags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("repository", metavar="REPOSITORY", help="python, registry.example.com/base")
    _reading(sub)


def _add(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("images", metavar="IMAGE", nargs="*", help="an image; --platform all: all")
    sub.add_argument("--list", metavar="FILE", default="", help="images, one per line; -: stdin")
    sub.add_argument("--name", metavar="NAME", default="", help="the full name of the only IMAGE")
    sub.add_argument("--set", metavar="SET", default="own", help=_SET_HELP)
    _reading(sub)


def _list(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="NAME", nargs="?", default="", help="of this repository only")
    sub.add_argument("--json", action="store_true", help="one JSON object per line")


def _import(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("file", metavar="FILE", help="JSON lines; -: standard input")
    sub.add_argument("--set", metavar="SET", default="imported", help="the set to make")


def _set(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("set", metavar="SET", help="the set to remove")


def _export(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--set", metavar="SET", default="", help="this set only")


def _nothing(sub: argparse.ArgumentParser) -> None:
    del sub  # `verify` has no options of its own


_OPTIONS: Final[dict[str, Callable[[argparse.ArgumentParser], None]]] = {
    _OF: _of,
    "impact": _impact,
    "tags": _tags,
    "add": _add,
    "list": _list,
    "update": _reading,
    "import": _import,
    "export": _export,
    "remove": _set,
    "verify": _nothing,
}
