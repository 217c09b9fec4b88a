"""Workers: their answers, their deaths, and that none is left behind."""

import os
import re
import select
import signal
from collections.abc import Callable

import pytest

from scantling.core.errors import InputError
from scantling.core.limits import MIB, Limits
from scantling.core.sandbox import pool
from scantling.core.sandbox.pool import Died, Finished, Job, Outcome
from scantling.core.sandbox.worker import Desk, Task


def _job(run: Callable[[Desk], bytes], *, weight: int = 0, keep: tuple[int, ...] = ()) -> Job:
    return Job(prepare=lambda: Task(run=run, keep=keep), weight=weight)


def _one(run: Callable[[Desk], bytes], limits: Limits | None = None) -> Outcome | None:
    (outcome,) = pool.run([_job(run)], workers=1, limits=limits or Limits())
    return outcome


def _died(run: Callable[[Desk], bytes], limits: Limits | None = None) -> Died:
    outcome = _one(run, limits)
    assert isinstance(outcome, Died)
    return outcome


def _abort(desk: Desk) -> bytes:
    desk.note("java\nopt/app.jar")
    os.abort()


def _spin(_: Desk) -> bytes:
    while True:
        pass


def _assert_no_children() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_outcomes_come_in_job_order_whatever_the_number_of_workers(workers: int) -> None:
    def saying(number: int) -> Job:
        return _job(lambda _: b"%d" % number, weight=number % 3)

    jobs = [saying(number) for number in range(7)]

    outcomes = pool.run(jobs, workers=workers)

    answers = [one.payload for one in outcomes if isinstance(one, Finished)]
    assert answers == [b"0", b"1", b"2", b"3", b"4", b"5", b"6"]


def test_the_largest_job_starts_first() -> None:
    started: list[int] = []

    def prepare(weight: int) -> Task:
        started.append(weight)
        return Task(run=lambda _: b"")

    def job(weight: int) -> Job:
        return Job(prepare=lambda: prepare(weight), weight=weight)

    pool.run([job(3), job(9), job(1)], workers=1)

    assert started == [9, 3, 1]


def test_a_job_without_a_task_has_no_outcome() -> None:
    assert pool.run([Job(prepare=lambda: None), _job(lambda _: b"x")], workers=1)[0] is None


def test_a_large_answer_arrives_whole() -> None:
    outcome = _one(lambda _: bytes(5 * MIB) + b"end")

    assert isinstance(outcome, Finished)
    assert outcome.payload == bytes(5 * MIB) + b"end"
    assert outcome.peak_bytes > 5 * MIB


def test_a_worker_that_dies_of_a_signal_says_what_it_was_doing() -> None:
    died = _died(_abort)

    assert (died.code, died.last_note) == ("parser.crashed", "java\nopt/app.jar")
    assert "SIGABRT" in died.reason


def test_a_worker_that_leaves_without_an_answer_has_crashed() -> None:
    assert _died(lambda _: os._exit(0)).code == "parser.crashed"


def test_memory_beyond_the_limit_is_refused() -> None:
    died = _died(lambda _: bytes(bytearray(300 * MIB)), Limits(worker_memory_bytes=100 * MIB))

    assert (died.code, died.limit) == ("limit.memory", "worker_memory_bytes")


def test_cpu_time_beyond_the_limit_ends_the_worker() -> None:
    died = _died(_spin, Limits(worker_cpu_s=1))

    assert (died.code, died.limit) == ("limit.time", "worker_cpu_s")


@pytest.mark.parametrize("limit", ["worker_wall_s", "scan_wall_s"])
def test_a_worker_that_waits_for_ever_is_ended_at_its_deadline(limit: str) -> None:
    limits = Limits(worker_wall_s=0) if limit == "worker_wall_s" else Limits(scan_wall_s=0)
    readable, writable = os.pipe()

    (outcome,) = pool.run(
        [_job(lambda _: os.read(readable, 1), keep=(readable,))], workers=1, limits=limits
    )

    os.close(writable)
    assert isinstance(outcome, Died)
    assert (outcome.code, outcome.limit) == ("limit.time", limit)
    _assert_no_children()


