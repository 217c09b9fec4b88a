"""Images made in memory, for tests: the same input gives the same bytes, always.

    image = MemoryImage(layers=({"etc/os-release": b"ID=debian\\n"}, {"bin/sh": Symlink("dash")}))
    image.write_layout(tmp_path / "app")
    (tmp_path / "app.tar").write_bytes(image.docker_archive())

A layer maps paths to content: bytes are a file, `Symlink` and `Hardlink` are links, `FOLDER` is an
empty folder, `DELETED` a whiteout of the path, `OPAQUE` a whiteout of everything below it.
"""

import gzip
import hashlib
import json
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Final

from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BLOCK: Final = 512
_NAME_BYTES: Final = 100
_RECORD: Final = 10_240
_OCI: Final = "application/vnd.oci.image"
_SUFFIX: Final = {"": "", "gzip": "+gzip", "zstd": "+zstd"}


class Symlink(Struct, frozen=True):
    """A symbolic link; `target` as written."""

    target: str


class Hardlink(Struct, frozen=True):
    """A hard link to another path of the same layer."""

    target: str


class Marker(Enum):
    """What is not a file: an empty folder, a deletion, a deletion of everything below."""

    FOLDER = "folder"
    DELETED = "deleted"
    OPAQUE = "opaque"


FOLDER: Final = Marker.FOLDER
DELETED: Final = Marker.DELETED
OPAQUE: Final = Marker.OPAQUE

Entry = bytes | Symlink | Hardlink | Marker
LayerTree = Mapping[str, Entry]


class Blob(Struct, frozen=True, kw_only=True):
    """Bytes with their digest and media type."""

    data: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """`sha256:…` of the bytes."""
        return digest(self.data)

    def descriptor(self, **more: object) -> dict[str, object]:
        """Return the OCI descriptor, with further fields."""
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.data),
            **more,
        }


class MemoryImage(Struct, frozen=True, kw_only=True):
    """An image with these layers, bottom first. `config` is merged into its configuration.

    `compression` is `gzip`, `zstd` or empty and holds for all layers, or one for each.
    """

    layers: tuple[LayerTree, ...] = ()
    compression: str | tuple[str, ...] = "gzip"
    architecture: str = "amd64"
    os: str = "linux"
    tag: str = "latest"
    name: str = "example/app"
    config: dict[str, object] = {}
    annotations: dict[str, str] = {}

    def tars(self) -> tuple[bytes, ...]:
        """Return the uncompressed layers."""
        return tuple(layer_tar(tree) for tree in self.layers)

    def layer_blobs(self) -> tuple[Blob, ...]:
        """Return the layers as stored."""
        kinds = self.compression
        kinds = (kinds,) * len(self.layers) if isinstance(kinds, str) else kinds
        return tuple(
            Blob(data=compress(tar, kind), media_type=f"{_OCI}.layer.v1.tar{_SUFFIX[kind]}")
            for tar, kind in zip(self.tars(), kinds, strict=True)
        )

    def config_blob(self) -> Blob:
        """Return the configuration: one history step for each layer."""
        value: dict[str, object] = {
            "architecture": self.architecture,
            "os": self.os,
            "created": "2026-01-02T03:04:05Z",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(tar) for tar in self.tars()]},
            "history": [{"created_by": f"step {number}"} for number in range(len(self.layers))],
        }
        return Blob(data=json_bytes({**value, **self.config}), media_type=f"{_OCI}.config.v1+json")

    def manifest_blob(self) -> Blob:
        """Return the OCI manifest."""
        value: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": self.config_blob().descriptor(),
            "layers": [layer.descriptor() for layer in self.layer_blobs()],
        }
        if self.annotations:
            value["annotations"] = self.annotations
        return Blob(data=json_bytes(value), media_type=f"{_OCI}.manifest.v1+json")

    def blobs(self) -> tuple[Blob, ...]:
        """Return everything a registry stores: layers, configuration, manifest."""
        return (*self.layer_blobs(), self.config_blob(), self.manifest_blob())

    def platform(self) -> dict[str, str]:
        """Return the platform as an index has it."""
        return {"os": self.os, "architecture": self.architecture}

    def layout(self) -> dict[str, bytes]:
        """Return the files of an OCI image layout."""
        return layout_of((self,))

    def write_layout(self, path: Path) -> Path:
        """Write the OCI image layout and return its path."""
        return write_tree(path, self.layout())

    def oci_archive(self, compression: str = "") -> bytes:
        """Return the OCI image layout as a tar."""
        return compress(layer_tar(self.layout()), compression)

    def docker_archive(self, style: str = "legacy") -> bytes:
        """Return what `docker save` writes: `legacy`, or `oci` as Docker 25 and later do."""
        return layer_tar(self.docker_files(style))

    def docker_files(self, style: str = "legacy") -> dict[str, Entry]:
        """Return the members of a docker archive; layers are uncompressed."""
        tars = self.tars()
        config = self.config_blob()
        full_name = f"{self.name}:{self.tag}"
        if style == "oci":
            plain = MemoryImage(
                layers=self.layers,
                compression="",
                architecture=self.architecture,
                os=self.os,
                tag=self.tag,
                config=self.config,
            )
            files: dict[str, Entry] = {**plain.layout()}
            config_name = _blob_path(config.digest)
            names = [_blob_path(digest(tar)) for tar in tars]
        else:
            config_name = f"{config.digest[7:]}.json"
            files = {config_name: config.data}
            names = []
            for number, tar in enumerate(tars):
                names.append(f"{digest(tar + bytes([number]))[7:]}/layer.tar")
                first = names[tars.index(tar)]
                # Docker writes a layer once; where it comes again there is a link.
                files[names[-1]] = tar if first == names[-1] else Symlink(f"../{first}")
        entry = {"Config": config_name, "RepoTags": [full_name], "Layers": names}
        files["manifest.json"] = json_bytes([entry])
        return files


