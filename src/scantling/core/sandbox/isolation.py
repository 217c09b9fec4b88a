"""What a worker gives up before it touches a byte from an image.

In this order, because each step takes away what the one before needed:

1. every descriptor except those it was given; standard streams lead nowhere;
2. resource limits: memory, CPU time, open files, file sizes, processes, core dumps;
3. new privileges (PR_SET_NO_NEW_PRIVS), and its life when the parent dies (PR_SET_PDEATHSIG);
4. the file system and TCP (Landlock), except reading below one folder for a directory target;
5. all system calls but those for computing (seccomp).

Steps 4 and 5 depend on the kernel. What is in force is returned, reported as the gap
`sandbox.degraded` when it is not all, and shown by `scantling doctor`.
"""

import contextlib
import ctypes
import os
import resource
import signal
from typing import Final

from scantling.core.limits import Limits
from scantling.core.sandbox import landlock, seccomp

LANDLOCK: Final = "landlock"
SECCOMP: Final = "seccomp"
RLIMITS: Final = "rlimits"
ALL: Final = (LANDLOCK, SECCOMP, RLIMITS)

_OPEN_FILES: Final = 64
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


def enter(
    *, keep: tuple[int, ...], folder: int | None, limits: Limits, parent: int
) -> tuple[str, ...]:
    """Confine this process for good and return what is in force, in the order of `ALL`.

    `keep` are the descriptors that stay open; `folder` is one of them when files below it may be
    read. `parent` is the process that this one will not outlive. Everything the process will
    import must be imported already. Call it in a forked child.
    """
    _close_others(keep)
    in_force: tuple[str, ...] = (RLIMITS,) if _limit_resources(limits) else ()
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
    if prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0) != 0:
        return in_force
    version = landlock.abi()
    if version and landlock.restrict(version, folder):
        in_force += (LANDLOCK,)
    # Without Landlock a directory worker could open any file of ours: seccomp cannot see paths.
    # It still cannot write, connect or start anything, and the parent reports the degradation.
    steps = seccomp.program(os.uname().machine, pid=os.getpid(), folder=folder is not None)
    if seccomp.install(steps):
        in_force += (SECCOMP,)
    return tuple(name for name in ALL if name in in_force)


def _close_others(keep: tuple[int, ...]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        if standard not in keep:
            os.dup2(nowhere, standard)
    # Closing a range would do without /proc, but takes a second where close_range(2) is missing.
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as above
        descriptor = int(name)
        if descriptor > 2 and descriptor not in keep:  # noqa: PLR2004 - the standard streams
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed already
                os.close(descriptor)


def _limit_resources(limits: Limits) -> bool:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib is not imported for one read
        pages = int(statm.read(64).split(b" ")[0])
    memory = pages * resource.getpagesize() + limits.worker_memory_bytes
    # One second more as hard limit: SIGXCPU tells a worker that ran too long from a killed one.
    bounds = (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, limits.worker_cpu_s, limits.worker_cpu_s + 1),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    )
    return all(_lower(which, soft, hard) for which, soft, hard in bounds)


def _lower(which: int, soft: int, hard: int) -> bool:
    """Set one limit, or keep the present one where it is lower still."""
    ceiling = resource.getrlimit(which)[1]
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    try:
        resource.setrlimit(which, (soft, hard))
    except (OSError, ValueError):
        return False  # reported: the caller does not list `rlimits` as in force
    return True
