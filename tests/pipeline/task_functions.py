"""Task functions for tests of the worker pool, in a module that worker processes can import."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from statement_builder.archive import Archive
from statement_builder.billing.model import GuarantorAccount
from statement_builder.pipeline import build_worker
from statement_builder.pipeline.build_worker import BuildPlan, BuildTask, PackedShard
from statement_builder.pipeline.print import print_worker
from statement_builder.pipeline.recheck import recheck_worker


def double() -> Callable[[int], int]:
    return _double


def _double(task: int) -> int:
    return 2 * task


class KilledByTask:
    """Kills its process at one task, as the kernel does when memory runs out."""

    FATAL_TASK = 13

    def __call__(self, task: int) -> int:
        if task == self.FATAL_TASK:
            os.kill(os.getpid(), signal.SIGKILL)
        return task


class ProcessRecorder:
    """Creates a file named after its process id."""

    def __init__(self, folder: Path) -> None:
        (folder / str(os.getpid())).touch()

    def __call__(self, task: int) -> int:
        return task


class TaskRecorder:
    """Creates a file for each task it runs; a task that runs twice creates two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, task: int) -> int:
        (self._folder / f"{task}-{uuid4()}").touch()
        return task


FATAL = "FATAL"
"""A guarantor whose id starts with this ends every process that works on the account."""


def die_of(guarantor_id: str) -> None:
    """Kill this process, as the kernel does when memory runs out, for a fatal account."""
    if guarantor_id.startswith(FATAL):
        os.kill(os.getpid(), signal.SIGKILL)


def spin_at(guarantor_id: str) -> None:
    """Never return for a fatal account."""
    while guarantor_id.startswith(FATAL):
        pass


def abort_at(guarantor_id: str) -> None:
    """Abort this process for a fatal account, as a C library does that gets no memory."""
    if guarantor_id.startswith(FATAL):
        os.abort()


def exhaust_memory_at(guarantor_id: str) -> None:
    """Ask the kernel for memory until it refuses, for a fatal account."""
    if not guarantor_id.startswith(FATAL):
        return
    limits = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 200_000_000, limits[1]))
    kept = []
    try:
        while True:
            kept.append(bytearray(10_000_000))
    finally:
        kept.clear()
        resource.setrlimit(resource.RLIMIT_AS, limits)


def open_fatal_builder(
    plan: BuildPlan, archive: Archive | None = None, *, at: Callable[[str], None] = die_of
) -> Callable[[BuildTask], PackedShard]:
    """A builder that calls `at` with each guarantor's id before it composes a document."""
    compose = vars(build_worker)["compose"]

    def compose_or_die(account: GuarantorAccount, *arguments: Any, **keywords: Any) -> Any:
        at(account.guarantor.guarantor_id)
        return compose(account, *arguments, **keywords)

    vars(build_worker)["compose"] = compose_or_die
    return build_worker.open_builder(plan, archive)


def open_fatal_recheck(plan: BuildPlan) -> recheck_worker.RecheckWorker:
    """A recheck worker that dies of a fatal account."""
    decide = vars(recheck_worker)["decide"]

    def decide_or_die(account: GuarantorAccount, *arguments: Any, **keywords: Any) -> Any:
        die_of(account.guarantor.guarantor_id)
        return decide(account, *arguments, **keywords)

    vars(recheck_worker)["decide"] = decide_or_die
    return recheck_worker.open_recheck_worker(plan)


def open_fatal_printer(plan: BuildPlan) -> print_worker.PrintFileBuilder:
    """A builder of print files that dies of a fatal account's document."""
    scanline = vars(print_worker)["scanline"]

    def scanline_or_die(layout: Any, guarantor_id: str, amount_cents: int) -> Any:
        die_of(guarantor_id)
        return scanline(layout, guarantor_id, amount_cents)

    vars(print_worker)["scanline"] = scanline_or_die
    return print_worker.open_print_file_builder(plan)


class FatalItems:
    """Tasks are tuples of numbers; a negative number kills the process. The result is what was summed up."""

    def __call__(self, task: tuple[int, ...]) -> int:
        if any(each < 0 for each in task):
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(task)

    @staticmethod
    def count(task: tuple[int, ...]) -> int:
        return len(task)

    @staticmethod
    def part(task: tuple[int, ...], first: int, end: int) -> tuple[int, ...]:
        return task[first:end]

    @staticmethod
    def without(task: tuple[int, ...], fatal: Sequence[int]) -> tuple[int, ...]:
        return tuple(each for index, each in enumerate(task) if index not in fatal)


class FatalTogether(FatalItems):
    """The process dies of many items together, and of none alone, as when memory runs out."""

    def __call__(self, task: tuple[int, ...]) -> int:
        if len(task) > 4:
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(task)
