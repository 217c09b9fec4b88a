"""The advisories of Django 2.2 in a real image are those that PyPA's files name, and no others.

The files are judged here a second time, by `packaging` and a few lines, without any of our code.
"""

from pathlib import Path
from typing import Final

import msgspec
import pytest
import yaml_rs
from msgspec import Struct
from packaging.version import Version

from scantling.advisories.build import Plan, Tools, build
from scantling.advisories.database import Database
from scantling.advisories.ecosystems import key_of
from scantling.advisories.fetch import LocalFetcher
from scantling.advisories.locations import read_locations
from scantling.advisories.registry import FEEDS
from scantling.advisories.sign import sign
from scantling.advisories.store import Store
from scantling.core import clock
from scantling.core.model.finding import FindingState, Outcome
from scantling.core.progress import Quiet
from scantling.core.transfer import Downloaded
from scantling.scan import scan

pytestmark = [pytest.mark.oracle, pytest.mark.data]

ROOT: Final = Path(__file__).parent.parent.parent.parent
INSTALLED: Final = Version("2.2")
PURL: Final = "pkg:pypi/django@2.2"
_AT_LEAST: Final = 25


class _Event(Struct):
    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""


class _Range(Struct):
    type: str
    events: list[_Event]


class _Package(Struct):
    name: str
    ecosystem: str


class _Affected(Struct):
    package: _Package
    ranges: list[_Range] = []
    versions: list[str] = []


class _Record(Struct):
    id: str
    withdrawn: object = None
    affected: list[_Affected] = []


def test_django_has_the_advisories_of_its_version_with_their_fixes(
    images: Path, data: Path, tmp_path: Path
) -> None:
    expected = {
        record.id: fixes
        for record in _records(data / "pypa-advisories/vulns/django")
        if (fixes := _affecting(record)) is not None
    }

    report = scan(str(images / "py-app"), _database(data, tmp_path))

    found = {
        match.advisory: sorted(map(Version, match.fixed_in))
        for finding in report.findings
        if finding.purl == PURL and finding.state is FindingState.OPEN
        for match in finding.matches
        if match.source == "pypa" and match.outcome is Outcome.AFFECTED
    }
    assert found == expected
    assert len(expected) >= _AT_LEAST


def _records(folder: Path) -> list[_Record]:
    files = sorted(folder.glob("*.yaml"))
    return [msgspec.convert(yaml_rs.loads(file.read_text()), _Record) for file in files]


def _affecting(record: _Record) -> list[Version] | None:
    """Return the fixing versions of a record that covers the installed version, else None."""
    if record.withdrawn:
        return None
    about = [one for one in record.affected if one.package.name.lower() == "django"]
    covers = any(
        INSTALLED in {Version(version) for version in one.versions}
        or any(_in_range(one_range) for one_range in one.ranges)
        for one in about
    )
    if not covers:
        return None
    events = [event for one in about for each in _ours(one) for event in each.events]
    return sorted({Version(event.fixed) for event in events if event.fixed})


def _ours(affected: _Affected) -> list[_Range]:
    return [one for one in affected.ranges if one.type != "GIT"]


def _in_range(one: _Range) -> bool:
    """Evaluate the events as the OSV schema says, "Evaluation"; those of git name commits."""
    if one.type == "GIT":
        return False
    affected = False
    for event in sorted(one.events, key=_place):
        if event.introduced:
            affected = affected or _place(event) <= INSTALLED
        elif event.fixed:
            affected = affected and _place(event) > INSTALLED
        elif event.last_affected:
            affected = affected and _place(event) >= INSTALLED
    return affected


def _place(event: _Event) -> Version:
    return Version(event.introduced or event.fixed or event.last_affected)


def _database(data: Path, folder: Path) -> Database:
    """Build a database of PyPA's advisories alone."""
    locations = {"pypa": read_locations(ROOT / "tools" / "data-feeds.toml")["pypa"]}
    feeds = tuple(feed for feed in FEEDS if feed.name == "pypa")
    store = Store(folder / "db")
    tools = Tools(
        fetcher=LocalFetcher(data, _no_downloads),
        key_for=key_of,
        progress=Quiet(),
        now=clock.now(),
        sign=sign,
    )
    build(Plan(feeds=feeds, locations=locations), store, tools)
    return store.open()


def _no_downloads(url: str, fingerprint: str) -> Downloaded | None:
    raise AssertionError(f"{url} was to be downloaded ({fingerprint}); the data is local")
