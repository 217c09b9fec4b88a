"""The least that reading an image can take: python bench/limit.py LAYOUT [--workers 2]

Inflates every gzip layer of an OCI layout and computes both digests, and does nothing else: one
process per processor, largest layer first. What a scan takes beyond that is its own work.
"""

import argparse
import hashlib
import multiprocessing
import os
import time
from pathlib import Path

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

_CHUNK_BYTES = 256 * 1024
_PIECE_BYTES = 512 * 1024


def main() -> None:
    """Print wall and CPU seconds; the best of three."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("layout", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    blobs = sorted((options.layout / "blobs" / "sha256").iterdir(), key=_size, reverse=True)
    rounds = []
    for _ in range(3):
        begin = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(options.workers) as pool:
            parts = pool.map(_read, blobs, chunksize=1)
        wall = time.perf_counter() - begin
        rounds.append((wall, sum(cpu for cpu, _ in parts), sum(size for _, size in parts)))
    wall, cpu, size = min(rounds)
    print(f"{wall:.2f} s ({cpu:.2f} s CPU) for {size / 1e6:.0f} MB of content")


def _size(path: Path) -> int:
    return path.stat().st_size


def _read(path: Path) -> tuple[float, int]:
    """Return CPU seconds and bytes of content of one layer; nothing for what is no gzip."""
    begin = time.process_time()
    stored, content = hashlib.sha256(), hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        if file.read(2) != b"\x1f\x8b":
            return 0.0, 0
        file.seek(0)
        inflater = IgzipDecompressor(flag=DECOMP_GZIP)
        while not inflater.eof:
            data = file.read(_CHUNK_BYTES) if inflater.needs_input else b""
            if inflater.needs_input and not data:
                break
            stored.update(data)
            piece = inflater.decompress(data, _PIECE_BYTES)
            content.update(piece)
            size += len(piece)
    return time.process_time() - begin, size


if __name__ == "__main__":
    main()
