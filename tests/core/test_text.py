"""Text from images is inert when shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scantling.core.text import neutral


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name-1.2", "plain name-1.2"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("line\nbreak\r", "line\\x0abreak\\x0d"),
        ("::error::x", ":\\:error::x"),
        ("  ::error::x", "  :\\:error::x"),
        ("##vso[task]", "#\\#vso[task]"),
        ("##teamcity[x]", "#\\#teamcity[x]"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("bad\udcffbyte", "bad\\xffbyte"),
        ("grüße 日本", "grüße 日本"),
        ("Foo::Bar", "Foo::Bar"),
    ],
)
def test_active_text_becomes_visible(text: str, shown: str) -> None:
    assert neutral(text) == shown


@given(st.text())
def test_nothing_active_is_left_and_the_result_is_stable(text: str) -> None:
    shown = neutral(text)

    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert "\u202e" not in shown
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert neutral(shown) == shown


def test_long_text_is_cut_visibly() -> None:
    assert neutral("x" * 50, limit=10) == "x" * 9 + "…"
