"""What a worker cannot do, tried from inside one."""

import ctypes
import errno
import mmap
import os
import resource
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from scantling.core.limits import DEFAULT
from scantling.core.sandbox import isolation, landlock, pool, seccomp
from scantling.core.sandbox.worker import Desk, Task

needs_all = pytest.mark.skipif(
    set(pool.available()) != set(isolation.ALL),
    reason=f"this kernel offers {pool.available()} only",
)


def _errno_of(action: Callable[[], object]) -> bytes:
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno or 0].encode()
    return b"it worked"


def _in_worker(action: Callable[[], object], *keep: int) -> bytes:
    return pool.call(lambda _: _errno_of(action), b"", keep=keep)


def _ptrace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(0, 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


_TEST = os.getpid()
# Each is harmless where it works, as it does when the sandbox fails.
_FORBIDDEN: dict[str, Callable[[], object]] = {
    "open_a_file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "open_its_own_memory": lambda: os.open("/proc/self/mem", os.O_RDWR),
    "write_a_file": lambda: os.open("/dev/null", os.O_WRONLY),
    "list_a_folder": lambda: os.listdir("/"),  # noqa: PTH208
    "make_a_folder": lambda: os.mkdir("/tmp"),  # noqa: PTH102
    "delete_a_file": lambda: os.unlink("/tmp/no-such-file"),  # noqa: PTH108
    "look_at_a_path": lambda: os.stat("/etc/passwd"),  # noqa: PTH116
    "make_a_socket": lambda: socket.socket(socket.AF_INET),
    "make_a_unix_socket": lambda: socket.socket(socket.AF_UNIX),
    "fork": os.fork,
    "run_a_program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
    "signal_its_parent": lambda: os.kill(_TEST, 0),
    "trace": _ptrace,
    "make_memory_executable": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "change_its_user": lambda: os.setuid(12345),
    "change_its_priority": lambda: os.nice(1),
    "make_a_pipe": os.pipe,
}


@needs_all
@pytest.mark.parametrize("action", _FORBIDDEN.values(), ids=_FORBIDDEN.keys())
def test_a_worker_may_not(action: Callable[[], object]) -> None:
    assert _in_worker(action) == b"EPERM"


def test_a_worker_sees_only_the_descriptors_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    secret = os.open(tmp_path / "secret", os.O_RDONLY)
    given = os.open(tmp_path / "secret", os.O_RDONLY)

    seen = pool.call(
        lambda _: _errno_of(lambda: os.fstat(secret)) + b" " + os.pread(given, 6, 0),
        b"",
        keep=(given,),
    )

    os.close(secret)
    assert seen == b"EBADF secret"


def test_limits_alone_hold() -> None:
    def limits() -> object:
        isolation._limit_resources(DEFAULT)
        names = ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE", "RLIMIT_NPROC", "RLIMIT_CPU")
        return [resource.getrlimit(getattr(resource, name))[0] for name in names]

    assert _forked(limits) == f"[64, 0, 0, 0, {DEFAULT.worker_cpu_s}]"


@needs_all
def test_landlock_alone_denies_files() -> None:
    def opened() -> object:
        _no_new_privileges()
        assert landlock.restrict(landlock.abi(), None)
        return os.open("/etc/passwd", os.O_RDONLY)

    assert _forked(opened) == "EACCES"


@needs_all
def test_landlock_allows_reading_below_the_given_folder_only(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("a")
    (tmp_path / "out").write_text("b")

    def opened() -> object:
        _no_new_privileges()
        folder = os.open(tmp_path / "in", os.O_RDONLY)
        assert landlock.restrict(landlock.abi(), folder)
        inside = os.read(os.open("a", os.O_RDONLY, dir_fd=folder), 1)
        return inside, _errno_of(lambda: os.open("../out", os.O_RDONLY, dir_fd=folder))

    assert _forked(opened) == repr((b"a", b"EACCES"))


@needs_all
def test_a_folder_worker_may_read_below_its_folder_and_not_write_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    folder = os.open(tmp_path, os.O_RDONLY)

    def run(_: Desk) -> bytes:
        inside = os.read(os.open("a", os.O_RDONLY, dir_fd=folder), 1)
        names = ",".join(entry.name for entry in os.scandir(folder)).encode()
        write = _errno_of(lambda: os.open("b", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
        outside = _errno_of(lambda: os.open("/etc/passwd", os.O_RDONLY))
        return b" ".join((inside, names, write, outside))

    job = pool.Job(prepare=lambda: Task(run=run, keep=(folder,), folder=folder))
    (outcome,) = pool.run([job], workers=1)

    assert isinstance(outcome, pool.Finished)
    assert outcome.payload == b"a a EPERM EACCES"


def test_a_machine_that_is_not_known_gets_no_filter() -> None:
    assert seccomp.program("riscv64", pid=1, folder=False) == b""
    assert not seccomp.install(b"")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("folder", [False, True])
def test_every_jump_of_the_filter_lands_inside_it_and_its_last_word_is_no(
    machine: str,
    folder: bool,  # noqa: FBT001 - given by pytest
) -> None:
    program = seccomp.program(machine, pid=4711, folder=folder)
    steps = list(struct.iter_unpack("=HBBI", program))

    for place, (code, when_true, when_false, _) in enumerate(steps):
        if code & 0x07 == 0x05:
            assert place + 1 + max(when_true, when_false) < len(steps)
    assert steps[-1] == (0x06, 0, 0, 0x00050000 | errno.EPERM)


def _no_new_privileges() -> None:
    ctypes.CDLL(None).prctl(38, ctypes.c_ulong(1), 0, 0, 0)


def _forked(function: Callable[[], object]) -> str:
    """Return what `function` gave in a forked child: its repr, or the name of its OSError."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        answer = "died"
        try:
            answer = repr(function())
        except OSError as error:
            answer = errno.errorcode[error.errno or 0]
        finally:
            os.write(writable, answer.encode())
            os._exit(0)
    os.close(writable)
    answer = os.read(readable, 4096).decode()
    os.close(readable)
    os.waitpid(pid, 0)
    return answer
