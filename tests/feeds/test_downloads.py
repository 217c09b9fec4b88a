"""Each feed reads a trimmed real download as its `expected.txt` says, one line per statement."""

import tomllib

import pytest

from scantling.advisories.api import Unreadable
from scantling.core.errors import AdvisoryDataError, InputError
from scantling.core.model.advisory import Advisory
from tests.feeds.reading import BY_NAME, DATA, documents, lines, parsed

NAMES = sorted(BY_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_download_means_what_was_written_down(name: str) -> None:
    expected = (DATA / name / "expected.txt").read_text("utf-8").split("\n")

    found = list(lines(parsed(BY_NAME[name], *documents(name))))

    assert [*found, ""] == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_download_says_where_it_is_from(name: str) -> None:
    provenance = tomllib.loads((DATA / name / "provenance.toml").read_text("utf-8"))

    assert set(provenance) == {"url", "date", "license", "trimmed"}
    assert all(provenance.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_feed_speaks_only_of_what_it_claims_to_cover(name: str) -> None:
    feed = BY_NAME[name]
    covers = [cover.ecosystem for cover in feed.covers]

    records = parsed(feed, *documents(name))

    spoken = {
        statement.ecosystem
        for record in records
        if isinstance(record, Advisory)
        for statement in record.statements
    }
    assert all(
        any(
            ecosystem == cover or (cover.endswith(":") and ecosystem.startswith(cover))
            for cover in covers
        )
        for ecosystem in spoken
    )
    assert all(record.source == name for record in records if isinstance(record, Advisory))


@pytest.mark.parametrize("name", NAMES)
def test_a_feed_names_its_terms_and_is_complete_enough_to_be_listed(name: str) -> None:
    feed = BY_NAME[name]

    assert feed.title
    assert feed.license
    assert feed.homepage.startswith("https://")
    assert all(url.startswith("https://") for url in feed.urls)
    assert feed.attribution or not feed.redistributable
    assert "-SA-" not in feed.license or not feed.redistributable


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cut", [0.3, 0.7, 0.97])
def test_a_truncated_download_is_unreadable_or_still_a_record(name: str, cut: float) -> None:
    for whole in documents(name):
        data = whole.data[: int(len(whole.data) * cut)]
        before = parsed(BY_NAME[name], whole)

        after = parsed(BY_NAME[name], type(whole)(name=whole.name, data=data))

        line_based = name in {"epss", "debian-advisories", "endoflife"}
        line_based = line_based or whole.name.endswith(".jsonl")
        yaml = whole.name.endswith((".yaml", ".yml"))
        if before and not line_based and not yaml:
            assert len(after) == 1
            assert isinstance(after[0], Unreadable)


@pytest.mark.parametrize("name", NAMES)
def test_flipped_bits_raise_nothing_that_is_not_ours(name: str) -> None:
    for document in documents(name)[:4]:
        for at in range(7, len(document.data), max(1, len(document.data) // 40)):
            data = bytearray(document.data)
            data[at] ^= 1 << (at % 8)
            try:
                parsed(BY_NAME[name], type(document)(name=document.name, data=bytes(data)))
            except (AdvisoryDataError, InputError):
                continue
