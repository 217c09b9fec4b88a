"""OCI layouts of any size, written as a stream: one layer of big files, or of many small ones.

Nothing is held in memory and the same arguments give the same bytes. What repeats is compressed
once: a chunk that ends in a full flush can stand anywhere in a gzip stream.

Source: RFC 1951 and 1952 (blocks, flushes, trailer); POSIX.1-2017, pax ("ustar Interchange
Format"); OCI image-spec, image-layout.md.
"""

import hashlib
import json
import random
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from isal import isal_zlib

from scantling.testing.images import tar_header

CHUNK_BYTES: Final = 32 * 1024 * 1024
FILE_BYTES: Final = 1024**3
_BLOCK: Final = 512
_SMALL_BYTES: Final = 100
_FOLDER_ENTRIES: Final = 100
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_CHECKSUM: Final = slice(148, 156)


def write_bulk(folder: Path, size: int) -> Path:
    """Write an image whose layer holds `size` bytes in files of a gibibyte that nobody wants.

    A quarter of it cannot be compressed; as a whole it shrinks to about a third.
    """

    def fill(layer: _Layer) -> None:
        chunk = _mixed()
        packed = layer.pack(chunk)
        for number in range(-(-size // FILE_BYTES)):
            content = min(FILE_BYTES, size - number * FILE_BYTES)
            name = f"srv/data/part-{number:04}.bin"
            header = tar_header(name.encode(), size=content)
            layer.add(header, layer.pack(header))
            for _ in range(content // CHUNK_BYTES):
                layer.add(chunk, packed)
            rest = chunk[: content % CHUNK_BYTES]
            rest += bytes(-len(rest) % _BLOCK)
            layer.add(rest, layer.pack(rest))

    return _write(folder, fill)


def write_tree(folder: Path, count: int) -> Path:
    """Write an image whose layer has `count` entries: small files, one folder for each hundred."""

    def fill(layer: _Layer) -> None:
        chunk = bytearray()
        for piece in entries(count):
            chunk += piece
            if len(chunk) > CHUNK_BYTES // 8:
                layer.add(bytes(chunk), layer.pack(chunk))
                chunk.clear()
        layer.add(bytes(chunk), layer.pack(chunk))

    return _write(folder, fill)


def entries(count: int) -> Iterator[bytes]:
    """Yield that many headers with their content: small files, a folder for each hundred."""
    content = (b"#" * _SMALL_BYTES).ljust(_BLOCK, b"\0")
    for first in range(0, count, _FOLDER_ENTRIES):
        folder = b"srv/tree-%05d/folder-%05d/" % (first // 10_000, first // _FOLDER_ENTRIES)
        yield tar_header(folder, kind=b"5", mode=0o755)
        # A file's header differs from the next one's in its name only.
        header = bytearray(tar_header(folder + b"file-000000000.txt", size=_SMALL_BYTES))
        digits_at = len(folder) + len("file-")
        total = int(header[_CHECKSUM][:6], 8) - 9 * ord("0")
        for number in range(first + 1, min(count, first + _FOLDER_ENTRIES)):
            digits = b"%09d" % number
            header[digits_at : digits_at + 9] = digits
            header[_CHECKSUM] = b"%06o\0 " % (total + sum(digits))
            yield bytes(header) + content


class _Layer:
    """A gzip layer being written; knows both digests in the end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._stored = hashlib.sha256()
        self._content = hashlib.sha256()
        self._crc = 0
        self._size = 0
        self.stored_bytes = 0
        self._write(_GZIP_HEAD)

    def pack(self, data: bytes | bytearray) -> bytes:
        packer = isal_zlib.compressobj(1, wbits=-15)
        return packer.compress(data) + packer.flush(isal_zlib.Z_FULL_FLUSH)

    def add(self, data: bytes, packed: bytes) -> None:
        """Append content, given also as `pack` returned it."""
        self._crc = isal_zlib.crc32(data, self._crc)
        self._size += len(data)
        self._content.update(data)
        self._write(packed)

    def close(self) -> tuple[str, str]:
        """End the layer; return the digests of what is stored and of the content."""
        end = bytes(2 * _BLOCK)
        self.add(end, self.pack(end))
        last = isal_zlib.compressobj(1, wbits=-15).flush(isal_zlib.Z_FINISH)
        self._write(last + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF))
        self._file.close()
        return self._stored.hexdigest(), self._content.hexdigest()

    def _write(self, data: bytes) -> None:
        self._stored.update(data)
        self._file.write(data)
        self.stored_bytes += len(data)


def _mixed() -> bytes:
    """Return a chunk of which a quarter is random and the rest is like text or code."""
    draw = random.Random(1)  # noqa: S311 - the same bytes each time
    words = [draw.randbytes(draw.randrange(3, 12)).hex().encode() for _ in range(4096)]
    text = b" ".join(draw.choices(words, k=60_000))
    parts = []
    size = 0
    while size < CHUNK_BYTES:
        at = draw.randrange(len(text) - 200_000)
        parts += [text[at : at + 192 * 1024], draw.randbytes(64 * 1024)]
        size += 256 * 1024
    return b"".join(parts)[:CHUNK_BYTES]


def _write(folder: Path, fill: Callable[[_Layer], None]) -> Path:
    """Write the layout around the layer that `fill` writes; return its folder."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    with tempfile.NamedTemporaryFile(dir=blobs, delete=False) as scratch:
        path = Path(scratch.name)
    layer = _Layer(path)
    fill(layer)
    stored, content = layer.close()
    path.rename(blobs / stored)
    kind = "application/vnd.oci.image"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{content}"]},
        "history": [{"created_by": "synthetic"}],
    }
    described = {
        "mediaType": f"{kind}.layer.v1.tar+gzip",
        "digest": f"sha256:{stored}",
        "size": layer.stored_bytes,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": _blob(blobs, config, f"{kind}.config.v1+json"),
        "layers": [described],
    }
    index = {"schemaVersion": 2, "manifests": [_blob(blobs, manifest, f"{kind}.manifest.v1+json")]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def _blob(blobs: Path, value: Mapping[str, object], kind: str) -> dict[str, object]:
    data = json.dumps(value).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}
