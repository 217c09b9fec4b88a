"""Say why a vulnerability applies to an image or does not, who says so, and what would change it.

examples:
  scantling explain app.tar CVE-2019-19844
  scantling explain app.tar GHSA-vfq6-hq5r-27r6 django
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

from scantling.assess.explain import Explained, Explanation, explain
from scantling.assess.risk.explain import Explanation as RiskExplanation
from scantling.cli.databases import open_chosen
from scantling.cli.gates import add_context_options, gate_of
from scantling.cli.options import add_database_option, add_image_options, cache_of, scan_options
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.model.finding import Finding, Match
from scantling.core.model.gap import GapKind
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import DatabaseInfo
from scantling.core.text import neutral
from scantling.gate import with_vex
from scantling.reports.formats.json import inert
from scantling.reports.view import fix_words
from scantling.scan import look

_MOST_NAMES: Final = 8
_MOST_DOCUMENTS: Final = 8
"""What every distribution says of a flaw in OpenSSL fills a screen; --json has it all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_image_options(parser)
    parser.add_argument("id", metavar="ID", help="a vulnerability or advisory: CVE-…, GHSA-…")
    parser.add_argument("package", metavar="PACKAGE", nargs="?", default="", help="only this one")
    add_context_options(parser)
    add_database_option(parser)
    parser.add_argument("--json", action="store_true", help="print the explanation as JSON")


def run(args: argparse.Namespace) -> int:
    """Explain and return 0; the question was answered, whatever the answer."""
    options = scan_options(args)
    gate = gate_of(args)
    database = open_chosen(args.db)
    with watching(quiet=args.quiet) as progress:
        looked = look(args.target, options, cache=cache_of(args), progress=progress, through=gate)
    today = clock.now().date()
    answer = explain(
        looked.inventory,
        database,
        args.id,
        args.package,
        context=gate.context,
        today=today,
        settle=lambda findings: with_vex(gate, findings, looked.inventory, today),
    )
    if args.json:
        sys.stdout.write(
            msgspec.json.format(msgspec.json.encode(inert(answer)), indent=2).decode() + "\n"
        )
    else:
        sys.stdout.writelines(_text(answer, looked.inventory, database.info))
    return 0


def _text(answer: Explanation, inventory: Inventory, database: DatabaseInfo) -> Iterator[str]:
    names = [name for name in answer.names if name != answer.id]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    also = f" (also {', '.join(names[:_MOST_NAMES])}{more})" if names else ""
    yield f"{neutral(answer.id)}{neutral(also)}\n"
    yield from _documents(answer)
    for signal in answer.signals:
        note = f", {'percentile ' * (signal.kind == 'epss')}{neutral(signal.note)}"
        yield f"  {signal.kind}: {neutral(signal.value)}{note if signal.note else ''}\n"
    for one in answer.packages:
        yield from _package(one, inventory)
    for package in answer.asked:
        yield f"\n{neutral(package.purl)}: nobody says anything about it and {neutral(answer.id)}\n"
    for gap in answer.gaps:
        yield f"\n{gap.code}: {neutral(gap.detail)}\n"
    yield from _nothing(answer, inventory, database)


def _documents(answer: Explanation) -> Iterator[str]:
    """Say what was published: first what is about packages of the image."""
    met = {match.advisory for one in answer.packages for match in one.matches}
    documents = sorted(answer.advisories, key=lambda document: document.id not in met)
    shown = documents[: max(_MOST_DOCUMENTS, sum(one.id in met for one in documents))]
    for document in shown:
        withdrawn = f", withdrawn {document.withdrawn}" if document.withdrawn else ""
        date = (document.published or document.modified)[:10] or "undated"
        dates = f"{date}{withdrawn}"
        yield f"  {neutral(document.source)} {neutral(document.id)} ({neutral(dates)}): "
        yield f"{neutral(document.summary) or 'no summary'}\n"
    if len(shown) < len(documents):
        yield f"  … and {len(documents) - len(shown)} more about other packages, all with --json\n"


def _package(one: Explained, inventory: Inventory) -> Iterator[str]:
    package = one.package
    yield f"\n{neutral(package.purl)}: {_state(one.finding)}\n"
    for location in package.locations:
        created = (
            inventory.image.layers[location.layer].created_by if inventory.image.layers else ""
        )
        yield f"  at {neutral(location.path)}, layer {location.layer}"
        yield f" ({neutral(created, limit=120)})\n" if created else "\n"
    if package.owner:
        yield f"  installed by {neutral(package.owner)}\n"
    for match in one.matches:
        yield from _match(match)
    if one.finding is not None:
        yield f"  severity: {one.finding.severity}, said by {one.finding.severity_source or '-'}\n"
        yield f"  fix: {neutral(fix_words(one.finding))}\n"
    if one.risk is not None:
        yield from _risk(one.risk)


def _risk(risk: RiskExplanation) -> Iterator[str]:
    """Say what each factor adds, and what is not known."""
    yield f"  risk: {risk.score} of 100, between {risk.low} and {risk.high} ({risk.formula})\n"
    yield f"    {risk.baseline:5} a finding about which nothing is known\n"
    for row in risk.rows:
        open_ = "" if row.known else f"; if known: -{row.down} to +{row.up}"
        yield f"    {row.points:+5} {row.name}: {neutral(row.because)}{open_}\n"


def _state(finding: Finding | None) -> str:
    if finding is None:
        return "not affected"
    reason = f": {neutral(finding.reason)}" if finding.reason else ""
    return f"{finding.state}{reason}"


def _match(match: Match) -> Iterator[str]:
    yield f"  {neutral(match.source)} ({neutral(match.advisory)}): {match.outcome}, "
    yield f"{neutral(match.because)}\n"
    found = "its source package " if match.by == "source-name" else ""
    yield f"    found by {found}{neutral(match.package)} {neutral(match.version)} in "
    yield f"{neutral(match.ecosystem)}; range {neutral(match.range)}\n"
    if match.word:
        yield f"    in its own word: {neutral(match.word)}\n"


def _nothing(answer: Explanation, inventory: Inventory, database: DatabaseInfo) -> Iterator[str]:
    """Say what would change the answer when nothing, or not everything, is known."""
    if not answer.advisories:
        yield f"\nNo source of this database knows {neutral(answer.id)}:\n"
        for source in database.sources:
            yield f"  {neutral(source.name)} of {neutral(source.as_of[:10])} ({source.complete})\n"
    elif not answer.packages:
        yield "\nThe image has none of the packages that the advisories are about:\n"
    for ecosystem, package in answer.elsewhere[:20]:
        yield f"  not in the image: {neutral(package)} ({neutral(ecosystem)})\n"
    if len(answer.elsewhere) > 20:  # noqa: PLR2004
        yield f"  … and {len(answer.elsewhere) - 20} more\n"
    blocking = [gap for gap in inventory.gaps if gap.kind is GapKind.BLOCKING]
    if blocking:
        yield "\nThe image was not fully read, so there may be more:\n"
        yield from (
            f"  {gap.code}: {neutral(gap.path)} {neutral(gap.detail)}\n" for gap in blocking
        )
