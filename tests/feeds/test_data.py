"""The feeds over whole real downloads: what is read, and the few records that cannot be.

Needs the folder of advisory data that tools/data-feeds.toml describes, as SCANTLING_DATA.
"""

import os
from pathlib import Path

import pytest

from scantling.advisories.api import Fetched, Unreadable
from scantling.advisories.fetch import LocalFetcher, fetch_all
from scantling.advisories.locations import read_locations
from scantling.core.transfer import Downloaded
from tests.feeds.reading import BY_NAME, statements

ROOT = Path(__file__).parent.parent.parent
LOCATIONS = read_locations(ROOT / "tools" / "data-feeds.toml")
# Feed: records at least, statements at least, unreadable at most.
EXPECTED = {
    "almalinux": (5_600, 250_000, 120),
    "alpine-aports": (80_000, 80_000, 20),
    "azurelinux": (3_400, 3_400, 0),
    "bitnami": (7_400, 7_400, 0),
    "cran": (14, 30, 0),
    "debian-advisories": (9_000, 35_000, 0),
    "debian-changelogs": (9_200, 9_200, 0),
    "drupal": (590, 590, 0),
    "endoflife": (8_000, 0, 0),
    "epss": (360_000, 0, 0),
    "friendsofphp": (1_590, 1_590, 0),
    "ghsa": (420, 600, 0),
    "go": (4_290, 6_000, 0),
    "haskell": (35, 41, 3),
    "kev": (1_660, 0, 0),
    "nodejs": (630, 630, 0),
    "ocaml": (26, 26, 0),
    "psf": (132, 0, 132),
    "pypa": (7_080, 7_050, 13),
    "retirejs": (740, 740, 43),
    "rubysec": (1_370, 1_370, 2),
    "rustsec": (1_200, 1_200, 0),
}


@pytest.mark.data
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_whole_downloads_are_read(name: str) -> None:
    folder = os.environ.get("SCANTLING_DATA")
    if folder is None:
        pytest.skip("SCANTLING_DATA names no folder of advisory data")
    fetched = fetch_all(LocalFetcher(Path(folder), no_downloads), LOCATIONS[name].places, "")
    assert isinstance(fetched, Fetched)
    records, said, unreadable = EXPECTED[name]

    found = list(BY_NAME[name].parse(fetched.spool))

    problems = sum(isinstance(record, Unreadable) for record in found)
    assert len(found) - problems >= records
    assert len(statements(found)) >= said
    assert problems <= unreadable


def no_downloads(url: str, fingerprint: str) -> Downloaded | None:
    """Refuse: the data is local."""
    raise AssertionError(f"{url} {fingerprint}")
