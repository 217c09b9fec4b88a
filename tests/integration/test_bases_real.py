"""Bases in a real registry on loopback: several platforms, moved tags, tag lists."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scantling.cli.main import main
from scantling.testing.images import MemoryImage, layout_of, write_tree
from scantling.testing.registries import DockerRegistry, copy_image

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not DockerRegistry.is_installed(),
        reason="docker-registry or skopeo is not installed: the real registry was NOT tested",
    ),
]


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SCANTLING_DATA_DIR", str(tmp_path / "data"))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Run an empty registry and yield its place."""
    folder = tmp_path / "registry"
    folder.mkdir()
    with DockerRegistry.run(folder) as running:
        yield running.place


def _image(processor: str, *words: str, created: str = "2026-01-01T00:00:00Z") -> MemoryImage:
    return MemoryImage(
        layers=tuple({f"{processor}/{word}": word.encode()} for word in words),
        architecture=processor,
        config={"created": created},
    )


def _push(folder: Path, place: str, name: str, *images: MemoryImage) -> None:
    files = layout_of(images, as_index=len(images) > 1)
    layout = write_tree(folder / name.replace("/", "-").replace(":", "-"), files)
    copy_image(f"oci:{layout}:{images[0].tag}", f"docker://{place}/{name}")


def _said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["base", *argv]) == 0
    return capsys.readouterr().out


def test_each_platform_of_a_base_is_recognized(
    registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("amd64", "arm64")
    _push(tmp_path, registry, "base/os:12", *(_image(one, "root") for one in both))
    _push(tmp_path, registry, "shop/app:1", *(_image(one, "root", "app") for one in both))
    base, app = f"{registry}/base/os:12", f"{registry}/shop/app:1"

    added = _said(capsys, "index", "add", "-q", "--platform", "all", f"registry:{base}")

    assert added.count("linux/") == 2
    for processor in both:
        value = json.loads(
            _said(
                capsys,
                f"registry:{app}",
                "-q",
                "--json",
                "--platform",
                f"linux/{processor}",
                "--from",
                base,
            )
        )
        assert value["base"]["name"] == f"{registry}/base/os"
        assert [layer["part"] for layer in value["layers"]] == ["base", "own"]
        (pin,) = [one for one in value["advice"] if one["kind"] == "pin"]
        assert pin["digest"] == value["base"]["digest"]
    assert _said(capsys, "tags", "-q", f"{registry}/base/os") == "12\n"


def test_an_update_finds_that_a_tag_means_another_image(
    registry: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, app = f"{registry}/base/os:12", f"{registry}/shop/app:1"
    _push(tmp_path, registry, "base/os:12", _image("amd64", "root"))
    _push(tmp_path, registry, "shop/app:1", _image("amd64", "root", "app"))
    platform = ("--platform", "linux/amd64", "-q")
    _said(capsys, "index", "add", *platform, f"registry:{base}", f"registry:{app}")
    assert "stands on" in _said(capsys, f"registry:{app}", *platform)

    newer = _image("amd64", "fixed", created="2026-06-01T00:00:00Z")
    _push(tmp_path / "newer", registry, "base/os:12", newer)
    updated = _said(capsys, "index", "update", "-q")
    value = json.loads(_said(capsys, f"registry:{app}", "--json", *platform))

    assert "2 tags asked, 1 mean another image now, 0 not read" in updated
    assert value["base"]["current"] is False
    assert value["base"]["newest_digest"] == newer.manifest_blob().digest
    assert [one["kind"] for one in value["advice"]] == ["refresh"]
    assert "there is a newer one" in _said(capsys, "impact", base)
