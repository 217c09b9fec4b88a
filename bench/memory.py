"""Is memory flat? Scan images of growing layers and growing trees; print the peak of each.

    make memory                                       all sizes; needs 12 GB in the temporary folder
    python bench/memory.py --gigabytes 1,2 --entries 10000,100000

The images are synthetic (`synthetic.py`), written to a temporary folder one after the other and
deleted. Each is scanned with the default profile and limits and without a cache of facts. If a
limit stops the scan, that is said, and it is scanned again with the limit raised by `--limit`. The
peak is the sum over all processes of their proportional set size.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from measuring import Run, machine, measure
from synthetic import write_bulk, write_tree

ROOT: Final = Path(__file__).parent.parent
FLAT: Final = 1.25
"""Goal: the largest needs at most this many times the memory of the smallest."""
_GIGABYTE: Final = 1024**3


class _Gap(Struct):
    code: str
    detail: str = ""
    limit: str = ""


class _Scanned(Struct):
    gaps: list[_Gap]


class _File(Struct):
    report: _Scanned


class _Measured(Struct, frozen=True):
    label: str
    run: Run
    stopped: str
    """What stopped the scan with the default limits; empty if nothing did."""


def main() -> int:
    """Measure both series; return 1 if one of them is not flat."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", default="1,2,4,8", help="content of the layer")
    parser.add_argument("--entries", default="10000,100000,1000000,3000000")
    parser.add_argument("--folder", type=Path, help="where to write images (default: TMPDIR)")
    args = parser.parse_args()
    facts = machine()
    print(f"{facts.processors} processors, {facts.python}, load average {facts.load:.1f}")
    flat = True
    for what, sizes, write in (
        ("GB of content", _numbers(args.gigabytes), _bulk),
        ("entries", _numbers(args.entries), write_tree),
    ):
        series = [_scanned(args.folder, f"{size:,} {what}", size, write) for size in sizes]
        flat &= _told(series)
    return 0 if flat else 1


def _numbers(text: str) -> list[int]:
    return [int(one) for one in text.split(",") if one]


def _bulk(folder: Path, gigabytes: int) -> Path:
    return write_bulk(folder, gigabytes * _GIGABYTE)


def _scanned(
    scratch: Path | None, label: str, size: int, write: Callable[[Path, int], Path]
) -> _Measured:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        begin = time.perf_counter()
        image = write(Path(folder) / "image", size)
        written_s = time.perf_counter() - begin
        limits: dict[str, int] = {}
        stopped: list[str] = []
        while True:
            run = _scan(image, limits)
            hit = next((one for one in _limits(run) if one.limit not in limits), None)
            if hit is None:
                break
            stopped.append(f"{hit.limit} ({hit.detail})")
            limits[hit.limit] = 2 * size
    options = "".join(f" --limit {name}={value}" for name, value in limits.items())
    print(f"{label:>24}  peak {run.peak_bytes / 1e6:7.1f} MB  {run.wall_s:7.1f} s", end="")
    print(f"  {run.cpu_s:7.1f} s CPU  (written in {written_s:.0f} s){options}")
    for one in stopped:
        print(f"{'':>24}  by default, a limit stops it: {one}")
    return _Measured(label, run, ", ".join(stopped))


def _scan(image: Path, limits: dict[str, int]) -> Run:
    command: list[str | Path] = [sys.executable, "-m", "scantling", "scan", image, "--no-cache"]
    command += ["--format", "json", "--quiet"]
    for name, value in limits.items():
        command += ["--limit", f"{name}={value}"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return measure(command, env, watch=True, keep=True)


def _limits(run: Run) -> list[_Gap]:
    gaps = msgspec.json.decode(run.output, type=_File).report.gaps
    for one in gaps:
        if one.code not in _EXPECTED and not one.limit:
            sys.exit(f"the scan says {one.code}: {one.detail}")
    return [one for one in gaps if one.limit]


_EXPECTED: Final = frozenset({"advisories.stale", "coverage.partial", "image.unrecognized"})
"""Gaps that have nothing to do with reading the image."""


def _told(series: list[_Measured]) -> bool:
    if len(series) < 2:
        return True
    ratio = series[-1].run.peak_bytes / series[0].run.peak_bytes
    flat = ratio <= FLAT
    said = "flat" if flat else "NOT flat"
    print(f"{said}: {series[-1].label} needs {ratio:.2f} times the memory of {series[0].label}\n")
    return flat


if __name__ == "__main__":
    sys.exit(main())
