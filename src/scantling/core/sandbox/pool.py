"""Workers: forked processes that do one job each and can always be killed.

A worker starts as a copy of this process (its modules are shared memory, so it starts in about a
millisecond), gives up everything it does not need (`isolation`), runs one function and answers with
bytes. It may die of what it reads: by a signal, of its limits, or of its deadline. That is an
outcome (`Died`), never an exception here. Whatever happens here, including Ctrl-C, every worker is
killed and reaped before `run` is left.
"""

import mmap
import os
import selectors
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
from msgspec import Struct

from scantling.core.errors import InputError
from scantling.core.limits import DEFAULT, Limits
from scantling.core.progress import Progress, Quiet
from scantling.core.sandbox import isolation
from scantling.core.sandbox import worker as inside
from scantling.core.sandbox.worker import Task

_READ_BYTES: Final = 1 << 20
_TICK_S: Final = 0.1


class Job(Struct, frozen=True, kw_only=True):
    """A task to be: `prepare` is called in this process when a worker is free.

    It may take descriptors and time (a download) and raise any ScantlingError, which ends `run`
    unless the caller catches it inside. None: there is nothing to do after all. `weight` decides
    the order of starting, largest first. `label` and `total_bytes` are for the progress display.
    """

    prepare: Callable[[], Task | None]
    weight: int = 0
    label: str = ""
    total_bytes: int = 0


class Finished(Struct, frozen=True, kw_only=True):
    """A worker's answer, what it cost, and which parts of the isolation were in force."""

    payload: bytes
    cpu_s: float
    peak_bytes: int
    isolation: tuple[str, ...]


class Died(Struct, frozen=True, kw_only=True):
    """A worker that gave no answer.

    `code` is a gap code, `reason` a sentence, `limit` the name of the limit that stopped it (empty:
    none did), `last_note` what it was working on. `input_error`: it stopped by itself because its
    input breaks its format; `path` and `offset` say where, as in InputError.
    """

    code: str
    reason: str
    limit: str = ""
    last_note: str = ""
    path: str = ""
    offset: int | None = None
    input_error: bool = False
    cpu_s: float = 0.0
    peak_bytes: int = 0


Outcome = Finished | Died


class _Worker(Struct, kw_only=True, eq=False):
    """The parent's end of one running worker."""

    index: int
    pid: int
    pipe: int
    page: mmap.mmap
    deadline: float
    received: bytearray
    stopped_by: str = ""
    """The limit for whose sake it was killed from here."""


def run(
    jobs: Sequence[Job],
    *,
    workers: int,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
) -> tuple[Outcome | None, ...]:
    """Run all jobs in at most `workers` processes at a time; return their outcomes in job order.

    None stands for a job whose `prepare` found nothing to do. Nothing in the result depends on
    which worker was faster.
    """
    crew = _Crew(jobs, workers=max(1, workers), limits=limits, progress=progress or Quiet())
    try:
        return crew.work()
    finally:
        crew.dismiss()


def call(
    function: Callable[[bytes], bytes],
    payload: bytes,
    *,
    keep: tuple[int, ...] = (),
    limits: Limits = DEFAULT,
) -> bytes:
    """Return `function(payload)`, computed in a worker; descriptors in `keep` are closed after.

    Raises InputError, with the gap code that says why, when the worker raised one or died.
    """
    task = Task(run=lambda _desk: function(payload), keep=keep)
    (outcome,) = run([Job(prepare=lambda: task)], workers=1, limits=limits)
    if isinstance(outcome, Finished):
        return outcome.payload
    if outcome is None:
        raise AssertionError("a prepared task has an outcome")
    raise InputError(
        outcome.code,
        outcome.reason,
        offset=outcome.offset,
        path=outcome.path,
        limit=outcome.limit,
    )


def available() -> tuple[str, ...]:
    """Return which parts of `isolation.ALL` are in force on this machine, by entering them once."""
    (outcome,) = run([Job(prepare=lambda: Task(run=lambda _desk: b""))], workers=1)
    return outcome.isolation if isinstance(outcome, Finished) else ()


