"""A worker, seen from inside: the forked process that does one job and answers with bytes.

Its parent is in `pool.py`; both ends of what they share are described here. What a worker says
while it works, `note` (what it is about to parse) and `advance`, is written to a page shared with
the parent: it costs no system call, wakes no one, and is still there when the worker is not. The
answer comes through a pipe, one frame: kind, length, payload.
"""

import gc
import mmap
import os
import signal
import struct
from collections.abc import Callable
from typing import Final, NoReturn

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import Limits
from scantling.core.sandbox import isolation

PAGE_BYTES: Final = 16 * 1024
COUNTERS: Final = struct.Struct("=QII")  # bytes done, what is in force (bits), length of the note
NOTE_BYTES: Final = PAGE_BYTES - COUNTERS.size
FRAME: Final = struct.Struct("=cQ")
ANSWER: Final = b"A"
FAILURE: Final = b"F"
HELD_SIGNALS: Final = frozenset({signal.SIGINT, signal.SIGTERM})

_TEXT_CHARS: Final = 4096


class Desk:
    """A worker's end: where it says what it is doing."""

    def __init__(self, page: mmap.mmap) -> None:
        self._page = page

    def note(self, subject: str) -> None:
        """Say what is being parsed from here on; it is named if the worker dies. "": nothing."""
        data = subject.encode("utf-8", errors="backslashreplace")[:NOTE_BYTES]
        self._page[COUNTERS.size : COUNTERS.size + len(data)] = data
        struct.pack_into("=I", self._page, 12, len(data))

    def advance(self, done_bytes: int) -> None:
        """Say how many bytes of the job are done in all."""
        struct.pack_into("=Q", self._page, 0, done_bytes)


class Task(Struct, frozen=True, kw_only=True):
    """What one worker does: `run`, with descriptors `keep` left open and closed here afterwards.

    `folder`: a descriptor among `keep`; files below it may be opened for reading.
    """

    run: Callable[[Desk], bytes]
    keep: tuple[int, ...] = ()
    folder: int | None = None


class Failure(Struct, frozen=True, kw_only=True):
    """How a worker says that its function raised."""

    code: str
    detail: str
    offset: int | None = None
    path: str = ""
    limit: str = ""
    input_error: bool = False


def be(task: Task, page: mmap.mmap, answer: int, limits: Limits, *, parent: int) -> NoReturn:
    """Run the task and answer. Never returns or raises: the caller's stack is the parent's."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the group; the parent decides
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)
        gc.freeze()  # what was inherited stays shared instead of being copied by a collection
        kind, body = _answer(task, page, answer, limits, parent)
        _write(answer, FRAME.pack(kind, len(body)))
        _write(answer, body)
        code = 0
    finally:
        os._exit(code)  # no clean-up handlers of the parent run here


def _answer(
    task: Task, page: mmap.mmap, answer: int, limits: Limits, parent: int
) -> tuple[bytes, bytes]:
    try:
        force = isolation.enter(
            keep=(*task.keep, answer), folder=task.folder, limits=limits, parent=parent
        )
        bits = sum(1 << bit for bit, name in enumerate(isolation.ALL) if name in force)
        struct.pack_into("=I", page, 8, bits)
        return ANSWER, task.run(Desk(page))
    except InputError as error:
        failure = Failure(
            code=error.code,
            detail=error.detail,
            offset=error.offset,
            path=error.path,
            limit=error.limit,
            input_error=True,
        )
    except MemoryError:
        failure = Failure(code="limit.memory", detail="out of memory", limit="worker_memory_bytes")
    except Exception as error:  # noqa: BLE001 - the border of a process: there is no one above
        failure = Failure(code="parser.bug", detail=describe(error))
    return FAILURE, _encoded(failure)


def _encoded(failure: Failure) -> bytes:
    detail, path = failure.detail[:_TEXT_CHARS], failure.path[:_TEXT_CHARS]
    safe = (text.encode("utf-8", "backslashreplace").decode() for text in (detail, path))
    return msgspec.msgpack.encode(
        msgspec.structs.replace(failure, **dict(zip(("detail", "path"), safe, strict=True)))
    )


def describe(error: Exception) -> str:
    """Return the exception's type, text and the innermost line it came from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return f"{type(error).__name__}: {error}"
    code = trace.tb_frame.f_code
    place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119 - text only
    return f"{type(error).__name__} in {code.co_name} ({place}): {error}"


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
