"""Many documents, several processes: rendered and verified, in the order given.

WeasyPrint's memory grows with use, so workers are replaced after some hundred documents: all at once, a generation
at a time, because CPython's own `max_tasks_per_child` can leave a pool waiting for ever (python/cpython#115634).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from types import TracebackType

from statement_builder.documents.content import Content
from statement_builder.rendering.engine import Engine, PlainEngine, Rendered
from statement_builder.rendering.errors import DocumentError, RenderWorkerDied
from statement_builder.rendering.markup import page_label
from statement_builder.rendering.verify import ForeignIds, Verifier
from statement_builder.rendering.windows import DOUBLE_WINDOW_10, Windows

_CHUNK = 8
"""Documents a task: enough to make the way between processes cheap, few enough to keep every worker busy."""

_Outcomes = list[Rendered | DocumentError]


class Press:
    """One process's engine with verification behind it."""

    def __init__(self, make_engine: Callable[[Path], Engine], templates: Path, windows: Windows) -> None:
        self._engine = make_engine(templates)
        self._templates = templates
        self._verifier = Verifier(windows)

    def print_all(self, contents: Sequence[Content], foreign: ForeignIds) -> Iterator[Rendered | DocumentError]:
        """Each document, verified, or what is wrong with it."""
        for content in contents:
            try:
                yield self._print(content, foreign)
            except DocumentError as exc:
                yield exc

    def _print(self, content: Content, foreign: ForeignIds) -> Rendered:
        rendered = self._engine.render(content)
        label = partial(page_label, self._templates, content.language)
        self._verifier.verify(rendered.pdf, content, foreign=foreign, page_label=label)
        return rendered


class RenderPool:
    """Renders and verifies with `workers` processes; with one, in this process. A context manager.

    ConfigError from the constructor when templates or fonts are not in order.
    """

    def __init__(
        self,
        *,
        workers: int,
        templates: Path,
        windows: Windows = DOUBLE_WINDOW_10,
        documents_per_worker_max: int = 200,
        make_engine: Callable[[Path], Engine] = PlainEngine,
    ) -> None:
        self._press = Press(make_engine, templates, windows)
        self._workers = workers
        self._generation_documents_max = workers * documents_per_worker_max
        self._initial = (make_engine, templates, windows)
        self._executor: ProcessPoolExecutor | None = None
        self._generation_documents = 0

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._retire()

    def render_all(self, contents: Sequence[Content], foreign: ForeignIds) -> Iterator[Rendered | DocumentError]:
        """The outcome of each document, in the order given; a few chunks at most are ahead of the reader.

        RenderWorkerDied when a worker was killed: what was yielded stands, the rest can be rendered again.
        """
        if self._workers == 1:
            yield from self._press.print_all(contents, foreign)
            return
        pending: deque[Future[_Outcomes]] = deque()
        try:
            for start in range(0, len(contents), _CHUNK):
                if len(pending) >= 2 * self._workers:
                    yield from pending.popleft().result()
                if self._generation_documents >= self._generation_documents_max:
                    while pending:
                        yield from pending.popleft().result()
                    self._retire()
                pending.append(self._submit(contents[start : start + _CHUNK], foreign))
            while pending:
                yield from pending.popleft().result()
        except BrokenProcessPool as exc:
            self._retire()
            raise RenderWorkerDied(
                "A rendering worker was killed, most likely for want of memory. Nothing of this shard was kept: "
                "run it again, with fewer workers if it happens again."
            ) from exc

    def _submit(self, contents: Sequence[Content], foreign: ForeignIds) -> Future[_Outcomes]:
        if self._executor is None:
            self._executor = _new_generation(self._workers, self._initial)
        self._generation_documents += len(contents)
        return self._executor.submit(_print_chunk, contents, foreign)

    def _retire(self) -> None:
        executor, self._executor, self._generation_documents = self._executor, None, 0
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


_press: Press | None = None
"""This worker process's own; never set in the process that owns the pool."""


def _new_generation(workers: int, initial: tuple[Callable[[Path], Engine], Path, Windows]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=initial)


def _start_worker(make_engine: Callable[[Path], Engine], templates: Path, windows: Windows) -> None:
    global _press  # noqa: PLW0603 - a worker process has one press for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides what an interrupt means
    threading.Thread(target=_end_with_owner, daemon=True).start()
    _press = Press(make_engine, templates, windows)


def _end_with_owner() -> None:
    """A worker whose owner was killed would wait for its next task for ever."""
    owner = multiprocessing.parent_process()
    if owner is not None:
        owner.join()
        os._exit(1)


def _print_chunk(contents: Sequence[Content], foreign: ForeignIds) -> _Outcomes:
    assert _press is not None
    return list(_press.print_all(contents, foreign))
