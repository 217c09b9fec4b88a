"""Hostile manifests, indexes and layouts. Numbers are rows of the hostile-input catalog."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import TargetError
from scantling.core.limits import DEFAULT as LIMITS
from scantling.core.limits import Limits
from scantling.image.api import ImageOptions
from scantling.image.descriptors import parse_config, parse_document
from scantling.testing.images import Blob, MemoryImage, json_bytes, layer_tar, write_tree

from .opening import DEFAULT, SMALL, opened

OCI = "application/vnd.oci.image"
INDEX = f"{OCI}.index.v1+json"
MANIFEST = f"{OCI}.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
SHA = "sha256:" + "0" * 64


def _layout(path: Path, manifest: dict[str, Any], **described: Any) -> Path:
    """Write a layout whose only image has this manifest."""
    blob = Blob(data=json_bytes(manifest), media_type=MANIFEST)
    index = {"schemaVersion": 2, "manifests": [{**blob.descriptor(), **described}]}
    return write_tree(
        path,
        {
            **SMALL.layout(),
            f"blobs/{blob.digest.replace(':', '/')}": blob.data,
            "index.json": json_bytes(index),
        },
    )


def _manifest(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.manifest_blob().data)
    return {key: value for key, value in {**found, **changes}.items() if value is not None}


def _descriptor(**changes: Any) -> dict[str, Any]:
    return {**SMALL.layer_blobs()[0].descriptor(), **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"manifests": []}, "both layers and manifests"),
        ({"mediaType": INDEX}, "media type says index"),
        ({"mediaType": DOCKER}, "a media type other than"),
        ({"schemaVersion": 1, "fsLayers": []}, "schema 1 manifest"),
        ({"Layers": []}, "it has the key Layers"),
        ({"MANIFESTS": []}, "it has the key MANIFESTS"),
        ({"config": None}, "names no configuration"),
        ({"layers": None}, "media type says manifest and its content does not"),
        ({"config": {**SMALL.config_blob().descriptor(), "mediaType": "application/vnd.cncf.helm"}},
         "artifact of type application/vnd.cncf.helm"),
        ({"layers": [_descriptor(digest="sha256:../../x")]}, "cannot be verified, sha256:../../x"),
        ({"layers": [_descriptor(digest="md5:" + "0" * 32)]}, "cannot be verified, md5:"),
        ({"layers": [_descriptor(digest="sha512:")]}, "cannot be verified, sha512:"),
        ({"layers": [_descriptor(digest=SHA.upper())]}, "cannot be verified, SHA256:"),
        ({"layers": [_descriptor(digest=SHA + "\n")]}, "cannot be verified"),
        ({"layers": [_descriptor(size=-1)]}, "negative size"),
        ({"layers": [_descriptor(size="5")]}, r"is not valid: .*layers\[0\].size"),
        ({"layers": [_descriptor(data=base64.b64encode(b"other").decode())]}, "differs from its"),
        ({"layers": [_descriptor(data="*")]}, "not base64"),
        ({"layers": [_descriptor()]}, "1 layers and its configuration lists 2"),
        ({"layers": [_descriptor()] * 513}, "513 layers, more than 512"),
    ],
    ids=[
        "H175_both", "H175_says_index", "H175_type_differs", "H176_schema1", "H175_case",
        "H175_case_2", "no_config", "no_layers", "artifact", "H179_path", "H179_md5",
        "H179_empty", "H179_capitals", "H179_newline", "negative", "size_text", "H178_data",
        "H178_not_base64", "H051_count", "too_many",
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_sound_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    path = _layout(tmp_path / "app", _manifest(**changes))

    with pytest.raises(TargetError, match=words):
        opened(path)


def test_h175_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    data = SMALL.manifest_blob().data
    double = Blob(data=data[:-1] + b',"layers":[]}', media_type=MANIFEST)
    index = {"schemaVersion": 2, "manifests": [double.descriptor()]}
    files = {**SMALL.layout(), "index.json": json_bytes(index)}
    write_tree(tmp_path, {**files, f"blobs/{double.digest.replace(':', '/')}": double.data})

    with pytest.raises(TargetError, match="it has a key twice"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (rb'"a": 1, "a": 2', "it has a key twice"),
        (rb'"a\u0026": 1, "a&": 1', "it has a key twice"),
        (rb'"\u003c": 1, "\u003c": 1', "it has a key twice"),
        (rb'"x": [{"a": {"b": 1, "b": 1}}], "n": 1e2', "it has a key twice"),
        (rb'"a": 1, "\u0061": 1', "it has a key twice"),
    ],
    ids=["plain", "escaped_once", "escaped_by_go", "deep", "escaped_letter"],
)
def test_h175_a_key_is_there_twice_however_it_is_written(members: bytes, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        parse_config(b"{" + members + b"}", limits=LIMITS, what="it")


@pytest.mark.parametrize(
    "member",
    [rb'"a\u0026": "\u003c\u003e"', rb'"a\\u0026": 1, "a&": 2', rb'"\u00e9":1.50', rb'"a":[]'],
)
def test_a_key_that_is_there_once_is_fine_however_it_is_written(member: bytes) -> None:
    data = b'{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": []}, ' + member + b"}"

    assert parse_config(data, limits=LIMITS, what="it").diff_ids == ()


@pytest.mark.parametrize("what", ["manifest", "config"])
def test_h159_content_without_its_digest_is_refused(tmp_path: Path, what: str) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    blob = SMALL.manifest_blob() if what == "manifest" else SMALL.config_blob()
    changed = blob.data.replace(b"sha256", b"sha257", 1).replace(b"amd64", b"arm64", 1)
    (path / "blobs" / blob.digest.replace(":", "/")).write_bytes(changed)

    with pytest.raises(TargetError, match="does not have the digest"):
        opened(path)


@pytest.mark.parametrize("change", [b"", b" "])
def test_h160_content_of_another_size_is_refused(tmp_path: Path, change: bytes) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    blob = SMALL.config_blob()
    data = blob.data + change if change else blob.data[:-1]
    (path / "blobs" / blob.digest.replace(":", "/")).write_bytes(data)

    with pytest.raises(TargetError, match="are declared"):
        opened(path)


def _nested(depth: int) -> dict[str, bytes]:
    files = SMALL.layout()
    inner = SMALL.manifest_blob()
    for _ in range(depth):
        value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner.descriptor()]}
        inner = Blob(data=json_bytes(value), media_type=INDEX)
        files[f"blobs/{inner.digest.replace(':', '/')}"] = inner.data
    files["index.json"] = json_bytes({"schemaVersion": 2, "manifests": [inner.descriptor()]})
    return files


def test_h174_nested_indexes_are_followed_to_the_limit(tmp_path: Path) -> None:
    write_tree(tmp_path / "fine", _nested(LIMITS.index_depth))
    write_tree(tmp_path / "deep", _nested(LIMITS.index_depth + 1))

    assert opened(tmp_path / "fine").image.digest == SMALL.manifest_blob().digest
    with pytest.raises(TargetError, match="nested more than 3 deep"):
        opened(tmp_path / "deep")


def test_h174_an_index_reached_twice_is_refused(tmp_path: Path) -> None:
    value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    inner = Blob(data=json_bytes(value), media_type=INDEX)
    index = {"schemaVersion": 2, "manifests": [inner.descriptor(), inner.descriptor()]}
    files = {**SMALL.layout(), "index.json": json_bytes(index)}
    write_tree(tmp_path, {**files, f"blobs/{inner.digest.replace(':', '/')}": inner.data})

    with pytest.raises(TargetError, match="twice to sha256"):
        opened(tmp_path)


def test_h174_an_index_with_100000_children_is_refused(tmp_path: Path) -> None:
    entry = SMALL.manifest_blob().descriptor()
    index = json_bytes({"schemaVersion": 2, "manifests": [entry] * 5000})
    write_tree(tmp_path, {**SMALL.layout(), "index.json": index})

    with pytest.raises(TargetError, match="5000 descriptors, more than 4096"):
        opened(tmp_path)


def test_h174_many_images_without_a_platform_are_not_all_opened(tmp_path: Path) -> None:
    entries = [_descriptor(mediaType=MANIFEST, digest=f"sha256:{n:064x}") for n in range(100)]
    index = json_bytes({"schemaVersion": 2, "manifests": entries})
    write_tree(tmp_path, {**SMALL.layout(), "index.json": index})

    with pytest.raises(TargetError, match="without saying their platforms"):
        opened(tmp_path)


def test_a_document_longer_than_allowed_is_refused_unread(tmp_path: Path) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    with (path / "index.json").open("ab") as file:
        file.truncate(LIMITS.manifest_bytes + 1)

    with pytest.raises(TargetError, match="raise the limit manifest_bytes"):
        opened(path)


def test_json_nested_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    (path / "index.json").write_bytes(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")

    with pytest.raises(TargetError, match=r"index\.json is not valid"):
        opened(path)


@pytest.mark.parametrize(
    ("media_type", "code"),
    [
        (f"{OCI}.layer.v1.tar+gzip+encrypted", "layer.encrypted"),
        ("application/x-squashfs", "layer.unsupported"),
        ("application/vnd.wasm.content.layer.v1+wasm", "layer.unsupported"),
    ],
    ids=["H071", "H072_squashfs", "H072_wasm"],
)
def test_a_layer_that_is_no_tar_is_a_gap(tmp_path: Path, media_type: str, code: str) -> None:
    layers = [_descriptor(mediaType=media_type), SMALL.layer_blobs()[1].descriptor()]

    image = opened(_layout(tmp_path / "app", _manifest(layers=layers)))

    assert [(gap.code, gap.layer, gap.kind.value) for gap in image.gaps] == [(code, 0, "blocking")]
    with pytest.raises(TargetError):
        image.blobs[0].open()
    os.close(image.blobs[1].open().fd)


def test_h177_a_foreign_layer_is_a_gap_unless_its_bytes_are_here(tmp_path: Path) -> None:
    kind = f"{OCI}.layer.nondistributable.v1.tar+gzip"
    here = _descriptor(mediaType=kind, urls=["https://evil.example.com/"])
    gone = {**here, "digest": SHA}

    image = opened(_layout(tmp_path / "app", _manifest(layers=[here, gone])))

    assert [(gap.code, gap.layer) for gap in image.gaps] == [("layer.foreign", 1)]


def test_h050_an_image_without_layers_opens_and_has_none(tmp_path: Path) -> None:
    image = opened(MemoryImage().write_layout(tmp_path / "app"))

    assert image.image.layers == ()
    assert image.folder is None


def test_h050_a_layer_listed_twice_and_an_empty_layer_are_read(tmp_path: Path) -> None:
    image = MemoryImage(layers=({"a": b"1"}, {"a": b"1"}, {}))

    found = opened(image.write_layout(tmp_path / "app"))

    assert len(found.blobs) == 3
    assert found.image.layers[0].diff_id == found.image.layers[1].diff_id


@pytest.mark.parametrize("victim", ["index.json", "oci-layout", "blobs", "blobs/sha256", "layer"])
def test_h180_links_in_a_layout_are_refused(tmp_path: Path, victim: str) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    name = SMALL.layer_blobs()[0].digest.replace(":", "/")
    target = path / (f"blobs/{name}" if victim == "layer" else victim)
    moved = tmp_path / "moved"
    target.rename(moved)
    target.symlink_to(moved)

    with pytest.raises(TargetError, match="links"):
        opened(path)


@pytest.mark.parametrize("victim", ["index.json", "layer"])
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_h180_what_is_no_file_in_a_layout_is_refused(
    tmp_path: Path, victim: str, kind: str
) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    name = SMALL.layer_blobs()[0].digest.replace(":", "/")
    target = path / (f"blobs/{name}" if victim == "layer" else victim)
    target.unlink()
    if kind == "folder":
        target.mkdir()
    else:
        os.mkfifo(target)

    with pytest.raises(TargetError, match=r"is not a file|not accepted in its place"):
        opened(path)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "etc/../../passwd", "", "."])
def test_h180_names_in_a_docker_archive_never_leave_it(tmp_path: Path, name: str) -> None:
    members = SMALL.docker_files()
    config = next(name for name in members if name.endswith(".json"))
    layers = {"Config": config, "Layers": [name, name]}
    outside = {"Config": name, "Layers": []}
    for number, entry in enumerate((layers, outside)):
        content = layer_tar({**members, "manifest.json": json_bytes([entry])})
        (tmp_path / f"{number}.tar").write_bytes(content)

        with pytest.raises(TargetError, match="is not in the archive"):
            opened(tmp_path / f"{number}.tar")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    first = layer_tar({"manifest.json": b"[]"})
    (tmp_path / "app.tar").write_bytes(first[:1024] + SMALL.docker_archive())

    with pytest.raises(TargetError, match=r"two members named manifest\.json"):
        opened(tmp_path / "app.tar")


def test_a_docker_archive_that_describes_two_different_images_is_refused(tmp_path: Path) -> None:
    other = MemoryImage(layers=({"other": b""},), compression="")
    members = {**other.docker_files("oci"), **SMALL.layout()}
    (tmp_path / "app.tar").write_bytes(layer_tar(members))

    with pytest.raises(TargetError, match="the two descriptions differ"):
        opened(tmp_path / "app.tar")


def test_a_docker_archive_whose_configuration_was_changed_is_refused(tmp_path: Path) -> None:
    members = SMALL.docker_files()
    name = SMALL.config_blob().digest[7:] + ".json"
    members[name] = SMALL.config_blob().data.replace(b"amd64", b"arm64")
    (tmp_path / "app.tar").write_bytes(layer_tar(members))

    with pytest.raises(TargetError, match="does not have its digest"):
        opened(tmp_path / "app.tar")


def test_a_limit_can_be_raised_and_lowered(tmp_path: Path) -> None:
    path = SMALL.write_layout(tmp_path / "app")
    options = ImageOptions(platform=DEFAULT.platform, limits=Limits(layers=1))

    with pytest.raises(TargetError, match="raise the limit layers"):
        opened(path, options)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_a_document_or_a_target_error(data: bytes) -> None:
    for parse in (parse_document, parse_config):
        try:
            parse(data, limits=LIMITS, what="the document")
        except TargetError:
            continue


@pytest.mark.parametrize("source", ["manifest", "config"])
def test_a_damaged_document_is_refused_or_equal(source: str) -> None:
    """Every single-bit flip either fails or leaves what is used unchanged in count."""
    blob = SMALL.manifest_blob() if source == "manifest" else SMALL.config_blob()
    parse = parse_document if source == "manifest" else parse_config
    for position in range(0, len(blob.data) * 8, 7):
        data = bytearray(blob.data)
        data[position // 8] ^= 1 << (position % 8)
        try:
            parse(bytes(data), limits=LIMITS, what="the document")
        except TargetError:
            continue
    for end in range(len(blob.data)):
        with pytest.raises(TargetError):
            parse(blob.data[:end], limits=LIMITS, what="the document")


@settings(max_examples=100, deadline=None)
@given(flips=st.lists(st.integers(0, 8 * 4096), min_size=1, max_size=3))
def test_a_damaged_archive_never_yields_other_layers(
    tmp_path_factory: pytest.TempPathFactory, flips: list[int]
) -> None:
    data = bytearray(SMALL.docker_archive())
    for position in flips:
        data[position // 8 % len(data)] ^= 1 << (position % 8)
    path = tmp_path_factory.mktemp("flip") / "app.tar"
    path.write_bytes(data)

    try:
        image = opened(path)
    except TargetError:
        return

    # What could still be opened is the same image: a configuration has its digest in its name.
    assert image.image.config_digest == SMALL.config_blob().digest
    assert [layer.diff_id for layer in image.image.layers] == [
        opened_layer.diff_id for opened_layer in _sound_layers(path)
    ]
    image.close()


def _sound_layers(path: Path) -> Any:
    path.write_bytes(SMALL.docker_archive())
    image = opened(path)
    image.close()
    return image.image.layers
