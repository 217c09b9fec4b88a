"""Names of images are brought to one spelling, and nothing else is taken for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.image_name import ImageName, split

_DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", ImageName(repository="docker.io/library/nginx")),
        ("docker.io/nginx:1", ImageName(repository="docker.io/library/nginx", tag="1")),
        ("index.docker.io/library/nginx", ImageName(repository="docker.io/library/nginx")),
        ("team/shop", ImageName(repository="docker.io/team/shop")),
        ("localhost/shop:1.0", ImageName(repository="localhost/shop", tag="1.0")),
        ("Example.com:5000/a/b:1", ImageName(repository="example.com:5000/a/b", tag="1")),
        (f"ghcr.io/a/b:1@{_DIGEST}", ImageName(repository="ghcr.io/a/b", tag="1", digest=_DIGEST)),
    ],
)
def test_a_name_in_full(text: str, name: ImageName) -> None:
    assert split(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Shop",
        "a b",
        "a:",
        "a@sha256:12",
        "a/",
        "/a",
        "https://example.com/a",
        "a\n",
        "a" * 2000,
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert split(text) is None


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_what_is_split_stays_the_same_when_split_again(text: str) -> None:
    name = split(text)

    if name is not None:
        assert split(name.repository) == ImageName(repository=name.repository)
