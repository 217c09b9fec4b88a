"""Synthetic images, and the least that reading one takes."""

from pathlib import Path

import pytest

import limit
import synthetic
from scantling.scan import look
from scantling.testing.images import MemoryImage

_TREE = {f"srv/file-{number}": b"#" * 3000 for number in range(200)}


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_the_limit_reads_every_layer_to_its_end(kind: str, tmp_path: Path) -> None:
    image = MemoryImage(layers=(_TREE, {"a": b"b"}), compression=kind)
    layout = image.write_layout(tmp_path / "image")

    parts = [*limit.layers(layout)]

    assert [limit.read(part)[1] for part in parts] == [len(tar) for tar in image.tars()]


def test_the_limit_finds_the_layers_of_a_docker_archive(tmp_path: Path) -> None:
    image = MemoryImage(layers=(_TREE, {"a": b"b"}))
    (tmp_path / "app.tar").write_bytes(image.docker_archive())

    parts = [*limit.layers(tmp_path / "app.tar")]

    assert [limit.read(part)[1] for part in parts] == [len(tar) for tar in image.tars()]


def test_a_synthetic_tree_has_the_entries_asked_for(tmp_path: Path) -> None:
    image = synthetic.write_tree(tmp_path / "image", 12_345)

    looked = look(str(image))

    assert {gap.code for gap in looked.inventory.gaps} <= {"image.unrecognized"}
    assert sum(1 for _ in synthetic.entries(12_345)) == 12_345


def test_a_synthetic_layer_of_files_is_read_without_gaps(tmp_path: Path) -> None:
    image = synthetic.write_bulk(tmp_path / "image", 40 * 1024 * 1024 + 5)

    looked = look(str(image))

    assert {gap.code for gap in looked.inventory.gaps} <= {"image.unrecognized"}
    content = sum(limit.read(part)[1] for part in limit.layers(image))
    assert content == 512 + 40 * 1024 * 1024 + 512 + 1024
