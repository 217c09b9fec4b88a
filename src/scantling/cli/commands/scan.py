"""Scan an image: what is in it, what is wrong with it, whether it may ship.

examples:
  scantling scan app.tar --fail-on high
  scantling scan registry.example.com/team/app:1.2 --format sarif=app.sarif --format table
"""

import argparse
from pathlib import Path

from msgspec.structs import replace

from scantling.advisories.database import Database
from scantling.cli.databases import open_chosen
from scantling.cli.gates import add_gate_options, baseline_name, gate_of
from scantling.cli.options import (
    add_database_option,
    add_image_options,
    add_verdict_options,
    cache_of,
    scan_options,
)
from scantling.cli.output import add_output_options, outputs, write
from scantling.cli.watch import watching
from scantling.core.model.report import ScanReport
from scantling.core.progress import Progress
from scantling.scan import scan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    add_verdict_options(parser)
    add_gate_options(parser)
    add_database_option(parser)
    add_output_options(parser, default="table")
    parser.add_argument(
        "--timings", action="store_true", help="put the cost of each stage into the report"
    )


def run(args: argparse.Namespace) -> int:
    """Scan, write the reports, and return the verdict's exit code."""
    options = scan_options(args)
    chosen = outputs(args, default="table")
    gate = gate_of(args)
    baseline = baseline_name(args)
    database = open_chosen(args.db)
    with watching(quiet=args.quiet) as progress:
        if baseline:
            gate = replace(gate, baseline=(baseline, _earlier(baseline, database, args, progress)))
        report = scan(
            args.target,
            database,
            options,
            cache=cache_of(args),
            progress=progress,
            through=gate,
        )
    write(report, chosen, args)
    return report.verdict.exit_code


def _earlier(
    name: str, database: Database, args: argparse.Namespace, progress: Progress
) -> ScanReport:
    """Return the report to compare with: as stored, or of an image scanned now in the same way."""
    # Only a scan that compares reads stored reports.
    from scantling.reports.stored import is_report, stored_report  # noqa: PLC0415

    if is_report(Path(name)):
        return stored_report(Path(name))
    return scan(name, database, scan_options(args), cache=cache_of(args), progress=progress)
