"""Workers that misbehave on purpose; in a module of their own so that worker processes can import them."""

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
    """Its process is killed, as for want of memory, at one task."""

    DEADLY = 13

    def __call__(self, task: int) -> int:
        if task == self.DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return task


class ProcessRecorder:
    """Leaves a file named by its process id in a folder."""

    def __init__(self, folder: Path) -> None:
        (folder / str(os.getpid())).touch()

    def __call__(self, task: int) -> int:
        return task


class TaskRecorder:
    """Leaves a file for each task that it does: the same one done twice leaves two."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, task: int) -> int:
        (self._folder / f"{task}-{uuid4()}").touch()
        return task
