"""Recognizing the base: by its layers first; names are believed as far as the layers allow."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from scantling.bases.provenance import Material, Provenance
from scantling.bases.recognize import ancestry, part_of, recognize
from scantling.core.model.base import BaseImage, Part
from scantling.image.api import History
from tests.bases.images import diff, image, index_of, known

_DEBIAN = known("a", "docker.io/library/debian", "12", "bookworm", "12.5-slim")
_PYTHON = known("abc", "docker.io/library/python", "3.12", "3.12.4")
_MIRROR = replace(_PYTHON, name="registry.example.com/mirror/python")
_NAME = "org.opencontainers.image.base.name"
_DIGEST = "org.opencontainers.image.base.digest"
_STEPS = (
    History(created="", created_by="/bin/sh -c #(nop) ADD file:12 in / ", empty_layer=False),
    History(created="", created_by='/bin/sh -c #(nop)  CMD ["bash"]', empty_layer=True),
    History(created="", created_by="COPY . /app # buildkit", empty_layer=False),
)


def _recognized(base: BaseImage | None) -> BaseImage:
    assert base is not None
    return base


def test_the_longest_known_chain_is_the_base(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)

    base = _recognized(recognize(image("abcde"), [index]))

    assert (base.name, base.layers, base.evidence) == (_PYTHON.name, 3, "index")
    assert base.tags == ("3.12.4", "3.12")
    assert base.digest == _PYTHON.digest
    assert base.certain
    assert "lowest 3 layers are those of docker.io/library/python:3.12.4" in base.because


def test_bases_of_the_base_follow_nearest_first(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)
    app = image("abcde")

    found = ancestry(app, [index], base=recognize(app, [index]))

    assert [(one.name, one.layers) for one in found] == [(_PYTHON.name, 3), (_DEBIAN.name, 1)]
    assert ancestry(app, [index], base=None) == ()


def test_an_official_name_is_preferred_and_the_others_are_told(tmp_path: Path) -> None:
    private = index_of(tmp_path, _MIRROR, name="own")
    public = index_of(tmp_path, _PYTHON, name="imported")

    base = _recognized(recognize(image("abcde"), [private, public]))

    assert base.name == _PYTHON.name
    assert "also known as registry.example.com/mirror/python:3.12.4" in base.because


def test_of_equal_names_the_one_that_the_annotation_gives_counts(tmp_path: Path) -> None:
    index = index_of(tmp_path, _PYTHON, _MIRROR)
    app = image("abcde", annotations=((_NAME, "registry.example.com/mirror/python:3.12"),))

    assert _recognized(recognize(app, [index])).name == _MIRROR.name


def test_an_image_is_not_the_base_of_itself(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)
    python = replace(image("abc"), manifest_digest=_PYTHON.digest)

    assert _recognized(recognize(python, [index])).name == _DEBIAN.name


def test_a_rebuild_of_the_same_repository_is_not_its_own_base(tmp_path: Path) -> None:
    older = known("abcd", "registry.example.com/shop/app", "1.0")
    index = index_of(tmp_path, _DEBIAN, older)
    newer = replace(image("abcd"), tags=("registry.example.com/shop/app:1.1",))

    assert _recognized(recognize(newer, [index])).name == _DEBIAN.name


def test_an_image_that_adds_no_layers_stands_on_all_of_its_base(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)

    base = _recognized(recognize(image("abc"), [index]))

    assert (base.name, base.layers) == (_PYTHON.name, 3)


def test_an_annotation_that_contradicts_the_layers_is_told(tmp_path: Path) -> None:
    node = known("axy", "docker.io/library/node", "22")
    index = index_of(tmp_path, _PYTHON, node)
    app = image("abcde", annotations=((_NAME, "node:22"), (_DIGEST, node.digest)))

    base = _recognized(recognize(app, [index]))

    assert base.name == _PYTHON.name
    assert "its annotation names docker.io/library/node:22, which is known to have other" in (
        base.because
    )


def test_an_annotation_of_a_lower_base_is_told(tmp_path: Path) -> None:
    index = index_of(tmp_path, _DEBIAN, _PYTHON)
    app = image("abcde", labels=((_NAME, "debian:12"),))

    base = _recognized(recognize(app, [index]))

    assert base.name == _PYTHON.name
    assert "its label names docker.io/library/debian:12, which has only the lowest 1" in (
        base.because
    )


def test_an_annotation_alone_names_the_base_and_the_height_is_a_guess() -> None:
    app = image("ab", annotations=((_NAME, "docker.io/library/debian:12"), (_DIGEST, diff("d"))))

    base = _recognized(recognize(app, [], history=_STEPS))

    assert (base.name, base.tags, base.digest) == ("docker.io/library/debian", ("12",), diff("d"))
    assert (base.layers, base.evidence, base.certain) == (1, "annotation", False)


def test_an_annotation_whose_image_has_other_layers_is_not_believed(tmp_path: Path) -> None:
    index = index_of(tmp_path, known("xyz", "docker.io/library/node", "22"))
    (node,) = index.everything()
    app = image("ab", annotations=((_DIGEST, node.digest),))

    base = _recognized(recognize(app, [index], history=_STEPS))

    assert base.evidence == "history"
    assert "known to have other layers" in base.because


def test_provenance_names_the_base_if_only_one_image_was_used() -> None:
    material = Material(name="docker.io/library/debian", tag="12", digest=diff("d"))

    base = _recognized(
        recognize(image("ab"), [], provenance=Provenance(materials=(material,)), history=_STEPS)
    )

    assert (base.name, base.evidence, base.layers) == (material.name, "provenance", 1)


def test_of_several_images_in_the_provenance_the_dockerfile_chooses() -> None:
    materials = (
        Material(name="docker.io/library/debian", tag="12", digest=diff("d")),
        Material(name="docker.io/library/golang", tag="1.26", digest=diff("g")),
    )
    provenance = Provenance(materials=materials)

    chosen = _recognized(
        recognize(image("ab"), [], provenance=provenance, declared="debian:12", history=_STEPS)
    )
    untold = _recognized(recognize(image("ab"), [], provenance=provenance, history=_STEPS))

    assert (chosen.name, chosen.digest) == ("docker.io/library/debian", diff("d"))
    assert untold.evidence == "history"


def test_a_declared_base_without_any_other_word_is_taken() -> None:
    base = _recognized(recognize(image("ab"), [], declared="python:3.12-slim", history=_STEPS))

    assert (base.name, base.tags, base.evidence) == (
        "docker.io/library/python",
        ("3.12-slim",),
        "declared",
    )
    assert not base.certain


def test_a_declared_base_with_an_argument_in_it_is_no_name() -> None:
    base = _recognized(recognize(image("ab"), [], declared="${BASE}", history=_STEPS))

    assert base.evidence == "history"


def test_from_scratch_makes_every_layer_the_images_own() -> None:
    base = _recognized(recognize(image("ab"), [], declared="scratch"))

    assert [part_of(layer, base) for layer in (0, 1)] == [Part.OWN, Part.OWN]


def test_nothing_known_is_no_base() -> None:
    base = recognize(image("ab"), [])

    assert base is None
    assert part_of(0, base) is Part.UNKNOWN


def test_a_base_of_unknown_height_makes_no_layer_anybodys() -> None:
    base = _recognized(recognize(image("ab"), [], declared="debian:12"))

    assert base.layers == 0
    assert part_of(0, base) is Part.UNKNOWN


def test_layers_below_the_height_are_the_bases() -> None:
    base = BaseImage(layers=2)

    assert [part_of(layer, base) for layer in range(4)] == [
        Part.BASE,
        Part.BASE,
        Part.OWN,
        Part.OWN,
    ]


def test_a_newer_image_under_the_same_tag_is_named(tmp_path: Path) -> None:
    newer = known("z", "docker.io/library/debian", "12", created="2026-06-01T00:00:00Z")
    index = index_of(tmp_path, _DEBIAN, newer)

    base = _recognized(recognize(image("ab"), [index]))

    assert base.current is False
    assert (base.newest, base.newest_digest) == ("docker.io/library/debian:12", newer.digest)


def test_the_newest_known_image_is_current_and_other_platforms_do_not_count(tmp_path: Path) -> None:
    other = replace(
        known("z", "docker.io/library/debian", "12", created="2026-06-01T00:00:00Z"),
        platform="linux/arm64",
    )
    index = index_of(tmp_path, _DEBIAN, other)

    assert _recognized(recognize(image("ab"), [index])).current is True


@pytest.mark.parametrize("noise", ["\x1b[31mred", "a b", "UPPER/x", ":", "@sha256:12", "x" * 5000])
def test_any_text_as_a_name_is_harmless(noise: str) -> None:
    app = image("ab", annotations=((_NAME, noise), (_DIGEST, noise)))

    base = recognize(app, [], declared=noise, history=_STEPS)

    assert base is not None
    assert "\x1b" not in base.because
