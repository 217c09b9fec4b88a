"""Sets of versions obey the laws of sets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.ecosystems import key_of
from scantling.advisories.intervals import (
    EVERYTHING,
    complement,
    difference,
    intersection,
    membership,
    union,
)
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval

KEY = key_of("npm")
BOUNDS = st.sampled_from(["", "1.0.0", "2.0.0", "2.0.0-rc.1", "3.0.0"])
INTERVALS = st.builds(
    Interval, low=BOUNDS, high=BOUNDS, low_inclusive=st.booleans(), high_inclusive=st.booleans()
)
SETS = st.lists(INTERVALS, max_size=4)
VERSIONS = st.sampled_from(
    [
        "0.1.0",
        "1.0.0-a",
        "1.0.0",
        "1.5.0",
        "2.0.0-rc.1",
        "2.0.0-rc.2",
        "2.0.0",
        "2.0.1",
        "3.0.0",
        "9.0.0",
    ]
)


def has(intervals: tuple[Interval, ...] | list[Interval], version: str) -> bool:
    """Return whether the version is in the set."""
    key = KEY(version)
    assert key is not None
    return membership(intervals, KEY)(key)


@settings(max_examples=150, deadline=None)
@given(SETS, SETS, VERSIONS)
def test_the_operations_mean_what_they_are_called(
    one: list[Interval], other: list[Interval], version: str
) -> None:
    in_one, in_other = has(one, version), has(other, version)

    assert has(union([*one, *other], KEY), version) == (in_one or in_other)
    assert has(intersection(one, other, KEY), version) == (in_one and in_other)
    assert has(complement(one, KEY), version) == (not in_one)
    assert has(difference(one, other, KEY), version) == (in_one and not in_other)


@settings(max_examples=100, deadline=None)
@given(SETS)
def test_the_complement_of_the_complement_is_the_set_itself(one: list[Interval]) -> None:
    assert complement(complement(one, KEY), KEY) == union(one, KEY)


def test_the_complement_of_nothing_is_everything() -> None:
    assert complement((), KEY) == EVERYTHING
    assert complement(EVERYTHING, KEY) == ()


def test_a_bound_without_a_key_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        union([Interval(high="weird")], KEY)