def test_an_answer_beyond_the_limit_is_not_taken() -> None:
    died = _died(lambda _: bytes(3 * MIB), Limits(worker_result_bytes=1 * MIB))

    assert (died.code, died.limit) == ("limit.results", "worker_result_bytes")


def test_an_unexpected_exception_is_our_bug_with_its_place() -> None:
    died = _died(lambda _: bytes(1 // 0))

    assert died.code == "parser.bug"
    assert re.search(r"ZeroDivisionError in <lambda> \(test_pool\.py:\d+\)", died.reason)


def test_call_returns_the_answer() -> None:
    assert pool.call(lambda data: data[::-1], b"abc") == b"cba"


def test_call_raises_the_input_error_of_the_worker() -> None:
    def refuse(_: bytes) -> bytes:
        raise InputError("zip.corrupt", "no end \udcff", offset=7, path="a.jar", limit="x")

    with pytest.raises(InputError) as caught:
        pool.call(refuse, b"")

    error = caught.value
    assert (error.code, error.offset, error.path, error.limit) == ("zip.corrupt", 7, "a.jar", "x")


def test_one_death_does_not_touch_the_others() -> None:
    outcomes = pool.run([_job(lambda _: b"a"), _job(_abort), _job(lambda _: b"c")], workers=3)

    kinds = [type(one).__name__ for one in outcomes]
    assert kinds == ["Finished", "Died", "Finished"]


def test_an_interrupt_leaves_no_worker_behind() -> None:
    readable, writable = os.pipe()

    def interrupt() -> Task:
        os.kill(os.getpid(), signal.SIGINT)
        return Task(run=lambda _: b"")

    jobs = [
        _job(lambda _: os.read(readable, 1), weight=2, keep=(readable,)),
        Job(prepare=interrupt, weight=1),
    ]
    with pytest.raises(KeyboardInterrupt):
        pool.run(jobs, workers=2)

    os.close(writable)
    _assert_no_children()


def test_a_worker_does_not_outlive_a_parent_that_is_killed() -> None:
    waiting, never = os.pipe()
    here, there = os.pipe()

    def run(_: Desk) -> bytes:
        os.write(there, b"up")
        return os.read(waiting, 1)

    parent = os.fork()
    if parent == 0:
        try:
            pool.run([_job(run, keep=(waiting, there))], workers=1)
        finally:
            os._exit(1)
    os.close(there)
    assert os.read(here, 2) == b"up"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)

    readable, _, _ = select.select([here], [], [], 10)
    assert readable == [here]
    assert os.read(here, 1) == b""
    for descriptor in (here, waiting, never):
        os.close(descriptor)


def test_descriptors_given_to_a_worker_are_closed_here() -> None:
    readable, writable = os.pipe()
    os.close(writable)

    pool.run([_job(lambda _: b"", keep=(readable,))], workers=1)

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(readable)


def test_progress_is_told_how_far_a_worker_is() -> None:
    readable, writable = os.pipe()
    told: list[tuple[str, int]] = []

    class Watcher:
        def start(self, task: str, label: str, total_bytes: int) -> None:
            told.append((f"start {task} {label}", total_bytes))

        def advance(self, task: str, done_bytes: int) -> None:  # noqa: ARG002 - the protocol
            if done_bytes == 123 and ("123", 123) not in told:
                told.append(("123", 123))
                os.write(writable, b"go")

        def finish(self, task: str) -> None:
            told.append((f"finish {task}", 0))

    def run(desk: Desk) -> bytes:
        desk.advance(123)
        return os.read(readable, 2)

    task = Task(run=run, keep=(readable,))
    job = Job(prepare=lambda: task, label="layer 1", total_bytes=500)
    (outcome,) = pool.run([job], workers=1, progress=Watcher())

    os.close(writable)
    assert isinstance(outcome, Finished)
    assert told == [("start 0 layer 1", 500), ("123", 123), ("finish 0", 0)]
