"""The base of an open image: what is damaged is a gap, and the rest is still told."""

from pathlib import Path

from msgspec.structs import replace

from scantling.bases.learn import known_of, learn
from scantling.bases.look import base_of, open_indexes
from scantling.bases.recognize import part_of
from scantling.bases.shelf import Shelf
from scantling.core.errors import TargetError
from scantling.core.model.base import Part
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.open import open_image
from scantling.testing.images import MemoryImage, layout_of, write_tree
from tests.bases.images import image

_OPTIONS = ImageOptions(platform="linux/amd64")
_ROOT = {"etc/os-release": b"ID=debian\n"}
_BASE = MemoryImage(layers=(_ROOT,), name="docker.io/library/debian", tag="12")
_APP = MemoryImage(layers=(_ROOT, {"app": b"1"}), name="registry.example.com/app", tag="1")


def _archive(folder: Path, made: MemoryImage) -> str:
    path = folder / f"{made.name.rpartition('/')[2]}.tar"
    path.write_bytes(made.docker_archive())
    return str(path)


def test_a_base_learned_from_an_archive_is_recognized_in_another_one(tmp_path: Path) -> None:
    Shelf(tmp_path / "bases").add(learn(_archive(tmp_path, _BASE), _OPTIONS, Quiet()))
    indexes, gaps = open_indexes(tmp_path / "bases")
    opened = open_image(_archive(tmp_path, _APP), _OPTIONS, Quiet())
    seen = base_of(opened, indexes)
    opened.close()

    assert gaps == seen.gaps == ()
    assert seen.base is not None
    assert (seen.base.name, seen.base.tags) == ("docker.io/library/debian", ("12",))
    assert [part_of(layer, seen.base) for layer in (0, 1)] == [Part.BASE, Part.OWN]


def test_no_index_is_no_gap(tmp_path: Path) -> None:
    assert open_indexes(tmp_path / "nothing") == ((), ())


def test_a_damaged_index_is_a_gap(tmp_path: Path) -> None:
    Shelf(tmp_path).add(learn(_archive(tmp_path, _BASE), _OPTIONS, Quiet()))
    for path in tmp_path.glob("*.idx"):
        path.write_bytes(b"x" * 100)

    indexes, (gap,) = open_indexes(tmp_path)

    assert (indexes, gap.code) == ((), "base.unread")


def test_statements_that_cannot_be_had_are_a_gap_and_the_rest_is_told() -> None:
    def fail() -> tuple[bytes, ...]:
        raise TargetError("the attestation is gone")

    seen = base_of(OpenImage(image=image("ab"), statements=fail), (), declared="scratch")

    assert [gap.detail for gap in seen.gaps] == ["the attestation is gone"]
    assert seen.base is not None


def test_all_platforms_are_learned_when_asked_for(tmp_path: Path) -> None:
    both = tuple(
        MemoryImage(layers=({one: b"1"},), architecture=one, tag="example.com/base:1")
        for one in ("arm64", "s390x")
    )
    target = write_tree(tmp_path / "layout", layout_of(both, as_index=True))
    options = ImageOptions(platform="all")

    found = learn(str(target), options, Quiet(), name="example.com/base:1")

    assert sorted(one.platform for one in found) == ["linux/arm64", "linux/s390x"]
    assert len({one.list_digest for one in found}) == 1


def test_an_image_in_a_registry_is_named_by_its_reference() -> None:
    made = image("ab")
    opened = OpenImage(
        image=replace(made, kind="registry", reference="registry:python:3.12"), list_digest=""
    )

    known = known_of(opened, seen="2026-11-23T00:00:00Z")

    assert (known.name, known.tags) == ("docker.io/library/python", ("3.12",))
    assert known.seen == "2026-11-23T00:00:00Z"
