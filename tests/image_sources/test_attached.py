"""What is known around an image: its history, its index, statements attached, its tags."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scantling.core.errors import RegistryError, TargetError
from scantling.core.http import Reply
from scantling.core.limits import DEFAULT as LIMITS
from scantling.image.descriptors import Descriptor
from scantling.image.statements import read_statements
from scantling.image.tags import all_tags, parse_tags
from scantling.testing.images import Blob, MemoryImage, digest, json_bytes, write_tree

from .opening import SMALL, Fake, opened

_INDEX = "application/vnd.oci.image.index.v1+json"
_STATEMENT = json_bytes({"predicateType": "https://slsa.dev/provenance/v1", "predicate": {}})
_STEPS = {
    "history": [
        {"created_by": "ADD rootfs", "created": "2026-01-01T00:00:00Z"},
        {"created_by": 'CMD ["bash"]', "empty_layer": True},
        {"created_by": "COPY . /app"},
    ]
}


def _attestation(about: str, *statements: bytes) -> tuple[Blob, tuple[Blob, ...]]:
    """Return an attestation manifest as BuildKit makes it, and its blobs."""
    blobs = tuple(Blob(data=one, media_type="application/vnd.in-toto+json") for one in statements)
    config = Blob(data=b"{}", media_type="application/vnd.oci.image.config.v1+json")
    manifest = Blob(
        data=json_bytes(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": config.descriptor(),
                "layers": [one.descriptor() for one in blobs],
                "about": about,
            }
        ),
        media_type="application/vnd.oci.image.manifest.v1+json",
    )
    return manifest, (config, *blobs)


def _index(image: MemoryImage, *attestations: tuple[Blob, str]) -> Blob:
    manifests = [image.manifest_blob().descriptor(platform=image.platform())]
    manifests += [
        one.descriptor(
            platform={"os": "unknown", "architecture": "unknown"},
            annotations={
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": about,
            },
        )
        for one, about in attestations
    ]
    value = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
    return Blob(data=json_bytes(value), media_type=_INDEX)


def _layout(folder: Path, image: MemoryImage, *blobs: Blob, index: Blob) -> Path:
    files = {"oci-layout": json_bytes({"imageLayoutVersion": "1.0.0"})}
    for blob in (*image.blobs(), *blobs, index):
        files[f"blobs/{blob.digest.replace(':', '/')}"] = blob.data
    files["index.json"] = json_bytes({"schemaVersion": 2, "manifests": [index.descriptor()]})
    return write_tree(folder, files)


def test_every_build_step_is_told_also_those_without_a_layer(tmp_path: Path) -> None:
    image = MemoryImage(layers=({"a": b"1"}, {"b": b"2"}), config=dict(_STEPS))
    image.write_layout(tmp_path / "app")
    (tmp_path / "old.tar").write_bytes(image.docker_archive())
    (tmp_path / "new.tar").write_bytes(image.docker_archive("oci"))

    for name in ("app", "old.tar", "new.tar"):
        steps = opened(tmp_path / name).history
        assert [(one.created_by, one.empty_layer) for one in steps] == [
            ("ADD rootfs", False),
            ('CMD ["bash"]', True),
            ("COPY . /app", False),
        ]


def test_statements_about_the_chosen_image_are_read(tmp_path: Path) -> None:
    mine = SMALL.manifest_blob().digest
    about_me, blobs = _attestation(mine, _STATEMENT)
    other, others = _attestation(digest(b"other"), b'{"other": 1}')
    index = _index(SMALL, (about_me, mine), (other, digest(b"other")))
    target = _layout(tmp_path / "app", SMALL, about_me, other, *blobs, *others, index=index)

    image = opened(target)

    assert image.statements() == (_STATEMENT,)
    assert image.list_digest == index.digest
    assert image.platforms == ("linux/amd64",)


def test_an_image_without_an_index_has_no_statements(tmp_path: Path) -> None:
    image = opened(SMALL.write_layout(tmp_path / "app"))

    assert (image.statements(), image.list_digest) == ((), "")


def test_a_missing_or_damaged_statement_is_an_error_only_when_it_is_asked_for(
    tmp_path: Path,
) -> None:
    mine = SMALL.manifest_blob().digest
    manifest, blobs = _attestation(mine, _STATEMENT)
    target = _layout(
        tmp_path / "app", SMALL, manifest, blobs[0], index=_index(SMALL, (manifest, mine))
    )
    image = opened(target)
    with pytest.raises(TargetError, match="not in the target"):
        image.statements()

    (target / f"blobs/{blobs[1].digest.replace(':', '/')}").write_bytes(b"x" * len(_STATEMENT))
    with pytest.raises(TargetError, match="does not have the digest"):
        image.statements()


def test_statements_are_read_from_a_registry_when_asked_for() -> None:
    fake = Fake()
    mine = SMALL.manifest_blob().digest
    manifest, blobs = _attestation(mine, _STATEMENT)
    fake.server.push(SMALL, "team/app", "only")
    fake.server.put_manifest(manifest, "team/app")
    for blob in blobs:
        fake.server.put_blob(blob, "team/app")
    index = _index(SMALL, (manifest, mine))
    fake.server.put_manifest(index, "team/app", "1.0")

    image = fake.open("registry.example.com/team/app:1.0")

    assert not fake.server.asked(manifest.digest)
    assert image.statements() == (_STATEMENT,)
    assert image.list_digest == index.digest


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_any_attestation_is_read_or_an_error(data: bytes) -> None:
    node = Descriptor(digest=digest(data), size_bytes=len(data))

    try:
        found = read_statements((node,), lambda _node, _what: data, LIMITS)
    except TargetError:
        return
    assert found == ()


def test_tags_are_listed_page_by_page() -> None:
    pages = {"": ["1.0", "1.1"], "1.1": ["2.0", "not/a/tag"], "2.0": []}
    asked = []

    def get(path: str) -> Reply:
        asked.append(path)
        last = path.partition("last=")[2]
        more = {"link": "<https://elsewhere.example.com/>; rel=next"} if last != "2.0" else {}
        return _reply(json_bytes({"name": "team/app", "tags": pages[last]}), more)

    assert all_tags(get, "the tags") == ("1.0", "1.1", "2.0")
    assert asked == ["tags/list?n=1000", "tags/list?n=1000&last=1.1", "tags/list?n=1000&last=2.0"]


def test_a_registry_that_repeats_itself_is_left() -> None:
    reply = _reply(json_bytes({"tags": ["1", "2"]}), {"link": "<next>"})

    assert all_tags(lambda _path: reply, "the tags") == ("1", "2")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.just(json.dumps({"tags": [1]}).encode()))
def test_any_answer_is_tags_or_an_error(data: bytes) -> None:
    try:
        found = parse_tags(data, "the tags")
    except RegistryError:
        return
    assert found == ()


def _reply(body: bytes, headers: dict[str, str]) -> Reply:
    return Reply(url="https://registry.example.com", status=200, headers=headers, body=body)
