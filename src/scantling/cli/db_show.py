"""`scantling db info`, `verify`, `search` and `diff`."""

import argparse
import sys
from collections import Counter
from datetime import datetime

import msgspec

from scantling.advisories.database import Database
from scantling.advisories.diff import Change, diff
from scantling.advisories.manifest import SourceEntry, moment
from scantling.advisories.sign import trusted_keys, verify
from scantling.advisories.store import Store, starter_store
from scantling.advisories.verify import check_records
from scantling.cli.databases import open_chosen, store_of
from scantling.cli.db_build import keys_folder
from scantling.core import clock
from scantling.core.errors import ExitCode
from scantling.core.model.advisory import Advisory, Interval, Statement
from scantling.core.text import neutral

_DATE_CHARS = len("2026-01-01")


def run_info(args: argparse.Namespace) -> int:
    """Show what the database consists of, and which versions are kept."""
    store, database = _opened(args)
    if args.json:
        value = {
            "digest": database.info.digest,
            "origin": database.info.origin,
            "verified": database.info.verified,
            "manifest": database.manifest,
            "versions": store.versions(),
        }
        _line(msgspec.json.format(msgspec.json.encode(value)).decode())
        return ExitCode.PASSED
    now = clock.now()
    manifest = database.manifest
    _line(f"database  {database.info.digest}")
    _line(f"origin    {database.info.origin} ({store.root})")
    _line(f"built     {manifest.built}, number {manifest.sequence}, by scantling {manifest.tool}")
    _line(f"expires   {manifest.expires}" + _expired(manifest.expires, now))
    _line(f"signature {_signature(database)}")
    _line(f"keys      {keys_folder()}")
    _line(f"size      {sum(one.size for one in manifest.segments) / 1e6:.1f} MB")
    for source in manifest.sources:
        _source(database, source, now)
    _line("")
    for version in store.versions():
        mark = "*" if version.current else " "
        _line(f"{mark} {version.digest}  {version.built}")
    return ExitCode.PASSED


def run_verify(args: argparse.Namespace) -> int:
    """Check the manifest's digest and signature, each segment's digest, and decode each record."""
    store, database = _opened(args)
    digest = database.info.digest.removeprefix("sha256:")
    signature = store.signature(digest)
    signer = ""
    if signature:
        signer = verify(store.manifest_bytes(digest), signature, trusted_keys(keys_folder()))
    for segment in database.manifest.segments:
        store.check(segment)
    counts = check_records(database)
    if args.json:
        value = {"digest": database.info.digest, "signed_by": signer, "checked": counts}
        _line(msgspec.json.encode(value).decode())
    else:
        checked = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        _line(f"database {digest[:12]} is intact: {checked}")
        _line(f"signed by {signer}" if signer else "not signed")
    return ExitCode.PASSED


def run_search(args: argparse.Namespace) -> int:
    """Show the documents about an id, or else the statements about a package."""
    _, database = _opened(args)
    found = database.find(args.term)
    if found or _is_id(args.term):
        _show_advisories(database, found, as_json=args.json)
        return ExitCode.PASSED if found else _nothing(args.term)
    statements = _about_package(database, args.term)
    if args.json:
        _line(msgspec.json.encode([_plain(name, said) for name, _, said in statements]).decode())
    for name, advisory, said in () if args.json else statements:
        _line(f"{said.ecosystem:<20} {said.package:<30} {said.vulnerability:<20} {name}:{advisory}")
        _line(f"    {_words(said)}")
    return ExitCode.PASSED if statements else _nothing(args.term)


def run_diff(args: argparse.Namespace) -> int:
    """Show what was added, removed and changed between two versions."""
    store = store_of(args.db)
    old, new = _version(store, args.old), _version(store, args.new)
    counts: Counter[str] = Counter()
    for change in diff(old, new):
        counts[change.what] += 1
        if args.json:
            _line(msgspec.json.encode(change).decode())
        else:
            _show_change(change)
    if not args.json:
        _line(", ".join(f"{counts[what]:,} {what}" for what in ("added", "removed", "changed")))
    return ExitCode.PASSED


def _signature(database: Database) -> str:
    if database.info.origin == "embedded":
        return "none; it is part of the installed package"
    return "checked" if database.info.verified else "none that is trusted"


def _opened(args: argparse.Namespace) -> tuple[Store, Database]:
    store = store_of(args.db)
    if store.current() or args.version:
        return store, _version(store, args.version)
    database = open_chosen(args.db)
    return starter_store(), database


def _version(store: Store, text: str) -> Database:
    """Return the version that a digest or a date names."""
    if len(text) >= _DATE_CHARS and text[4:5] == "-":
        return store.open(store.as_of(text))
    return store.open(text)


