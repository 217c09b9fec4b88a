"""Real images. SCANTLING_IMAGES names a folder that holds them as OCI layouts.

    debian-min   Debian's minimal packages         py-app   and old Python packages
    node-app     and a tree of npm packages        large    ten layers with all of it, and Java

Beside each lie the same image with zstd layers (`NAME-zstd`), as an OCI archive (`NAME.oci.tar`)
and as an archive of `docker save` (`NAME.docker.tar`).
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from scantling.core.model.inventory import Inventory
from scantling.scan import look
from tests.oracles.images.truth import unpacked


class Unpacked(Struct, frozen=True, kw_only=True):
    """An image as umoci unpacks it, and as we see it."""

    name: str
    root: Path
    inventory: Inventory


@pytest.fixture(scope="session")
def images() -> Path:
    """Return the folder of images."""
    named = os.environ.get("SCANTLING_IMAGES")
    if not named:
        pytest.skip("SCANTLING_IMAGES names no folder of images: real images were NOT compared")
    return Path(named)


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of advisory data."""
    named = os.environ.get("SCANTLING_DATA")
    if not named:
        pytest.skip("SCANTLING_DATA names no folder of advisory data: findings were NOT compared")
    return Path(named)


@pytest.fixture(scope="module")
def image(
    request: pytest.FixtureRequest, images: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Unpacked]:
    """Unpack and read the image whose name is the parameter; remove it afterwards."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name) / "root"
    try:
        root = unpacked(images / name, folder)
        yield Unpacked(name=name, root=root, inventory=look(str(images / name)).inventory)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
