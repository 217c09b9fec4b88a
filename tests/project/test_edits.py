"""Edits change what they say and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.project.dockerfile.edits import insert_run, pin, rebase, set_argument
from scantling.project.dockerfile.parse import parse

FILE = """\
# syntax=docker/dockerfile:1
ARG TAG=12-slim  OTHER=1
# the base
FROM debian:${TAG} AS build
RUN apt-get update && apt-get install -y \\
      curl=7.88 \\
      # pinned for TLS
      libssl3:amd64=3.0.1 && pip install 'requests[socks]==2.1' ; npm install -g @a/b@1.0
RUN <<EOF
apk add --no-cache busybox=1.36.0
EOF
FROM --platform=linux/amd64 python:3.12@sha256:0123 AS final
COPY --from=build / /
USER nobody"""


def _changed(before: str, after: str) -> list[tuple[str, str]]:
    pairs = zip(before.split("\n"), after.split("\n"), strict=True)
    return [(old, new) for old, new in pairs if old != new]


def test_the_image_of_a_from_is_replaced_with_its_digest() -> None:
    file = parse(FILE)

    edited = rebase(file, file.stages[1], "python:3.13@sha256:4567")

    assert edited is not None
    assert _changed(FILE, edited.text) == [
        (
            "FROM --platform=linux/amd64 python:3.12@sha256:0123 AS final",
            "FROM --platform=linux/amd64 python:3.13@sha256:4567 AS final",
        )
    ]
    assert (edited.line, edited.others) == (12, ())


def test_the_default_of_the_argument_that_feeds_a_from_is_replaced() -> None:
    text = FILE + "\nFROM debian:$TAG\n"
    file = parse(text)

    edited = rebase(file, file.stages[0], "debian:13-slim")

    assert edited is not None
    assert _changed(text, edited.text) == [("ARG TAG=12-slim  OTHER=1", "ARG TAG=13-slim  OTHER=1")]
    assert (edited.line, edited.others) == (2, (15,))


def test_an_argument_made_of_arguments_is_followed_to_the_one_that_must_change() -> None:
    text = (
        'ARG GO=1.21\nARG OS="bookworm"\nARG IMAGE="golang:${GO}-${OS}"\nFROM ${IMAGE} AS a\n'
        "FROM debian:$OS\n"
    )
    file = parse(text, arguments={"GO": "1.20"})

    newer = rebase(file, file.stages[0], "golang:1.23-bookworm")
    other = rebase(file, file.stages[0], "golang:1.21-trixie")
    third = rebase(file, file.stages[0], "example.com/go:1")

    assert newer is not None
    assert _changed(text, newer.text) == [("ARG GO=1.21", "ARG GO=1.23")]
    assert other is not None
    assert _changed(text, other.text) == [('ARG OS="bookworm"', 'ARG OS="trixie"')]
    assert other.others == (5,)
    assert third is not None
    assert _changed(text, third.text) == [
        ('ARG IMAGE="golang:${GO}-${OS}"', 'ARG IMAGE="example.com/go:1"')
    ]


def test_another_image_than_the_argument_can_name_goes_into_the_from() -> None:
    file = parse(FILE)

    edited = rebase(file, file.stages[0], "ubuntu:24.04")

    assert edited is not None
    assert edited.line == 4
    assert parse(edited.text).stages[0].image == "ubuntu:24.04"


@pytest.mark.parametrize("image", ["", "a b", "a\nRUN x", "$X", "a#"])
def test_an_image_that_is_none_is_refused(image: str) -> None:
    file = parse(FILE)

    assert rebase(file, file.stages[1], image) is None


def test_a_stage_that_starts_from_a_stage_has_no_image_to_replace() -> None:
    file = parse("FROM a AS b\nFROM b")

    assert rebase(file, file.stages[1], "c") is None


@pytest.mark.parametrize(
    ("index", "name", "version", "line", "expected"),
    [
        (2, "curl", "8.0", 6, "      curl=8.0 \\"),
        (2, "libssl3", "3.0.2-1~deb12u1", 8, "libssl3:amd64=3.0.2-1~deb12u1 &&"),
        (2, "requests", "2.2", 8, "'requests[socks]==2.2'"),
        (2, "@a/b", "1.1", 8, "@a/b@1.1"),
        (3, "busybox", "1.36.1-r2", 10, "apk add --no-cache busybox=1.36.1-r2"),
    ],
)
def test_a_pinned_version_is_replaced(
    index: int, name: str, version: str, line: int, expected: str
) -> None:
    file = parse(FILE)

    edited = pin(file, file.instructions[index], name, version)

    assert edited is not None
    [(_, new)] = _changed(FILE, edited.text)
    assert expected in new
    assert edited.line == line


@pytest.mark.parametrize(
    "run",
    [
        "RUN curl=7",
        "RUN apt-get install curl && A=1 curl=7",
        "RUN apt-get install libcurl=7",
        "RUN echo apt-get && curl=7",
        "CMD apt-get install curl=7",
        "RUN apt-get install -y \\\n # curl=7\n wget",
    ],
)
def test_what_is_not_pinned_is_not_edited(run: str) -> None:
    file = parse(f"FROM scratch\n{run}")

    assert pin(file, file.instructions[1], "curl", "8") is None


def test_a_run_is_inserted_behind_an_instruction() -> None:
    file = parse(FILE)

    edited = insert_run(file, file.instructions[2], "apt-get upgrade -y")

    assert edited is not None
    assert edited.text.split("\n")[8] == "RUN apt-get upgrade -y"
    assert edited.line == 9
    assert edited.text.replace("RUN apt-get upgrade -y\n", "") == FILE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a", "FROM a\nRUN x\n"),
        ("FROM a\r\nUSER b\r\n", "FROM a\r\nUSER b\r\nRUN x\r\n"),
        ("FROM a\nRUN <<E\ny\nE", "FROM a\nRUN <<E\ny\nE\nRUN x\n"),
    ],
)
def test_a_run_is_inserted_at_the_end(text: str, expected: str) -> None:
    file = parse(text)
    edited = insert_run(file, file.instructions[-1], "x")

    assert edited is not None
    assert edited.text == expected


@pytest.mark.parametrize("text", ["FROM a\nRUN b \\\n", "FROM a\nRUN <<E\nb"])
def test_nothing_is_inserted_behind_what_is_not_closed(text: str) -> None:
    file = parse(text)

    assert insert_run(file, file.instructions[-1], "x") is None


def test_a_command_of_two_lines_is_our_mistake() -> None:
    file = parse(FILE)

    with pytest.raises(ValueError, match="one line"):
        insert_run(file, file.instructions[0], "a\nUSER root")


def test_an_argument_without_a_default_has_nothing_to_replace() -> None:
    file = parse("ARG A\nFROM x")

    assert set_argument(file, file.instructions[0], "A", "1") is None


_LINES = st.sampled_from(
    ["FROM a:1", "FROM a:$T AS x", "ARG T=1", "RUN apk add b=1", "RUN <<E", "E", "# c", "", "x \\"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINES, max_size=8).map("\n".join), st.booleans())
def test_an_edit_leaves_everything_else(text: str, windows: bool) -> None:  # noqa: FBT001
    text = text.replace("\n", "\r\n") if windows else text
    file = parse(text)
    edits = [rebase(file, stage, "a:2") for stage in file.stages]
    edits += [pin(file, one, "b", "2") for one in file.instructions]
    edits += [insert_run(file, one, "true") for one in file.instructions]

    for edited in edits:
        if edited is not None:
            # A last line without an end gets one when a line is put behind it.
            old, new = (
                [line.rstrip("\r") for line in one.split("\n")] for one in (text, edited.text)
            )
            assert old[: edited.line - 1] == new[: edited.line - 1]
            assert len(parse(edited.text).stages) == len(file.stages)
