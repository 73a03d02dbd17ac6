"""A pool of worker processes for one batch: each runs one task after another, and the owner gets results in order.

WeasyPrint's memory grows with use, so workers are replaced from time to time. All of them are replaced at once, one
generation after another, because CPython's `max_tasks_per_child` can deadlock the pool (python/cpython#115634).
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from types import TracebackType
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from statement_builder.errors import WorkerDied

_log = logging.getLogger(__name__)

NICENESS = 5
"""Scheduling priority of workers: lower than their owner's, because the owner produces the tasks."""

GROUP_CPU_S_MAX = 600
"""Processor seconds for one stage of a few dozen documents. A worker that needs more never ends, so it is killed."""
PART_CPU_S_MAX = 240
"""The same while halving, where one document is enough to exceed it."""
ATTEMPTS_MAX = 120
"""Processes that halving starts for one task: enough for three fatal items among a thousand, each found alone."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class Halving(Protocol[Task]):
    """How to find the items of a task that end its worker process: memory, a crash in a library, an endless loop."""

    def count(self, task: Task) -> int:
        """The number of items."""

    def part(self, task: Task, first: int, end: int) -> Task:
        """A task that works on these items only. Its result is dropped, and it must have no effect."""

    def without(self, task: Task, fatal: Sequence[int]) -> Task:
        """The task with these items as exceptions. The result for all others must be the same as if they were fine."""


class _Started(NamedTuple):
    """A task that was submitted to a generation of workers."""

    task: Any
    future: Future[Any]
    executor: ProcessPoolExecutor


class WorkerPool(Generic[Task, Result]):
    """Runs tasks in `workers` processes, or in this process when `workers` is 1. Use it as a context manager.

    `make_worker` is called once in each process and returns the function that runs a task. An exception from
    `make_worker` is raised for the first task. With several processes, `make_worker`, tasks and results must be
    picklable. `niceness` is the workers' scheduling priority.

    A task whose worker dies is run again alone, in a process of its own. If that one dies too, `halving` finds the
    items that end it, and the task is run without them. Without `halving`, or when no single item is the cause,
    `WorkerDied` is raised. `isolate` uses a process even for one worker: a task may have ended an owner before.
    """

    def __init__(
        self,
        *,
        workers: int,
        make_worker: Callable[[], Callable[[Task], Result]],
        tasks_per_worker_max: int,
        niceness: int = NICENESS,
        halving: Halving[Task] | None = None,
        isolate: bool = False,
    ) -> None:
        self._make_worker = make_worker
        self._niceness = niceness
        self._workers = workers
        self._halving = halving
        self._in_process = workers == 1 and not isolate
        self._generation_tasks_max = workers * tasks_per_worker_max
        self._executor: ProcessPoolExecutor | None = None
        self._generation_tasks = 0
        self._prefetched: list[_Started] = []

    def __enter__(self) -> WorkerPool[Task, Result]:
        if not self._in_process:
            fork_context()
            forkserver.ensure_running()  # it imports modules while this process prepares the first task
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shut_down()

    @property
    def can_prefetch(self) -> bool:
        """Whether `prefetch` would start its task."""
        return self._workers > 1 and self._generation_tasks < self._generation_tasks_max

    def prefetch(self, task: Task) -> None:
        """Start a task before `run_all` asks for it, unless the current generation of workers has no room for it."""
        if self.can_prefetch:
            self._prefetched.append(self._start(task))

    def run_all(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield the result of each task in order. At most one task per worker runs ahead of the reader.

        Raises `WorkerDied` when a task ends every worker: results already yielded are valid, the rest can be run again.
        """
        if self._in_process:
            with infrequent_gc():
                yield from map(self._make_worker(), tasks)
            return
        pending: deque[_Started] = deque()
        for task in tasks:
            if len(pending) > self._workers:
                yield self._result(pending.popleft())
            prefetched = self._pop_prefetched(task)
            if prefetched is None and self._generation_tasks >= self._generation_tasks_max:
                while pending:
                    yield self._result(pending.popleft())
                self._shut_down()
            pending.append(prefetched or self._start(task))
        while pending:
            yield self._result(pending.popleft())

    def _pop_prefetched(self, task: Task) -> _Started | None:
        for index, prefetched in enumerate(self._prefetched):
            if prefetched.task == task:
                return self._prefetched.pop(index)
        return None

    def _result(self, started: _Started) -> Result:
        try:
            result: Result = started.future.result()
        except BrokenProcessPool as exc:
            self._leave(started.executor)
            try:
                result = _Recovery(self._make_worker, self._niceness, self._halving).run(started.task)
            except WorkerDied as died:
                self._shut_down()
                raise died from exc
        return result

    def _start(self, task: Task) -> _Started:
        try:
            future = self._submit(task)
        except BrokenProcessPool:  # a worker of this generation died; waiting for its task finds out why
            assert self._executor is not None
            self._leave(self._executor)
            future = self._submit(task)
        assert self._executor is not None
        return _Started(task, future, self._executor)

    def _submit(self, task: Task) -> Future[Result]:
        if self._executor is None:
            self._executor = _new_generation(self._workers, self._make_worker, self._niceness, GROUP_CPU_S_MAX)
        self._generation_tasks += 1
        return self._executor.submit(_run_task, task)

    def _leave(self, broken: ProcessPoolExecutor) -> None:
        """Start the next task with new workers. What else was submitted to these fails, too, and is run again."""
        if self._executor is broken:
            self._executor, self._generation_tasks = None, 0
            broken.shutdown(wait=True)

    def _shut_down(self) -> None:
        executor, self._executor, self._generation_tasks = self._executor, None, 0
        self._prefetched.clear()
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


