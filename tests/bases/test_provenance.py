"""Provenance: which images a build used."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.bases.provenance import Material, read_provenance
from scantling.core.errors import InputError

_HASH = "0123456789abcdef" * 4
_USED = [
    {
        "uri": "pkg:docker/docker/dockerfile@1",
        "digest": {"sha256": "f" * 64},
    },
    {
        "uri": "pkg:docker/python@3.12-slim?platform=linux%2Famd64",
        "digest": {"sha256": _HASH},
    },
    {"uri": "https://github.com/example/app.git#main", "digest": {"sha1": "0" * 40}},
]
_V02 = {"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {"materials": _USED}}
_V1 = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {"buildDefinition": {"resolvedDependencies": _USED}},
}
_PYTHON = Material(name="docker.io/library/python", tag="3.12-slim", digest=f"sha256:{_HASH}")


def _read(value: object) -> tuple[Material, ...]:
    found = read_provenance((json.dumps(value).encode(),))
    assert found is not None
    return found.materials


@pytest.mark.parametrize("statement", [_V02, _V1], ids=["v0.2", "v1"])
def test_the_images_are_named_and_tools_of_the_build_are_left_out(statement: object) -> None:
    assert _read(statement) == (_PYTHON,)


@pytest.mark.parametrize(
    ("uri", "name", "tag", "digest"),
    [
        ("pkg:docker/ghcr.io/example/base@1.2", "ghcr.io/example/base", "1.2", ""),
        (
            f"pkg:docker/debian@sha256%3A{_HASH}",
            "docker.io/library/debian",
            "",
            f"sha256:{_HASH}",
        ),
        (
            f"pkg:docker/team/base?tag=7&digest=sha256:{_HASH}",
            "docker.io/team/base",
            "7",
            f"sha256:{_HASH}",
        ),
        (
            "pkg:docker/base@2?repository_url=registry.example.com/team",
            "registry.example.com/team/base",
            "2",
            "",
        ),
    ],
)
def test_package_urls_of_images_are_understood(uri: str, name: str, tag: str, digest: str) -> None:
    statement = {"predicateType": "https://slsa.dev/provenance/v1"}
    statement["predicate"] = {"buildDefinition": {"resolvedDependencies": [{"uri": uri}]}}  # type: ignore[assignment]

    assert _read(statement) == (Material(name=name, tag=tag, digest=digest),)


def test_other_statements_are_no_provenance() -> None:
    assert read_provenance(()) is None
    assert read_provenance((b'{"predicateType": "https://spdx.dev/Document"}',)) is None


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.sampled_from([json.dumps(_V1).encode()]), st.integers(0, 300))
def test_any_bytes_are_read_or_an_error(data: bytes, cut: int) -> None:
    try:
        read_provenance((data[:cut],))
    except InputError as error:
        assert error.code == "base.unread"  # noqa: PT017
