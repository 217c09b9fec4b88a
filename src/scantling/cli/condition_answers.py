"""`scantling conditions`: the list, one condition written out, and the answers for an image."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from scantling.assess.conditions.evaluate import Told, evaluate
from scantling.assess.conditions.manifests import read_manifests
from scantling.assess.conditions.model import (
    THE_IMAGE,
    Both,
    Condition,
    Either,
    Evaluated,
    Explanation,
    Fact,
    Need,
    Never,
    Truth,
    Weighed,
)
from scantling.assess.conditions.workloads import Manifests
from scantling.assess.vex.apply import apply
from scantling.cli.databases import open_chosen
from scantling.cli.options import cache_of, scan_options
from scantling.cli.running import conditions_named, manifest_files, told_of
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.errors import ExitCode, UsageError
from scantling.core.model.report import ScanReport
from scantling.core.text import neutral
from scantling.reports.api import Look
from scantling.reports.formats import openvex
from scantling.reports.formats.json import inert
from scantling.reports.stored import is_report, stored_report
from scantling.scan import scan

_SHOWN: Final = 400
_WORDS: Final = {Truth.HOLDS: "holds", Truth.FAILS: "does not hold", Truth.UNKNOWN: "not known"}


def run_list(args: argparse.Namespace) -> int:
    """Write every condition with its vulnerabilities."""
    conditions = conditions_named(args)
    if args.json:
        _write_json(conditions)
        return ExitCode.PASSED
    for one in conditions:
        deny = "" if one.denies else " (explains only)"
        sys.stdout.write(f"{one.id}: {neutral(one.title)}{deny}\n")
        sys.stdout.write(f"  {neutral(', '.join(one.vulnerabilities))}\n")
    return ExitCode.PASSED


def run_explain(args: argparse.Namespace) -> int:
    """Write the conditions with this id, or about this vulnerability."""
    term = args.term.casefold()
    found = [
        one
        for one in conditions_named(args)
        if term in {one.id, *(name.casefold() for name in one.vulnerabilities)}
    ]
    if not found:
        raise UsageError(f"there is no condition {args.term!r}; see scantling conditions list")
    for one in found:
        sys.stdout.write("\n".join(_written_out(one)) + "\n")
    return ExitCode.PASSED


def run_check(args: argparse.Namespace) -> int:
    """Write what holds; the exit code is 0, since nothing is decided here."""
    told = told_of(args)
    conditions = conditions_named(args)
    manifests = read_manifests(manifest_files(args.manifests))
    report = _report(args)
    found = evaluate(
        report.findings,
        report.image,
        report.packages,
        manifests,
        conditions,
        gaps=report.gaps,
        told=told,
    )
    if args.format == "json":
        _write_json({"unread": manifests.unread, "explanations": found.explanations})
    elif args.format == "openvex":
        sys.stdout.writelines(openvex.render(_decided(report, found, told), Look()))
    else:
        sys.stdout.write("\n".join(_text(found, manifests)) + "\n")
    return ExitCode.PASSED


def _report(args: argparse.Namespace) -> ScanReport:
    path = Path(args.target)
    if is_report(path):
        return stored_report(path)
    options = scan_options(args)
    database = open_chosen(args.db)
    with watching(quiet=args.quiet) as progress:
        return scan(args.target, database, options, cache=cache_of(args), progress=progress)


def _decided(report: ScanReport, found: Evaluated, told: Told) -> ScanReport:
    """Return the report with those findings that conditions decided, as they leave them."""
    today = clock.now().date()
    applied = apply(
        report.findings,
        report.packages,
        report.image,
        found.statements,
        today,
        also_named=told.names,
    )
    decided = {(identity, purl) for used in applied.used for identity, purl, _ in used.on}
    kept = tuple(one for one in applied.findings if (one.identity, one.purl) in decided)
    return replace(report, findings=kept)


def _write_json(value: object) -> None:
    encoded = msgspec.json.encode(inert(value))
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


def _written_out(condition: Condition) -> Iterator[str]:
    yield f"{condition.id}: {neutral(condition.title)}"
    yield f"  {neutral(', '.join(condition.vulnerabilities))}"
    yield f"  by {neutral(condition.author)}, in {neutral(condition.origin)}"
    if not condition.denies:
        yield "  explains only: its sources do not say that nothing else can happen"
    for source in condition.sources:
        yield f"  {neutral(source.says, limit=_SHOWN)}"
        yield f"    {neutral(source.url)}"
    yield from _tree(condition.needs, 1)


def _tree(need: Need, depth: int) -> Iterator[str]:
    """Yield the tree, a node on each line."""
    margin = "  " * depth
    match need:
        case Fact():
            values = "; ".join(f"{name} {', '.join(texts)}" for name, texts in need.values)
            yield f"{margin}{need.kind}{': ' if values else ''}{neutral(values, limit=_SHOWN)}"
        case Never(part):
            yield f"{margin}not"
            yield from _tree(part, depth + 1)
        case Both(parts):
            yield f"{margin}all of"
            yield from (row for one in parts for row in _tree(one, depth + 1))
        case Either(parts):
            yield f"{margin}any of"
            yield from (row for one in parts for row in _tree(one, depth + 1))


def _text(found: Evaluated, manifests: Manifests) -> Iterator[str]:
    for unread in manifests.unread:
        yield f"not read: {neutral(unread.reason, limit=_SHOWN)}"
    places = {place.place for one in found.explanations for place in one.places}
    if manifests.containers and THE_IMAGE in places:
        yield "no container surely runs this image; say what manifests call it with --image-name"
    for one in found.explanations:
        yield from _explained(one)
    counts = dict.fromkeys(Truth, 0)
    for one in found.explanations:
        counts[one.truth] += 1
    said = ", ".join(f"{_WORDS[truth]} {count}" for truth, count in counts.items() if count)
    yield f"{len(found.explanations)} findings with conditions{': ' if said else ''}{said}"


def _explained(one: Explanation) -> Iterator[str]:
    status = one.statement.status.replace("_", " ") if one.statement else "no statement"
    yield f"{neutral(one.finding.id)}  {neutral(one.finding.purl)}: {status}"
    yield f"  {one.condition.id}: {neutral(one.condition.title)}"
    for place in one.places:
        yield from _place(place)
    if one.because:
        yield f"  {neutral(one.because)}"


def _place(place: Weighed) -> Iterator[str]:
    yield f"  {neutral(place.place, limit=_SHOWN)}: {_WORDS[place.truth]}"
    for evidence in place.deciding:
        yield f"    {neutral(evidence.said, limit=_SHOWN)}"
