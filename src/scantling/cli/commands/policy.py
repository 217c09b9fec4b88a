"""Write, check and try policies: what may ship, by whose word, until when.

examples:
  scantling policy list
  scantling policy show baseline
  scantling policy lint --policy organization=org.yaml --policy app.yaml --exceptions ok.yaml
  scantling policy test cases.yaml
  scantling policy explain app.json CVE-2024-3094 --policy baseline
  scantling policy replay reports/ --policy strict
"""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Final

# subcommand: (module, what it is for). Modules are imported when their subcommand is used.
_SUBCOMMANDS: Final = {
    "list": ("policy_files", "list the policies that come with Scantling"),
    "show": ("policy_files", "write a built-in policy, to read or to start from"),
    "lint": ("policy_files", "find mistakes in policies and exceptions; exit 1 if there are any"),
    "test": ("policy_files", "try policies on cases; exit 1 if one is not as expected"),
    "explain": ("policy_reports", "say which rules spoke about something in a stored report"),
    "replay": ("policy_reports", "say what policies would have decided about stored reports"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands and their options."""
    subparsers = parser.add_subparsers(dest="policy_command", metavar="SUBCOMMAND", required=True)
    for name, (_, what) in _SUBCOMMANDS.items():
        sub = subparsers.add_parser(name, help=what, description=what, allow_abbrev=False)
        _OPTIONS[name](sub)


def run(args: argparse.Namespace) -> int:
    """Run the subcommand and return its exit code."""
    module = import_module(f"scantling.cli.{_SUBCOMMANDS[args.policy_command][0]}")
    command: Callable[[argparse.Namespace], int] = getattr(module, f"run_{args.policy_command}")
    return command(args)


def _list(sub: argparse.ArgumentParser) -> None:
    del sub  # takes no options


def _show(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", metavar="NAME", help="baseline, strict, sla or advisory-only")


def _files(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--policy",
        metavar="NAME|[LAYER=]FILE",
        action="append",
        default=[],
        help="a built-in policy or a file; LAYER is organization, team or project, the default"
        " (repeatable)",
    )
    sub.add_argument(
        "--exceptions",
        metavar="[LAYER=]FILE",
        action="append",
        default=[],
        help="a file of exceptions (repeatable)",
    )


def _lint(sub: argparse.ArgumentParser) -> None:
    _files(sub)
    sub.add_argument(
        "--report",
        metavar="FILE",
        action="append",
        default=[],
        help="a stored JSON report; exceptions that none of them needs are told (repeatable)",
    )
    _today(sub, "the day exceptions are judged for (default: today)")
    sub.add_argument("--json", action="store_true", help="write remarks as JSON")


def _test(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("cases", metavar="CASES", nargs="+", help="a YAML file of cases")
    _files(sub)


def _explain(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("report", metavar="REPORT", help="a report written by scan --format json")
    sub.add_argument(
        "term",
        metavar="TERM",
        help="an id, a package, a purl, a gap code, or `image`",
    )
    _files(sub)
    _context(sub)
    _today(sub, "the day to decide for (default: the report's)")
    sub.add_argument("--json", action="store_true", help="write it as JSON")


def _replay(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "reports", metavar="PATH", nargs="+", help="JSON reports, or folders that hold them"
    )
    _files(sub)
    _context(sub)
    _today(sub, "judge all of them on one day (default: each on its own)")
    sub.add_argument("--json", action="store_true", help="one JSON object per report, then sums")


def _context(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--context",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what the image is for: criticality=high, exposure=internet, environment=production,"
        " stage, product, team, repository, owner; over what the report says (repeatable)",
    )


def _today(sub: argparse.ArgumentParser, what: str) -> None:
    sub.add_argument("--today", metavar="DATE", default="", help=what)


_OPTIONS: Final[dict[str, Callable[[argparse.ArgumentParser], None]]] = {
    "list": _list,
    "show": _show,
    "lint": _lint,
    "test": _test,
    "explain": _explain,
    "replay": _replay,
}
