"""Package URLs come apart as they were put together, and as the reference library says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from scantling.core import purl
from scantling.core.purl_parts import key, parse

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)


@settings(max_examples=60)
@given(_WORDS, _WORDS, st.one_of(st.just(""), _WORDS), st.one_of(st.just(""), _WORDS))
def test_what_is_built_comes_apart(namespace: str, name: str, version: str, value: str) -> None:
    text = purl.build("maven", namespace, name, version, qualifiers=(("arch", value), ("z", "1")))

    parts = parse(text)

    assert parts is not None
    assert (parts.type, parts.namespace, parts.name) == ("maven", namespace, name)
    assert (parts.version, parts.qualifier("arch"), parts.qualifier("z")) == (version, value, "1")


@pytest.mark.parametrize(
    "text",
    [
        "pkg:npm/%40angular/core@16.0.0",
        "pkg:npm/@angular/core@16.0.0",
        "pkg:npm/@angular/core",
        "pkg:golang/github.com/a/b/v2@v2.0.0?type=module#cmd/x",
        "pkg:oci/app@sha256%3Aabc?repository_url=registry.example.com%2Fteam%2Fapp&tag=1.0",
        "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
        "pkg:NPM/a",
        "pkg://npm/a@1",
    ],
)
def test_parts_are_those_of_the_reference_library(text: str) -> None:
    reference = PackageURL.from_string(text)
    parts = parse(text)

    assert parts is not None
    assert (parts.type, parts.namespace, parts.name, parts.version, parts.subpath) == (
        reference.type,
        reference.namespace or "",
        reference.name,
        reference.version or "",
        reference.subpath or "",
    )
    assert dict(parts.qualifiers) == reference.qualifiers


@pytest.mark.parametrize("text", ["", "pkg:", "pkg:npm", "pkg:npm/", "pkg:@/a", "npm/a", "pkg:1/a"])
def test_what_is_no_package_url_is_none(text: str) -> None:
    assert parse(text) is None


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_any_text_is_taken(text: str) -> None:
    for one in (text, f"pkg:{text}"):
        parts = parse(one)
        assert parts is None or parts.name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pkg:pypi/Zope.Interface", "pkg:pypi/zope-interface"),
        ("pkg:golang/github.com/Azure/x", "pkg:golang/github.com/azure/x"),
        ("pkg:nuget/Newtonsoft.Json", "pkg:nuget/newtonsoft.json"),
        ("pkg:rpm/RedHat/curl", "pkg:rpm/redhat/curl"),
    ],
)
def test_spellings_of_one_package_have_one_key(one: str, other: str) -> None:
    parts, others = parse(one), parse(other)

    assert parts is not None
    assert others is not None
    assert key(parts) == key(others)
