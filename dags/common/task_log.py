"""A task's log for its reader: how far the task is, and, if it failed, what is wrong and what to do, at the end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

RUNBOOK = "docs/runbooks/airflow.md"
PROGRESS_EVERY_S = 10.0
"""A task writes at least one line in this time, and of each stage at most one."""
LIBRARIES = ("alembic", "botocore", "boto3", "fontTools", "paramiko", "PIL", "pikepdf", "weasyprint")
"""Libraries that describe their own steps. Their warnings are kept."""


def log() -> logging.Logger:
    """The logger of this service's lines."""
    return logging.getLogger("statements")


def quiet_libraries() -> None:
    """Leave the libraries' steps out of this task's log."""
    for name in LIBRARIES:
        for each in (name, *(known for known in logging.root.manager.loggerDict if known.startswith(f"{name}."))):
            logging.getLogger(each).setLevel(logging.WARNING)


quiet_libraries()  # some describe how they are imported, and every DAG file imports this module first


class ProgressLog:
    """Writes how far a stage is. A stage that reports often writes seldom; one that is silent still writes."""

    def __init__(self, write: Callable[[str], object], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._started_s = self._written_s = monotonic()
        self._stage, self._text = "", ""

    def report(self, stage: str, done: int, total: int) -> None:
        """Take over how far a stage is. `total` is 0 when it is not known. No ids and no amounts."""
        with self._lock:
            text = f"{stage}: {done:,}" + (f" of {total:,}" if total else "")
            is_news = text != self._text and (stage != self._stage or (total > 0 and done == total))
            self._stage, self._text = stage, text
            if is_news or self._is_due():
                self._say(self._text)

    def tick(self) -> None:
        """Write a line if none was written for a while."""
        with self._lock:
            if self._is_due():
                seconds = round(self._monotonic() - self._started_s)
                self._say(f"{self._text or 'working'}; {seconds:,} s since the task began")

    def _is_due(self) -> bool:
        return self._monotonic() - self._written_s >= PROGRESS_EVERY_S

    def _say(self, line: str) -> None:
        self._written_s = self._monotonic()
        self._write(line)


@contextmanager
def logged_progress(observe: Callable[[str, int], None]) -> Iterator[Callable[[str, int, int], None]]:
    """Log the progress of the block, every ten seconds at the latest. Yields what a stage calls. `observe` is told the
    stage and how much it has done."""
    progress, ended = ProgressLog(log().info), threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            progress.tick()

    def report(stage: str, done: int, total: int) -> None:
        progress.report(stage, done, total)
        observe(stage, done)

    thread = threading.Thread(target=watch, name="progress", daemon=True)
    thread.start()
    try:
        yield report
    finally:
        ended.set()
        thread.join()


def end_with_message(context: Any) -> None:
    """A callback for a task that failed. Its last lines say what is wrong, what happens now, and where to read on.

    Airflow writes the error with its stack first, and then begins a group that its page does not show. The first line
    ends that group.
    """
    task_instance = context["ti"]
    tries = (context["task"].retries or 0) + 1
    log().info("::endgroup::")
    log().error("%s", describe_error(context.get("exception")))
    if getattr(task_instance.state, "value", task_instance.state) == "up_for_retry":
        log().error("Airflow retries this task: try %s of %s ended.", task_instance.try_number, tries)
        return
    name = task_instance.task_id.rpartition(".")[2]
    log().error("Fix the cause, then clear this task with downstream. Nothing is sent twice.")
    log().error("More: %s#%s", RUNBOOK, name)


def describe_error(error: Any) -> str:
    """What is wrong, in the error's own words if it was raised on purpose: these name nobody."""
    from mail_house.errors import HandOffError  # noqa: PLC0415
    from statement_builder.errors import StatementsError  # noqa: PLC0415
    from statement_builder.printable import one_line  # noqa: PLC0415

    # By name: importing Airflow's classes takes seconds where Airflow does not run.
    kinds = {each.__name__ for each in type(error).__mro__}
    if isinstance(error, StatementsError | HandOffError) or "AirflowFailException" in kinds:
        return one_line(str(error))
    if "AirflowTaskTimeout" in kinds:
        return "The task took longer than its time limit and was stopped. What it had done is recorded."
    if isinstance(error, OSError) and error.strerror:
        return one_line(f"{error.filename or 'This machine'}: {error.strerror}.")
    if error is None:
        return "The task ended without a message. The lines above say how far it was."
    return f"{type(error).__name__}: this service did not expect this error. Call the developers with this log."
