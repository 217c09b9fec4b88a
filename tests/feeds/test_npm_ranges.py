"""Ranges of npm's grammar. Source of the expectations: node-semver's README."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.advisories.npm_ranges import intervals
from scantling.core.errors import InputError
from tests.feeds.reading import interval_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<=1.5.1", "[, 1.5.1]"),
        (">= 1.2.0 < 2.0.0", "[1.2.0, 2.0.0)"),
        ("1.2.3", "[1.2.3, 1.2.3]"),
        ("=v1.2.3", "[1.2.3, 1.2.3]"),
        ("8.x", "[8.0.0, 9.0.0-0)"),
        ("1.2.*", "[1.2.0, 1.3.0-0)"),
        ("1", "[1.0.0, 2.0.0-0)"),
        ("*", "[, )"),
        ("", "[, )"),
        ("^1.2.3", "[1.2.3, 2.0.0-0)"),
        ("^0.2.3", "[0.2.3, 0.3.0-0)"),
        ("^0.0.3", "[0.0.3, 0.0.4-0)"),
        ("^0.0", "[0.0.0, 0.1.0-0)"),
        ("~1.2.3", "[1.2.3, 1.3.0-0)"),
        ("~1", "[1.0.0, 2.0.0-0)"),
        (">1.2", "[1.3.0, )"),
        ("<=1.2", "[, 1.3.0-0)"),
        ("<1.2", "[, 1.2.0-0)"),
        ("1.2.3 - 2.3.4", "[1.2.3, 2.3.4]"),
        ("1.2 - 2.3", "[1.2.0, 2.4.0-0)"),
        ("7.x || ^8.1.0", "[7.0.0, 8.0.0-0) [8.1.0, 9.0.0-0)"),
        (">=1.0.0-rc.1 <1.0.0", "[1.0.0-rc.1, 1.0.0)"),
        ("<=2.0.0-alpha9", "[, 2.0.0-alpha9]"),
    ],
)
def test_a_range_admits_these_versions(text: str, expected: str) -> None:
    assert " ".join(map(interval_text, intervals(text))) == expected


@pytest.mark.parametrize("text", ["latest", "1.2.3.4", ">", "<1.0.0 >2.0.0", "^" + "1" * 5000, "²"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        intervals(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789.xX*^~<>=| -vab", max_size=30))
def test_any_text_gives_intervals_or_is_refused(text: str) -> None:
    try:
        found = intervals(text)
    except InputError:
        return
    assert found
