"""seccomp: a process gives up every system call except those that computing needs.

`program` writes the filter (pure), `install` applies it. The list is what CPython needs to read
descriptors it already has, compute, and answer. No file is opened, no socket, process or signal
to others made, no memory becomes executable. A directory target may also open files for reading.

Forbidden calls fail with EPERM instead of killing the process: a library that tries something
optional (a cache file, a terminal query) goes on without it, and one parser that insists loses its
own file rather than the whole layer. Nothing is lost in strength: the call does not happen either
way. Calls of another architecture are not part of any honest run, so those do kill.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; include/uapi/linux/{filter,seccomp,
audit}.h; numbers from arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import ctypes
import errno
import struct
from typing import Final

from msgspec import Struct


class _Check(Struct, frozen=True, kw_only=True):
    """A condition on one argument: no bit of `without`, a bit of `needs`, or one of `among`."""

    argument: int
    without: int = 0
    needs: int = 0
    among: tuple[int, ...] = ()


_PROT_EXEC: Final = 4
_AT_EMPTY_PATH: Final = 0x1000
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND and the bit that makes O_TMPFILE.
_O_WRITING: Final = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
_F_HARMLESS: Final = (0, 1, 2, 3, 1030)

_ABSENT: Final = -1
# Name: numbers on x86_64 and aarch64. The most frequent first: the filter is read from the top.
_COMPUTE: Final = {
    "read": (0, 63),
    "pread64": (17, 67),
    "munmap": (11, 215),
    "brk": (12, 214),
    "madvise": (28, 233),
    "mremap": (25, 216),
    "futex": (202, 98),
    "setitimer": (38, 103),
    "write": (1, 64),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, _ABSENT),
    "getrusage": (98, 165),
    "times": (100, 153),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getitimer": (36, 102),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrandom": (318, 278),
    "sched_yield": (24, 124),
    "readv": (19, 65),
    "writev": (20, 66),
    "fadvise64": (221, 223),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
_MMAP: Final = (9, 222)
_MPROTECT: Final = (10, 226)
_TGKILL: Final = (234, 131)
_NEWFSTATAT: Final = (262, 79)
_OPENAT: Final = (257, 56)
_FCNTL: Final = (72, 25)
_FOLDER: Final = {
    "getdents64": (217, 61),
    "newfstatat": _NEWFSTATAT,
    "readlinkat": (267, 78),
}

_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_X32_BIT: Final = 0x40000000

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_JUMP_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000 | errno.EPERM
_KILL: Final = 0x80000000
_AT_NUMBER: Final = 0
_AT_MACHINE: Final = 4
_AT_ARGUMENTS: Final = 16

_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2

_Step = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


def program(machine: str, *, pid: int, folder: bool) -> bytes:
    """Return the filter for `machine` (as `os.uname` says it); b"" for one that is not supported.

    `pid` is the process to be confined: it may end itself by a signal, as abort(3) does, and no
    other. `folder`: it may open files for reading (Landlock says which).
    """
    if machine not in _MACHINES:
        return b""
    column, audit = _MACHINES[machine]
    plain = list(_COMPUTE.values()) + (list(_FOLDER.values()) if folder else [])
    steps: list[_Step] = [
        (_LOAD, 0, 0, _AT_MACHINE),
        (_JUMP_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
    ]
    if machine == "x86_64":
        steps += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    for numbers in plain:
        if numbers[column] != _ABSENT:
            steps += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _ALLOW)]
    for numbers, check in _checked(pid, folder=folder):
        block = _block(check)
        steps += [(_JUMP_EQUAL, 0, len(block), numbers[column]), *block]
    steps.append((_RETURN, 0, 0, _FAIL))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def install(filter_program: bytes) -> bool:
    """Confine this process by the filter, for good. Needs PR_SET_NO_NEW_PRIVS.

    Return False when the kernel refuses, or for the empty program.
    """
    if not filter_program:
        return False
    steps = ctypes.create_string_buffer(filter_program, len(filter_program))
    header = struct.pack("@HP", len(filter_program) // 8, ctypes.addressof(steps))
    prctl = ctypes.CDLL(None).prctl
    return int(prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), header, 0, 0)) == 0


def _checked(pid: int, *, folder: bool) -> list[tuple[tuple[int, int], _Check]]:
    checked = [
        (_MMAP, _Check(argument=2, without=_PROT_EXEC)),
        (_MPROTECT, _Check(argument=2, without=_PROT_EXEC)),
        (_TGKILL, _Check(argument=0, among=(pid,))),
        (_FCNTL, _Check(argument=1, among=_F_HARMLESS)),
    ]
    if folder:
        checked.append((_OPENAT, _Check(argument=2, without=_O_WRITING)))
    else:
        # glibc 2.33 to 2.38 makes fstat() of it. The path cannot be looked at from here, so a
        # worker could learn whether a path exists on the host; it has no one to tell.
        checked.append((_NEWFSTATAT, _Check(argument=3, needs=_AT_EMPTY_PATH)))
    return checked


def _block(check: _Check) -> list[_Step]:
    """Return the steps for one checked call; they always end the filter."""
    # Both machines are little-endian and the checked arguments are ints: the low half is all.
    load = (_LOAD, 0, 0, _AT_ARGUMENTS + 8 * check.argument)
    fail, allow = (_RETURN, 0, 0, _FAIL), (_RETURN, 0, 0, _ALLOW)
    if check.without:
        return [load, (_JUMP_ANY_BIT, 0, 1, check.without), fail, allow]
    if check.needs:
        return [load, (_JUMP_ANY_BIT, 1, 0, check.needs), fail, allow]
    last = len(check.among) - 1
    tests = [(_JUMP_EQUAL, last - i + 1, 0, value) for i, value in enumerate(check.among)]
    return [load, *tests, fail, allow]
