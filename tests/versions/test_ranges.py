"""Ranges are an algebra of sets, with a third answer where a bound cannot be compared."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.model.advisory import Interval
from scantling.versions.ranges import (
    EVERYTHING,
    NOTHING,
    UNDETERMINED,
    Range,
    compile_range,
    covering,
)
from scantling.versions.registry import SCHEMES

DEB = SCHEMES["deb"]
SMALL = settings(max_examples=150, deadline=None)

# `x y` has no key in any scheme; the versions lie between, on and beside all bounds.
_VERSIONS = ("0~", "0", "1", "1.5", "2~rc1", "2", "2.5", "3", "1:0", "4")
_BOUNDS = st.sampled_from(("", "0", "1", "2", "2~rc1", "3", "1:0", "x y"))
_INTERVALS = st.builds(
    Interval,
    low=_BOUNDS,
    high=_BOUNDS.filter(lambda bound: bound != "0"),
    low_inclusive=st.booleans(),
    high_inclusive=st.booleans(),
)
_RANGES = st.lists(_INTERVALS, max_size=4).map(lambda found: compile_range(DEB, found))


def _key(text: str) -> bytes:
    key = DEB.key(text)
    assert key is not None
    return key


KEYS = [_key(text) for text in _VERSIONS]


def _either(*said: bool | None) -> bool | None:
    if any(said):
        return True
    return None if None in said else False


def _negated(*said: bool | None) -> bool | None:
    (one,) = said
    return None if one is None else not one


@SMALL
@given(one=_RANGES, other=_RANGES)
def test_union_intersection_and_complement_say_what_their_parts_say(
    one: Range, other: Range
) -> None:
    for key in KEYS:
        a, b = one.covers(key), other.covers(key)

        assert (one | other).covers(key) is _either(a, b)
        assert (one & other).covers(key) is _negated(_either(_negated(a), _negated(b)))
        assert (~one).covers(key) is _negated(a)


@SMALL
@given(one=_RANGES, other=_RANGES, third=_RANGES)
def test_ranges_are_normal_so_equal_sets_are_equal_values(
    one: Range, other: Range, third: Range
) -> None:
    everything, nothing = Range(EVERYTHING, EVERYTHING), Range(NOTHING, NOTHING)

    assert one | other == other | one
    assert (one | other) | third == one | (other | third)
    assert one & (other | third) == (one & other) | (one & third)
    assert ~(one | other) == ~one & ~other
    assert ~~one == one
    assert one | one == one & one == one
    assert one | nothing == one & everything == one


@SMALL
@given(found=st.lists(_INTERVALS, max_size=4))
def test_asking_intervals_directly_agrees_with_the_compiled_range(found: list[Interval]) -> None:
    keys = [(DEB.key(one.low), DEB.key(one.high)) for one in found]
    compiled = compile_range(DEB, found)

    for key in KEYS:
        answer = covering(found, keys, key)
        said = None if answer is UNDETERMINED else answer is not None
        assert said is compiled.covers(key)


@pytest.mark.parametrize(
    ("interval", "version", "covered"),
    [
        (Interval(low="1", high="2"), "1", "inside"),
        (Interval(low="1", high="2"), "2", "outside"),
        (Interval(low="1", high="2"), "2~rc1", "inside"),
        (Interval(low="1", high="2", low_inclusive=False, high_inclusive=True), "1", "outside"),
        (Interval(low="1", high="2", low_inclusive=False, high_inclusive=True), "2-0", "inside"),
        (Interval(low="2", high="1"), "1", "outside"),
        (Interval(low="0", high="1"), "0~~", "inside"),
        (Interval(high="1"), "0~~", "inside"),
        (Interval(low="1"), "9:9", "inside"),
        (Interval(), "1", "inside"),
        (Interval(low="x y", high="1"), "2", "outside"),
        (Interval(low="x y", high="1"), "0", "undetermined"),
        (Interval(low="1", high="x y"), "0", "outside"),
        (Interval(low="1", high="x y"), "3", "undetermined"),
    ],
)
def test_bounds_mean_what_they_say(interval: Interval, version: str, covered: str) -> None:
    keys = [(DEB.key(interval.low), DEB.key(interval.high))]

    answer = covering([interval], keys, DEB.key(version))

    assert answer is {"inside": interval, "outside": None}.get(covered, UNDETERMINED)
    assert compile_range(DEB, [interval]).covers(DEB.key(version)) is {
        "inside": True,
        "outside": False,
    }.get(covered)


def test_a_version_without_a_key_is_in_everything_and_in_nothing_and_else_undetermined() -> None:
    bounded = [Interval(low="1", high="2")]

    assert compile_range(DEB, bounded).covers(None) is None
    assert compile_range(DEB, []).covers(None) is False
    assert compile_range(DEB, [Interval()]).covers(None) is True
    assert covering(bounded, [(DEB.key("1"), DEB.key("2"))], None) is UNDETERMINED
    assert covering([Interval()], [(None, None)], None) == Interval()
    assert covering([], [], None) is None


def test_single_versions_join_the_range() -> None:
    found = compile_range(DEB, [Interval(low="1", high="2")], ["2", "3", "x y"])

    assert [text for text in _VERSIONS if found.covers(_key(text))] == [
        "1",
        "1.5",
        "2~rc1",
        "2",
        "3",
    ]
    assert found.decided


def test_the_interval_that_covers_is_named() -> None:
    found = [Interval(low="1", high="2"), Interval(low="2", high="3")]
    keys = [(DEB.key(one.low), DEB.key(one.high)) for one in found]

    assert covering(found, keys, DEB.key("2.5")) is found[1]
