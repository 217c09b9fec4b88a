"""Root file systems on disk are read like layers; files too large for memory in both."""

import zlib
from pathlib import Path

import pytest
from tests.catalog.trial import facts_of, gaps_of, names, opened

from scantling.core.limits import MIB, Limits
from scantling.core.model.facts import Owner
from scantling.core.progress import Quiet
from scantling.image.api import ImageOptions, OpenImage
from scantling.image.open import open_image
from scantling.testing.images import write_tree


def _folder(path: Path) -> OpenImage:
    return open_image(f"dir:{path}", ImageOptions(), Quiet())


def test_a_folder_gives_the_facts_that_a_layer_with_its_content_would(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "opt" / "deep" / "er").mkdir(parents=True)
    (root / "opt" / "a.pkgs").write_bytes(b"one 1\nowns opt/tool\n")
    (root / "opt" / "deep" / "er" / "b.pkgs").write_bytes(b"two 2\ncrash\n")
    (root / "opt" / "tool").write_bytes(b"#!pkgs\n")
    (root / "opt" / "c.pkgs").symlink_to("/etc/passwd")
    (root / "out").symlink_to("/etc")

    (layer,), stats = facts_of(_folder(root))

    assert names(layer) == {
        "opt/a.pkgs": ["one"],
        "opt/deep/er/b.pkgs": [],
        "opt/tool": ["#!pkgs"],
    }
    assert [one.code for one in gaps_of(layer)] == ["parser.crashed"]
    assert layer.links == (("opt/c.pkgs", "/etc/passwd"), ("out", "/etc"))
    assert layer.owners == (Owner(path="opt/tool", type="deb", package="owner"),)
    paths = zlib.decompress(layer.paths).decode().split("\0")
    assert {"opt/", "opt/deep/", "opt/a.pkgs", "out"} <= set(paths)
    assert (layer.diff_id, layer.complete, stats.layers) == ("", True, 1)


def test_other_file_systems_in_a_folder_are_left_out_visibly() -> None:
    if Path("/dev").stat().st_dev == Path("/dev/pts").stat().st_dev:
        pytest.skip("nothing is mounted at /dev/pts here")

    (layer,), _ = facts_of(_folder(Path("/dev")))

    assert ("folder.mount", "pts") in {(one.code, one.path) for one in gaps_of(layer)}


@pytest.mark.parametrize("kind", ["layer", "folder"])
def test_a_file_too_large_for_memory_is_reported_and_hides_nothing_else(
    tmp_path: Path, kind: str
) -> None:
    tree = {"a.pkgs": b"one 1\n", "big.pkgs": bytes(150 * MIB), "z.pkgs": b"two 2\n"}
    if kind == "layer":
        image = opened(tmp_path, tree, compression="")
    else:
        image = _folder(write_tree(tmp_path / "root", tree))
    limits = Limits(text_bytes=200 * MIB, worker_memory_bytes=100 * MIB)

    (layer,), _ = facts_of(image, limits=limits)

    assert names(layer).get("a.pkgs") == ["one"]
    assert names(layer).get("z.pkgs") == ["two"]
    assert {(one.code, one.path, one.limit) for one in gaps_of(layer)} == {
        ("limit.memory", "big.pkgs", "worker_memory_bytes")
    }
