"""Building: from the feeds to a new version of the database.

For each feed: fetch what changed, parse it, judge whether the change is believable, write segments.
A feed that fails keeps its last good segments with their age, and the manifest says why; the others
go on. Nothing is in use until the last step.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scantling.advisories.api import Feed, Fetched, Fetcher, Unchanged
from scantling.advisories.collect import Collected, Collector, KeyFor, state_of
from scantling.advisories.database import Database
from scantling.advisories.fetch import Location, fetch_all
from scantling.advisories.manifest import (
    MANIFEST_VERSION,
    Manifest,
    SegmentEntry,
    SourceEntry,
    encode_manifest,
)
from scantling.advisories.sanity import objection
from scantling.advisories.segments import Kind
from scantling.advisories.store import Offer, Store
from scantling.core.clock import rfc3339
from scantling.core.errors import AdvisoryDataError, ScantlingError
from scantling.core.model.advisory import Advisory
from scantling.core.progress import Progress
from scantling.core.text import neutral
from scantling.core.version import __version__

VALID_DAYS: Final = 30


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one feed: `new`, `unchanged`, `held` or `failed`, and why.

    For the last two `kept` says whether an older state of it is still in the database.
    """

    feed: str
    state: str
    records: int = 0
    statements: int = 0
    unreadable: int = 0
    detail: str = ""
    kept: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """What to build.

    `locations` overrides the addresses of feeds by name. `accept` are the feeds whose change a
    person has agreed to. `again` parses everything, changed or not. `others` keeps the sources of
    the version in use that are not among `feeds`.
    """

    feeds: tuple[Feed, ...]
    locations: Mapping[str, Location] = {}
    accept: frozenset[str] = frozenset()
    again: bool = False
    others: bool = False
    key_file: Path | None = None
    """None: the manifest is not signed."""


class Tools(Struct, frozen=True, kw_only=True):
    """What a build works with. `sign` takes the manifest and the key file."""

    fetcher: Fetcher
    key_for: KeyFor
    progress: Progress
    now: datetime
    sign: Callable[[bytes, Path], tuple[bytes, str]]
    """Returns the signature file and the fingerprint of the key."""


def build(plan: Plan, store: Store, tools: Tools) -> tuple[str, tuple[Outcome, ...]]:
    """Put a new version in use and return its digest and what became of each feed.

    Raises AdvisoryDataError when the store cannot be written or no feed gave or kept anything; the
    version in use is then what it was.
    """
    with store.writing():
        digest = store.current()
        previous = store.open(digest) if digest else None
        sources: dict[str, SourceEntry] = {}
        segments: list[SegmentEntry] = []
        outcomes: list[Outcome] = []
        for feed in plan.feeds:
            tools.progress.start(feed.name, feed.title, 0)
            outcome, entry, made = _one(feed, plan, store, tools, previous)
            tools.progress.finish(feed.name)
            outcomes.append(outcome)
            if entry is not None:
                sources[feed.name] = entry
                segments += made
        if plan.others and previous is not None:
            for entry in previous.manifest.sources:
                if entry.name not in sources:
                    sources[entry.name] = entry
                    segments += previous.manifest.segments_of(entry.name)
        if not segments:
            raise AdvisoryDataError(_nothing(outcomes))
        data = encode_manifest(_manifest(sources, segments, previous, tools.now))
        signature, signer = tools.sign(data, plan.key_file) if plan.key_file else (b"", "")
        offer = Offer(data=data, signature=signature, signed_by=signer)
        return store.switch(offer, tools.now), tuple(outcomes)


_Made = tuple[Outcome, SourceEntry | None, tuple[SegmentEntry, ...]]


def _one(feed: Feed, plan: Plan, store: Store, tools: Tools, previous: Database | None) -> _Made:
    """Return the new state of one feed; on any failure what it had stays."""
    known = previous.manifest.source(feed.name) if previous else None
    location = plan.locations.get(feed.name) or Location(places=feed.urls)
    # Keys depend on the version schemes of the program that made them.
    same = previous is not None and previous.manifest.tool == __version__ and not plan.again
    try:
        fetched = fetch_all(
            tools.fetcher, location.places, known.fingerprint if known and same else ""
        )
        if isinstance(fetched, Unchanged):
            return _unchanged(feed, location, previous, tools.now)
        collected = _with_gone(_collected(feed, fetched, tools, previous), fetched.gone)
        if known and previous and feed.name not in plan.accept:
            wrong = objection(_states(feed, previous), collected.states)
            if wrong:
                detail = f"{wrong}; if that is right, build with --accept-changes {feed.name}"
                return _kept(feed, previous, "held", detail)
        segments = _written(feed, collected, store)
    except ScantlingError as error:
        return _kept(feed, previous, "failed", str(error))
    outcome = Outcome(
        feed=feed.name,
        state="new",
        records=collected.records,
        statements=collected.statements,
        unreadable=collected.unreadable,
        detail="; ".join(collected.examples),
    )
    return outcome, _entry(feed, location, fetched, collected, tools.now), segments


