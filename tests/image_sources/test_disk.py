"""Images on disk: every kind of target, chosen images, and what is refused."""

import os
from pathlib import Path

import pytest

from scantling.core.errors import TargetError, UsageError
from scantling.core.limits import Limits
from scantling.image.api import ImageOptions
from scantling.image.choice import default_platform
from scantling.testing.images import (
    Entry,
    Hardlink,
    MemoryImage,
    Symlink,
    compress,
    json_bytes,
    layer_tar,
    layout_of,
    write_tree,
)

from .opening import DEFAULT, SMALL, opened, stored_layers


def test_every_kind_of_target_shows_the_same_image(tmp_path: Path) -> None:
    SMALL.write_layout(tmp_path / "layout")
    (tmp_path / "oci.tar").write_bytes(SMALL.oci_archive())
    (tmp_path / "oci.tar.gz").write_bytes(SMALL.oci_archive("gzip"))
    (tmp_path / "oci.tar.zst").write_bytes(SMALL.oci_archive("zstd"))
    (tmp_path / "old.tar").write_bytes(SMALL.docker_archive())
    (tmp_path / "new.tar").write_bytes(SMALL.docker_archive("oci"))
    names = ("layout", "oci.tar", "oci.tar.gz", "oci.tar.zst", "old.tar", "new.tar")

    images = [opened(tmp_path / name).image for name in names]

    assert {image.config_digest for image in images} == {SMALL.config_blob().digest}
    assert len({tuple(layer.diff_id for layer in image.layers) for image in images}) == 1
    assert len({tuple(layer.created_by for layer in image.layers) for image in images}) == 1
    assert [image.kind for image in images] == [
        "oci-layout",
        "oci-archive",
        "oci-archive",
        "oci-archive",
        "docker-archive",
        "docker-archive",
    ]
    assert {image.manifest_digest for image in images[:4]} == {SMALL.manifest_blob().digest}


@pytest.mark.parametrize("compression", ["", "gzip", "zstd"])
def test_stored_layers_are_handed_out_unchanged(tmp_path: Path, compression: str) -> None:
    stored = [blob.data for blob in SMALL.layer_blobs()]
    SMALL.write_layout(tmp_path / "layout")
    (tmp_path / "oci.tar").write_bytes(SMALL.oci_archive(compression))

    assert stored_layers(opened(tmp_path / "layout")) == stored
    assert stored_layers(opened(tmp_path / "oci.tar")) == stored


@pytest.mark.parametrize("style", ["legacy", "oci"])
def test_a_docker_archive_hands_out_uncompressed_layers(tmp_path: Path, style: str) -> None:
    (tmp_path / "app.tar").write_bytes(SMALL.docker_archive(style))

    image = opened(tmp_path / "app.tar")

    assert stored_layers(image) == list(SMALL.tars())
    assert image.image.tags == ("example/app:latest",)
    assert [blob.digest != "" for blob in image.blobs] == [style == "oci"] * 2


def test_a_layer_that_is_a_link_in_a_docker_archive_is_followed_inside_it(tmp_path: Path) -> None:
    twice = MemoryImage(layers=({"a": b"1"}, {"b": b"2"}, {"a": b"1"}))
    (tmp_path / "app.tar").write_bytes(twice.docker_archive())

    assert stored_layers(opened(tmp_path / "app.tar")) == list(twice.tars())


def test_a_layer_that_is_a_hard_link_is_followed(tmp_path: Path) -> None:
    files = SMALL.docker_files()
    name = next(name for name in files if name.endswith("/layer.tar"))
    moved = {"kept.tar": files[name], **files, name: Hardlink("kept.tar")}
    (tmp_path / "app.tar").write_bytes(layer_tar(moved))

    assert stored_layers(opened(tmp_path / "app.tar")) == list(SMALL.tars())


