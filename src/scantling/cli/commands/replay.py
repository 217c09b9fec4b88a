"""Scan again as a stored report says, and compare byte for byte.

The image is the one with the report's digest, the database the version with its digest, the moment
the report's own, as are options, limits and names. Files that the scan was given (VEX, exceptions,
policies, manifests, a project) are given again as for `scan`; the report has their digests.

Exit code 0: the same bytes. 1: the same inputs gave something else. 3: an input is not the same,
such as a file or the version of Scantling. 4: no such image. 5: no such database.

examples:
  scantling replay app.json
  scantling replay app.json --image registry.example.com/app --policy org=policy.yaml
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from scantling.advisories.database import Database
from scantling.advisories.store import open_starter
from scantling.catalog.api import Profile
from scantling.cli.databases import store_of
from scantling.cli.gates import add_gate_options, gate_of
from scantling.cli.options import add_database_option, add_image_options, cache_of, scan_options
from scantling.cli.stored import read_report
from scantling.cli.watch import watching
from scantling.core.errors import AdvisoryDataError, TargetError, UsageError
from scantling.core.model.advisory import Level
from scantling.core.model.gap import CODES
from scantling.core.model.image import Image
from scantling.core.model.report import ScanReport
from scantling.core.progress import Progress, Quiet
from scantling.core.text import neutral
from scantling.gate import Gate
from scantling.image.api import ImageOptions
from scantling.image.open import open_image
from scantling.image.refs import parse_registry, split_prefix
from scantling.image.registry import SOURCES
from scantling.reports.api import Look
from scantling.reports.driver import render
from scantling.reports.formats.json import inert
from scantling.reports.registry import FORMATS
from scantling.reports.stored import stored_report
from scantling.scan import ScanOptions, look, report_of, scan
from scantling.supply.replay import Pair, Replayed, compare

_EPOCH = "SOURCE_DATE_EPOCH"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    target = next(one for one in parser._actions if one.dest == "target")  # noqa: SLF001
    target.metavar, target.dest, target.help = (
        "REPORT",
        "target",
        "a report that scan --format json (or sbom --format json) wrote; - is standard input",
    )
    parser.add_argument(
        "--image", metavar="TARGET", help="where the image is now, if it is somewhere else"
    )
    add_gate_options(parser)
    add_database_option(parser)
    parser.add_argument("--json", action="store_true", help="write the comparison as JSON")


def run(args: argparse.Namespace) -> int:
    """Replay and return whether the bytes are the same, as an exit code."""
    stored = read_report(args.target)
    report = stored.report
    notes = [*_notes(report)]
    _prepare(args, report)
    options = _options(args, report)
    with _at(report.created), watching(quiet=args.quiet) as progress:
        args.target = _pinned(args, report.image, options.image)
        if args.target != report.image.reference:
            notes.append(f"the image was read from {args.target}")
        again = _again(args, report, options, progress)
    again = replace(again, image=_named(again.image, report.image, same=args.image is None))
    data = stored.data
    if report.resources is not None:
        report = replace(report, resources=None)
        data = _bytes(report)
    result = compare(
        Pair(report=report, data=data), Pair(report=again, data=_bytes(again)), notes=tuple(notes)
    )
    if args.json:
        text = msgspec.json.format(msgspec.json.encode(inert(result)), indent=2).decode()
        sys.stdout.write(f"{text}\n")
    else:
        sys.stdout.writelines(f"{row}\n" for row in _text(result, stored.name))
    return result.exit_code


def _notes(report: ScanReport) -> Iterator[str]:
    if report.resources is not None:
        yield "what the scan cost is never the same twice and was not compared"
    if report.image.kind == "directory":
        yield "a folder has no digest, so nothing shows whether it is still the same"


def _prepare(args: argparse.Namespace, report: ScanReport) -> None:
    """Fill in what the report records and the command line leaves open."""
    if report.policy is not None and not args.policy:
        args.policy = [one.name for one in report.policy.policies if one.layer == "built-in"]
    if not args.limit:
        args.limit = [f"{name}={value}" for name, value in report.inputs.limits]
    if not args.image_name:
        args.image_name = list(report.inputs.names)


def _options(args: argparse.Namespace, report: ScanReport) -> ScanOptions:
    """Return the options of the stored scan, as far as the report records them."""
    try:
        profile = Profile(report.profile)
        fail_on = Level(report.fail_on) if report.fail_on else None
    except ValueError as error:
        raise UsageError(f"the report was made with an option that is not known: {error}") from None
    options = scan_options(args)
    platform = report.image.platform
    chosen = options.image.platform or (str(platform) if platform.architecture else "")
    return replace(
        options,
        image=replace(options.image, platform=chosen),
        profile=profile,
        fail_on=fail_on,
        allow_incomplete=frozenset(report.inputs.allow_incomplete) & CODES.keys(),
        new_only=report.new_only,
        timings=False,
    )


def _pinned(args: argparse.Namespace, image: Image, options: ImageOptions) -> str:
    """Return a target that is the report's image. Raises TargetError if there is none.

    A tag may have moved: then the registry is asked for the digest.
    """
    target: str = args.image or image.reference
    found = _digest(target, options)
    if found == image.digest:
        return target
    if SOURCES["registry"].claims(target):
        ref = parse_registry(split_prefix(target)[1])
        pinned = f"registry:{ref.registry}/{ref.repository}@{image.manifest_digest}"
        if image.manifest_digest and _digest(pinned, options) == image.digest:
            return pinned
    raise TargetError(
        f"{target} is {found or 'an image without a digest'}, and the report is about "
        f"{image.digest or 'one without'}; name the image with --image"
    )


def _digest(target: str, options: ImageOptions) -> str:
    opened = open_image(target, options, Quiet())
    opened.close()
    return opened.image.digest


def _again(
    args: argparse.Namespace, report: ScanReport, options: ScanOptions, progress: Progress
) -> ScanReport:
    cache = cache_of(args)
    if report.database is None:
        return report_of(look(args.target, options, cache=cache, progress=progress), options)
    database = _database(args, report.database.digest, embedded=report.database.origin)
    gate = _gate(args, report)
    return scan(args.target, database, options, cache=cache, progress=progress, through=gate)


def _database(args: argparse.Namespace, digest: str, *, embedded: str) -> Database:
    """Return the database of this digest, from where it came from if it is there.

    Raises AdvisoryDataError if this machine does not have it.
    """
    store = store_of(args.db)
    if embedded == "embedded":
        starter = open_starter()
        if starter.info.digest == digest:
            return starter
    try:
        return store.open(digest)
    except AdvisoryDataError as error:
        starter = open_starter()
        if starter.info.digest == digest:
            return starter
        raise AdvisoryDataError(
            f"the report's database {digest} is not in {store.root}; bring that version here "
            "(scantling db import, or db update from where it was built)"
        ) from error


def _gate(args: argparse.Namespace, report: ScanReport) -> Gate:
    gate = replace(gate_of(args), context=report.context)
    if args.baseline:
        return replace(gate, baseline=(args.baseline, stored_report(Path(args.baseline))))
    return gate


def _named(found: Image, stored: Image, *, same: bool) -> Image:
    """Return the image with the names that the report has: they are not part of what it is."""
    if same and found.reference == stored.reference:
        return found
    return replace(found, reference=stored.reference, kind=stored.kind, tags=stored.tags)


def _bytes(report: ScanReport) -> bytes:
    return render(report, FORMATS["json"], Look()).encode()


@contextmanager
def _at(created: str) -> Iterator[None]:
    """Let the clock say the report's own moment. Raises UsageError if it has none."""
    try:
        moment = int(datetime.fromisoformat(created).timestamp())
    except ValueError as error:
        raise UsageError(f"the report's moment is not a time: {neutral(created)}") from error
    before = os.environ.get(_EPOCH)
    os.environ[_EPOCH] = str(moment)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_EPOCH]
        else:
            os.environ[_EPOCH] = before


def _text(result: Replayed, name: str) -> Iterator[str]:
    yield f"{neutral(name)}: {str(result.sameness).replace('-', ' ')}"
    for sentence in result.inputs:
        yield f"  input: {neutral(sentence)}"
    for sentence in result.differences:
        yield f"  {neutral(sentence)}"
    for sentence in result.notes:
        yield f"  note: {neutral(sentence)}"
