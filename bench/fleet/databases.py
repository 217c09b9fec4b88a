"""Two databases that differ by the newest records of some feeds, made by the real build.

    python -m fleet.databases DATA STORE FOLDER DAYS

makes in FOLDER a copy of STORE that lacks the last DAYS days.
"""

import shutil
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from scantling.advisories.api import Feed, Record, Spool
from scantling.advisories.build import Outcome, Plan, Tools, build
from scantling.advisories.fetch import LocalFetcher, http_downloads, network_client
from scantling.advisories.locations import read_locations
from scantling.advisories.registry import FEEDS
from scantling.advisories.sign import sign
from scantling.advisories.store import Store
from scantling.core import clock
from scantling.core.model.advisory import Advisory
from scantling.core.progress import Quiet
from scantling.versions.registry import scheme_for

FEEDS_FILE: Final = Path("tools/data-feeds.toml")
HELD: Final = ("almalinux", "bitnami", "debian-advisories", "ghsa", "pypa", "rustsec")
"""Feeds that are held back: those whose records have dates."""


def build_all(data: Path, store: Path) -> Store:
    """Build the database of all data."""
    known = {feed.name: feed for feed in FEEDS}
    names = sorted(read_locations(FEEDS_FILE))
    return _built(data, Store(store), tuple(known[name] for name in names))


def held_back(data: Path, full: Store, folder: Path, days: int) -> Store:
    """Return a store in `folder` whose database lacks the last `days` days of the feeds `HELD`.

    Its other sources are those of `full`; the last day of a feed is that of its newest record, and
    no later than its data was copied (some records are dated in the future).
    """
    locations = read_locations(FEEDS_FILE)
    shutil.copytree(full.root, folder, dirs_exist_ok=True)
    feeds = (feed for feed in FEEDS if feed.name in HELD)
    return _built(
        data, Store(folder), tuple(_older(one, locations[one.name].as_of, days) for one in feeds)
    )


def _older(feed: Feed, as_of: str, days: int) -> Feed:
    def parse(spool: Spool) -> Iterator[Record]:
        records = [*feed.parse(spool)]
        dates = [_date(one) for one in records if isinstance(one, Advisory)]
        newest = date.fromisoformat(max(one for one in dates if one <= as_of))
        cutoff = (newest - timedelta(days=days - 1)).isoformat()
        held = [isinstance(one, Advisory) and cutoff <= _date(one) <= as_of for one in records]
        print(f"  {feed.name:<18} {sum(held):6,} of {len(held):6,} records held back: {cutoff} on")
        yield from (one for one, is_held in zip(records, held, strict=True) if not is_held)

    return replace(feed, parse=parse)


def _date(advisory: Advisory) -> str:
    return max(advisory.modified, advisory.published)[:10]


def _built(data: Path, store: Store, feeds: tuple[Feed, ...]) -> Store:
    locations = read_locations(FEEDS_FILE)
    names = frozenset(feed.name for feed in feeds)
    plan = Plan(
        feeds=feeds,
        locations={name: locations[name] for name in names},
        accept=names,
        again=True,
        others=True,
    )
    tools = Tools(
        fetcher=LocalFetcher(data, http_downloads(network_client)),
        key_for=lambda ecosystem: scheme_for(ecosystem).key,
        progress=Quiet(),
        now=clock.now(),
        sign=sign,
    )
    _, outcomes = build(plan, store, tools)
    _check(outcomes)
    return store


def _check(outcomes: tuple[Outcome, ...]) -> None:
    bad = [f"{one.feed}: {one.detail}" for one in outcomes if one.state in {"failed", "held"}]
    if bad:
        raise SystemExit("the database cannot be built: " + "; ".join(bad))


if __name__ == "__main__":
    held_back(Path(sys.argv[1]), Store(Path(sys.argv[2])), Path(sys.argv[3]), int(sys.argv[4]))