def test_configuration_and_history_are_kept_verbatim(tmp_path: Path) -> None:
    steps = [
        {"created_by": "ADD rootfs", "created": "2026-01-01T00:00:00Z"},
        {"created_by": "ENV A=b", "empty_layer": True},
        {"created_by": "RUN\tx  &&  y\u202e"},
    ]
    config = {**SMALL.config, "history": steps}
    image = MemoryImage(layers=SMALL.layers, config=config, annotations={"b": "2", "a": "1"})
    image.write_layout(tmp_path / "app")

    found = opened(tmp_path / "app").image

    assert [layer.created_by for layer in found.layers] == ["ADD rootfs", "RUN\tx  &&  y\u202e"]
    assert found.config.user == "app"
    assert found.config.environment == ("A=b",)
    assert found.config.labels == (("a", "1"), ("b", "2"))
    assert found.annotations == (("a", "1"), ("b", "2"))


def test_a_history_that_does_not_fit_the_layers_tells_nothing(tmp_path: Path) -> None:
    image = MemoryImage(layers=SMALL.layers, config={"history": [{"created_by": "only one"}]})
    image.write_layout(tmp_path / "app")

    assert [layer.created_by for layer in opened(tmp_path / "app").image.layers] == ["", ""]


def test_the_identity_of_a_layer_changes_with_its_file(tmp_path: Path) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    before = [blob.identity for blob in opened(path).blobs]
    assert before == [blob.identity for blob in opened(path).blobs]

    name = SMALL.layer_blobs()[0].digest.replace(":", "/")
    os.utime(path / "blobs" / name, ns=(1, 1))

    assert opened(path).blobs[0].identity != before[0]
    assert opened(path).blobs[1].identity == before[1]


def test_the_identity_in_a_compressed_archive_does_not_depend_on_the_scratch_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.tar.gz").write_bytes(SMALL.oci_archive("gzip"))

    one, other = opened(tmp_path / "app.tar.gz"), opened(tmp_path / "app.tar.gz")

    assert [blob.identity for blob in one.blobs] == [blob.identity for blob in other.blobs]


def test_an_archive_that_changes_after_opening_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(SMALL.oci_archive())
    image = opened(path)

    with path.open("ab") as file:
        file.write(b"more")

    with pytest.raises(TargetError, match="changes while it is read"):
        image.blobs[0].open()


def test_a_folder_that_is_no_image_is_a_root_file_system(tmp_path: Path) -> None:
    write_tree(tmp_path / "rootfs", {"etc/os-release": b"ID=debian\n"})

    image = opened(tmp_path / "rootfs")

    assert image.image.kind == "directory"
    assert image.image.layers == ()
    assert image.folder is not None
    fd = image.folder.open()
    os.close(os.open("etc/os-release", os.O_RDONLY, dir_fd=fd))
    os.close(fd)
    image.close()


def test_a_folder_named_like_an_image_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "debian").mkdir()
    monkeypatch.chdir(tmp_path)

    assert "registry:debian" in opened("debian").image.ambiguity
    assert opened("dir:debian").image.ambiguity == ""


# Choosing


def _two() -> tuple[MemoryImage, MemoryImage]:
    return MemoryImage(layers=SMALL.layers, tag="one"), MemoryImage(layers=({"b": b""},), tag="two")


