"""Building: one bad feed costs itself only, and a change too large to believe is held."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scantling.advisories.api import Record, Spool
from scantling.advisories.build import Outcome
from scantling.advisories.store import Store
from scantling.core.errors import AdvisoryDataError
from scantling.core.model.advisory import Advisory, Interval, Signal, Status
from scantling.testing.advisories import (
    NOW,
    OneFetcher,
    advisory,
    build_with,
    feed_of,
    statement,
)

LATER = NOW + timedelta(days=1)


def many(count: int, **fields: Any) -> tuple[Advisory, ...]:
    return tuple(advisory(f"D-{number}", statement(**fields)) for number in range(count))


def rebuild(store: Store, *records: Record, accept: str = "") -> Outcome:
    _, (outcome,) = build_with(
        store,
        feed_of(*records),
        now=LATER,
        fetcher=OneFetcher("2"),
        accept=frozenset(filter(None, [accept])),
    )
    return outcome


def test_an_unchanged_feed_keeps_its_segments_and_is_fresh_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    build_with(store, feed_of(advisory()))
    before = store.open().manifest

    _, (outcome,) = build_with(store, feed_of(), now=LATER)

    after = store.open().manifest
    assert outcome.state == "unchanged"
    assert after.segments == before.segments
    assert (before.sources[0].fetched[:10], after.sources[0].fetched[:10]) == (
        "2026-09-01",
        "2026-09-02",
    )
    assert after.sequence > before.sequence


def test_a_failing_feed_keeps_its_last_good_state_and_the_others_go_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    build_with(store, feed_of(advisory(), name="bad"), feed_of(advisory(), name="good"))
    fetcher = OneFetcher("2", broken=frozenset({"https://example.com/bad"}))

    _, outcomes = build_with(
        store,
        feed_of(advisory(), name="bad"),
        feed_of(advisory("NEW"), name="good"),
        now=LATER,
        fetcher=fetcher,
        accept=frozenset({"good"}),
    )

    found = store.open()
    assert [(one.state, one.kept) for one in outcomes] == [("failed", True), ("new", False)]
    assert [one.source for one in found.lookup("deb/debian:12", "openssl")] == ["bad", "good"]
    bad, good = found.manifest.sources
    assert "broken" in bad.failure
    assert (bad.fetched[:10], good.fetched[:10]) == ("2026-09-01", "2026-09-02")


def test_a_parser_that_crashes_is_a_failure_of_its_feed(tmp_path: Path) -> None:
    def parse(_spool: Spool) -> Iterator[Record]:
        yield advisory()
        raise KeyError("x")

    store = Store(tmp_path)
    _, outcomes = build_with(
        store, replace(feed_of(name="bad"), parse=parse), feed_of(advisory(), name="good")
    )

    assert [(one.state, one.kept) for one in outcomes] == [("failed", False), ("new", False)]
    assert "our parser of bad failed (KeyError" in outcomes[0].detail
    assert [source.name for source in store.open().manifest.sources] == ["good"]


def test_when_no_feed_gives_anything_the_store_stays_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(AdvisoryDataError, match="stays as it was"):
        build_with(store, feed_of())

    assert store.current() == ""


@pytest.mark.parametrize(
    "records",
    [
        (),
        many(70),
        many(100, status=Status.NOT_AFFECTED),
        many(100, ranges=(Interval(high="0"),)),
        tuple(replace(one, withdrawn="2026-09-01") for one in many(100)),
    ],
    ids=["empty", "a_third_gone", "all_not_affected", "all_fixed_in_0", "all_withdrawn"],
)
def test_an_unbelievable_change_is_held_until_accepted(
    tmp_path: Path, records: tuple[Advisory, ...]
) -> None:
    store = Store(tmp_path)
    build_with(store, feed_of(*many(100)))
    before = store.open().lookup("deb/debian:12", "openssl")

    held = rebuild(store, *records)

    assert (held.state, held.kept) == ("held", True)
    assert "--accept-changes deb" in held.detail
    assert store.open().lookup("deb/debian:12", "openssl") == before
    assert store.open().manifest.sources[0].failure == held.detail
    if records:
        assert rebuild(store, *records, accept="deb").state == "new"
        assert store.open().lookup("deb/debian:12", "openssl") != before


@pytest.mark.parametrize(
    "records",
    [
        many(90),
        many(130),
        (*many(99), advisory("D-99", statement(status=Status.NOT_AFFECTED))),
        many(100, ranges=(Interval(high="6"),), fixed_in=("6",)),
    ],
    ids=["a_tenth_gone", "more", "one_not_affected", "other_fixes"],
)
def test_an_ordinary_change_is_taken(tmp_path: Path, records: tuple[Advisory, ...]) -> None:
    store = Store(tmp_path)
    build_with(store, feed_of(*many(100)))

    assert rebuild(store, *records).state == "new"


def test_signals_that_vanish_are_held(tmp_path: Path) -> None:
    signals = [Signal(id=f"CVE-{number}", kind="kev", value="2026-01-01") for number in range(100)]
    store = Store(tmp_path)
    build_with(store, feed_of(*signals))

    assert rebuild(store, *signals[:50]).state == "held"
    assert rebuild(store, *signals[:95]).state == "new"


def test_what_another_version_of_the_program_parsed_is_parsed_again(tmp_path: Path) -> None:
    """Keys belong to the version schemes that made them."""
    from scantling.advisories.manifest import encode_manifest  # noqa: PLC0415
    from scantling.advisories.store import Offer  # noqa: PLC0415

    store = Store(tmp_path)
    build_with(store, feed_of(advisory()))
    older = replace(store.open().manifest, tool="0.0.1")
    store.switch(Offer(data=encode_manifest(older)), NOW)

    _, (outcome,) = build_with(store, feed_of(advisory()), now=LATER)

    assert outcome.state == "new"
