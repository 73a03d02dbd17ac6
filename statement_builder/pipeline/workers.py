"""Several processes at work on one batch: each makes one thing after the other, and its owner gets them in order.

WeasyPrint's memory grows with use, so workers are replaced after a while: all at once, a generation at a time, because
CPython's own `max_tasks_per_child` can leave a pool waiting for ever (python/cpython#115634).
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
"""Of workers: their owner goes first, where there are more processes than processors. It finds the tasks."""

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class WorkerPool(Generic[Task, Outcome]):
    """Works tasks off with `workers` processes; with one, in this process. A context manager.

    `make_worker` gives each process what works a task off; what it raises is raised for the first task. It, tasks and
    outcomes have to be picklable where there are several processes. `niceness` is how far they let others go first.
    """

    def __init__(
        self,
        *,
        workers: int,
        make_worker: Callable[[], Callable[[Task], Outcome]],
        tasks_per_worker_max: int,
        niceness: int = NICENESS,
    ) -> None:
        self._make_worker = make_worker
        self._niceness = niceness
        self._workers = workers
        self._generation_tasks_max = workers * tasks_per_worker_max
        self._executor: ProcessPoolExecutor | None = None
        self._generation_tasks = 0
        self._begun: list[tuple[Task, Future[Outcome]]] = []

    def __enter__(self) -> WorkerPool[Task, Outcome]:
        if self._workers > 1:
            fork_context()
            forkserver.ensure_running()  # it imports while this process finds the first task
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._retire()

    @property
    def can_begin(self) -> bool:
        """Whether `begin` begins anything."""
        return self._workers > 1 and self._generation_tasks < self._generation_tasks_max

    def begin(self, task: Task) -> None:
        """Begin a task that `run_all` will be asked for, as far as one generation of workers can do so ahead of it."""
        if self.can_begin:
            with self._explained():
                self._begun.append((task, self._submit(task)))

    def run_all(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """The outcome of each task, in the order given; at most one task more a worker is begun than was read.

        WorkerDied when a worker was killed: what was yielded stands, the rest can be worked off again.
        """
        if self._workers == 1:
            with rare_collections():
                yield from map(self._make_worker(), tasks)
            return
        pending: deque[Future[Outcome]] = deque()
        with self._explained():
            for task in tasks:
                if len(pending) > self._workers:
                    yield pending.popleft().result()
                begun = self._take_begun(task)
                if begun is None and self._generation_tasks >= self._generation_tasks_max:
                    while pending:
                        yield pending.popleft().result()
                    self._retire()
                pending.append(begun or self._submit(task))
            while pending:
                yield pending.popleft().result()

    def _take_begun(self, task: Task) -> Future[Outcome] | None:
        for place, (begun, future) in enumerate(self._begun):
            if begun == task:
                del self._begun[place]
                return future
        return None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as exc:
            self._retire()
            raise WorkerDied(
                "A worker process was killed, most likely for want of memory. What it had in hand was not kept: "
                "run it again, with fewer workers if it happens again."
            ) from exc

    def _submit(self, task: Task) -> Future[Outcome]:
        if self._executor is None:
            self._executor = _new_generation(self._workers, self._make_worker, self._niceness)
        self._generation_tasks += 1
        return self._executor.submit(_work_off, task)

    def _retire(self) -> None:
        executor, self._executor, self._generation_tasks = self._executor, None, 0
        self._begun.clear()
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


_RARELY = (100_000, 20, 100)
"""Thresholds of the collector of cyclic garbage."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector of cyclic garbage look seldom: hundreds of thousands of remembered words, or of rows on their
    way, are no garbage, and walking them again and again takes a quarter of the time (an eighth, for rows)."""
    thresholds = gc.get_threshold()
    gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


_PRELOADED = [f"statement_builder.pipeline.{name}" for name in ("build_worker", "recheck_worker", "print_worker")]
"""What workers are made of. It takes a second to import, once: each of them is a fork of a process that has done so."""

_worker: Callable[[Any], Any] | None = None
"""This worker process's own; never set in the process that owns the pool."""
_unmade: Exception | None = None
"""Why it has none."""


def fork_context() -> ForkServerContext:
    """For processes that are forks of one that has imported what documents are made with."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _new_generation(
    workers: int, make_worker: Callable[[], Callable[[Any], Any]], niceness: int
) -> ProcessPoolExecutor:
    arguments = (make_worker, niceness)
    return ProcessPoolExecutor(workers, mp_context=fork_context(), initializer=_start_worker, initargs=arguments)


def _start_worker(make_worker: Callable[[], Callable[[Any], Any]], niceness: int) -> None:
    global _worker, _unmade  # noqa: PLW0603 - a worker process has one for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what an interrupt means
    os.nice(niceness)
    gc.freeze()  # what was imported stays
    gc.set_threshold(*_RARELY)  # for good: each return to the usual ones would walk all that a task has left
    threading.Thread(target=_end_with_owner, daemon=True).start()
    try:
        _worker = make_worker()
    except Exception as exc:  # noqa: BLE001 - a pool would only say that it is broken; the first task says why
        _unmade = exc


def _end_with_owner() -> None:
    """A worker whose owner was killed would wait for its next task for ever."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def _work_off(task: Any) -> Any:
    if _unmade is not None:
        raise _unmade
    assert _worker is not None
    return _worker(task)