@pytest.mark.parametrize("suffix", [":two", "@"])
@pytest.mark.parametrize("kind", ["layout", "app.tar"])
def test_one_of_several_images_is_chosen_by_tag_or_digest(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    one, two = _two()
    files = layout_of((one, two))
    write_tree(tmp_path / "layout", files)
    (tmp_path / "app.tar").write_bytes(layer_tar(files))
    if suffix == "@":
        suffix += two.manifest_blob().digest

    assert opened(f"{tmp_path / kind}{suffix}").image.digest == two.manifest_blob().digest


def test_several_images_without_a_choice_are_listed(tmp_path: Path) -> None:
    write_tree(tmp_path / "app", layout_of(_two()))

    with pytest.raises(TargetError, match=r"several images: one, two; choose one with .*:NAME"):
        opened(tmp_path / "app")


def test_a_tag_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    write_tree(tmp_path / "app", layout_of(_two()))

    with pytest.raises(TargetError, match="no tag three; available: one, two"):
        opened(f"{tmp_path / 'app'}:three")


def test_several_images_in_a_docker_archive_are_chosen_by_name(tmp_path: Path) -> None:
    one = MemoryImage(layers=({"a": b"1"},), name="example/one", tag="1.0")
    two = MemoryImage(layers=({"b": b"2"},), name="example/two")
    entries = []
    files: dict[str, Entry] = {}
    for image in (one, two):
        members = image.docker_files()
        entries.append(members.pop("manifest.json"))
        files |= members
    both = b"[" + b",".join(bytes(entry)[1:-1] for entry in entries if isinstance(entry, bytes))
    (tmp_path / "app.tar").write_bytes(layer_tar({**files, "manifest.json": both + b"]"}))

    chosen = opened(f"{tmp_path / 'app.tar'}:example/two")

    assert chosen.image.config_digest == two.config_blob().digest
    with pytest.raises(TargetError, match=r"several images: example/one:1.0, example/two:latest"):
        opened(tmp_path / "app.tar")
    with pytest.raises(TargetError, match=r"no image nobody; available: example/one:1.0"):
        opened(f"{tmp_path / 'app.tar'}:nobody")


def _platforms(*names: str) -> tuple[MemoryImage, ...]:
    return tuple(
        MemoryImage(layers=({"arch": name.encode()},), architecture=name) for name in names
    )


def test_the_named_platform_is_chosen(tmp_path: Path) -> None:
    images = _platforms("amd64", "arm64", "s390x")
    write_tree(tmp_path / "app", layout_of(images, as_index=True))

    found = opened(tmp_path / "app", ImageOptions(platform="linux/s390x")).image

    assert found.digest == images[2].manifest_blob().digest
    assert str(found.platform) == "linux/s390x"


def test_without_a_platform_this_machines_is_chosen(tmp_path: Path) -> None:
    here = default_platform().architecture
    images = _platforms("riscv64", here, "s390x")
    write_tree(tmp_path / "app", layout_of(images, as_index=True))

    assert opened(tmp_path / "app", ImageOptions()).image.platform.architecture == here


def test_the_only_platform_is_taken_when_none_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path / "app", layout_of(_platforms("riscv64"), as_index=True))

    assert str(opened(tmp_path / "app", ImageOptions()).image.platform) == "linux/riscv64"


@pytest.mark.parametrize("as_index", [True, False])
def test_a_platform_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, *, as_index: bool
) -> None:
    write_tree(tmp_path / "app", layout_of(_platforms("riscv64"), as_index=as_index))

    with pytest.raises(TargetError, match=r"for linux/arm64/v8; available: linux/riscv64"):
        opened(tmp_path / "app", ImageOptions(platform="linux/arm64/v8"))


def test_neither_mine_nor_the_only_platform_is_an_error_with_the_list(tmp_path: Path) -> None:
    write_tree(tmp_path / "app", layout_of(_platforms("mips64le", "riscv64"), as_index=True))

    with pytest.raises(TargetError, match=r"available: linux/mips64le, linux/riscv64 \(choose"):
        opened(tmp_path / "app", ImageOptions())


@pytest.mark.parametrize("platform", ["linux", "linux/", "/", "a/b/c/d"])
def test_a_platform_has_two_or_three_parts(tmp_path: Path, platform: str) -> None:
    SMALL.write_layout(tmp_path / "app")

    with pytest.raises(UsageError, match="is not a platform"):
        opened(tmp_path / "app", ImageOptions(platform=platform))


def test_two_images_for_one_platform_are_said_to_be_two(tmp_path: Path) -> None:
    one, other = _platforms("amd64", "amd64")
    other = MemoryImage(layers=({"other": b""},))
    files = layout_of((one, other), as_index=True)
    write_tree(tmp_path / "app", files)

    found = opened(tmp_path / "app").image

    assert found.digest == one.manifest_blob().digest
    assert "2 images for linux/amd64" in found.ambiguity


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [("linux/arm/v6", 0), ("linux/arm/v7", 1), ("linux/arm", 1), ("linux/arm64/v8", 2)],
)
def test_a_variant_is_met_or_the_usual_one(tmp_path: Path, wanted: str, chosen: int) -> None:
    there = (("arm", "v6"), ("arm", "v7"), ("arm64", ""))
    images = [
        MemoryImage(layers=({v + a: b""},), architecture=a, config={"variant": v}) for a, v in there
    ]
    files: dict[str, bytes] = {}
    entries = []
    for image, (architecture, variant) in zip(images, there, strict=True):
        files |= image.layout()
        where = {"os": "linux", "architecture": architecture, "variant": variant}
        entries.append(image.manifest_blob().descriptor(platform=where))
    files["index.json"] = json_bytes({"schemaVersion": 2, "manifests": entries})
    write_tree(tmp_path, files)

    found = opened(tmp_path, ImageOptions(platform=wanted)).image

    assert found.digest == images[chosen].manifest_blob().digest


