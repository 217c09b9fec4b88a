"""Say under which conditions vulnerabilities matter, and whether they hold for an image.

A condition is what an advisory says has to be so: a program that runs, a right that the container
has, a package that is there. check looks into the image's configuration and Kubernetes manifests
and says what holds, what fails, and what nobody tells. What fails everywhere is "not affected",
with the evidence; it is never dropped in silence. Name every manifest that runs the image: what
they do not say is taken as unknown, a workload that is not among them is not seen.

examples:
  scantling conditions list
  scantling conditions explain openssh-sshd
  scantling conditions check app.json --manifests k8s/ --image-name registry.example.com/app:1.2
  scantling conditions check app.tar --manifests k8s/ --format openvex > app.openvex.json
  scantling scan app.tar --vex app.openvex.json
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Final

from scantling.cli.gates import add_conditions_option, add_running_options
from scantling.cli.options import add_database_option, add_image_options

# subcommand: what it is for; all are in `cli.condition_answers`.
_SUBCOMMANDS: Final = {
    "list": "list the conditions, and the vulnerabilities that they are about",
    "explain": "write a condition out: what has to hold, and where that stands",
    "check": "say what holds for an image and its manifests, finding by finding",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(
        dest="conditions_command", metavar="SUBCOMMAND", required=True
    )
    for name, what in _SUBCOMMANDS.items():
        sub = subparsers.add_parser(name, help=what, description=what, allow_abbrev=False)
        _OPTIONS[name](sub)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit code."""
    module = import_module("scantling.cli.condition_answers")
    command: Callable[[argparse.Namespace], int]
    command = getattr(module, f"run_{args.conditions_command}")
    return command(args)


def _list(sub: argparse.ArgumentParser) -> None:
    add_conditions_option(sub)
    sub.add_argument("--json", action="store_true", help="write the conditions as JSON")


def _explain(sub: argparse.ArgumentParser) -> None:
    add_conditions_option(sub)
    sub.add_argument("term", metavar="ID", help="of a condition, or of a vulnerability: CVE-…")


def _check(sub: argparse.ArgumentParser) -> None:
    add_image_options(sub)
    add_database_option(sub)
    add_running_options(sub)
    sub.add_argument(
        "--image-name",
        metavar="NAME",
        action="append",
        default=[],
        help="what manifests call the image: a name with its tag, or a digest (repeatable)",
    )
    output = sub.add_argument_group("output")
    output.add_argument(
        "-f",
        "--format",
        choices=["text", "json", "openvex"],
        default="text",
        help="how to write it; openvex is for scan --vex (default: text)",
    )


_OPTIONS: Final[dict[str, Callable[[argparse.ArgumentParser], None]]] = {
    "list": _list,
    "explain": _explain,
    "check": _check,
}
