"""What is small to send and large to read: bounded in time and memory, and said to be unread.

The whole command runs, and the largest of its processes is measured.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import Struct

from scantling.core.errors import ExitCode
from scantling.core.limits import GIB, MIB
from scantling.testing.images import compress, digest, layer_tar, write_tree
from tests.hostile.bases import EPOCH, Base, parts_of
from tests.image import forge
from tests.image.forge import Zipped, zipped
from tests.journeys.conftest import BASE
from tests.journeys.conftest import database as _database

store = _database
_SECONDS = 60
_BYTES = 300 * MIB
_SLOW = ("H038_four_million_entries", "H074_overlapping_jar", "H083_large_description")
_PIECE = bytes(16 * MIB)
# A process inherits its parent's peak when it starts, so a small one stands between.
_MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], check=False).returncode
sys.stderr.write(f"{code} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}")
"""


class Cost(Struct, frozen=True, kw_only=True):
    """What a command took and said; `peak_bytes` is that of its largest process."""

    code: int
    out: str
    seconds: float
    peak_bytes: int


def _run(target: Path, store: Path) -> Cost:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "SCANTLING_DB": str(store),
        "SCANTLING_CACHE_DIR": str(target.parent / "cache"),
        "SOURCE_DATE_EPOCH": EPOCH,
    }
    measure = [sys.executable, "-I", "-S", "-c", _MEASURE]
    command = [sys.executable, "-m", "scantling", "scan", str(target), "--format", "json"]
    begin = time.perf_counter()
    done = subprocess.run(
        measure + command, env=environment, capture_output=True, check=True, text=True
    )
    code, peak = done.stderr.split()
    return Cost(
        code=int(code),
        out=done.stdout,
        seconds=time.perf_counter() - begin,
        peak_bytes=int(peak),
    )


def _zeros(kind: str) -> bytes:
    """Return 4 GiB of zeros in one file, as members or frames that are all the same."""
    first = compress(forge.header(b"app/x.jar", size=b"\x80" + (4 * GIB).to_bytes(11)), kind)
    return first + compress(_PIECE, kind) * (4 * GIB // len(_PIECE)) + compress(forge.END, kind)


def _entries() -> bytes:
    """Return four million empty files."""
    block = b"".join(forge.header(b"%d" % (n * n % 99_991)) for n in range(4000))
    return compress(block, "gzip") * 1000 + compress(forge.END, "gzip")


def _jar(data: bytes) -> bytes:
    return compress(layer_tar({"app/x.jar": data}), "gzip")


def _nested() -> bytes:
    """Return a jar of jars of jars …: ten at each of eight levels."""
    data = zipped(Zipped(name=b"a/A.class", data=b"x"))
    for _ in range(8):
        data = zipped(*(Zipped(name=b"%d.jar" % n, data=data, method=8) for n in range(10)))
    return _jar(data)


def _overlapping() -> bytes:
    """Return a jar whose 50,000 libraries are all the same bytes."""
    inner = bytes(8 * MIB)
    return _jar(
        zipped(
            Zipped(name=b"a.jar", data=inner, method=8),
            *(
                Zipped(name=b"%d.jar" % n, data=b"", size=len(inner), offset=0, in_file=False)
                for n in range(50_000)
            ),
        )
    )


def _wide_manifest() -> bytes:
    """Return a jar with a deflated description of 256 MiB."""
    name = b"META-INF/maven/g/a/pom.properties"
    return _jar(zipped(Zipped(name=name, data=bytes(256 * MIB), method=8)))


_BOMBS = {
    "H053_gzip_4_gib": (lambda: _zeros("gzip"), "gzip", {"limit.ratio"}),
    "H061_zstd_4_gib": (lambda: _zeros("zstd"), "zstd", {"limit.ratio"}),
    "H038_four_million_entries": (_entries, "gzip", {"limit.entries"}),
    "H074_overlapping_jar": (_overlapping, "gzip", {"zip.overlap"}),
    "H075_jars_in_jars": (_nested, "gzip", {"limit.nested"}),
    "H083_large_description": (_wide_manifest, "gzip", {"limit.file"}),
}


@pytest.mark.parametrize(
    ("make", "kind", "codes"),
    [
        pytest.param(*bomb, id=row, marks=[pytest.mark.slow] if row in _SLOW else [])
        for row, bomb in _BOMBS.items()
    ],
)
def test_a_bomb_costs_little_and_hides_nothing(
    make: Callable[[], bytes], kind: str, codes: set[str], store: Path, tmp_path: Path
) -> None:
    parts = parts_of(Base(name="bomb", tars=(layer_tar(BASE),), kinds=("gzip",)))
    stored = make()
    parts.stored.append(stored)
    parts.kinds.append(kind)
    parts.digests.append(digest(stored))
    parts.diff_ids.append(digest(b""))

    cost = _run(write_tree(tmp_path / "bomb", parts.layout()), store)

    report = json.loads(cost.out)["report"]
    assert cost.code == ExitCode.INCOMPLETE
    assert codes <= {one["code"] for one in report["gaps"]}
    assert "CVE-2023-5678" in {one["id"] for one in report["findings"]}
    assert cost.seconds < _SECONDS
    assert cost.peak_bytes < _BYTES, f"{cost.peak_bytes // MIB} MiB"
