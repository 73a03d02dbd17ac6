"""Runs an action in a process of its own: it outlives a closed browser, and its memory ends with it.

The ledger decides what is done, not this module. If the console ends while an action runs, the action goes on or is
finished by the next rerun, as if a command had been killed.
"""

from __future__ import annotations

import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from pathlib import Path

from mail_house.errors import HandOffError
from statement_builder.clock import open_clock
from statement_builder.errors import BatchBusy, GateStop, StatementsError
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from statement_builder.web.actions import perform
from statement_builder.web.kept_file import KeptFile
from statement_builder.web.orders import Done, Order

PRELOADED = [
    "statement_builder.web.jobs",
    "statement_builder.operations.run",
    "statement_builder.operations.reissue.correct",
]
"""What most actions need, so that each starts at once. It is imported in another process, while nobody waits."""
KEPT_MAX = 200
"""Finished jobs that are remembered, so that their message can be shown once more."""
SENT_AGAIN_S = 60.0
"""A form that is sent again sooner than this after it was first sent was sent twice by mistake."""
_PROGRESS_EVERY_S = 0.2
FILES_KEPT_MAX = 10
"""Files that can still be downloaded. A file of a large hospital has tens of megabytes."""
_CHUNK_BYTES = 1 << 20


@dataclass(kw_only=True)
class Job:
    """One action of one person. `done` is set when it has ended."""

    job_id: str
    order: Order
    session: str
    batch_id: str
    started_s: float
    process_id: int | None = None
    stage: str = ""
    count: int = 0
    total: int = 0
    result: Done | None = None
    file: KeptFile | None = None
    """What the action wrote, once it has ended."""
    problem: str = ""
    """Why it was not done, in a sentence; empty while it runs, and if it was."""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return not self.ended.is_set()

    def seconds_left(self, now_s: float) -> int | None:
        """An estimate from the rate of the stage so far; None before there is one."""
        if not self.total or not self.count:
            return None
        return round((now_s - self.started_s) / self.count * (self.total - self.count))


class Jobs:
    """Starts actions and remembers what came of them."""

    def __init__(self, environ: Mapping[str, str], folder: Path, *, workers: int, monotonic: Callable[[], float]):
        self._environ = dict(environ)
        self._folder = folder
        self._workers = workers
        self._monotonic = monotonic
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start the process that actions are forked from."""
        get_context("forkserver").set_forkserver_preload(PRELOADED)
        forkserver.ensure_running()

    def start(self, order: Order, *, session: str, batch_id: str = "") -> Job:
        """Start an action. `BatchBusy` if this console still works on the same batch. The same form sent again, as by a
        double click, is the same action."""
        with self._lock:
            if (same := self._find_same(order, session)) is not None:
                return same
            if batch_id and any(each.is_running and each.batch_id == batch_id for each in self._jobs.values()):
                raise BatchBusy(f"batch {batch_id} is being worked on. Wait until that is finished.")
            job = Job(
                job_id=secrets.token_urlsafe(12),
                order=order,
                session=session,
                batch_id=batch_id,
                started_s=self._monotonic(),
            )
            self._jobs[job.job_id] = job
            for old in [each for each in self._jobs.values() if not each.is_running][:-KEPT_MAX]:
                del self._jobs[old.job_id]
            for old in [each for each in self._jobs.values() if each.file is not None][:-FILES_KEPT_MAX]:
                old.file = None
        threading.Thread(target=self._work, args=(job,), daemon=True).start()
        return job

    def _find_same(self, order: Order, session: str) -> Job | None:
        """The session's job with this decision, if it runs, or was done a moment ago. What decides nothing, such as a
        preview, has neither a reason nor something seen: it is made again, unless it is being made."""
        decides = bool(order.reason or order.seen)
        earliest_s = self._monotonic() - SENT_AGAIN_S
        return next(
            (
                each
                for each in self._jobs.values()
                if (each.session, each.order) == (session, order)
                and (each.is_running or (decides and each.result is not None and each.started_s >= earliest_s))
            ),
            None,
        )

    def find(self, job_id: str, session: str) -> Job | None:
        """A job of this session."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.session == session else None

    def running(self, batch_id: str) -> Job | None:
        """The job that works on the batch now."""
        return next((each for each in list(self._jobs.values()) if each.is_running and each.batch_id == batch_id), None)

    def all_running(self) -> list[Job]:
        """The jobs that have not ended."""
        return [each for each in list(self._jobs.values()) if each.is_running]

    def now_s(self) -> float:
        """The clock of `Job.started_s`."""
        return self._monotonic()

    def _work(self, job: Job) -> None:
        """Start the process and follow it. In a thread of its own, because the first start waits for `prepare`."""
        try:
            context = get_context("forkserver")
            ours, theirs = context.Pipe(duplex=False)
            arguments = (theirs, job.order, self._environ, self._folder, self._workers)
            process = context.Process(target=_run, args=arguments, daemon=False)
            process.start()
            job.process_id = process.pid
            theirs.close()
            self._follow(job, ours)
            process.join()
        finally:
            if job.result is None and not job.problem:
                job.problem = (
                    "The process ended before it was finished. What it had done is recorded; use “Finish” on the "
                    "batch, or look at the document's history, to go on."
                )
            job.ended.set()

    def _follow(self, job: Job, ours: Connection) -> None:
        """Read what the process says until it ends. A file is there when all of it is: not while it comes, and not if
        the process is killed."""
        received: KeptFile | None = None
        try:
            while True:
                kind, value = ours.recv()
                if kind == "progress":
                    stage, job.count, job.total = value
                    if stage != job.stage:
                        job.stage, job.started_s = stage, self._monotonic()
                elif kind == "file":
                    received = received or KeptFile()
                    received.write(value)
                elif kind == "done":
                    job.result, job.file = value, received
                else:
                    job.problem = value
        except EOFError:
            return


def _run(pipe: Connection, order: Order, environ: Mapping[str, str], folder: Path, workers: int) -> None:
    """The child process. It ends on its own: an interrupt on the terminal is meant for the console."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    last_s = 0.0

    def tell(kind: str, value: object) -> None:
        with suppress(BrokenPipeError):  # the console is gone: the ledger has what was done
            pipe.send((kind, value))

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last_s
        now = time.monotonic()
        if now - last_s >= _PROGRESS_EVERY_S or done == total:
            last_s = now
            tell("progress", (stage, done, total))

    try:
        settings = load_settings(environ, folder)
        context = open_context(
            settings,
            environ=environ,
            now=open_clock(environ),
            actor=order.actor,
            workers=workers,
            progress=report,
            memberships=order.memberships,
        )
        with context, tempfile.TemporaryFile() as file:
            done = perform(context, order, file)
            file.seek(0)
            while chunk := file.read(_CHUNK_BYTES):
                tell("file", chunk)
    except (GateStop, StatementsError) as exc:
        tell("problem", str(exc))
    except HandOffError as exc:
        tell("problem", f"{exc} Everything that was sent is recorded. Fix this, then finish the batch.")
    except OSError as exc:
        tell("problem", f"{exc.filename or 'This machine'}: {exc.strerror}. Fix this, then try again.")
    else:
        tell("done", done)
    pipe.close()
