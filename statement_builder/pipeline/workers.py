"""A pool of worker processes for one batch: each runs one task after another, and the owner gets results in order.

WeasyPrint's memory grows with use, so workers are replaced from time to time. All of them are replaced at once, one
generation after another, because CPython's `max_tasks_per_child` can deadlock the pool (python/cpython#115634).
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from types import TracebackType
from typing import Any, Generic, TypeVar

from statement_builder.errors import WorkerDied

NICENESS = 5
"""Scheduling priority of workers: lower than their owner's, because the owner produces the tasks."""

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerPool(Generic[Task, Result]):
    """Runs tasks in `workers` processes, or in this process when `workers` is 1. Use it as a context manager.

    `make_worker` is called once in each process and returns the function that runs a task. An exception from
    `make_worker` is raised for the first task. With several processes, `make_worker`, tasks and results must be
    picklable. `niceness` is the workers' scheduling priority.
    """

    def __init__(
        self,
        *,
        workers: int,
        make_worker: Callable[[], Callable[[Task], Result]],
        tasks_per_worker_max: int,
        niceness: int = NICENESS,
    ) -> None:
        self._make_worker = make_worker
        self._niceness = niceness
        self._workers = workers
        self._generation_tasks_max = workers * tasks_per_worker_max
        self._executor: ProcessPoolExecutor | None = None
        self._generation_tasks = 0
        self._prefetched: list[tuple[Task, Future[Result]]] = []

    def __enter__(self) -> WorkerPool[Task, Result]:
        if self._workers > 1:
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
            with self._report_killed_worker():
                self._prefetched.append((task, self._submit(task)))

    def run_all(self, tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield the result of each task in order. At most one task per worker runs ahead of the reader.

        Raises `WorkerDied` when a worker is killed: results already yielded are valid, the rest can be run again.
        """
        if self._workers == 1:
            with infrequent_gc():
                yield from map(self._make_worker(), tasks)
            return
        pending: deque[Future[Result]] = deque()
        with self._report_killed_worker():
            for task in tasks:
                if len(pending) > self._workers:
                    yield pending.popleft().result()
                prefetched = self._pop_prefetched(task)
                if prefetched is None and self._generation_tasks >= self._generation_tasks_max:
                    while pending:
                        yield pending.popleft().result()
                    self._shut_down()
                pending.append(prefetched or self._submit(task))
            while pending:
                yield pending.popleft().result()

    def _pop_prefetched(self, task: Task) -> Future[Result] | None:
        for index, (prefetched, future) in enumerate(self._prefetched):
            if prefetched == task:
                del self._prefetched[index]
                return future
        return None

    @contextmanager
    def _report_killed_worker(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as exc:
            self._shut_down()
            raise WorkerDied(
                "A worker process was killed, most likely because memory ran out. Its unfinished work was discarded: "
                "run it again, with fewer workers if this happens again."
            ) from exc

    def _submit(self, task: Task) -> Future[Result]:
        if self._executor is None:
            self._executor = _new_generation(self._workers, self._make_worker, self._niceness)
        self._generation_tasks += 1
        return self._executor.submit(_run_task, task)

    def _shut_down(self) -> None:
        executor, self._executor, self._generation_tasks = self._executor, None, 0
        self._prefetched.clear()
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


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


_PRELOADED = [f"statement_builder.pipeline.{name}" for name in ("build_worker", "recheck_worker", "print_worker")]
"""Modules that the fork server imports once, which takes a second. Every worker is forked from it."""

_worker: Callable[[Any], Any] | None = None
"""The task function of this worker process. Never set in the process that owns the pool."""
_startup_error: Exception | None = None
"""The exception that `make_worker` raised in this worker process."""


def fork_context() -> ForkServerContext:
    """A multiprocessing context whose fork server has already imported the rendering modules."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _new_generation(
    workers: int, make_worker: Callable[[], Callable[[Any], Any]], niceness: int
) -> ProcessPoolExecutor:
    arguments = (make_worker, niceness)
    return ProcessPoolExecutor(workers, mp_context=fork_context(), initializer=_start_worker, initargs=arguments)


def _start_worker(make_worker: Callable[[], Callable[[Any], Any]], niceness: int) -> None:
    global _worker, _startup_error  # noqa: PLW0603 - a worker process has exactly one
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
    return _worker(task)
