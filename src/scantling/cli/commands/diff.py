"""Compare two scans: what is new, what is fixed, what cannot be judged any more.

A and B are reports that scan --format json wrote, or images, which are scanned. A finding stays the
same through rebuilds, other layers, other severities and other names of the vulnerability. It
counts as fixed only if the scan of B could have seen it.

With --fail-on new the exit code is 1 if B has findings that A has not, or that were suppressed
there; 3 if findings of A cannot be judged in B.

examples:
  scantling diff main.json branch.json --fail-on new
  scantling diff registry.example.com/team/app:1.2 app.tar --format json
  scantling diff main.json branch.json --format html > changes.html
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from scantling.assess.compare import compare
from scantling.cli import comparisons
from scantling.cli.databases import open_chosen
from scantling.cli.options import (
    TARGET_HELP,
    add_database_option,
    add_reading_options,
    cache_of,
    scan_options,
)
from scantling.cli.watch import watching
from scantling.core.errors import ExitCode
from scantling.core.model.compare import Comparison
from scantling.core.model.finding import FindingState
from scantling.core.model.report import ScanReport
from scantling.reports.compare.markdown import markdown
from scantling.reports.compare.page import page
from scantling.reports.stored import is_report, stored_report
from scantling.scan import scan

_FORMATS: Final[dict[str, Callable[[Comparison, comparisons.Named], str]]] = {
    "text": comparisons.text,
    "json": comparisons.json,
    "markdown": lambda found, named: markdown(found, named.before, named.after),
    "html": lambda found, named: page(found, named.before, named.after),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("before", metavar="A", help=f"a JSON report, or {TARGET_HELP}")
    parser.add_argument("after", metavar="B", help="the same, later")
    add_reading_options(parser)
    add_database_option(parser)
    group = parser.add_argument_group("output")
    group.add_argument(
        "-f", "--format", choices=[*_FORMATS], default="text", help="how to write it"
    )
    group.add_argument(
        "--fail-on", choices=["new"], help="exit 1 if there are new findings, 3 if some are lost"
    )


def run(args: argparse.Namespace) -> int:
    """Compare, write, and return the exit code that was asked for."""
    before, after = (_report(name, args) for name in (args.before, args.after))
    found = compare(before, after)
    sys.stdout.write(_FORMATS[args.format](found, comparisons.Named(args.before, args.after)))
    return _code(found) if args.fail_on else ExitCode.PASSED


def _report(name: str, args: argparse.Namespace) -> ScanReport:
    if is_report(Path(name)):
        return stored_report(Path(name))
    options = scan_options(args)
    database = open_chosen(args.db)
    with watching(quiet=args.quiet) as progress:
        return scan(name, database, options, cache=cache_of(args), progress=progress)


def _code(found: Comparison) -> ExitCode:
    if comparisons.counting(found.new) or comparisons.reopened(found):
        return ExitCode.BLOCKED
    lost = any(one.state is not FindingState.SUPPRESSED for one in found.lost)
    return ExitCode.INCOMPLETE if lost else ExitCode.PASSED