def _with_gone(collected: Collected, gone: tuple[str, ...]) -> Collected:
    """Return the outcome with the addresses that had nothing among what could not be read."""
    examples = tuple(f"{place}: the publisher has nothing there" for place in gone)
    return replace(
        collected,
        unreadable=collected.unreadable + len(gone),
        examples=(*examples, *collected.examples),
    )


def _written(feed: Feed, collected: Collected, store: Store) -> tuple[SegmentEntry, ...]:
    if not collected.segments:
        raise AdvisoryDataError(
            f"nothing in it could be read as advisories ({'; '.join(collected.examples)})"
        )
    for _, written in collected.segments:
        store.put(written.data, written.digest)
    return tuple(
        SegmentEntry(
            source=feed.name,
            kind=kind.name.lower(),
            digest=written.digest,
            head=written.head,
            size=len(written.data),
            keys=written.keys,
            ecosystems=collected.ecosystems if kind is Kind.STATEMENTS else (),
        )
        for kind, written in collected.segments
    )


def _collected(feed: Feed, fetched: Fetched, tools: Tools, previous: Database | None) -> Collected:
    def keep(id_: str) -> Advisory | None:
        return previous.advisory(feed.name, id_) if previous else None

    collector = Collector(feed.name, tools.key_for, keep=keep, today=tools.now.date().isoformat())
    try:
        for record in feed.parse(fetched.spool):
            collector.add(record)
    except ScantlingError as error:
        raise AdvisoryDataError(str(error)) from error
    except Exception as error:  # lint: ER001 the one caller of feeds
        # The one place that calls feeds: a parser's bug must not cost the other feeds.
        raise AdvisoryDataError(
            f"our parser of {feed.name} failed ({type(error).__name__}: "
            f"{neutral(str(error), limit=200)}); please report it"
        ) from error
    return collector.finish()


def _entry(
    feed: Feed, location: Location, fetched: Fetched, collected: Collected, now: datetime
) -> SourceEntry:
    confirmed = _confirmed(location, now)
    as_of = location.as_of or fetched.spool.as_of or collected.newest
    return SourceEntry(
        name=feed.name,
        title=feed.title,
        license=feed.license,
        attribution=feed.attribution,
        url=feed.homepage or feed.urls[0],
        as_of=as_of or confirmed,
        fetched=rfc3339(now),
        confirmed=confirmed,
        records=collected.records,
        statements=collected.statements,
        unreadable=collected.unreadable,
        incomparable=collected.incomparable,
        stale_after_days=feed.stale_after_days,
        redistributable=feed.redistributable,
        covers=feed.covers,
        fingerprint=fetched.fingerprint,
        examples=collected.examples,
    )


def _confirmed(location: Location, now: datetime) -> str:
    asked = all(place.startswith(("http://", "https://")) for place in location.places)
    return rfc3339(now) if asked else ""


def _unchanged(feed: Feed, location: Location, previous: Database | None, now: datetime) -> _Made:
    known = previous.manifest.source(feed.name) if previous else None
    if previous is None or known is None:
        raise AdvisoryDataError("it says that it did not change, but we have nothing of it")
    confirmed = _confirmed(location, now)
    entry = replace(known, fetched=rfc3339(now), confirmed=confirmed, failure="")
    outcome = Outcome(
        feed=feed.name, state="unchanged", records=known.records, statements=known.statements
    )
    return outcome, entry, previous.manifest.segments_of(feed.name)


def _kept(feed: Feed, previous: Database | None, state: str, why: str) -> _Made:
    known = previous.manifest.source(feed.name) if previous else None
    outcome = Outcome(feed=feed.name, state=state, detail=why, kept=known is not None)
    if previous is None or known is None:
        return outcome, None, ()
    return outcome, replace(known, failure=why), previous.manifest.segments_of(feed.name)


def _states(feed: Feed, previous: Database) -> dict[int, int]:
    """Return the summaries of what is in use; see `collect.state_of`."""
    states: dict[int, int] = {}
    for stored in previous.statements(feed.name):
        about, state = state_of(stored)
        states[about] = states.get(about, 0) | state
    for key, kinds in previous.signal_kinds(feed.name):
        states.update({hash((kind, key)): 0 for kind in kinds})
    for release in previous.all_releases(feed.name):
        states[hash((release.product, release.cycle))] = 0
    return states


def _manifest(
    sources: dict[str, SourceEntry],
    segments: list[SegmentEntry],
    previous: Database | None,
    now: datetime,
) -> Manifest:
    """Return the manifest. The sequence follows the clock, so that two builders agree on it."""
    before = previous.manifest.sequence if previous else 0
    return Manifest(
        version=MANIFEST_VERSION,
        sequence=max(before + 1, int(now.timestamp())),
        built=rfc3339(now),
        expires=rfc3339(now + timedelta(days=VALID_DAYS)),
        tool=__version__,
        sources=tuple(sources[name] for name in sorted(sources)),
        segments=tuple(sorted(segments, key=lambda one: (one.source, one.kind))),
    )


def _nothing(outcomes: list[Outcome]) -> str:
    details = "; ".join(f"{one.feed}: {one.detail}" for one in outcomes[:3])
    return f"no feed gave any data, the database stays as it was ({details})"
