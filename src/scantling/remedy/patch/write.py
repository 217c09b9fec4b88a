"""Write an image with one more layer into an OCI image layout: a new one, or the image's own.

Configuration and manifest are changed as little as possible: a diff ID, a step of history, a layer.
Fields we do not know stay as they are in the configuration, since a runtime may need them.

Source: OCI image-spec 1.1, config.md, manifest.md, image-layout.md.
"""

import gzip
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from scantling.core import clock
from scantling.core.errors import UsageError
from scantling.core.limits import DEFAULT
from scantling.supply.layout import LayoutPlace
from scantling.supply.places import digest_of

_OCI: Final = "application/vnd.oci.image.manifest.v1+json"
_DOCKER: Final = "application/vnd.docker.distribution.manifest.v2+json"
_LAYER: Final = {
    _OCI: "application/vnd.oci.image.layer.v1.tar+gzip",
    _DOCKER: "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
_MARKER: Final = b'{"imageLayoutVersion":"1.0.0"}'
_EMPTY_INDEX: Final = b'{"manifests":[],"schemaVersion":2}'
_CHUNK_BYTES: Final = 1 << 20
_Typed = TypeVar("_Typed")


class _Descriptor(Struct, omit_defaults=True):
    mediaType: str  # noqa: N815 - the specification's spelling
    digest: str
    size: int
    annotations: dict[str, str] = {}


class _Manifest(Struct, omit_defaults=True):
    config: _Descriptor
    layers: list[_Descriptor]
    schemaVersion: int = 0  # noqa: N815
    mediaType: str = ""  # noqa: N815
    annotations: dict[str, str] = {}


class _RootFs(Struct):
    diff_ids: list[str]
    type: str = "layers"


def add_layer(source: Path, digest: str, tar: bytes, target: Path, tag: str, *, what: str) -> str:
    """Write the image `digest` of a layout with a layer on top, and return its manifest's digest.

    `target` is the folder of a layout, made if there is none, where the image gets the tag `tag`;
    blobs that it lacks are copied. `what` is the step in the history. Raises UsageError or
    TargetError, and leaves the tag as it was, when something is not as it must be.
    """
    place = LayoutPlace(source)
    data = place.manifest(digest)
    if data is None:
        raise UsageError(f"{source} has no manifest {digest}")
    manifest = _decoded(data, _Manifest, "the manifest")
    config = _decoded(
        place.blob(manifest.config.digest, DEFAULT.manifest_bytes),
        dict[str, msgspec.Raw],
        "the configuration",
    )
    kind = manifest.mediaType or _OCI
    if kind not in _LAYER:
        raise UsageError(f"a manifest of type {kind!r} is not patched")
    _make(target)
    for layer in manifest.layers:
        _copy(source, target, layer)
    out = LayoutPlace(target)
    blob = gzip.compress(tar, 6, mtime=0)
    out.put_blob(blob)
    changed = _config(config, digest_of(tar), what)
    out.put_blob(changed)
    patched = _Manifest(
        schemaVersion=2,
        mediaType=kind,
        config=_descriptor(manifest.config.mediaType, changed),
        layers=[*manifest.layers, _descriptor(_LAYER[kind], blob)],
        annotations=manifest.annotations,
    )
    written = msgspec.json.encode(patched, order="sorted")
    out.put_manifest(tag, written, kind)
    return digest_of(written)


def _config(config: dict[str, msgspec.Raw], diff_id: str, what: str) -> bytes:
    rootfs = _decoded(config.get("rootfs", msgspec.Raw(b"{}")), _RootFs, "the configuration")
    history = _decoded(
        config.get("history", msgspec.Raw(b"[]")), list[msgspec.Raw], "the configuration"
    )
    now = clock.rfc3339(clock.now())
    step = {"created": now, "created_by": what, "comment": "scantling fix"}
    changed = {
        **config,
        "created": msgspec.Raw(msgspec.json.encode(now)),
        "rootfs": msgspec.Raw(
            msgspec.json.encode(_RootFs(diff_ids=[*rootfs.diff_ids, diff_id], type=rootfs.type))
        ),
    }
    if history or not rootfs.diff_ids:
        made = [*history, msgspec.Raw(msgspec.json.encode(step))]
        changed["history"] = msgspec.Raw(msgspec.json.encode(made))
    return msgspec.json.encode(changed, order="sorted")


def _make(target: Path) -> None:
    """Make an empty layout in a folder that is not one yet. Raises UsageError."""
    try:
        (target / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        for name, data in (("oci-layout", _MARKER), ("index.json", _EMPTY_INDEX)):
            if not (target / name).exists():
                (target / name).write_bytes(data)
    except OSError as error:
        raise UsageError(f"--output: cannot write {target}: {error.strerror}") from error


def _copy(source: Path, target: Path, layer: _Descriptor) -> None:
    """Copy a layer's blob, with a check of its digest, unless the target has it."""
    algorithm, _, name = layer.digest.partition(":")
    if algorithm != "sha256" or not (len(name) == 64 and name.isalnum()):  # noqa: PLR2004
        raise UsageError(f"a layer has the digest {layer.digest!r}; only sha256 is copied")
    to = target / "blobs" / "sha256" / name
    if to.exists():
        return
    part = to.with_name(f".{name}.part")
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(source / "blobs" / "sha256" / name, flags)
        with os.fdopen(descriptor, "rb") as file, part.open("wb") as out:
            for piece in _pieces(file.fileno()):
                out.write(piece)
        with part.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != name:
                raise UsageError(f"{source}: the blob {layer.digest} is damaged")
        part.replace(to)
    except OSError as error:
        raise UsageError(f"cannot copy the layer {layer.digest}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _pieces(descriptor: int) -> Iterator[bytes]:
    left = DEFAULT.layer_compressed_bytes
    while left > 0 and (piece := os.read(descriptor, _CHUNK_BYTES)):
        left -= len(piece)
        yield piece


def _descriptor(media_type: str, data: bytes) -> _Descriptor:
    return _Descriptor(mediaType=media_type, digest=digest_of(data), size=len(data))


def _decoded(data: bytes | msgspec.Raw, type_: type[_Typed], what: str) -> _Typed:
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{what} of the image is not valid: {error}") from error
