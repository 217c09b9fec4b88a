"""VERS texts come back as they went out, and mean what the intervals meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval
from scantling.testing.versions import texts
from scantling.versions.api import Scheme
from scantling.versions.ranges import compile_range
from scantling.versions.registry import SCHEMES
from scantling.versions.vers import (
    Constraint,
    Vers,
    from_intervals,
    parse,
    render,
    scheme_named,
    to_range,
)

ALL = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
DEB = SCHEMES["deb"]

_DEB_TEXTS = st.sampled_from(("1", "1.5", "2~rc1", "2", "2.5", "3", "1:0"))
_INTERVALS = st.builds(
    Interval,
    low=_DEB_TEXTS | st.just(""),
    high=_DEB_TEXTS | st.just(""),
    low_inclusive=st.booleans(),
    high_inclusive=st.booleans(),
)
_CONSTRAINTS = st.lists(
    st.builds(
        Constraint,
        comparator=st.sampled_from(("=", "!=", "<", "<=", ">", ">=")),
        version=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=9),
    ),
    unique_by=lambda one: one.version,
    max_size=5,
)


@ALL
@settings(max_examples=40, deadline=None)
@given(constraints=_CONSTRAINTS)
def test_what_is_written_is_read_back(scheme: Scheme, constraints: list[Constraint]) -> None:
    text = render(Vers(scheme.vers, tuple(constraints)))

    read = parse(text)

    assert sorted(read.constraints, key=repr) == sorted(constraints, key=repr)
    assert render(read) == text


@ALL
def test_intervals_of_real_looking_versions_keep_their_meaning(scheme: Scheme) -> None:
    found = [text for text in texts(scheme.name, 400) if scheme.key(text) is not None]
    intervals = [
        Interval(low=low, high=high, low_inclusive=index % 2 == 0, high_inclusive=index % 3 == 0)
        for index, (low, high) in enumerate(zip(found[0:40:2], found[1:40:2], strict=True))
    ]

    for index in range(len(intervals) - 2):
        some, single = intervals[index : index + 3], found[index : index + 2]
        text = from_intervals(scheme, some, single)
        assert to_range(parse(text)) == compile_range(scheme, some, single), text


@settings(max_examples=150, deadline=None)
@given(
    intervals=st.lists(_INTERVALS, min_size=1, max_size=4),
    versions=st.lists(_DEB_TEXTS, max_size=3),
)
def test_intervals_keep_their_meaning(intervals: list[Interval], versions: list[str]) -> None:
    ranged = compile_range(DEB, intervals, versions)

    text = from_intervals(DEB, intervals, versions)

    if ranged != compile_range(DEB, []):
        assert to_range(parse(text)) == ranged
        assert render(parse(text)) == text
        assert from_intervals(DEB, intervals[::-1], versions[::-1]) == text


@pytest.mark.parametrize(
    ("intervals", "versions", "text"),
    [
        ([], [], "vers:deb/*"),
        ([Interval()], ["1"], "vers:deb/*"),
        ([Interval(low="0")], [], "vers:deb/*"),
        ([Interval(high="1:2-3~a")], [], "vers:deb/<1%3A2-3~a"),
        ([Interval(low="1", high="2")], [], "vers:deb/>=1|<2"),
        ([Interval(low="1", high="3"), Interval(low="2", high="4")], [], "vers:deb/>=1|<4"),
        (
            [Interval(low="1", high="2"), Interval(low="2", high="3", low_inclusive=False)],
            [],
            "vers:deb/>=1|!=2|<3",
        ),
        ([], ["2", "1", "10"], "vers:deb/1|2|10"),
        ([Interval(low="1", high="1", high_inclusive=True)], [], "vers:deb/1"),
        (
            [Interval(low="1", low_inclusive=False, high="2", high_inclusive=True)],
            ["3"],
            "vers:deb/>1|<=2|3",
        ),
        ([Interval(low="x y", high="2")], ["3"], "vers:deb/>=x%20y|<2|3"),
        ([Interval(low="3", high="2")], [], "vers:deb/>=3|<2"),
        ([Interval(low="0", high="x y")], [], "vers:deb/<x%20y"),
        ([Interval(low="x y", low_inclusive=False)], [], "vers:deb/>x%20y"),
        ([Interval(high="2")], ["x y"], "vers:deb/<2|x%20y"),
    ],
)
def test_reports_show_intervals_like_this(
    intervals: list[Interval], versions: list[str], text: str
) -> None:
    assert from_intervals(DEB, intervals, versions) == text


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("vers:npm/1.2.3|>=2.0.0|<5.0.0", ["1.2.3", "2.0.0", "4.9.9"], ["1.2.4", "5.0.0", "0.1.0"]),
        ("vers:npm/*", ["0.0.0", "99.0.0"], []),
        ("vers:npm/!=1.0.0", ["0.9.0", "1.0.1"], ["1.0.0"]),
        ("vers:npm/<1.0.0|>2.0.0", ["0.1.0", "2.0.1"], ["1.0.0", "1.5.0", "2.0.0"]),
        ("vers:npm/>1.0.0|>=2.0.0|<3.0.0|<=4.0.0", ["1.0.1", "3.5.0", "4.0.0"], ["1.0.0", "4.0.1"]),
        ("vers:npm/>=1.0.0|!=1.5.0", ["1.0.0", "9.0.0"], ["1.5.0", "0.9.0"]),
        ("vers:npm/1.0.0|!=2.0.0", ["1.0.0"], ["2.0.0", "3.0.0"]),
        ("vers:deb/<1%3A2-1", ["1:2-0", "9"], ["1:2-1"]),
        ("vers:alpine/<=1.10.0-r0", ["1.9.0-r0"], ["1.10.0-r1"]),
    ],
)
def test_a_text_means_what_the_specification_says(
    text: str, inside: list[str], outside: list[str]
) -> None:
    vers = parse(text)
    key = scheme_named(vers.scheme).key

    found = to_range(vers)

    assert [one for one in inside if found.covers(key(one)) is not True] == []
    assert [one for one in outside if found.covers(key(one)) is not False] == []


def test_a_bound_without_a_key_leaves_everything_undetermined() -> None:
    found = to_range(parse("vers:npm/<banana|1.0.0"))

    assert found.covers(SCHEMES["npm"].key("1.0.0")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vers:",
        "vers:npm",
        "vers:npm/",
        "npm/1.0",
        "vers:NPM/1.0",
        "vers:npm/1.0||2.0",
        "vers:npm/|1.0",
        "vers:npm/1.0|",
        "vers:npm/>=1.0| <2",
        "vers:npm/1.0|1.0",
        "vers:npm/1.0|*",
        "vers:npm/>",
        "vers:npm/=>1",
        "vers:npm/1%zz",
        "vers:npm/~1.0|<<2",
        "vers:npm/1.0\n",
    ],
)
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=30) | st.text("verspm:/<>=!|*%01. ", max_size=30).map("vers:npm/".__add__)
)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        vers = parse(text)
    except InputError:
        return
    assert all(one.version for one in vers.constraints)


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(InputError, match="nosuch"):
        to_range(parse("vers:nosuch/1.0"))