def _source(database: Database, source: SourceEntry, now: datetime) -> None:
    _line("")
    _line(f"{source.name}: {source.title}")
    age = f", {(now - moment(source.as_of)).days} days old" if source.as_of else ""
    _line(f"    content of {source.as_of or 'an unknown date'}{age}; fetched {source.fetched}")
    _line(
        f"    {source.records:,} records, {source.statements:,} statements, "
        f"{source.unreadable:,} unreadable, {source.incomparable:,} with an unclear range"
    )
    covers = ", ".join(f"{one.ecosystem} ({one.completeness})" for one in source.covers)
    _line(f"    speaks about {covers or 'identifiers'}")
    _line(f"    license {source.license}; {source.attribution}")
    _line(f"    {source.url}")
    if source.failure:
        _line(f"    LAST UPDATE FAILED: {source.failure}")
    size = sum(one.size for one in database.manifest.segments_of(source.name))
    _line(f"    {size / 1e6:.2f} MB")


def _expired(expires: str, now: datetime) -> str:
    return " (EXPIRED: run scantling db update)" if moment(expires) < now else ""


def _is_id(term: str) -> bool:
    return term.upper().startswith(("CVE-", "GHSA-"))


def _nothing(term: str) -> int:
    sys.stderr.write(f"scantling: nothing is known about {neutral(term)} in this database\n")
    return ExitCode.PASSED


def _show_advisories(database: Database, found: tuple[Advisory, ...], *, as_json: bool) -> None:
    if as_json:
        values = [
            {
                **msgspec.to_builtins(one),
                "statements": [_plain(one.source, said) for said in one.statements],
            }
            for one in found
        ]
        _line(msgspec.json.encode(values).decode())
        return
    for one in found:
        _line(f"{one.id}  ({one.source}; {one.modified or one.published or 'no date'})")
        if one.withdrawn:
            _line(f"    WITHDRAWN {one.withdrawn}")
        if one.aliases:
            _line(f"    also {', '.join(one.aliases)}")
        _line(f"    {one.summary or one.details[:200]}")
        for said in one.statements:
            where = f"{said.ecosystem} {said.package}"
            _line(f"    {where}: {said.vulnerability} {_words(said)}")
    names = {name for one in found for name in (one.id, *one.aliases)}
    for signal in (signal for name in sorted(names) for signal in database.signals(name)):
        _line(f"{signal.kind} of {signal.id}: {signal.value} {signal.note} ({signal.date})")


def _about_package(database: Database, term: str) -> list[tuple[str, str, Statement]]:
    """Return (source, advisory, statement) of a package: `openssl`, or `pypi/jinja2`."""
    pairs = [(ecosystem, term) for ecosystem in database.ecosystems()]
    for ecosystem in database.ecosystems():
        if term.startswith(f"{ecosystem}/"):
            pairs = [(ecosystem, term.removeprefix(f"{ecosystem}/"))]
    return [
        (stored.source, stored.advisory, stored.statement)
        for ecosystem, package in pairs
        for stored in database.lookup(ecosystem, package)
    ]


def _words(said: Statement) -> str:
    spans = ", ".join(map(_span, said.ranges))
    if said.versions:
        listed = ", ".join(said.versions[:5]) + (" …" if len(said.versions) > 5 else "")  # noqa: PLR2004
        spans = f"{spans}; listed {listed}" if spans else f"listed {listed}"
    fixed = f"; fixed in {', '.join(said.fixed_in)}" if said.fixed_in else f"; fix: {said.fix}"
    word = f" ({said.word})" if said.word else ""
    return f"{said.status}{word} {spans or 'every version'}{fixed}"


def _span(interval: Interval) -> str:
    low = f"{'>=' if interval.low_inclusive else '>'}{interval.low}" if interval.low else ""
    high = f"{'<=' if interval.high_inclusive else '<'}{interval.high}" if interval.high else ""
    return " ".join(filter(None, (low, high))) or "every version"


def _plain(source: str, said: Statement) -> dict[str, object]:
    """Return a statement with its fields' names; the stored form has positions only."""
    values = {name: getattr(said, name) for name in said.__struct_fields__}
    values["ranges"] = [msgspec.structs.asdict(one) for one in said.ranges]
    values["severities"] = [msgspec.structs.asdict(one) for one in said.severities]
    return {"source": source, **values}


def _show_change(change: Change) -> None:
    mark = {"added": "+", "removed": "-", "changed": "~"}[change.what]
    fields = f" ({', '.join(change.fields)})" if change.fields else ""
    _line(
        f"{mark} {change.ecosystem} {change.package} {change.vulnerability} "
        f"{change.source}:{change.advisory}{fields}"
    )


def _line(text: str) -> None:
    """Write a line. Texts of advisories are data: what could act on a terminal is made visible."""
    parts = text.split("\n")
    sys.stdout.write("\n".join(neutral(part, limit=1 << 30) for part in parts) + "\n")