def test_an_image_inside_an_index_is_found_by_its_digest(tmp_path: Path) -> None:
    images = _platforms("amd64", "s390x")
    write_tree(tmp_path, layout_of(images, as_index=True))
    digest = images[1].manifest_blob().digest

    assert opened(f"{tmp_path}@{digest}", ImageOptions()).image.digest == digest
    with pytest.raises(TargetError, match=r"no image sha256:1+; available: latest"):
        opened(f"{tmp_path}@sha256:{'1' * 64}")


def test_an_index_that_disagrees_with_the_image_is_said_to(tmp_path: Path) -> None:
    where = {"os": "linux", "architecture": "arm64"}
    entries = [SMALL.manifest_blob().descriptor(platform=where)]
    index = json_bytes({"schemaVersion": 2, "manifests": entries})
    write_tree(tmp_path, {**SMALL.layout(), "index.json": index})

    found = opened(tmp_path, ImageOptions()).image

    assert str(found.platform) == "linux/amd64"
    assert found.ambiguity == "the index says linux/arm64, the image itself says linux/amd64"


def test_an_index_without_images_is_refused(tmp_path: Path) -> None:
    index = json_bytes({"schemaVersion": 2, "manifests": []})
    write_tree(tmp_path, {**SMALL.layout(), "index.json": index})

    with pytest.raises(TargetError, match="lists no image"):
        opened(tmp_path)


@pytest.mark.parametrize("prefix", ["oci", "oci-archive", "docker-archive"])
def test_a_prefix_makes_the_target_that_kind(tmp_path: Path, prefix: str) -> None:
    SMALL.write_layout(tmp_path / "oci")
    (tmp_path / "oci-archive").write_bytes(SMALL.oci_archive())
    (tmp_path / "docker-archive").write_bytes(SMALL.docker_archive())
    kind = "oci-layout" if prefix == "oci" else prefix

    assert opened(f"{prefix}:{tmp_path / prefix}").image.kind == kind
    for other in {"oci-archive", "docker-archive"} - {prefix}:
        with pytest.raises(TargetError):
            opened(f"{prefix}:{tmp_path / other}")


def test_attestations_are_no_platform(tmp_path: Path) -> None:
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                **SMALL.config_blob().descriptor(),
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "platform": {"os": "unknown", "architecture": "unknown"},
            },
            SMALL.manifest_blob().descriptor(platform={"os": "linux", "architecture": "amd64"}),
        ],
    }
    write_tree(tmp_path / "app", {**SMALL.layout(), "index.json": json_bytes(index)})

    assert opened(tmp_path / "app").image.digest == SMALL.manifest_blob().digest


