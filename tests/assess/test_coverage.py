"""What the advisory data cannot tell is a gap."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from scantling.assess.coverage import knowledge_gaps, undetermined_gaps
from scantling.core.model.advisory import Release
from scantling.core.model.finding import FindingState
from scantling.core.model.gap import Gap
from scantling.core.model.inventory import Inventory
from scantling.core.model.report import DatabaseInfo
from scantling.testing.reports import DATABASE, DISTRO, DJANGO, IMAGE, OPENSSL, finding

NOW = datetime(2026, 8, 23, tzinfo=UTC)
INVENTORY = Inventory(image=IMAGE, distro=DISTRO, packages=(OPENSSL, DJANGO))


class _Knowledge:
    def __init__(
        self,
        covers: Mapping[str, tuple[tuple[str, str], ...]],
        info: DatabaseInfo = DATABASE,
        releases: tuple[Release, ...] = (),
    ) -> None:
        self._covers = covers
        self.info = info
        self._releases = releases

    def covers(self, ecosystem: str, /) -> tuple[tuple[str, str], ...]:
        return self._covers.get(ecosystem, ())

    def ecosystems(self) -> tuple[str, ...]:
        return tuple(sorted(self._covers))

    def releases(self, product: str, /) -> tuple[Release, ...]:
        return tuple(one for one in self._releases if one.product == product)


FULL: Mapping[str, tuple[tuple[str, str], ...]] = {
    "deb/debian:12": (("debian", "full"),),
    "pypi": (("pypa", "full"),),
}
FRESH = replace(
    DATABASE, sources=tuple(replace(one, as_of="2026-08-22") for one in DATABASE.sources)
)


def _gaps(knowledge: _Knowledge) -> dict[str, Gap]:
    return {one.code: one for one in knowledge_gaps(INVENTORY, knowledge, NOW)}


def test_full_and_fresh_knowledge_has_no_gap() -> None:
    assert _gaps(_Knowledge(FULL, FRESH)) == {}


def test_packages_that_no_source_speaks_about_are_a_gap() -> None:
    gaps = _gaps(_Knowledge({"deb/debian:12": (("debian", "full"),)}, FRESH))

    assert gaps["coverage.none"].detail == "1 pypi package (Django): no source speaks about pypi"


@pytest.mark.parametrize(
    ("completeness", "code"),
    [
        ((("a", "partial"),), "coverage.partial"),
        ((("a", "fixes-only"),), "coverage.fixes-only"),
        ((("a", "partial"), ("b", "fixes-only")), "coverage.fixes-only"),
        ((("a", "partial"), ("b", "full")), ""),
    ],
)
def test_the_best_source_decides_what_silence_means(
    completeness: tuple[tuple[str, str], ...], code: str
) -> None:
    gaps = _gaps(_Knowledge({**FULL, "pypi": completeness}, FRESH))

    assert "".join(gaps) == code


def test_a_release_that_the_distributions_source_does_not_know_is_a_gap() -> None:
    covers: Mapping[str, tuple[tuple[str, str], ...]] = {
        "deb/debian:11": (("debian", "full"),),
        "pypi": (("pypa", "full"),),
    }

    gaps = _gaps(_Knowledge(covers, FRESH))

    assert "knows releases 11 only" in gaps["os.no-release"].detail


def test_an_old_source_is_a_gap_only_when_it_is_used() -> None:
    used = _gaps(_Knowledge(FULL))
    unused = _gaps(_Knowledge({**FULL, "pypi": (("other", "full"),)}))

    assert "pypa is of 2026-07-23, 31 days old" in used["advisories.stale"].detail
    assert "advisories.stale" not in unused


def test_a_quiet_publisher_that_was_asked_lately_is_fresh() -> None:
    asked = tuple(replace(one, confirmed="2026-08-22T10:00:00Z") for one in DATABASE.sources)

    assert _gaps(_Knowledge(FULL, replace(DATABASE, sources=asked))) == {}


def test_a_database_past_its_expiry_is_stale() -> None:
    gaps = _gaps(_Knowledge(FULL, replace(FRESH, expires="2026-08-22T23:59:59Z")))

    assert gaps["advisories.stale"].detail == "the database expired on 2026-08-22"


def test_a_source_without_a_date_is_stale() -> None:
    info = replace(FRESH, sources=(replace(FRESH.sources[0], as_of=""), FRESH.sources[1]))

    assert "does not say how old" in _gaps(_Knowledge(FULL, info))["advisories.stale"].detail


def test_a_database_without_a_trusted_signature_is_a_gap() -> None:
    assert "advisories.unverified" in _gaps(_Knowledge(FULL, replace(FRESH, verified=False)))


@pytest.mark.parametrize(
    ("end", "extended", "code"),
    [
        ("2026-06-10", "", "os.end-of-life"),
        ("2026-06-10", "2026-08-22", "os.end-of-life"),
        ("2026-06-10", "2028-06-30", "os.extended-support"),
        ("2028-06-30", "", ""),
    ],
)
def test_a_distribution_past_its_end_is_a_gap(end: str, extended: str, code: str) -> None:
    release = Release(product="debian", cycle="12", end_of_life=end, extended_until=extended)

    assert "".join(_gaps(_Knowledge(FULL, FRESH, (release,)))) == code


def test_undetermined_findings_are_a_gap_for_each_package() -> None:
    findings = [
        finding(DJANGO, "CVE-1", state=FindingState.UNDETERMINED),
        finding(DJANGO, "CVE-2", state=FindingState.UNDETERMINED),
        finding(OPENSSL, "CVE-3"),
    ]

    [one] = undetermined_gaps(findings)

    assert (one.code, one.count) == ("version.incomparable", 2)
