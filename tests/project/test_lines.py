"""Packages find the Dockerfile line that brought them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.model.base import BaseImage
from scantling.core.model.image import Image, Layer
from scantling.core.model.inventory import Package
from scantling.core.model.place import PlaceKind
from scantling.project.dockerfile.parse import parse
from scantling.project.lines import layer_origins, places

FILE = """\
FROM golang:1.22 AS build
RUN go build -o /app .
FROM debian:12-slim AS base
ARG VERSION=1.2
RUN apt-get update && \\
    # the client
    apt-get install -y curl
FROM base
WORKDIR /srv
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache \\
    pip install -r requirements.txt
COPY --from=build --chown=1:1 /app /usr/bin/app
RUN <<EOF
useradd app
chown app /srv
EOF
ENTRYPOINT ["app"]
"""
BASE = BaseImage(name="docker.io/library/debian", layers=1, evidence="index")

BUILDKIT = (
    "/bin/sh -c #(nop) ADD file:85db4f4c5016f51d0ae0 in / ",
    "RUN |1 VERSION=1.2 /bin/sh -c apt-get update &&     apt-get install -y curl # buildkit",
    "WORKDIR /srv",
    "COPY requirements.txt ./ # buildkit",
    "RUN |1 VERSION=1.2 /bin/sh -c pip install -r requirements.txt # buildkit",
    "COPY --chown=1:1 /app /usr/bin/app # buildkit",
    "RUN |1 VERSION=1.2 /bin/sh -c useradd app\nchown app /srv\n # buildkit",
)
CLASSIC = (
    "/bin/sh -c #(nop) ADD file:85db4f4c5016f51d0ae0 in / ",
    "|1 VERSION=1.2 /bin/sh -c apt-get update &&     apt-get install -y curl",
    "/bin/sh -c #(nop) WORKDIR /srv",
    "/bin/sh -c #(nop) COPY file:0a1b2c3d4e5f60718293 in /srv/ ",
    "|1 VERSION=1.2 /bin/sh -c pip install -r requirements.txt",
    "/bin/sh -c #(nop) COPY --chown=1:1 file:1a1b2c3d4e5f60718293 in /usr/bin/app ",
    "|1 VERSION=1.2 /bin/sh -c useradd app\nchown app /srv\n",
)
LINES = [3, 5, 9, 10, 11, 13, 14]


def _image(*created_by: str) -> Image:
    layers = tuple(
        Layer(index=index, diff_id=f"sha256:{index:064x}", created_by=text)
        for index, text in enumerate(created_by)
    )
    return Image(reference="example.com/app", kind="oci-layout", layers=layers)


def _package(origin: int, type_: str = "deb", name: str = "x") -> Package:
    return Package(
        purl=f"pkg:{type_}/{name}@{origin}",
        type=type_,
        ecosystem=type_,
        name=name,
        version=str(origin),
        origin=origin,
    )


def _lines(image: Image, base: BaseImage | None = BASE, text: str = FILE) -> list[tuple[int, bool]]:
    packages = [_package(index) for index in range(len(image.layers))]
    found = places(packages, image, parse(text), base)
    return [(found[one.purl].line, found[one.purl].certain) for one in packages]


@pytest.mark.parametrize("history", [BUILDKIT, CLASSIC], ids=["buildkit", "classic"])
def test_each_layer_leads_to_its_instruction(history: tuple[str, ...]) -> None:
    found = _lines(_image(*history))

    assert [line for line, _ in found] == LINES
    assert all(certain for _, certain in found[:2])
    assert [certain for _, certain in found] == [True] * 7


def test_a_place_is_shown_with_its_text_and_kind() -> None:
    found = places([_package(0), _package(1)], _image(*BUILDKIT), parse(FILE), BASE, path="a/D")

    base, run = found["pkg:deb/x@0"], found["pkg:deb/x@1"]
    assert (base.kind, base.text, base.path) == (
        PlaceKind.FROM,
        "FROM debian:12-slim AS base",
        "a/D",
    )
    assert (run.kind, run.line, run.end_line) == (PlaceKind.INSTRUCTION, 5, 7)
    assert run.text == "RUN apt-get update && apt-get install -y curl"


def test_without_a_known_base_the_lowest_layers_are_a_guess() -> None:
    found = _lines(_image("x", *BUILDKIT), None)

    assert found[:2] == [(3, False), (3, False)]
    assert [line for line, _ in found[2:]] == LINES[1:]


def test_a_guessed_base_is_not_certain() -> None:
    guess = BaseImage(layers=1, evidence="history", certain=False)

    assert _lines(_image(*BUILDKIT), guess)[0] == (3, False)


def test_an_older_build_of_a_changed_file_is_found_by_likeness() -> None:
    older = [text.replace("install -y curl", "install -y curl wget") for text in BUILDKIT]

    found = _lines(_image(*older))

    assert [line for line, _ in found] == LINES
    assert found[1] == (5, False)


def test_instructions_that_made_no_layer_do_not_shift_the_others() -> None:
    found = _lines(_image(*(text for text in BUILDKIT if "WORKDIR" not in text)))

    assert [line for line, _ in found] == [line for line in LINES if line != 9]


def test_the_same_instruction_twice_is_told_by_its_order_and_not_certain() -> None:
    text = "FROM debian\nRUN a\nRUN b\nRUN a\n"
    image = _image("base", "/bin/sh -c a", "/bin/sh -c b", "/bin/sh -c a")

    assert _lines(image, BASE, text) == [(1, True), (2, False), (3, True), (4, False)]


def test_layers_without_history_go_by_their_number() -> None:
    without = [""] * 6

    found = _lines(_image("", *without))

    assert found == [(3, True), *((line, False) for line in LINES[1:])]


def test_a_squashed_image_leads_to_the_likely_line() -> None:
    packages = [
        _package(1, "deb", "curl"),
        _package(1, "deb", "libnghttp2-14"),
        _package(1, "pypi", "requests"),
        _package(1, "golang", "example.com/app"),
    ]

    found = places(packages, _image("", "buildah squash"), parse(FILE), BASE)

    assert [found[one.purl].line for one in packages] == [5, 5, 11, 13]
    assert not any(place.certain for place in found.values())


def test_a_squashed_image_without_a_base_blames_the_from_for_what_nobody_names() -> None:
    packages = [_package(0, "deb", "curl"), _package(0, "deb", "libc6")]

    found = places(packages, _image(""), parse(FILE))

    assert [found[one.purl].line for one in packages] == [5, 3]


def test_the_target_stage_decides() -> None:
    found = places(
        [_package(1)],
        _image("", "/bin/sh -c go build -o /app ."),
        parse(FILE),
        BASE,
        target="build",
    )

    assert found["pkg:deb/x@1"].line == 2


def test_a_file_that_builds_nothing_has_no_places() -> None:
    assert places([_package(0)], _image("x"), parse("# nothing")) == {}
    assert layer_origins(_image("x"), parse("")) == ()


def test_a_package_of_no_known_layer_gets_a_guess() -> None:
    found = places([_package(99)], _image(*BUILDKIT), parse(FILE), BASE)

    assert not found["pkg:deb/x@99"].certain


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from([*BUILDKIT, *CLASSIC, ""]) | st.text(max_size=30), max_size=8),
    st.integers(0, 9),
    st.booleans(),
)
def test_any_history_gives_every_package_a_line_and_keeps_the_order(
    history: list[str],
    below: int,
    known: bool,  # noqa: FBT001
) -> None:
    image = _image(*history)
    base = BaseImage(layers=below) if known else None

    origins = layer_origins(image, parse(FILE), base)

    assert len(origins) == len(history)
    lines = [one.instruction.line for one in origins if one.instruction]
    assert lines == sorted(lines)
    assert len(_lines(image, base)) == len(history)
