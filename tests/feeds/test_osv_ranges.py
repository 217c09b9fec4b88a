"""OSV ranges as intervals: the schema's evaluation, and what must not be guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.ecosystems import key_of
from scantling.advisories.intervals import membership
from scantling.advisories.osv_ranges import Event, intervals, uncovered
from scantling.core.errors import InputError
from scantling.core.model.advisory import Interval
from tests.feeds.reading import interval_text

KEY = key_of("npm")


def events(*texts: str) -> list[Event]:
    """Return events written `introduced 1.0.0`."""
    return [Event(**dict([text.split(" ")])) for text in texts]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("introduced 0", "fixed 1.0.2"), "[, 1.0.2)"),
        (("introduced 0.0.0-0", "fixed 1.0.2"), "[, 1.0.2)"),
        (("introduced 1.0.0", "last_affected 1.0.2"), "[1.0.0, 1.0.2]"),
        (("introduced 1.0.0",), "[1.0.0, )"),
        (("introduced 0", "fixed 1.0.0", "introduced 2.0.0", "fixed 2.1.0"),
         "[, 1.0.0) [2.0.0, 2.1.0)"),
        (("introduced 2.0.0", "fixed 2.1.0", "introduced 0", "fixed 1.0.0"),
         "[, 1.0.0) [2.0.0, 2.1.0)"),
        (("fixed 1.0.0", "introduced 0"), "[, 1.0.0)"),
        # Several ends: affected until the first of them (schema, "Evaluation").
        (("introduced 0", "fixed 3.0.0", "fixed 2.0.0"), "[, 2.0.0)"),
        (("introduced 0", "last_affected 2.0.0", "last_affected 1.0.0"), "[, 1.0.0]"),
        (("introduced 0", "introduced 1.0.0", "fixed 2.0.0"), "[, 2.0.0)"),
        # One version may end one range and start the next.
        (("introduced 0", "fixed 2.0.0", "introduced 2.0.0", "fixed 3.0.0"),
         "[, 2.0.0) [2.0.0, 3.0.0)"),
        (("introduced 1.0.0", "limit 2.0.0"), "[1.0.0, 2.0.0)"),
        (("introduced 1.0.0", "limit *"), "[1.0.0, )"),
        (("introduced 1.0.0", "fixed 3.0.0", "limit 2.0.0", "limit 2.5.0"), "[1.0.0, 2.5.0)"),
        (("introduced 1.0.0", "fixed 3.0.0", "limit 5.0.0"), "[1.0.0, 3.0.0)"),
    ],
    ids=lambda value: "_".join(value).replace(" ", "") if isinstance(value, tuple) else "",
)  # fmt: skip
def test_events_become_intervals(written: tuple[str, ...], expected: str) -> None:
    found = intervals(events(*written), KEY)

    assert " ".join(map(interval_text, found)) == expected


@pytest.mark.parametrize(
    "written",
    [
        (),
        ("fixed 1.0.0",),
        ("introduced 0", "fixed not-a-version", "fixed 2.0.0"),
        ("introduced 0", "fixed 1.0.0", "limit not-a-version"),
    ],
    ids=["no_events", "no_start", "order_unknown", "limit_unknown"],
)
def test_what_cannot_be_told_is_refused(written: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        intervals(events(*written), KEY)


def test_an_event_that_says_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="says nothing"):
        intervals([Event(introduced="0"), Event()], KEY)


def test_versions_without_keys_still_make_pairs() -> None:
    written = events("introduced 0", "fixed not-a-version")

    assert intervals(written, KEY) == (Interval(high="not-a-version"),)


VERSIONS = st.integers(0, 6).map(lambda major: f"{major}.0.0")
EVENTS = st.lists(
    st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), VERSIONS), max_size=7
).map(lambda found: [("introduced", "0"), *found])


def _number(version: str) -> int:
    """Return the major number; `0` alone sorts before every version."""
    return -1 if version == "0" else int(version.partition(".")[0])


def affected_by_the_schema(written: list[tuple[str, str]], version: str) -> bool:
    """Evaluate events one by one, as the schema's pseudocode does."""
    number = _number(version)
    order = {"fixed": 0, "introduced": 1, "last_affected": 2}
    vulnerable = False
    for kind, text in sorted(written, key=lambda one: (_number(one[1]), order[one[0]])):
        at = _number(text)
        if kind == "introduced" and number >= at:
            vulnerable = True
        elif (kind == "fixed" and number >= at) or (kind == "last_affected" and number > at):
            vulnerable = False
    return vulnerable


@settings(max_examples=200, deadline=None)
@given(EVENTS, VERSIONS)
def test_intervals_cover_what_the_schema_calls_affected(
    written: list[tuple[str, str]], version: str
) -> None:
    kinds = [kind for kind, _ in written]
    numbers = [_number(text) for _, text in written]
    # Pairs in ascending order are taken as written, which differs from the pseudocode only where
    # something starts at the version at which something ends: which of the two comes first?
    starts = {at for kind, at in zip(kinds, numbers, strict=True) if kind == "introduced"}
    ends = {at for kind, at in zip(kinds, numbers, strict=True) if kind != "introduced"}
    tied = bool(starts & ends)
    key = KEY(version)
    assert key is not None

    found = membership(intervals([Event(**{kind: text}) for kind, text in written], KEY), KEY)(key)

    assert tied or found == affected_by_the_schema(written, version)


def test_listed_versions_stay_only_where_no_range_covers_them() -> None:
    ranges = (Interval(low="1.0.0", high="2.0.0"),)

    found = uncovered(["0.9.0", "1.0.0", "1.5.0", "2.0.0", "weird"], ranges, KEY)

    assert found == ("0.9.0", "2.0.0", "weird")


def test_listed_versions_all_stay_beside_a_range_that_cannot_be_compared() -> None:
    assert uncovered(["1.0.0"], (Interval(high="weird"),), KEY) == ("1.0.0",)