class _Recovery:
    """Runs one task whose worker died: alone, then in halves, then without the items that end every process."""

    def __init__(
        self, make_worker: Callable[[], Callable[[Any], Any]], niceness: int, halving: Halving[Any] | None
    ) -> None:
        self._make_worker = make_worker
        self._niceness = niceness
        self._halving = halving
        self._executor: ProcessPoolExecutor | None = None
        self._attempts = 0
        self._cpu_s = GROUP_CPU_S_MAX

    def run(self, task: Any) -> Any:
        """The task's result. Raises `WorkerDied` when no single item is the cause."""
        try:
            survived, result = self._attempt(task)
            if survived:
                return result
            fatal = self._find_fatal(task) if self._halving else []
            if self._halving and fatal:
                self._log_fatal(len(fatal))
                survived, result = self._attempt(self._halving.without(task, fatal))
                if survived:
                    return result
        finally:
            self._stop()
        raise WorkerDied(
            "A worker process was killed, most likely because memory ran out. Its unfinished work was discarded: "
            "run it again, with fewer workers if this happens again."
        )

    def _find_fatal(self, task: Any) -> list[int]:
        """The items that end a process each on their own, in order."""
        assert self._halving is not None
        self._stop()
        self._cpu_s = PART_CPU_S_MAX
        count = self._halving.count(task)
        fatal: list[int] = []
        if not self._attempt(self._halving.part(task, 0, 0))[0]:
            return []  # not even an empty task survives: the cause is not in an item
        waiting = [(0, count)]
        while waiting:
            first, end = waiting.pop()
            if self._attempts >= ATTEMPTS_MAX:
                return []
            if self._attempt(self._halving.part(task, first, end))[0]:
                continue
            if end - first <= 1:
                fatal.append(first)
                continue
            middle = (first + end) // 2
            waiting += [(middle, end), (first, middle)]
        self._stop()
        self._cpu_s = GROUP_CPU_S_MAX
        return fatal

    def _attempt(self, task: Any) -> tuple[bool, Any]:
        """Run a task in the only process. False when the process died of it; the next attempt gets a new one."""
        self._attempts += 1
        if self._executor is None:
            self._executor = _new_generation(1, self._make_worker, self._niceness, self._cpu_s)
        try:
            return True, self._executor.submit(_run_task, task).result()
        except BrokenProcessPool:
            self._stop()
            return False, None

    def _stop(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    @staticmethod
    def _log_fatal(count: int) -> None:
        _log.error("%d of a task's items ended every worker process. They are exceptions; the rest is done.", count)


_INFREQUENT_GC = (100_000, 20, 100)
"""Thresholds of the cyclic garbage collector while a batch runs."""


@contextmanager
def infrequent_gc() -> Iterator[None]:
    """Run the cyclic garbage collector less often inside the block.

    A batch keeps hundreds of thousands of live objects: cached word widths, or rows in transit. Scanning them costs a
    quarter of the run time (an eighth for rows) and frees nothing.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(*_INFREQUENT_GC)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


PRELOADED = [
    f"statement_builder.pipeline.{name}" for name in ("build_worker", "recheck.recheck_worker", "print.print_worker")
]
"""Modules that the fork server imports once, which takes a second. Every worker is forked from it."""
PRELOADED_WITH = {"statement_builder.archive.s3": "statement_builder.archive.s3_preload"}
"""Further modules that it imports if this process, which opened the archive, has the first."""

_worker: Callable[[Any], Any] | None = None
"""The task function of this worker process. Never set in the process that owns the pool."""
_cpu_s = 0
"""Processor seconds that this worker process may use between two calls of `report_progress`. 0 in the owner."""
_startup_error: Exception | None = None
"""The exception that `make_worker` raised in this worker process."""


def fork_context() -> ForkServerContext:
    """A multiprocessing context whose fork server has already imported the rendering modules."""
    context = multiprocessing.get_context("forkserver")
    also = [preload for loaded, preload in PRELOADED_WITH.items() if loaded in sys.modules]
    context.set_forkserver_preload([*PRELOADED, *also])
    return context


def _new_generation(
    workers: int, make_worker: Callable[[], Callable[[Any], Any]], niceness: int, cpu_s: int
) -> ProcessPoolExecutor:
    arguments = (make_worker, niceness, cpu_s)
    return ProcessPoolExecutor(workers, mp_context=fork_context(), initializer=_start_worker, initargs=arguments)


def _start_worker(make_worker: Callable[[], Callable[[Any], Any]], niceness: int, cpu_s: int) -> None:
    global _worker, _startup_error, _cpu_s  # noqa: PLW0603 - a worker process has exactly one
    _cpu_s = cpu_s
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner handles interrupts
    os.nice(niceness)
    gc.freeze()  # imported modules are never garbage
    gc.set_threshold(*_INFREQUENT_GC)  # for the worker's life: resetting it would trigger a full scan after each task
    threading.Thread(target=_exit_with_owner, daemon=True).start()
    try:
        _worker = make_worker()
    except Exception as exc:  # noqa: BLE001 - raised here, the pool would only report that it is broken
        _startup_error = exc


def _exit_with_owner() -> None:
    """Exit when the owner dies; otherwise a worker whose owner was killed would wait forever for its next task."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def _run_task(task: Any) -> Any:
    if _startup_error is not None:
        raise _startup_error
    assert _worker is not None
    report_progress()
    try:
        return _worker(task)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def report_progress() -> None:
    """Restart the time limit of this worker process. Does nothing in the process that owns the pool.

    The kernel kills the process when the limit passes, even inside a C library. Time spent waiting does not count.
    """
    if _cpu_s:
        signal.setitimer(signal.ITIMER_VIRTUAL, _cpu_s)