def layout_of(images: tuple[MemoryImage, ...], *, as_index: bool = False) -> dict[str, bytes]:
    """Return an OCI layout of several images, each under its tag.

    With `as_index` they are the platforms of one multi-platform image, tagged like the first.
    """
    files = {"oci-layout": json_bytes({"imageLayoutVersion": "1.0.0"})}
    entries = []
    for image in images:
        for blob in image.blobs():
            files[_blob_path(blob.digest)] = blob.data
        manifest = image.manifest_blob()
        if as_index:
            entries.append(manifest.descriptor(platform=image.platform()))
        else:
            named = {"org.opencontainers.image.ref.name": image.tag}
            entries.append(manifest.descriptor(annotations=named))
    if as_index:
        index = index_blob(images)
        files[_blob_path(index.digest)] = index.data
        named = {"org.opencontainers.image.ref.name": images[0].tag}
        entries = [index.descriptor(annotations=named)]
    files["index.json"] = json_bytes({"schemaVersion": 2, "manifests": entries})
    return files


def index_blob(images: tuple[MemoryImage, ...]) -> Blob:
    """Return the index of a multi-platform image."""
    value = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.index.v1+json",
        "manifests": [
            image.manifest_blob().descriptor(platform=image.platform()) for image in images
        ],
    }
    return Blob(data=json_bytes(value), media_type=f"{_OCI}.index.v1+json")


def write_tree(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files under `path` and return it."""
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def layer_tar(tree: Mapping[str, Entry]) -> bytes:
    """Return an uncompressed tar of the entries, in their order; folders are not implied."""
    parts = [_member(path, entry) for path, entry in tree.items()]
    body = b"".join(parts) + bytes(2 * _BLOCK)
    return body + bytes(-len(body) % _RECORD)


def tar_header(  # one parameter per field that tests vary
    name: bytes, *, size: int = 0, kind: bytes = b"0", link: bytes = b"", mode: int = 0o644
) -> bytes:
    """Return one ustar header of 512 bytes; `name` and `link` have at most 100 bytes."""
    block = bytearray(_BLOCK)
    block[0 : len(name)] = name
    for at, width, value in (
        (100, 8, mode),
        (108, 8, 0),
        (116, 8, 0),
        (124, 12, size),
        (136, 12, 0),
    ):
        block[at : at + width] = f"{value:0{width - 1}o}\0".encode()
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = b"ustar\x0000"
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def compress(data: bytes, kind: str) -> bytes:
    """Return `data` compressed (`gzip`, `zstd`), or as it is for an empty kind."""
    match kind:
        case "":
            return data
        case "gzip":
            return gzip.compress(data, 6, mtime=0)
        case "zstd":
            return zstd.compress(data)
        case _:
            raise ValueError(kind)


def digest(data: bytes) -> str:
    """Return `sha256:…` of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def json_bytes(value: object) -> bytes:
    """Return `value` as JSON, always the same bytes."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _blob_path(name: str) -> str:
    return f"blobs/{name.replace(':', '/')}"


def _member(path: str, entry: Entry) -> bytes:
    folder, _, leaf = path.rpartition("/")
    prefix = f"{folder}/" if folder else ""
    match entry:
        case bytes():
            return _with_long(path, size=len(entry)) + entry + bytes(-len(entry) % _BLOCK)
        case Symlink(target):
            return _with_long(path, kind=b"2", link=target, mode=0o777)
        case Hardlink(target):
            return _with_long(path, kind=b"1", link=target)
        case Marker.FOLDER:
            return _with_long(f"{path}/", kind=b"5", mode=0o755)
        case Marker.DELETED:
            return _with_long(f"{prefix}.wh.{leaf}")
        case Marker.OPAQUE:
            return _with_long(f"{path}/.wh..wh..opq")


def _with_long(
    name: str, *, size: int = 0, kind: bytes = b"0", link: str = "", mode: int = 0o644
) -> bytes:
    """Return the header, after a pax header for what does not fit into it."""
    raw, raw_link = name.encode(), link.encode()
    records = b""
    if len(raw) > _NAME_BYTES:
        records += _pax_record(b"path", raw)
    if len(raw_link) > _NAME_BYTES:
        records += _pax_record(b"linkpath", raw_link)
    extra = b""
    if records:
        extra = tar_header(b"pax", size=len(records), kind=b"x")
        extra += records + bytes(-len(records) % _BLOCK)
    return extra + tar_header(
        raw[:_NAME_BYTES], size=size, kind=kind, link=raw_link[:_NAME_BYTES], mode=mode
    )


def _pax_record(key: bytes, value: bytes) -> bytes:
    """Return `length key=value\\n`; the length counts itself."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return f"{length} ".encode() + key + b"=" + value + b"\n"
