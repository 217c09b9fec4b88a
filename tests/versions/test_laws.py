"""What every scheme promises: keys are a total order, and no text raises."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.limits import DEFAULT
from scantling.testing.versions import texts
from scantling.versions import schemes
from scantling.versions.api import Scheme
from scantling.versions.registry import SCHEMES, scheme_for

ALL = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
_LIKE_VERSIONS = st.text("0123459.-+~^:_!vabcrpl", max_size=24)


@ALL
@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=40)
    | _LIKE_VERSIONS
    | st.text("0123456789. \t\n\u0663\u00b2v", max_size=20)
)
def test_no_text_raises_and_a_key_is_never_empty(scheme: Scheme, text: str) -> None:
    key = scheme.key(text)

    assert key is None or len(key) > 0


@ALL
def test_longer_and_longer_numbers_keep_their_order(scheme: Scheme) -> None:
    found = [scheme.key(f"1.{'9' * digits}.0") for digits in range(1, 240, 7)]

    keys = [key for key in found if key is not None]
    assert len(keys) == len(found)
    assert all(low < high for low, high in pairwise(keys))


@ALL
@pytest.mark.parametrize(
    "text", ["", " ", "9" * 5000, "1.0\x00", "1.0\n2", "\u0661.0", "1.0\u00e9"]
)
def test_what_no_ecosystem_calls_a_version_has_no_key(scheme: Scheme, text: str) -> None:
    assert scheme.key(text) is None


@ALL
def test_the_longest_allowed_text_has_a_key_and_one_more_character_none(scheme: Scheme) -> None:
    zeros = "1." + "1" * (DEFAULT.version_chars - 4) + ".0"

    assert scheme.key(zeros) is not None
    assert scheme.key(zeros + "0") is None


@ALL
def test_plain_numbers_are_ordered_as_numbers(scheme: Scheme) -> None:
    rising = ["0.0.1", "0.1.0", "0.9.9", "0.10.0", "1.0.0", "1.0.9", "1.0.10", "1.2.0", "10.0.0"]

    keys = [scheme.key(text) or b"" for text in rising]

    assert keys == sorted(set(keys))


@ALL
def test_equal_keys_are_followed_by_nothing_but_the_same(scheme: Scheme) -> None:
    """No key begins another one: a cut just behind a key cannot be another version's cut."""
    keys = sorted(
        {key for text in texts(scheme.name, 600) if (key := scheme.key(text)) is not None}
    )

    assert len(keys) > 20
    assert not any(high.startswith(low) for low, high in pairwise(keys))


@ALL
def test_a_scheme_says_where_its_rules_are_from(scheme: Scheme) -> None:
    assert SCHEMES[scheme.name] is scheme
    assert scheme.vers
    assert scheme.name == "generic" or "https://" in scheme.source


def test_each_scheme_file_is_registered() -> None:
    folder = Path(next(iter(schemes.__path__)))
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert {"hex" if name == "hexpm" else name for name in files} == set(SCHEMES)
    assert len({scheme.vers for scheme in SCHEMES.values()}) == len(SCHEMES)


@pytest.mark.parametrize(
    ("ecosystem", "name"),
    [
        ("pypi", "pep440"),
        ("npm", "npm"),
        ("deb/debian:12", "deb"),
        ("deb/ubuntu:22.04", "deb"),
        ("apk/alpine:edge", "apk"),
        ("apk/wolfi:", "apk"),
        ("rpm/rhel:9", "rpm"),
        ("cargo", "cargo"),
        ("opam", "generic"),
        ("", "generic"),
        ("semver/x", "semver"),
    ],
)
def test_an_ecosystem_finds_its_scheme_and_an_unknown_one_the_cautious(
    ecosystem: str, name: str
) -> None:
    assert scheme_for(ecosystem).name == name
