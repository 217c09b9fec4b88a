"""How targets are written."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import TargetError
from scantling.image.refs import (
    PathRef,
    RegistryRef,
    is_digest,
    looks_like_path,
    parse_path,
    parse_registry,
    split_prefix,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        ("docker.io/debian", "docker.io/library/debian:latest"),
        ("index.docker.io/debian", "docker.io/library/debian:latest"),
        ("example/app", "docker.io/example/app:latest"),
        ("docker.io/example/app:1", "docker.io/example/app:1"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("app:5000/app", "app:5000/app:latest"),
        ("example.com/a/b/c:V1.2_3-x", "example.com/a/b/c:V1.2_3-x"),
        ("Upper/app", "Upper/app:latest"),
        ("[::1]:5000/app", "[::1]:5000/app:latest"),
        (f"debian@{DIGEST}", f"docker.io/library/debian@{DIGEST}"),
        (f"example.com/app:1@{DIGEST}", f"example.com/app:1@{DIGEST}"),
        ("a__b/c-d.e---f", "docker.io/a__b/c-d.e---f:latest"),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, full: str) -> None:
    assert str(parse_registry(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "@", "/", "a/", "/a", "a//b", "UPPER", "a:", "a:-x", "a:" + "t" * 129, "a..b",
        "a___b", "-a", "a-", ".a", "example.com/", "example.com:0/a", "example.com:x/a",
        "[::1/a", "a b", "a\n", "a@sha256:0", "a@" + DIGEST.upper(), "é/a", "a" * 256,
        "exa_mple.com/a", "example..com/a", "http://example.com/a", "a?b", "a#b", "..", "a/../b",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(TargetError, match="is not an image reference"):
        parse_registry(text)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60) | st.from_regex(r"[a-z0-9./:@_-]{0,60}", fullmatch=True))
def test_any_text_is_a_reference_that_reads_back_or_a_target_error(text: str) -> None:
    try:
        found = parse_registry(text)
    except TargetError:
        return
    assert parse_registry(str(found)) == found
    assert "/../" not in f"/{found.repository}/"


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        (DIGEST, True),
        ("sha512:" + "0" * 128, True),
        (DIGEST.upper(), False),
        (DIGEST + "\n", False),
        (DIGEST[:-1], False),
        ("sha256:../../x", False),
        ("md5:" + "0" * 32, False),
        ("sha512:" + "0" * 64, False),
        ("sha256:" + "\u0660" * 64, False),
        ("", False),
    ],
)
def test_h179_only_digests_that_can_be_verified_are_digests(digest: str, *, expected: bool) -> None:
    assert is_digest(digest) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oci:app", ("oci", "app")),
        ("oci-archive:app.tar:1", ("oci-archive", "app.tar:1")),
        ("docker-archive:app.tar", ("docker-archive", "app.tar")),
        ("dir:/", ("dir", "/")),
        ("registry:debian:12", ("registry", "debian:12")),
        ("debian:12", ("", "debian:12")),
        ("oci", ("", "oci")),
    ],
)
def test_a_prefix_settles_the_kind(text: str, expected: tuple[str, str]) -> None:
    assert split_prefix(text) == expected


def test_the_longest_part_that_exists_is_the_path(tmp_path: Path) -> None:
    (tmp_path / "app.tar").touch()
    (tmp_path / "app.tar:1").touch()
    base = str(tmp_path / "app.tar")

    assert parse_path(base) == PathRef(path=base)
    assert parse_path(f"{base}:2") == PathRef(path=base, choice="2")
    assert parse_path(f"{base}:1") == PathRef(path=f"{base}:1")
    assert parse_path(f"{base}:example.com:5000/a:2") == PathRef(
        path=base, choice="example.com:5000/a:2"
    )
    assert parse_path(f"{base}@{DIGEST}") == PathRef(path=base, digest=DIGEST)
    assert parse_path(str(tmp_path / "none")) is None
    with pytest.raises(TargetError, match="is not a digest"):
        parse_path(f"{base}@md5:0")
    with pytest.raises(TargetError, match="NUL"):
        parse_path("a\0b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app.tar", True),
        ("app.tgz:1", True),
        ("./app", True),
        ("/app", True),
        ("debian:12", False),
        ("example.com/app", False),
    ],
)
def test_a_missing_file_is_not_taken_for_a_registrys_image(text: str, *, expected: bool) -> None:
    assert looks_like_path(text) is expected


def test_a_reference_without_tag_and_digest_shows_only_its_name() -> None:
    assert str(RegistryRef(registry="example.com", repository="app")) == "example.com/app"
