"""Makers of advisories, feeds and databases, for tests of whatever asks a database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from scantling.advisories.api import (
    Completeness,
    Coverage,
    Document,
    Feed,
    Fetched,
    Record,
    Spool,
    Unchanged,
    Unreadable,
)
from scantling.advisories.build import Outcome, Plan, Tools, build
from scantling.advisories.sign import sign
from scantling.advisories.store import Store
from scantling.advisories.unpack import MemorySpool
from scantling.core.errors import AdvisoryDataError
from scantling.core.model.advisory import Advisory, Interval, Statement
from scantling.core.progress import Quiet

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def number_key(version: str) -> bytes | None:
    """Order whole numbers; anything else is no version."""
    return int(version).to_bytes(4) if version.isascii() and version.isdigit() else None


def statement(package: str = "openssl", **fields: object) -> Statement:
    """Return a statement about a package of Debian 12, fixed in 5."""
    known = {
        "ecosystem": "deb/debian:12",
        "package": package,
        "vulnerability": "CVE-2024-0001",
        "ranges": (Interval(high="5"),),
        "fixed_in": ("5",),
    }
    return Statement(**{**known, **fields})  # type: ignore[arg-type]


def advisory(id_: str = "DSA-1", *statements: Statement, **fields: object) -> Advisory:
    """Return an advisory with these statements, or one about openssl."""
    known = {"id": id_, "source": "deb", "modified": "2026-08-01", "summary": f"about {id_}"}
    return Advisory(**{**known, **fields}, statements=statements or (statement(),))  # type: ignore[arg-type]


def feed_of(*records: Record, name: str = "deb") -> Feed:
    """Return a feed that yields these records, whatever it is given."""

    def parse(_spool: Spool) -> Iterator[Record]:
        return iter(records)

    return Feed(
        name=name,
        title=f"Feed {name}",
        license="CC0-1.0",
        attribution="Example",
        urls=(f"https://example.com/{name}",),
        covers=(Coverage(ecosystem="deb/debian:", completeness=Completeness.FULL),),
        parse=parse,
    )


class OneFetcher:
    """Has the same document at every address; `broken` addresses fail."""

    def __init__(self, fingerprint: str = "1", broken: frozenset[str] = frozenset()) -> None:
        self.fingerprint = fingerprint
        self.broken = broken

    def get(self, url: str, fingerprint: str) -> Fetched | Unchanged:
        """Return the document, or that it did not change."""
        if url in self.broken:
            raise AdvisoryDataError(f"{url} is broken")
        if fingerprint == self.fingerprint:
            return Unchanged()
        spool = MemorySpool([Document(name="a", data=b"{}")], "")
        return Fetched(spool=spool, fingerprint=self.fingerprint)


def build_with(
    store: Store,
    *feeds: Feed,
    now: datetime = NOW,
    fetcher: OneFetcher | None = None,
    key_file: Path | None = None,
    accept: frozenset[str] = frozenset(),
) -> tuple[str, tuple[Outcome, ...]]:
    """Build these feeds into the store."""
    tools = Tools(
        fetcher=fetcher or OneFetcher(),
        key_for=lambda _ecosystem: number_key,
        progress=Quiet(),
        now=now,
        sign=sign,
    )
    return build(Plan(feeds=feeds, key_file=key_file, accept=accept), store, tools)


def unreadable(record: str = "x.json") -> Unreadable:
    """Return a record that could not be read."""
    return Unreadable(record=record, reason="it is broken")
