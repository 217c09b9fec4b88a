"""What a registry must do for us: the same checks for the fake and for the real one.

The real one is the distribution project's server on loopback, filled by skopeo.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from scantling.core.errors import RegistryError
from scantling.image.api import ImageOptions, OpenImage
from scantling.testing.images import MemoryImage, layout_of, write_tree
from scantling.testing.registries import DockerRegistry, copy_image

from .opening import DEFAULT, SMALL, Fake, opened, stored_layers

ARM = MemoryImage(layers=({"arm": b"1"},), architecture="arm64", tag="many")
AMD = MemoryImage(layers=({"amd": b"1"},), architecture="amd64", tag="many")
BIG = MemoryImage(layers=({"noise": b"".join(os.urandom(1000) for _ in range(3000))},))


class Registry(Protocol):
    """A registry with SMALL and BIG under `example/app` and a multi-platform image `many`."""

    def open(self, name: str, options: ImageOptions = DEFAULT) -> OpenImage:
        """Open `name` of this registry."""
        ...


class _FakeRegistry:
    def __init__(self) -> None:
        self.fake = Fake()
        self.fake.server.push(SMALL, "example/app", "small")
        self.fake.server.push(BIG, "example/app", "big")
        self.fake.server.push_index((ARM, AMD), "example/app", "many")

    def open(self, name: str, options: ImageOptions = DEFAULT) -> OpenImage:
        return self.fake.open(f"registry.example.com/{name}", options)


class _RealRegistry:
    def __init__(self, place: str, folder: Path) -> None:
        self.place = place
        for tag, image in (("small", SMALL), ("big", BIG)):
            image.write_layout(folder / tag)
            self._push(folder, tag, f"oci:{folder / tag}")
        write_tree(folder / "many", layout_of((ARM, AMD), as_index=True))
        self._push(folder, "many", f"oci:{folder / 'many'}:many")

    def _push(self, _folder: Path, tag: str, source: str) -> None:
        copy_image(source, f"docker://{self.place}/example/app:{tag}")

    def open(self, name: str, options: ImageOptions = DEFAULT) -> OpenImage:
        return opened(f"registry:{self.place}/{name}", options)


@pytest.fixture(scope="module")
def _real_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    if not DockerRegistry.is_installed():
        pytest.skip("docker-registry or skopeo is not installed: the real registry was NOT tested")
    folder = tmp_path_factory.mktemp("registry")
    with DockerRegistry.run(folder) as running:
        yield _RealRegistry(running.place, folder)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.integration)])
def registry(request: pytest.FixtureRequest) -> Registry:
    if request.param == "fake":
        return _FakeRegistry()
    real: Registry = request.getfixturevalue("_real_registry")
    return real


def test_an_image_is_the_same_as_on_disk(registry: Registry, tmp_path: Path) -> None:
    disk = opened(SMALL.write_layout(tmp_path / "app"))

    found = registry.open("example/app:small")

    assert found.image.manifest_digest == disk.image.manifest_digest
    assert found.image.config_digest == disk.image.config_digest
    assert found.image.layers == disk.image.layers
    assert found.image.config == disk.image.config
    assert found.image.kind == "registry"
    assert stored_layers(found) == stored_layers(disk)
    found.close()


def test_an_image_is_found_by_digest(registry: Registry) -> None:
    digest = SMALL.manifest_blob().digest

    assert registry.open(f"example/app@{digest}").image.digest == digest
    assert registry.open(f"example/app:whatever@{digest}").image.digest == digest


def test_a_large_layer_arrives_whole_and_says_how_far_it_is(registry: Registry) -> None:
    image = registry.open("example/app:big")

    assert stored_layers(image) == [BIG.layer_blobs()[0].data]
    assert image.blobs[0].identity == BIG.layer_blobs()[0].digest


@pytest.mark.parametrize("wanted", [ARM, AMD], ids=["arm64", "amd64"])
def test_a_platform_is_chosen_from_an_index(registry: Registry, wanted: MemoryImage) -> None:
    options = ImageOptions(platform=f"linux/{wanted.architecture}")

    found = registry.open("example/app:many", options)

    assert found.image.digest == wanted.manifest_blob().digest
    assert stored_layers(found) == [wanted.layer_blobs()[0].data]


def test_a_missing_tag_is_named(registry: Registry) -> None:
    with pytest.raises(RegistryError, match=r"has no tag nope in the repository example/app"):
        registry.open("example/app:nope")


def test_a_missing_repository_is_named(registry: Registry) -> None:
    with pytest.raises(RegistryError, match=r"in the repository example/none"):
        registry.open("example/none")


def test_a_missing_digest_is_named(registry: Registry) -> None:
    digest = "sha256:" + "1" * 64

    with pytest.raises(RegistryError, match=f"has no image .*@{digest} in the repository"):
        registry.open(f"example/app@{digest}")
