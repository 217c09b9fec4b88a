"""The least that reading an image can take: python bench/limit.py IMAGE

IMAGE is an OCI layout (gzip or zstd layers) or a docker-save archive. Every layer is decompressed,
the digests of what is stored and of its content are computed, and nothing else is done: one process
for each processor, largest layer first. A docker-save archive has plain layers, so that content is
what is stored and one digest suffices. What a scan takes beyond that is its own work. (It can take
less wall-clock time with fewer layers than processors: then digests can be computed beside.)
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor
from msgspec import Struct

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_CHUNK_BYTES: Final = 256 * 1024
_PIECE_BYTES: Final = 512 * 1024
_ROUNDS: Final = 3


class Part(Struct, frozen=True):
    """Stored bytes of one layer: where they are."""

    path: Path
    offset: int
    size: int


class Least(Struct, frozen=True, kw_only=True):
    """What it took, and the bytes of content that came out."""

    wall_s: float
    cpu_s: float
    content_bytes: int


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def least(image: Path) -> Least:
    """Return what reading all layers of an image took, once."""
    parts = sorted(layers(image), key=lambda part: part.size, reverse=True)
    begin = time.perf_counter()
    workers = len(os.sched_getaffinity(0))
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        done = pool.map(read, parts, chunksize=1)
    wall_s = time.perf_counter() - begin
    return Least(
        wall_s=wall_s,
        cpu_s=sum(cpu_s for cpu_s, _ in done),
        content_bytes=sum(size for _, size in done),
    )


def layers(image: Path) -> Iterator[Part]:
    """Yield the layers of an OCI layout or of a docker-save archive, as they are stored."""
    if image.is_dir():
        index = json.loads((image / "index.json").read_text())
        manifest = json.loads(_blob(image, index["manifests"][0]["digest"]).read_text())
        for layer in manifest["layers"]:
            yield Part(_blob(image, layer["digest"]), 0, layer["size"])
        return
    with tarfile.open(image) as archive:
        members = {one.name: one for one in archive}
        listing = archive.extractfile("manifest.json")
        names = json.load(listing)[0]["Layers"] if listing else []
    for name in dict.fromkeys(names):
        yield Part(image, members[name].offset_data, members[name].size)


def read(part: Part) -> tuple[float, int]:
    """Return the CPU seconds that one layer took, and its bytes of content."""
    begin = time.process_time()
    with part.path.open("rb", buffering=0) as file:
        file.seek(part.offset)
        magic = file.read(4)
        file.seek(part.offset)
        if magic.startswith(b"\x1f\x8b"):
            size = _inflated(file.read, lambda: IgzipDecompressor(flag=DECOMP_GZIP))
        elif magic == b"\x28\xb5\x2f\xfd":
            size = _inflated(file.read, zstd.ZstdDecompressor)
        else:
            size = _hashed(file.read, part.size)
    return time.process_time() - begin, size


def main() -> None:
    """Print wall and CPU seconds; the best of three."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=Path)
    image = parser.parse_args().image
    best = min((least(image) for _ in range(_ROUNDS)), key=lambda one: one.wall_s)
    size = best.content_bytes / 1e6
    print(f"{best.wall_s:.2f} s ({best.cpu_s:.2f} s CPU) for {size:.0f} MB of content")


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _inflated(read: Callable[[int], bytes], inflater: Callable[[], _Inflater]) -> int:
    stored, content = hashlib.sha256(), hashlib.sha256()
    size = 0
    one = inflater()
    while True:
        data = read(_CHUNK_BYTES) if one.needs_input and not one.eof else b""
        if one.eof or (one.needs_input and not data):
            return size
        stored.update(data)
        piece = one.decompress(data, _PIECE_BYTES)
        content.update(piece)
        size += len(piece)


def _hashed(read: Callable[[int], bytes], size: int) -> int:
    content = hashlib.sha256()
    left = size
    while left:
        data = read(min(left, _CHUNK_BYTES))
        content.update(data)
        left -= len(data) or left
    return size


if __name__ == "__main__":
    main()
