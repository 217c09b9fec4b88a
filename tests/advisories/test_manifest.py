"""Manifests: what is read is what was written, and anything else is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scantling.advisories.manifest import Manifest, decode_manifest, encode_manifest
from scantling.advisories.paths import manifest_name, object_name
from scantling.advisories.store import Store
from scantling.core.errors import AdvisoryDataError
from scantling.testing.advisories import advisory, build_with, feed_of


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    store = Store(tmp_path_factory.mktemp("m"))
    build_with(store, feed_of(advisory()))
    return store.open().manifest


def test_what_was_written_is_read(manifest: Manifest) -> None:
    data = encode_manifest(manifest)

    assert decode_manifest(data) == manifest
    assert encode_manifest(decode_manifest(data)) == data


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(AdvisoryDataError):
        decode_manifest(data)


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_is_refused_or_gives_another_digest(
    manifest: Manifest, position: int, bit: int
) -> None:
    data = bytearray(encode_manifest(manifest))
    data[position % len(data)] ^= 1 << bit

    try:
        decode_manifest(bytes(data))
    except AdvisoryDataError:
        return
    assert bytes(data) != encode_manifest(manifest)  # the store asks for the digest first


def test_a_manifest_that_contradicts_itself_is_refused(manifest: Manifest) -> None:
    segment, source = manifest.segments[0], manifest.sources[0]
    for bad in (
        replace(manifest, version=2),
        replace(manifest, built="yesterday"),
        replace(manifest, expires=""),
        replace(manifest, sources=(source, source)),
        replace(manifest, sources=()),
        replace(manifest, segments=(segment, segment)),
        replace(manifest, segments=(replace(segment, digest="../../etc/passwd"),)),
        replace(manifest, segments=(replace(segment, head=""),)),
        replace(manifest, segments=(replace(segment, size=0),)),
        replace(manifest, segments=(replace(segment, kind="poetry"),)),
    ):
        with pytest.raises(AdvisoryDataError):
            decode_manifest(encode_manifest(bad))


@pytest.mark.parametrize(
    "text", ["", "..", "../" * 20, "A" * 64, "g" * 64, "0" * 65, "0" * 64 + "\n"]
)
def test_only_a_digest_becomes_part_of_a_path(text: str) -> None:
    for name in (manifest_name, object_name):
        with pytest.raises(AdvisoryDataError):
            name(text)


def test_a_store_with_a_broken_pointer_says_so(tmp_path: Path) -> None:
    (tmp_path / "current").write_bytes(b"\xff\xfe")

    with pytest.raises(AdvisoryDataError, match="current"):
        Store(tmp_path).open()
