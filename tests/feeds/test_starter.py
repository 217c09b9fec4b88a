"""The embedded starter database: small, openly licensed, attributed, and readable."""

import tomllib
from pathlib import Path

import pytest

from scantling.advisories.store import open_starter, starter_store
from scantling.core.errors import ExitCode
from tests.feeds.reading import BY_NAME

ROOT = Path(__file__).parent.parent.parent
MAX_BYTES = 12 * 1000 * 1000


def test_it_is_small_enough_to_ship() -> None:
    files = [path for path in starter_store().root.rglob("*") if path.is_file()]

    assert 0 < sum(path.stat().st_size for path in files) <= MAX_BYTES


def test_every_source_in_it_may_be_passed_on() -> None:
    sources = open_starter().manifest.sources

    assert all(BY_NAME[source.name].redistributable for source in sources)
    assert not [source.name for source in sources if "-SA-" in source.license]


def test_every_source_in_it_is_named_in_the_notice() -> None:
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())

    missing = [
        source.name for source in open_starter().manifest.sources if source.url not in notice
    ]

    assert missing == []


def test_every_source_in_it_has_the_date_of_its_copy() -> None:
    locations = tomllib.loads((ROOT / "tools" / "data-feeds.toml").read_text("utf-8"))["sources"]

    for source in open_starter().manifest.sources:
        assert source.as_of == locations[source.name]["as_of"]


@pytest.mark.parametrize(
    ("ecosystem", "package", "vulnerability"),
    [
        ("pypi", "jinja2", "CVE-2024-56326"),
        ("golang", "stdlib", "CVE-2020-28362"),
        ("rpm/almalinux:9", "openssl-libs", "CVE-2022-1292"),
        ("apk/alpine:3.20", "openssl", "CVE-2024-4603"),
        ("deb/debian:12", "curl", "CVE-2023-38545"),
        ("npm", "jquery", "CVE-2020-7656"),
        ("gem", "rack", "CVE-2026-34835"),
    ],
)
def test_it_knows_what_its_sources_know(ecosystem: str, package: str, vulnerability: str) -> None:
    found = {one.statement.vulnerability for one in open_starter().lookup(ecosystem, package)}

    assert vulnerability in found


def test_the_distributions_in_it_are_not_claimed_to_be_complete() -> None:
    for source in open_starter().manifest.sources:
        for cover in source.covers:
            if cover.ecosystem.startswith(("deb/debian", "apk/alpine")):
                assert cover.completeness == "partial"


def test_building_without_data_fails_loudly(tmp_path: Path) -> None:
    from tools.build_starter import build_starter  # noqa: PLC0415 - a tool, not the package

    from scantling.advisories.locations import read_locations  # noqa: PLC0415
    from scantling.core.errors import AdvisoryDataError  # noqa: PLC0415

    locations = read_locations(ROOT / "tools" / "data-feeds.toml")

    with pytest.raises(AdvisoryDataError) as caught:
        build_starter(tmp_path, tmp_path / "out", locations)

    assert caught.value.exit_code is ExitCode.NO_ADVISORY_DATA
