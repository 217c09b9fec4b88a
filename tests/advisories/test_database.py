"""The database: what feeds said is what look-ups answer, from build to file to question."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.collect import Collector
from scantling.advisories.database import Database
from scantling.advisories.paths import object_path
from scantling.advisories.store import Store
from scantling.advisories.verify import check_records
from scantling.core.errors import AdvisoryDataError
from scantling.core.model.advisory import Advisory, Interval, Release, Signal, Statement, Status
from scantling.testing.advisories import (
    NOW,
    OneFetcher,
    advisory,
    build_with,
    feed_of,
    number_key,
    statement,
    unreadable,
)

NAMES = st.sampled_from(["a", "b", "c", "ab", "é", "z\N{SNOWMAN}"])
ECOSYSTEMS = st.sampled_from(["deb/debian:11", "deb/debian:12", "pypi"])
IDS = st.sampled_from(["CVE-1", "CVE-2", "GHSA-x"])
BOUNDS = st.sampled_from(["", "1", "3", "7", "odd"])
RANGES = st.builds(lambda low, high: Interval(low=low, high=high), BOUNDS, BOUNDS).filter(
    lambda one: not (one.low.isdigit() and one.high.isdigit() and one.low > one.high)
)
STATEMENTS = st.builds(
    Statement,
    ecosystem=ECOSYSTEMS,
    package=NAMES,
    vulnerability=IDS,
    status=st.sampled_from(Status),
    ranges=st.lists(RANGES, max_size=2).map(tuple),
    versions=st.lists(BOUNDS.filter(bool), max_size=2).map(tuple),
)
ADVISORIES = st.builds(
    Advisory,
    id=st.sampled_from(["A-1", "A-2", "a-1", "B"]),
    source=st.just("ignored"),
    aliases=st.lists(IDS, max_size=2).map(tuple),
    statements=st.lists(STATEMENTS, max_size=4).map(tuple),
)


def database(folder: Path, *feeds_records: tuple[str, tuple[Advisory, ...]]) -> Database:
    store = Store(folder)
    build_with(store, *(feed_of(*records, name=name) for name, records in feeds_records))
    return store.open()


@settings(max_examples=40, deadline=None)
@given(st.lists(ADVISORIES, min_size=1, max_size=5), st.lists(ADVISORIES, min_size=1, max_size=3))
def test_a_look_up_answers_like_a_scan_over_all_statements(
    tmp_path_factory: pytest.TempPathFactory, one: list[Advisory], two: list[Advisory]
) -> None:
    found = database(tmp_path_factory.mktemp("d"), ("one", tuple(one)), ("two", tuple(two)))

    for ecosystem in ("deb/debian:11", "deb/debian:12", "pypi", "npm"):
        for package in ("a", "b", "c", "ab", "é", "z\N{SNOWMAN}", "none"):
            answers = found.lookup(ecosystem, package)
            expected = {
                (source, each.id, said.vulnerability, said)
                for source, records in (("one", one), ("two", two))
                for each in records
                for said in each.statements
                if (said.ecosystem, said.package) == (ecosystem, package)
            }
            assert {
                (each.source, each.advisory, each.statement.vulnerability, each.statement)
                for each in answers
            } == expected
            order = [(e.source, e.advisory, e.statement.vulnerability) for e in answers]
            assert order == sorted(order)
            for each in answers:
                bounds = [(number_key(r.low), number_key(r.high)) for r in each.statement.ranges]
                assert list(each.keys) == bounds


@settings(max_examples=20, deadline=None)
@given(st.lists(ADVISORIES, min_size=1, max_size=6), st.randoms())
def test_the_order_of_records_does_not_change_the_statements_segment(
    tmp_path_factory: pytest.TempPathFactory, records: list[Advisory], random: object
) -> None:
    shuffled = sorted(records, key=lambda _: random.random())  # type: ignore[attr-defined]
    one = database(tmp_path_factory.mktemp("d"), ("s", tuple(records)))
    other = database(tmp_path_factory.mktemp("d"), ("s", tuple(shuffled)))

    def digests(found: Database) -> list[str]:
        segments = found.manifest.segments
        return [each.digest for each in segments if each.kind == "statements"]

    assert digests(one) == digests(other)


def test_the_same_build_gives_the_same_manifest(tmp_path: Path) -> None:
    records = [advisory(f"DSA-{number}") for number in range(50)]

    one, _ = build_with(Store(tmp_path / "one"), feed_of(*records))
    other, _ = build_with(Store(tmp_path / "other"), feed_of(*records))

    assert one == other


def test_find_takes_any_name_in_any_case_and_returns_the_whole_document(tmp_path: Path) -> None:
    document = advisory(
        "GHSA-aaaa-bbbb", statement(), statement("libssl"), aliases=("CVE-2024-9",), details="words"
    )
    found = database(tmp_path, ("deb", (document, advisory("DSA-2"))))

    for name in ("GHSA-aaaa-bbbb", "ghsa-AAAA-bbbb", "cve-2024-9", " CVE-2024-9 "):
        (answer,) = found.find(name)
        assert answer.details == "words"
        assert {said.package for said in answer.statements} == {"openssl", "libssl"}
    assert [one.id for one in found.find("CVE-2024-0001")] == ["DSA-2", "GHSA-aaaa-bbbb"]
    assert found.find("CVE-1999-1") == ()
    assert found.advisory("deb", "none") is None
    assert found.advisory("none", "DSA-2") is None


def test_an_id_that_appears_twice_is_one_advisory_with_all_its_statements(tmp_path: Path) -> None:
    found = database(
        tmp_path,
        (
            "deb",
            (
                advisory("CVE-1", statement("a"), aliases=("X",)),
                advisory("CVE-1", statement("b"), aliases=("Y",), details="more"),
            ),
        ),
    )

    (answer,) = found.find("CVE-1")

    assert [said.package for said in answer.statements] == ["a", "b"]
    assert (answer.aliases, answer.details) == (("X", "Y"), "more")
    assert found.manifest.sources[0].records == 1


def test_signals_and_releases_are_answered(tmp_path: Path) -> None:
    epss = Signal(id="CVE-1", kind="epss", value="0.5", note="0.9", date="2026-08-16")
    kev = Signal(id="CVE-1", kind="kev", value="2024-01-01")
    release = Release(product="debian", cycle="12", end_of_life="2026-06-10")
    store = Store(tmp_path)
    build_with(store, feed_of(epss, release, name="one"), feed_of(kev, name="two"))

    found = store.open()

    assert found.signals("CVE-1") == (epss, kev)
    assert found.signals("CVE-2") == ()
    assert found.releases("debian") == (release,)
    assert found.releases("ubuntu") == ()


def test_a_source_speaks_about_the_releases_it_has_statements_for(tmp_path: Path) -> None:
    found = database(tmp_path, ("deb", (advisory(),)))

    assert found.covers("deb/debian:12") == (("deb", "full"),)
    assert found.covers("deb/debian:13") == ()
    assert found.covers("pypi") == ()
    assert found.ecosystems() == ("deb/debian:12",)


def test_an_inverted_range_rejects_the_record_and_keeps_the_last_good_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    upside_down = advisory("DSA-1", statement(ranges=(Interval(low="9", high="2"),)))
    build_with(store, feed_of(advisory("DSA-1"), advisory("DSA-2")))

    build_again(store, upside_down, advisory("DSA-2"))

    found = store.open()
    assert [one.statement.ranges for one in found.lookup("deb/debian:12", "openssl")] == [
        (Interval(high="5"),)
    ] * 2
    assert found.manifest.sources[0].unreadable == 1
    assert "inverted" in found.manifest.sources[0].examples[0]


def build_again(store: Store, *records: Advisory) -> None:
    build_with(store, feed_of(*records), fetcher=OneFetcher("2"), now=NOW + timedelta(hours=1))


def test_a_bound_that_is_no_version_is_kept_and_counted(tmp_path: Path) -> None:
    """Dropping it would be silence about the package; matching makes it undetermined."""
    found = database(tmp_path, ("deb", (advisory("A", statement(ranges=(Interval(high="x"),))),)))

    (stored,) = found.lookup("deb/debian:12", "openssl")

    assert stored.keys == ((None, None),)
    assert found.manifest.sources[0].incomparable == 1
    assert found.manifest.sources[0].unreadable == 0


def test_unreadable_records_are_counted_and_named_inertly(tmp_path: Path) -> None:
    store = Store(tmp_path)
    build_with(store, feed_of(advisory(), unreadable("\x1b[31m"), unreadable("\ud800")))

    source = store.open().manifest.sources[0]

    assert source.unreadable == 2
    assert source.examples == ("\\x1b[31m: it is broken", "\\ud800: it is broken")


def test_text_that_is_not_unicode_is_refused_as_a_whole(tmp_path: Path) -> None:
    found = database(tmp_path, ("deb", (advisory("A", statement("\ud800")), advisory("B"))))

    assert [one.advisory for one in found.statements("deb")] == ["B"]
    assert found.manifest.sources[0].unreadable == 1


def test_a_damaged_object_is_an_error_and_never_no_statements(tmp_path: Path) -> None:
    found = database(tmp_path, ("deb", tuple(advisory(f"D-{n}") for n in range(100))))
    segment = next(one for one in found.manifest.segments if one.kind == "statements")
    path = object_path(tmp_path, segment.digest)
    data = bytearray(path.read_bytes())
    data[-5] ^= 4
    path.write_bytes(data)

    with pytest.raises(AdvisoryDataError, match="damaged"):
        Store(tmp_path).open().lookup("deb/debian:12", "openssl")
    with pytest.raises(AdvisoryDataError, match="damaged"):
        Store(tmp_path).check(segment)


def test_a_missing_object_is_an_error(tmp_path: Path) -> None:
    found = database(tmp_path, ("deb", (advisory(),)))
    for segment in found.manifest.segments:
        object_path(tmp_path, segment.digest).unlink()

    with pytest.raises(AdvisoryDataError, match="missing"):
        found.lookup("deb/debian:12", "openssl")


def test_every_record_can_be_checked(tmp_path: Path) -> None:
    found = database(tmp_path, ("deb", tuple(advisory(f"D-{n}") for n in range(10))))

    assert check_records(found) == {
        "statements": 10,
        "advisories": 10,
        "signals": 0,
        "releases": 0,
    }


def test_the_newest_date_is_not_in_the_future() -> None:
    collector = Collector("s", lambda _: number_key, keep=lambda _: None, today="2026-09-01")
    for date in ("2026-01-01", "2031-01-01", "2026-08-31T10:00:00Z"):
        collector.add(advisory(f"D-{date}", modified=date))

    assert collector.finish().newest == "2026-08-31T10:00:00Z"