class _Crew:
    """The workers of one `run` and the loop that listens to them."""

    def __init__(
        self, jobs: Sequence[Job], *, workers: int, limits: Limits, progress: Progress
    ) -> None:
        self._jobs = jobs
        self._workers = workers
        self._limits = limits
        self._progress = progress
        self._watched = not isinstance(progress, Quiet)
        self._selector = selectors.DefaultSelector()
        self._busy: dict[int, _Worker] = {}
        self._outcomes: list[Outcome | None] = [None] * len(jobs)
        # Largest first: the long job that starts last is the one that everybody waits for.
        self._waiting = sorted(range(len(jobs)), key=lambda index: (jobs[index].weight, -index))
        self._end = time.monotonic() + limits.scan_wall_s

    def work(self) -> tuple[Outcome | None, ...]:
        while self._waiting or self._busy:
            while self._waiting and len(self._busy) < self._workers:
                self._start(self._waiting.pop())
            self._listen()
        return tuple(self._outcomes)

    def dismiss(self) -> None:
        """Kill and reap whoever is left."""
        for worker in list(self._busy.values()):
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            self._release(worker)
            _reap(worker.pid)
        self._selector.close()

    def _start(self, index: int) -> None:
        job = self._jobs[index]
        if time.monotonic() >= self._end:
            self._outcomes[index] = _too_late(self._limits)
            return
        task = job.prepare()
        if task is None:
            return
        self._progress.start(str(index), job.label, job.total_bytes)
        try:
            worker = self._fork(index, task)
        except OSError as error:
            reason = f"no worker could be started: {error.strerror}"
            self._outcomes[index] = Died(code="limit.memory", reason=reason)
            return
        finally:
            for descriptor in task.keep:
                os.close(descriptor)
        self._selector.register(worker.pipe, selectors.EVENT_READ, worker)

    def _fork(self, index: int, task: Task) -> _Worker:
        parent = os.getpid()
        page = mmap.mmap(-1, inside.PAGE_BYTES)
        pipe, answer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal between fork() and the line that records the child would leave it unknown here,
        # and would unwind the child into this process's callers there.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, inside.HELD_SIGNALS)
        try:
            with warnings.catch_warnings():
                # CPython 3.12 warns when other threads exist, because they may hold locks. The
                # child takes none: it imports nothing, logs nothing, and leaves by _exit.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                inside.be(task, page, answer, self._limits, parent=parent)
            wall = min(time.monotonic() + self._limits.worker_wall_s, self._end)
            worker = _Worker(
                index=index, pid=pid, pipe=pipe, page=page, deadline=wall, received=bytearray()
            )
            self._busy[index] = worker
        except OSError:
            os.close(pipe)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(answer)
        os.set_blocking(pipe, False)
        return worker

    def _listen(self) -> None:
        if not self._busy:
            return
        now = time.monotonic()
        patience = min(worker.deadline for worker in self._busy.values()) - now
        if self._watched:
            patience = min(patience, _TICK_S)
        for key, _ in self._selector.select(max(0.0, patience)):
            self._receive(key.data)
        now = time.monotonic()
        for worker in list(self._busy.values()):
            if self._watched:
                self._progress.advance(
                    str(worker.index), inside.COUNTERS.unpack_from(worker.page)[0]
                )
            if now >= worker.deadline and not worker.stopped_by:
                self._stop(worker, "scan_wall_s" if now >= self._end else "worker_wall_s")

    def _receive(self, worker: _Worker) -> None:
        try:
            chunk = os.read(worker.pipe, _READ_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self._conclude(worker)
            return
        worker.received += chunk
        if len(worker.received) > self._limits.worker_result_bytes + inside.FRAME.size:
            self._stop(worker, "worker_result_bytes")

    def _stop(self, worker: _Worker, limit: str) -> None:
        worker.stopped_by = limit
        self._conclude(worker)

    def _conclude(self, worker: _Worker) -> None:
        # It has closed its pipe or has to go; killing one that is exiting does not change its code.
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
        status, cpu_s, peak_bytes = _reap(worker.pid)
        self._outcomes[worker.index] = _outcome(worker, status, cpu_s, peak_bytes)
        self._release(worker)
        self._progress.finish(str(worker.index))

    def _release(self, worker: _Worker) -> None:
        del self._busy[worker.index]
        with suppress(KeyError, ValueError):
            self._selector.unregister(worker.pipe)
        os.close(worker.pipe)
        worker.page.close()


def _reap(pid: int) -> tuple[int, float, int]:
    """Wait for a dead or dying child; return status, CPU seconds and peak resident bytes."""
    _, status, usage = os.wait4(pid, 0)
    return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _outcome(worker: _Worker, status: int, cpu_s: float, peak_bytes: int) -> Outcome:
    _, force, length = inside.COUNTERS.unpack_from(worker.page)
    start = inside.COUNTERS.size
    # The page is the worker's: nothing in it is believed to have the right size or encoding.
    note = worker.page[start : start + min(length, inside.NOTE_BYTES)].decode(
        "utf-8", errors="replace"
    )
    kind, body = _frame(worker.received)
    if not worker.stopped_by and kind == inside.ANSWER:
        in_force = tuple(name for bit, name in enumerate(isolation.ALL) if force >> bit & 1)
        return Finished(payload=body, cpu_s=cpu_s, peak_bytes=peak_bytes, isolation=in_force)
    if not worker.stopped_by and kind == inside.FAILURE:
        died = _failure(body)
    else:
        died = _death(status, worker.stopped_by)
    return msgspec.structs.replace(died, last_note=note, cpu_s=cpu_s, peak_bytes=peak_bytes)


def _frame(received: bytearray) -> tuple[bytes, bytes]:
    """Return kind and payload of a whole frame; two empty strings for anything else."""
    if len(received) < inside.FRAME.size:
        return b"", b""
    kind, length = inside.FRAME.unpack_from(received)
    body = bytes(memoryview(received)[inside.FRAME.size :])
    return (kind, body) if len(body) == length else (b"", b"")


def _failure(body: bytes) -> Died:
    try:
        failure = msgspec.msgpack.decode(body, type=inside.Failure)
    except msgspec.DecodeError:
        return Died(code="parser.crashed", reason="the worker's answer is damaged")
    return Died(
        code=failure.code,
        reason=failure.detail,
        limit=failure.limit,
        path=failure.path,
        offset=failure.offset,
        input_error=failure.input_error,
    )


def _death(status: int, stopped_by: str) -> Died:
    if stopped_by == "worker_result_bytes":
        return Died(code="limit.results", reason="the answer is too large", limit=stopped_by)
    if stopped_by:
        return Died(code="limit.time", reason="reading took too long", limit=stopped_by)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return Died(code="limit.time", reason="too much CPU time", limit="worker_cpu_s")
    if number == signal.SIGPROF:  # a timer of the worker's own, for one file
        return Died(code="limit.time", reason="too much CPU time for a file", limit="file_cpu_s")
    if number == signal.SIGKILL:
        # Not from here: `_conclude` kills only what has closed its pipe, and that is too late to
        # count. It is the kernel, out of memory, or the hard limit of CPU time a second later.
        return Died(code="limit.memory", reason="the system ended the worker (out of memory?)")
    if number:
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return Died(code="parser.crashed", reason=f"the worker died of signal {name}")
    code = os.waitstatus_to_exitcode(status)
    return Died(code="parser.crashed", reason=f"the worker left without an answer (code {code})")


def _too_late(limits: Limits) -> Died:
    reason = f"the scan's {limits.scan_wall_s} s were over before it was read"
    return Died(code="limit.time", reason=reason, limit="scan_wall_s")
