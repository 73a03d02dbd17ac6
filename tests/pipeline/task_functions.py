"""Task functions for tests of the worker pool, in a module that worker processes can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4


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