# Refusals


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere.tar", "does not exist"),
        ("./nowhere", "does not exist"),
        ("oci:nowhere", "does not exist"),
        ("docker-archive:nowhere", "does not exist"),
        ("oci-archive:nowhere", "does not exist"),
        ("dir:nowhere", "cannot open the folder nowhere: No such file"),
        ("", "no target is given"),
        ("Not An Image", "is not an image reference"),
        ("app:tag:more", "is not an image reference"),
        ("app@sha256:../../x", "digest must be sha256:"),
        ("app@md5:00", "digest must be sha256:"),
        ("app@sha256:" + "A" * 64, "digest must be sha256:"),
        ("app@sha512:", "digest must be sha256:"),
        ("example.com:99999/app", "registry must be a host name"),
        ("-example.com/app", "registry must be a host name"),
    ],
)
def test_a_target_that_cannot_be_is_explained(
    target: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(TargetError, match=words.replace(".", r"\.")):
        opened(target)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ends early"),
        (b"hello, this is no archive" * 100, "not a sound tar archive"),
        (b"\x1f\x8b\x08\x00broken", "not a sound tar archive"),
        (b"\xfd7zXZ\x00" + bytes(100), "compressed with xz"),
        (layer_tar({"etc/passwd": b""}), "is a tar but not an image"),
        (layer_tar({"manifest.json": b"["}), "manifest.json is not valid"),
        (layer_tar({"manifest.json": b"[]"}), "lists 0 images"),
        (layer_tar({"manifest.json": b'[{"Config":"x","Layers":[]}]'}), "is not in the archive"),
        (layer_tar({"manifest.json": Symlink("manifest.json")}), "lead in a circle"),
        (layer_tar({"manifest.json": b"[]"})[:700], "it ends inside a member|ends early"),
        (layer_tar({"index.json": b"{}"}), "no oci-layout file"),
        (SMALL.oci_archive()[:-10240], "ends"),
    ],
    ids=[
        "empty", "text", "gzip", "xz", "rootfs", "json", "no_images", "no_config", "circle",
        "cut", "no_marker", "cut_late",
    ],
)  # fmt: skip
def test_a_file_that_is_no_image_is_explained(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "app.tar").write_bytes(content)

    with pytest.raises(TargetError, match=words):
        opened(tmp_path / "app.tar")


def test_what_is_neither_file_nor_folder_is_explained(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for target in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(TargetError, match="neither a file nor a folder"):
            opened(target)


def test_a_skopeo_folder_is_not_taken_for_a_root_file_system(tmp_path: Path) -> None:
    (tmp_path / "version").write_bytes(b"Directory Transport Version: 1.1\n")

    with pytest.raises(TargetError, match="skopeo's dir format"):
        opened(tmp_path)


def test_a_missing_layer_is_a_gap_and_the_others_are_read(tmp_path: Path) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    (path / "blobs" / SMALL.layer_blobs()[1].digest.replace(":", "/")).unlink()

    image = opened(path)

    assert [(gap.code, gap.layer) for gap in image.gaps] == [("layer.missing", 1)]
    assert len(image.blobs) == 2
    with pytest.raises(TargetError, match="is not in the target"):
        image.blobs[1].open()


def test_an_archive_with_more_members_than_any_image_is_refused(tmp_path: Path) -> None:
    many = layer_tar({str(number): b"" for number in range(65_537)})
    (tmp_path / "app.tar").write_bytes(many)

    with pytest.raises(TargetError, match="more than 65536 members"):
        opened(tmp_path / "app.tar")


def test_a_compressed_archive_that_expands_too_much_is_refused(tmp_path: Path) -> None:
    bomb = compress(layer_tar({"zeros": bytes(80 * 1024 * 1024)}), "gzip")
    (tmp_path / "app.tar.gz").write_bytes(bomb)

    with pytest.raises(TargetError, match="not a sound tar archive"):
        opened(tmp_path / "app.tar.gz")


def test_a_compressed_archive_larger_than_the_scratch_space_is_refused(tmp_path: Path) -> None:
    (tmp_path / "app.tar.gz").write_bytes(SMALL.oci_archive("gzip"))
    options = ImageOptions(platform=DEFAULT.platform, limits=Limits(scratch_bytes=1000))

    with pytest.raises(TargetError, match="more than 1000 bytes of scratch space"):
        opened(tmp_path / "app.tar.gz", options)


def _open_files() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_opening_and_closing_leaves_no_descriptor_open(tmp_path: Path) -> None:
    SMALL.write_layout(tmp_path / "layout")
    (tmp_path / "app.tar").write_bytes(SMALL.docker_archive())
    (tmp_path / "bad.tar").write_bytes(SMALL.docker_archive()[:3000])
    before = _open_files()

    for name in ("layout", "app.tar"):
        image = opened(tmp_path / name)
        stored_layers(image)
        image.close()
    with pytest.raises(TargetError):
        opened(tmp_path / "bad.tar")

    assert _open_files() == before
