"""The list of official images: read as published, and what a tag could be exchanged for."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.bases.official import Library, embedded, pack, parse_library, read_folder, unpack
from scantling.bases.successors import (
    elsewhere,
    newer_date,
    newer_major,
    newer_minor,
    newer_patch,
    place_of,
    slimmer,
)
from scantling.bases.tags import parse_tag, specificity
from scantling.core.errors import InputError

DATA = Path(__file__).parent / "data" / "library"


def _library() -> Library:
    return read_folder(DATA, as_of="2026-08-21", revision="37079fb336f5")


def _name(repository: str) -> str:
    return f"docker.io/library/{repository}"


def test_tags_of_one_definition_are_aliases() -> None:
    aliases = _library().aliases(_name("python"), "3.14-slim")

    assert {"3.14.7-slim-trixie", "slim", "3-slim", "3.14-slim"} <= {*aliases}


def test_shared_tags_processors_commit_and_folder_are_read() -> None:
    definition = _library().definition(_name("python"), "latest")

    assert definition is not None
    assert "3.14.7" in definition.tags
    assert "arm64v8" in definition.architectures
    assert definition.commit == "228f71e70a42ba9f9a092321b971031603bb88ff"
    assert definition.directory == "3.14/trixie"


def test_definitions_for_windows_only_are_left_out() -> None:
    tags = {tag for one in _library().definitions(_name("python")) for tag in one.tags}

    assert not [tag for tag in tags if "windows" in tag]


def test_defaults_of_the_first_stanza_hold_for_the_others() -> None:
    definition = _library().definition(_name("debian"), "bookworm-slim")

    assert definition is not None
    assert definition.commit == "7935fc7dd049cb343df42037c152f570069d274f"
    assert definition.directory == "bookworm/slim/oci"


def test_every_stanza_of_a_real_file_is_read() -> None:
    for path in DATA.iterdir():
        text = path.read_text("utf-8")
        linux = [
            stanza
            for stanza in text.split("\n\n")
            if "\nTags:" in f"\n{stanza}" and "Architectures: windows" not in stanza
        ]

        assert len([*parse_library(text)]) == len(linux), path.name


def test_the_compact_form_is_read_back_and_always_the_same() -> None:
    library = _library()

    assert unpack(pack(library)) == library
    assert pack(library) == pack(_library())


def test_the_embedded_list_has_the_images_that_everybody_uses() -> None:
    library = embedded()

    for repository in ("alpine", "debian", "golang", "node", "python", "ubuntu"):
        assert library.definition(_name(repository), "latest")
    assert library.definition("registry.example.com/library/python", "latest") is None


def test_what_is_no_list_is_an_error() -> None:
    with pytest.raises(InputError):
        unpack(b"nothing")
    with pytest.raises(InputError):
        unpack(pack(_library())[:-40])
    with pytest.raises(InputError, match="line 2"):
        [*parse_library("Tags: 1\nnonsense\n")]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_library_or_an_error(text: str) -> None:
    try:
        definitions = [*parse_library(text)]
    except InputError as error:
        assert error.code == "base.unread"  # noqa: PT017
    else:
        assert all(one.architectures for one in definitions)


@pytest.mark.parametrize(
    ("text", "version", "date", "words", "released"),
    [
        ("3.12.4-slim-bookworm", (3, 12, 4), "", ("slim", "bookworm"), True),
        ("bookworm-20260803-slim", (), "20260803", ("bookworm", "slim"), True),
        ("20260805", (), "20260805", (), True),
        ("3.15.0rc1-alpine3.24", (3, 15, 0), "", ("alpine3.24",), False),
        ("3.15-rc-slim", (3, 15), "", ("rc", "slim"), False),
        ("latest", (), "", (), True),
        ("v1.2", (1, 2), "", (), True),
    ],
)
def test_tags_are_taken_apart(
    text: str, version: tuple[int, ...], date: str, words: tuple[str, ...], *, released: bool
) -> None:
    tag = parse_tag(text)

    assert (tag.version, tag.date, tag.words, tag.released) == (version, date, words, released)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=130))
def test_any_tag_has_an_answer(text: str) -> None:
    assert parse_tag(text).text == text


def test_the_tag_that_says_most_comes_first() -> None:
    tags = sorted(["latest", "3", "3.12", "3.12.4", "3.12.4-slim"], key=specificity)

    assert tags == ["3.12.4-slim", "3.12.4", "3.12", "3", "latest"]


@pytest.mark.parametrize(
    ("tag", "newer", "slim"),
    [
        (
            "python:3.12.4-slim-bookworm",
            ("3.12.14-slim-bookworm", "3.14.7-slim-bookworm", ""),
            (),
        ),
        ("python:3.12", ("", "3.14", ""), ("3.12-slim", "3.12-alpine")),
        ("python:3.12.1-alpine3.19", ("3.12.14-alpine3.24", "3.14.7-alpine3.24", ""), ()),
        ("debian:12.5", ("12.15", "", "13.6"), ("12.15-slim",)),
        ("debian:bookworm-slim", ("", "", "trixie-slim"), ()),
        ("node:22.3.0", ("", "22.23.2", "24.19.0"), ()),
        ("node:20-alpine", ("", "", "24-alpine"), ()),
        ("ubuntu:jammy", ("", "", "resolute"), ()),
        ("ubuntu:24.04", ("", "", "26.04"), ()),
        ("alpine:3.23.1", ("3.23.5", "3.24.1", ""), ()),
    ],
)
def test_newer_and_slimmer_images_keep_the_form_of_the_tag(
    tag: str, newer: tuple[str, ...], slim: tuple[str, ...]
) -> None:
    library = _library()
    repository, _, text = tag.partition(":")
    place = place_of(library, _name(repository), text)
    assert place is not None

    found = [find(library, place) for find in (newer_patch, newer_minor, newer_major)]

    assert tuple(one.tag if one else "" for one in found) == newer
    assert tuple(one.tag for one in slimmer(library, place)) == slim


def test_a_dated_tag_has_later_builds() -> None:
    library = _library()

    assert newer_date(library, _name("debian"), "bookworm-20250101-slim") == (
        "bookworm-20260803-slim"
    )
    assert newer_date(library, _name("debian"), "bookworm-slim") == ""


def test_the_same_line_is_found_on_other_releases_of_the_system() -> None:
    library = _library()
    place = place_of(library, _name("node"), "22")
    assert place is not None

    found = elsewhere(library, place, ("bookworm",))

    assert {one.tag for one in found} == {"22-bullseye", "22-trixie"}


def test_what_is_not_official_or_has_no_version_has_no_place() -> None:
    library = _library()

    assert place_of(library, "registry.example.com/python", "3.12") is None
    assert place_of(library, _name("python"), "no-such-tag") is None
