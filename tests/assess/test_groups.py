"""Identifiers are grouped independently of their order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.assess.groups import AliasGroups, preferred

_NAMES = st.sampled_from([f"CVE-2020-{number}" for number in range(12)])
_SETS = st.lists(st.lists(_NAMES, min_size=1, max_size=4), max_size=8)


def _groups(sets: list[list[str]]) -> dict[str, str]:
    groups = AliasGroups()
    for one in sets:
        groups.join(one)
    return {name: groups.root(name) for one in sets for name in one}


@given(_SETS, st.randoms(use_true_random=False))
def test_the_order_of_joining_does_not_matter(sets: list[list[str]], random: object) -> None:
    shuffled = [list(one) for one in sets]
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    for one in shuffled:
        random.shuffle(one)  # type: ignore[attr-defined]  # the same

    assert _groups(shuffled) == _groups(sets)


def test_a_record_that_links_two_others_joins_them_in_every_order() -> None:
    """One pass over the records gives two groups in four of the six orders."""
    records = [["CVE-1"], ["GHSA-1"], ["PYSEC-1", "CVE-1", "GHSA-1"]]

    for order in permutations(records):
        assert len(set(_groups(list(order)).values())) == 1


def test_a_very_long_chain_of_aliases_is_no_trouble() -> None:
    groups = AliasGroups()
    for number in range(20_000, 0, -1):
        groups.join((f"X-{number:05}", f"X-{number + 1:05}"))

    assert groups.root("X-20001") == "X-00001"


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (("GHSA-aaaa", "CVE-2021-1"), "CVE-2021-1"),
        (("CVE-2021-10", "CVE-2021-9"), "CVE-2021-9"),
        (("PYSEC-2020-1", "GHSA-x"), "GHSA-x"),
        (("ZZ-1", "AA-2"), "ZZ-1"),
        (("CVE-2021-" + "9" * 5000, "CVE-2022-1"), "CVE-2021-" + "9" * 5000),
    ],
)
def test_people_speak_of_the_cve(names: tuple[str, ...], best: str) -> None:
    assert preferred(names) == best
