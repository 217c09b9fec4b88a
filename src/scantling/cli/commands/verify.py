"""Prove by a rescan that claimed fixes are in an image. Unknown is never fixed.

Exit code 0: every claim is proven. 1: something is not fixed. 3: something cannot be proven, such
as a package that is not seen in an image that was not fully read.

examples:
  scantling verify registry.example.com/app:1.3 --fixes before.json
  scantling verify app.tar --fixes before.json --ids CVE-2023-5678,CVE-2024-3094
  scantling verify app.tar --fixes plan.json --report after.json
  scantling verify app.tar --fixes claims.yaml --json
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from scantling.advisories.database import Database
from scantling.cli.databases import open_chosen
from scantling.cli.options import add_database_option, add_image_options, cache_of, scan_options
from scantling.cli.stored import read_file, read_report
from scantling.cli.watch import watching
from scantling.core.errors import TargetError, UsageError
from scantling.core.model.report import ScanReport
from scantling.core.progress import Quiet
from scantling.core.text import neutral
from scantling.image.open import open_image
from scantling.reports.formats.json import inert
from scantling.scan import scan
from scantling.supply.claims import (
    Claim,
    chosen,
    claims_of_list,
    claims_of_plan,
    claims_of_report,
)
from scantling.supply.prove import Answer, Proof, exit_code, prove

_WORDS: Final = {
    Proof.FIXED: "fixed",
    Proof.NOT_FIXED: "NOT FIXED",
    Proof.NOT_PROVABLE: "not provable",
}


class _Kind(Struct):
    report: msgspec.Raw = msgspec.Raw()
    plan: msgspec.Raw = msgspec.Raw()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    group = parser.add_argument_group("claims")
    group.add_argument(
        "--fixes",
        metavar="FILE",
        required=True,
        help="an earlier JSON report (what was found is claimed to be fixed), a plan of fix"
        " --format json, or a YAML, JSON or CSV list of vulnerability and package",
    )
    group.add_argument(
        "--ids",
        metavar="ID,…",
        default="",
        help="only claims about these vulnerabilities",
    )
    group.add_argument(
        "--report",
        metavar="FILE",
        help="what scan --format json wrote about TARGET: it is not scanned again",
    )
    add_database_option(parser)
    parser.add_argument("--json", action="store_true", help="write the answers as JSON")


def run(args: argparse.Namespace) -> int:
    """Say of each claim whether it is proven, and return the exit code."""
    scan_options(args)  # what is wrong with them is said before anything is read
    ids = frozenset(filter(None, args.ids.split(",")))
    claims = chosen(_claims(args.fixes), ids)
    if not claims:
        raise UsageError(f"{args.fixes} claims nothing, so there is nothing to prove")
    database = open_chosen(args.db)
    report = _report(args, database)
    answers = prove(claims, report, database)
    if args.json:
        document = {"image": report.image.digest, "answers": inert(answers)}
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(f"{row}\n" for row in _text(answers, report))
    return exit_code(answers)


def _claims(name: str) -> tuple[Claim, ...]:
    """Return the claims of a file, whatever its kind. Raises UsageError."""
    data = read_file(name)
    if data.lstrip()[:1] == b"{":
        try:
            kind = msgspec.json.decode(data, type=_Kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UsageError(f"{name} is not valid JSON ({error})") from error
        if bytes(kind.plan):
            return claims_of_plan(data, name)
        return claims_of_report(read_report(name, data).report)
    return claims_of_list(data, name)


def _report(args: argparse.Namespace, database: Database) -> ScanReport:
    options = scan_options(args)
    if not args.report:
        with watching(quiet=args.quiet) as progress:
            return scan(args.target, database, options, cache=cache_of(args), progress=progress)
    report = read_report(args.report).report
    opened = open_image(args.target, options.image, Quiet())
    opened.close()
    if not report.image.digest or report.image.digest != opened.image.digest:
        raise TargetError(
            f"{args.report} is about {report.image.digest or 'an image without a digest'}, and"
            f" {args.target} is {opened.image.digest or 'one without'}; leave --report out"
        )
    return report


def _text(answers: tuple[Answer, ...], report: ScanReport) -> Iterator[str]:
    yield f"{neutral(report.image.reference)} {report.image.digest}"
    for one in answers:
        yield f"{_WORDS[one.proof]:<13}{neutral(one.claim.label)}"
        yield f"             {neutral(one.because)}"
        for number in one.layers:
            yield from _layer(number, report)
    proven = sum(one.proof is Proof.FIXED for one in answers)
    yield f"{proven} of {len(answers)} claims proven"


def _layer(number: int, report: ScanReport) -> Iterator[str]:
    layers = report.image.layers
    if number < len(layers):
        created = neutral(layers[number].created_by, limit=80)
        yield f"             layer {number}" + (f": {created}" if created else "")
