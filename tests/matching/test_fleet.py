"""Many images at once: numbers that lead from packages to images, and matching what changed."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.core.model.advisory import Interval, Statement, Stored
from scantling.core.model.finding import Outcome
from scantling.core.model.inventory import Package
from scantling.matching.fleet import Fleet
from scantling.matching.match import match, match_package
from scantling.matching.standing import Affected, Standing
from scantling.testing.reports import OPENSSL, package
from scantling.versions.registry import scheme_for

BASE = replace(package("jinja2", "2.10"), origin=0)
NAMES = ("jinja2", "django", "flask")


class Index:
    """A database in memory."""

    def __init__(self, *stored: Stored) -> None:
        self.stored = stored

    def lookup(self, ecosystem: str, package: str) -> tuple[Stored, ...]:
        return tuple(
            one
            for one in self.stored
            if (one.statement.ecosystem, one.statement.package) == (ecosystem, package)
        )


def says(name: str, below: str, id_: str = "PYSEC-1", *aliases: str) -> Stored:
    """Return a statement that versions of a PyPI package below one are affected."""
    key = scheme_for("pypi").key(below)
    return Stored(
        source="pypa",
        advisory=id_,
        statement=Statement(
            ecosystem="pypi", package=name, vulnerability=id_, ranges=(Interval(high=below),)
        ),
        aliases=aliases,
        keys=((None, key),),
    )


def fleet_of(*images: Iterable[Package]) -> Fleet:
    fleet = Fleet()
    for number, packages in enumerate(images):
        fleet.add_inventory(f"image-{number}", packages)
    return fleet


def test_images_share_the_layers_that_are_equal() -> None:
    fleet = fleet_of((BASE, package("django")), (BASE, package("flask")), (BASE,))

    assert fleet.images == ["image-0", "image-1", "image-2"]
    assert len(fleet.packages) == 3
    assert fleet.layer_count == 3


def test_an_image_without_part_of_a_layer_does_not_have_it() -> None:
    other = replace(package("flask"), origin=0)

    fleet = fleet_of((BASE, other), (other,))

    assert fleet.images_with(fleet.asked_by([("pypi", "jinja2")])) == (0,)
    assert fleet.images_with(fleet.asked_by([("pypi", "flask")])) == (0, 1)


def test_the_packages_of_an_image_match_as_in_a_scan() -> None:
    packages = (BASE, package("django", "2.2"), OPENSSL)
    index = Index(says("django", "2.2.9"), says("jinja2", "2.10.1"))

    fleet = fleet_of((package("flask"),), packages)

    assert set(match(fleet.packages_of(1), index)) == set(match(packages, index))
    assert len(match(packages, index)) == 2


def test_a_package_is_found_by_its_own_name_and_by_its_source() -> None:
    libssl = replace(
        OPENSSL, name="libssl3", version="3.0.11-1", source_name="openssl", source_version="3.0.9-1"
    )
    fleet = fleet_of((libssl,))
    ecosystem = libssl.ecosystem

    assert fleet.below(ecosystem, "openssl", "3.0.10-1").below == (0,)
    assert fleet.below(ecosystem, "libssl3", "3.0.10-1").below == ()
    assert fleet.below(ecosystem, "libssl3", "3.0.12-1").below == (0,)


def test_below_a_version_counts_as_versions_do() -> None:
    fleet = fleet_of((package("django", "2.2.9"), package("django", "2.2.10")))

    assert fleet.below("pypi", "django", "2.2.10").below == (0,)
    assert fleet.below("pypi", "django", "2.2.9").below == ()


def test_a_version_that_has_no_order_is_undetermined() -> None:
    fleet = fleet_of((package("django", "nonsense"), package("django", "1")))

    assert fleet.below("pypi", "django", "2").undetermined == (0,)
    assert fleet.below("pypi", "django", "no version").undetermined == (0, 1)


def test_values_of_packages_add_up_to_images() -> None:
    fleet = fleet_of((BASE, package("django")), (BASE,), ())

    assert [*fleet.sums([3, 4])] == [7, 3, 0]


def test_a_vulnerability_is_found_by_its_identifier_and_by_an_alias() -> None:
    standing = Standing(fleet_of((package("django", "2.2"), package("flask"))))
    standing.refresh(Index(says("django", "2.2.9", "PYSEC-1", "CVE-1")))

    assert standing.affected_by("CVE-1").affected == (0,)
    assert standing.affected_by("PYSEC-1").affected == (0,)
    assert standing.affected_by("CVE-2").affected == ()


def test_an_undetermined_match_is_told_apart_and_not_lost() -> None:
    standing = Standing(fleet_of((package("django", "nonsense"),)))
    standing.refresh(Index(says("django", "2.2.9", "CVE-1")))

    assert standing.affected_by("CVE-1") == Affected(affected=(), undetermined=(0,))
    assert [*standing.counts()] == [1]


def test_a_package_that_was_not_judged_yet_is_not_answered_for() -> None:
    fleet = fleet_of((package("django", "2.2"),))
    standing = Standing(fleet)

    with pytest.raises(ValueError, match="refresh"):
        standing.affected_by("CVE-1")


def test_new_packages_are_judged_whatever_changed() -> None:
    fleet = fleet_of((package("flask"),))
    standing = Standing(fleet)
    index = Index(says("django", "2.2.9", "CVE-1"))
    standing.refresh(index)

    new = fleet.add_inventory("new", (package("django", "2.2"),))

    assert standing.refresh(index, keys=()) == (1,)
    assert fleet.images_with(standing.affected_by("CVE-1").affected) == (new,)


def test_a_statement_that_is_gone_affects_nothing_any_more() -> None:
    standing = Standing(fleet_of((package("django", "2.2"),)))
    standing.refresh(Index(says("django", "2.2.9", "CVE-1")))

    assert standing.refresh(Index(), keys=[("pypi", "django")]) == (0,)
    assert standing.affected_by("CVE-1").affected == ()


_VERSIONS = st.sampled_from(["1", "2.2", "2.2.9", "3", "nonsense"])
_PACKAGES = st.builds(package, st.sampled_from(NAMES), _VERSIONS)
_IMAGES = st.lists(st.lists(_PACKAGES, max_size=4), min_size=1, max_size=4)
_SAID = st.builds(
    says, st.sampled_from(NAMES), st.sampled_from(["2", "2.2.9"]), st.sampled_from(["A", "B"])
)
_INDEX = st.builds(lambda said: Index(*said), st.lists(_SAID, max_size=4, unique=True))


@settings(max_examples=60)
@given(_IMAGES, _INDEX, _INDEX)
def test_matching_what_changed_gives_what_matching_all_gives(
    images: list[list[Package]], old: Index, new: Index
) -> None:
    fleet = fleet_of(*images)
    standing, full = Standing(fleet), Standing(fleet)
    before = Standing(fleet)
    before.refresh(old)
    standing.refresh(old)
    changed = {name for name in NAMES if old.lookup("pypi", name) != new.lookup("pypi", name)}

    again = standing.refresh(new, keys=[("pypi", name) for name in changed])
    full.refresh(new)

    every = range(len(fleet.packages))
    assert [standing.words_of(one) for one in every] == [full.words_of(one) for one in every]
    assert set(again) == {one for one in every if before.words_of(one) != full.words_of(one)}


@settings(max_examples=60)
@given(_IMAGES, _INDEX)
def test_words_are_the_open_matches_of_a_scan(images: list[list[Package]], index: Index) -> None:
    fleet = fleet_of(*images)
    standing = Standing(fleet)
    standing.refresh(index)

    for number, about in enumerate(fleet.packages):
        said = {(one.advisory, one.outcome) for one in standing.words_of(number)}
        assert said == {
            (one.advisory, one.outcome)
            for one in match_package(about, index)
            if one.outcome is not Outcome.NOT_AFFECTED
        }
