"""How fast layers are read in one process: python bench/walk.py [--hash] LAYER...

LAYER is a layer as stored: a plain, gzip or zstd tar, for example the files of an OCI layout's
blobs/sha256 or of an unpacked `docker save` archive; what is no layer is passed over. Files are
chosen by name as a scan does; executables are looked at by their first bytes. The best of three.
"""

import argparse
import os
import time
from collections.abc import Sequence

from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT
from scantling.image.api import Slice
from scantling.image.budget import Budget
from scantling.image.stream import open_stream
from scantling.image.tar import SKIP, SNIFF, TarWalker

_NAMES = dict.fromkeys(("METADATA", "PKG-INFO", "package.json", "status"), "text_bytes")
_SUFFIXES = {".jar": "binary_bytes", ".list": "text_bytes"}
_ROUNDS = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Print entries and bytes per second over all layers."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("layers", nargs="+")
    parser.add_argument("--hash", action="store_true", help="compute both digests")
    options = parser.parse_args(arguments)
    rounds: list[tuple[float, float]] = []
    counts: list[tuple[int, int]] = []
    for _ in range(_ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        counts = [_read(layer, hashed=options.hash) for layer in options.layers]
        rounds.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = min(rounds)
    entries, size = (sum(count[which] for count in counts) for which in (0, 1))
    print(
        f"{wall:.2f} s ({cpu:.2f} s CPU), {entries} entries, {size / 1e6:.0f} MB read: "
        f"{entries / cpu:,.0f} entries and {size / cpu / 1e6:.0f} MB for each CPU second"
    )


def select(path: str, size: int, mode: int) -> str:
    """Return what a walk is to keep of a file, as `image.tar` asks for it."""
    name = path[path.rfind("/") + 1 :]
    found = _NAMES.get(name) or _SUFFIXES.get(name[name.rfind(".") :])
    if found:
        return found
    return SNIFF if mode & 0o111 and size > 4096 else SKIP


def _read(path: str, *, hashed: bool) -> tuple[int, int]:
    fd = os.open(path, os.O_RDONLY)
    try:
        slice_ = Slice(fd=fd, offset_bytes=0, length_bytes=os.fstat(fd).st_size)
        budget = Budget(DEFAULT)
        algorithm = "sha256" if hashed else ""
        stream = open_stream(slice_, budget, stored=algorithm, content=algorithm)
        walker = TarWalker(stream, budget, select=select, sniff=_sniff)
        for _ in walker:
            pass
        return walker.entries, stream.finish().bytes_out
    except InputError as error:
        if error.code == "layer.unsupported":
            return 0, 0
        raise
    finally:
        os.close(fd)


def _sniff(_path: str, _size: int, _mode: int, head: bytes) -> str:
    return "binary_bytes" if b" Go buildinf:" in head else SKIP


if __name__ == "__main__":
    main()
