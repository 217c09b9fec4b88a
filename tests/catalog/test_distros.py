"""Which release of a distribution advisories speak of, and what its packages are called."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.catalog.distros import distro_from, package_db_of, purl_namespace
from scantling.core.model.facts import DistroFact
from scantling.core.model.inventory import Distro

RELEASES = [
    ("debian", "12.5", "", "12"),
    ("debian", "12", "bookworm", "12"),
    ("debian", "", "trixie", "13"),
    ("debian", "bookworm/sid", "", "12"),
    ("debian", "", "", ""),
    ("ubuntu", "22.04", "", "22.04"),
    ("ubuntu", "22.04.3", "", "22.04"),
    ("alpine", "3.18.4", "", "3.18"),
    ("alpine", "3.19.0_rc1", "", "3.19"),
    ("alpine", "3.21.0_alpha20240923", "", "edge"),
    ("almalinux", "9.3", "", "9"),
    ("rhel", "9.2", "", "9"),
    ("rocky", "8.10", "", "8"),
    ("centos", "7", "", "7"),
    ("ol", "8.8", "", "8"),
    ("amzn", "2", "", "2"),
    ("amzn", "2023", "", "2023"),
    ("amzn", "2018.03", "", "1"),
    ("fedora", "39", "", "39"),
    ("opensuse-leap", "15.5", "", "15.5"),
    ("opensuse-tumbleweed", "20241205", "", ""),
    ("sles", "15.5", "", "15.5"),
    ("sles", "15", "", "15"),
    ("photon", "5.0", "", "5.0"),
    ("azurelinux", "3.0", "", "3.0"),
    ("mariner", "2.0", "", "2.0"),
    ("wolfi", "20230201", "", ""),
    ("chainguard", "20230214", "", ""),
    ("arch", "20240101.0.204074", "", ""),
    ("postmarketos", "v23.06", "", "v23.06"),
    ("exampleos", "4.2-beta", "", "4.2-beta"),
]


@pytest.mark.parametrize(
    ("distro", "version", "codename", "release"), RELEASES, ids=lambda value: value or "none"
)
def test_the_release_is_the_part_of_the_version_that_advisories_use(
    distro: str, version: str, codename: str, release: str
) -> None:
    facts = DistroFact(id=distro, version_id=version, codename=codename)

    assert distro_from(facts).release == release


def test_alpine_edge_is_told_by_its_name_when_its_version_does_not_say_so() -> None:
    facts = DistroFact(id="alpine", version_id="3.10.0", pretty_name="Alpine Linux edge")

    assert distro_from(facts).release == "edge"


def test_everything_else_of_the_release_file_is_kept() -> None:
    facts = DistroFact(
        id="rocky",
        version_id="9.3",
        codename="blue-onyx",
        pretty_name="Rocky Linux 9.3 (Blue Onyx)",
        id_like=("rhel", "fedora"),
    )

    assert distro_from(facts) == Distro(
        id="rocky",
        release="9",
        version_id="9.3",
        codename="blue-onyx",
        pretty_name="Rocky Linux 9.3 (Blue Onyx)",
        like=("rhel", "fedora"),
    )


@pytest.mark.parametrize(
    ("distro", "database", "namespace"),
    [
        ("debian", "deb", "debian"),
        ("alpine", "apk", "alpine"),
        ("rhel", "rpm", "redhat"),
        ("opensuse-leap", "rpm", "opensuse"),
        ("sles", "rpm", "suse"),
        ("azurelinux", "rpm", "azurelinux"),
        ("arch", "", "arch"),
        ("exampleos", "", "exampleos"),
    ],
)
def test_a_distribution_has_its_package_database_and_its_purl_namespace(
    distro: str, database: str, namespace: str
) -> None:
    assert package_db_of(distro) == database
    assert purl_namespace(Distro(id=distro)) == namespace


def test_no_distribution_has_no_namespace() -> None:
    assert purl_namespace(None) == ""


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([case[0] for case in RELEASES]) | st.text(max_size=8), st.text(max_size=12))
def test_any_version_text_gives_a_release_that_it_contains_or_none(distro: str, text: str) -> None:
    release = distro_from(DistroFact(id=distro, version_id=text)).release

    assert release in text or release in {"1", "edge", "sid"} or distro == "debian"
