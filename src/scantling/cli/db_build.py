"""`scantling db build` and `scantling db update`."""

import argparse
import sys
from pathlib import Path

import msgspec

from scantling.advisories.api import Feed
from scantling.advisories.build import Outcome, Plan, Tools, build
from scantling.advisories.fetch import LocalFetcher, Location, http_downloads, network_client
from scantling.advisories.locations import FILE_NAME, check_names, parse_location, read_locations
from scantling.advisories.registry import FEEDS
from scantling.advisories.sign import local_key, sign, trusted_keys, verify
from scantling.advisories.store import Store
from scantling.advisories.update import Terms, http_get, pull
from scantling.cli.databases import store_of
from scantling.cli.options import data_dir
from scantling.cli.watch import watching
from scantling.core import clock
from scantling.core.errors import AdvisoryDataError, ExitCode, UsageError
from scantling.core.text import neutral
from scantling.versions.registry import scheme_for


def run_build(args: argparse.Namespace) -> int:
    """Build from a folder; only feeds that have a location there."""
    base = Path(args.folder or ".")
    locations: dict[str, Location] = {}
    if args.feeds or args.folder:
        locations = read_locations(Path(args.feeds) if args.feeds else base / FILE_NAME)
    locations |= _sources(args)
    if not locations:
        raise UsageError("db build needs --from DIR or --source NAME=PLACE; db update fetches all")
    return _build(args, base, locations, chosen=frozenset(args.only) or frozenset(locations))


def run_update(args: argparse.Namespace) -> int:
    """Refresh from a mirror, or from the publishers."""
    if not args.mirror:
        sources = _sources(args)
        # A feed without addresses is for data that only its user has.
        fetchable = frozenset(feed.name for feed in FEEDS if feed.urls) | frozenset(sources)
        chosen = frozenset(args.only) or fetchable
        return _build(args, Path(), sources, chosen=chosen, others=True)
    store = store_of(args.db)
    terms = terms_of(args)
    with watching(quiet=args.quiet) as progress:
        try:
            pulled = pull(args.mirror, store, http_get(), terms, progress)
        except AdvisoryDataError as error:
            raise AdvisoryDataError(f"{error}. {_still(store)}") from error
    if args.json:
        _write_json(pulled)
    elif pulled.changed:
        _say(
            f"updated to {pulled.digest[:12]}: {pulled.segments} segments, "
            f"{pulled.bytes_fetched / 1e6:.1f} MB fetched; "
            + (f"signed by {pulled.signed_by}" if pulled.signed_by else "not signed")
        )
    else:
        _say(f"nothing new; {pulled.digest[:12]} is in use")
    return ExitCode.PASSED


def terms_of(args: argparse.Namespace) -> Terms:
    """Return what databases from elsewhere are accepted."""
    keys = trusted_keys(keys_folder())

    def check(data: bytes, signature: bytes) -> str:
        return verify(data, signature, keys)

    return Terms(
        verify=check,
        now=clock.now(),
        allow_unsigned=args.allow_unsigned,
        allow_older=args.allow_older,
    )


def keys_folder() -> Path:
    """Return the folder of the keys this user trusts (`*.pub`) and signs with (`local.pem`)."""
    return data_dir() / "keys"


def _build(
    args: argparse.Namespace,
    base: Path,
    locations: dict[str, Location],
    *,
    chosen: frozenset[str],
    others: bool = False,
) -> int:
    check_names(locations | dict.fromkeys(chosen, Location(places=())), _names())
    feeds: tuple[Feed, ...] = tuple(feed for feed in FEEDS if feed.name in chosen)
    plan = Plan(
        feeds=feeds,
        locations=locations,
        accept=frozenset(args.accept_changes),
        again=args.again,
        others=others or bool(args.only),
        key_file=Path(args.key) if args.key else local_key(keys_folder()),
    )
    store = store_of(args.db)
    with watching(quiet=args.quiet) as progress:
        tools = Tools(
            fetcher=LocalFetcher(base, http_downloads(network_client)),
            key_for=lambda ecosystem: scheme_for(ecosystem).key,
            progress=progress,
            now=clock.now(),
            sign=sign,
        )
        digest, outcomes = build(plan, store, tools)
    _report(args, digest, outcomes)
    bad = any(one.state in {"failed", "held"} for one in outcomes)
    return ExitCode.NO_ADVISORY_DATA if bad else ExitCode.PASSED


def _report(args: argparse.Namespace, digest: str, outcomes: tuple[Outcome, ...]) -> None:
    if args.json:
        _write_json({"digest": digest, "feeds": outcomes})
        return
    for one in outcomes:
        unreadable = f", {one.unreadable} unreadable" if one.unreadable else ""
        kept = " (its last good state is kept)" if one.kept else ""
        counts = f"{one.records:,} records, {one.statements:,} statements{unreadable}"
        detail = one.detail if one.state in {"failed", "held"} else counts
        _say(f"{one.feed:<20} {one.state:<10} {detail}{kept}")
    _say(f"database {digest[:12]} is in use")


def _sources(args: argparse.Namespace) -> dict[str, Location]:
    found = dict(parse_location(text) for text in args.source)
    # A path on the command line is relative to where the user is, not to the folder of --from.
    return {
        name: Location(places=tuple(map(_absolute, location.places)))
        for name, location in found.items()
    }


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).absolute())


def _names() -> frozenset[str]:
    return frozenset(feed.name for feed in FEEDS)


def _still(store: Store) -> str:
    digest = store.current()
    if not digest:
        return "There is no database yet"
    built = store.open(digest).manifest.built
    return f"The database of {built} stays in use"


def _say(text: str) -> None:
    sys.stdout.write(f"{neutral(text)}\n")


def _write_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")
