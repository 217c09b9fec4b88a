"""Run a command once and measure it: wall-clock, processor time, peak memory of all its processes.

Memory is looked at from outside, every 10 ms, which takes time of the very processors that are
measured: a run either is timed or is watched, see `measure`.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

_LOOK_S: Final = 0.01
_OK: Final = frozenset({0, 1, 3, 5})
"""Exit codes of runs that did their work: nothing, findings, gaps (ours), findings (others)."""


class Run(Struct, frozen=True, kw_only=True):
    """What one run took. `peak_bytes` is 0 if it was not watched; `output` its standard output."""

    wall_s: float
    cpu_s: float
    peak_bytes: int = 0
    output: bytes = b""
    code: int = 0


class Machine(Struct, frozen=True, kw_only=True):
    """What numbers depend on. `load` is the load average of the last minute."""

    processors: int
    model: str
    python: str
    memory_gb: float
    load: float


def measure(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    *,
    watch: bool = False,
    keep: bool = False,
) -> Run:
    """Run a command to its end and return what it took; end the program if it failed.

    With `watch` its memory is sampled: the sum over the process and its descendants of their
    proportional set size, in which pages that several share count once. With `keep` its output is
    returned, otherwise thrown away.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out if keep else subprocess.DEVNULL,
            stderr=said,
        )
        try:
            peak = _peak(process.pid) if watch else 0
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            process.kill()
            raise
        wall_s = time.perf_counter() - begin
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in _OK:
            said.seek(0)
            sys.exit(f"{command[0]} failed with {code}: {said.read().decode()[-600:]}")
        out.seek(0)
        return Run(
            wall_s=wall_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=peak,  # not ru_maxrss: it counts what this process had when it forked
            output=out.read(),
            code=code,
        )


def machine() -> Machine:
    """Return the facts about this machine, now."""
    return Machine(
        processors=len(os.sched_getaffinity(0)),
        model=_first("/proc/cpuinfo", "model name"),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        memory_gb=int(_first("/proc/meminfo", "MemTotal").split()[0] or 0) * 1024 / 1e9,
        load=os.getloadavg()[0],
    )


def _peak(pid: int) -> int:
    """Return the most bytes that a process and its descendants had, once it has ended."""
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, sum(map(_pss_bytes, _tree(pid))))
        time.sleep(_LOOK_S)
    return max(peak, 1)


def _tree(pid: int) -> Iterator[int]:
    """Yield a process and its descendants; a Go program's children belong to any of its threads."""
    yield pid
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = listing.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))


def _pss_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # it ended meanwhile
    return 0


def _first(path: str, field: str) -> str:
    try:
        lines = Path(path).read_text().split("\n")
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(field))
    return next(found, "")
