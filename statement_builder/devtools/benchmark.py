"""Measure how fast pages are rendered on this machine: both engines, the same documents, one run, one core.

Rendering is measured in processor time, so that other work on the machine does not count. A whole batch is measured by
wall clock.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import BatchBenchmark, run_whole_batch
from statement_builder.documents import Content
from statement_builder.errors import ConfigError
from statement_builder.operations.sample_contents import AS_OF, contents_by_kind, make_sample_hospital, sample_contents
from statement_builder.pipeline.workers import fork_context, infrequent_gc
from statement_builder.rendering import (
    GROUP_SIZE,
    CompiledEngine,
    Engine,
    LayoutPending,
    Outcome,
    PlainEngine,
    Rendered,
)
from statement_builder.resources import SAMPLE_SETTINGS, TEMPLATES
from statement_builder.settings import Settings, load_settings

BENCH_NOW = datetime.combine(AS_OF, datetime.min.time(), UTC)
PLAIN_MAX = 25
"""Documents for the plain engine. A WeasyPrint call is so slow that more would only make the run longer."""
_GUARANTORS_PER_DOCUMENT = 24
"""Guarantors of the sample hospital for all kinds: enough for the kinds of a monthly batch and for itemized bills."""
_GUARANTORS_MIN = 5_000


class BenchmarkResult(Record, kw_only=True):
    """What `run_bench` measured."""

    kind: Kind
    documents: int
    ratio: float
    """`compiled_per_s` / `plain_per_s`."""
    compiled_per_s: float
    """Documents per second that are new to the engine, with the layouts compiled."""
    plain_per_s: float
    cold_per_s: float
    """Documents per second from an empty folder, with layouts compiled on the way."""
    first_s: float
    """Wall-clock seconds from the start of a process to its first document."""
    layouts: int
    """Layouts that WeasyPrint made."""
    composed: int
    """Layouts that were composed of parts of those."""
    fallbacks: int
    """Documents that the compiled engine passed to WeasyPrint."""
    reasons: dict[str, int]
    """Why, with the number of documents."""
    bytes_per_document: int
    plain_bytes_per_document: int
    batch: BatchBenchmark | None = None
    """A whole batch from an empty folder; None, and not in the JSON, unless it was asked for."""
    again: BatchBenchmark | None = None
    """The same with the layouts kept, as in every cycle except the first after a change of template."""


def run_bench(*, documents: int, kind: Kind, stages: bool = False, workers: int = 1) -> BenchmarkResult:
    """Measure both engines on `documents` documents of one kind; with `stages`, also a whole batch of statements.

    `ConfigError` if `stages` is combined with another kind.
    """
    if stages and kind is not Kind.STATEMENT:
        raise ConfigError("--stages measures a batch of statements: omit --kind.")
    with TemporaryDirectory() as folder:
        home = Path(folder)
        settings = load_sample_settings(home)
        result = measure_contents(kind, sample_contents(home, 2 * documents, kind, settings), home)
        if stages:
            first, again = _run_batches(settings, home, workers=workers)
            result = replace(result, batch=first, again=again)
    return result


def run_bench_of_every_kind(*, documents: int) -> tuple[BenchmarkResult, ...]:
    """Measure both engines on up to `documents` documents of each kind, from one sample hospital.

    It has fewer of the rare kinds: see `documents` of each result.
    """
    with TemporaryDirectory() as folder:
        home = Path(folder)
        settings = load_sample_settings(home)
        url = make_sample_hospital(home, max(_GUARANTORS_MIN, _GUARANTORS_PER_DOCUMENT * documents))
        contents = contents_by_kind(url, 2 * documents, list(Kind), settings)
        return tuple(measure_contents(kind, each, home) for kind, each in contents.items() if len(each) > 1)


def measure_contents(kind: Kind, contents: Sequence[Content], home: Path) -> BenchmarkResult:
    """Measure both engines: layouts are compiled for all contents, and speed is measured with the second half.

    `contents` are at least two documents of one kind. `home` is a folder for layouts.
    """
    warm_up, measured = contents[: len(contents) // 2], contents[len(contents) // 2 :]
    first_s = _time_first(contents, home / f"{kind}-first-layouts")
    cold = _compile_layouts(contents, home / f"{kind}-layouts")
    plain, compiled = PlainEngine(TEMPLATES), CompiledEngine(TEMPLATES, home / f"{kind}-layouts")
    with infrequent_gc():
        _render_all(compiled, warm_up)
        plain_s, compiled_s, plain_documents, compiled_documents = _alternate(plain, compiled, measured)
    compiled_per_s, plain_per_s = len(compiled_documents) / compiled_s, len(plain_documents) / plain_s
    return BenchmarkResult(
        kind=kind,
        documents=len(compiled_documents),
        ratio=round(compiled_per_s / plain_per_s, 1),
        compiled_per_s=round(compiled_per_s, 1),
        plain_per_s=round(plain_per_s, 1),
        cold_per_s=round(len(contents) / cold.seconds, 1),
        first_s=round(first_s, 2),
        layouts=cold.layouts,
        composed=cold.composed,
        fallbacks=sum(cold.fallbacks.values()),
        reasons=dict(cold.fallbacks),
        bytes_per_document=_mean_bytes(compiled_documents),
        plain_bytes_per_document=_mean_bytes(plain_documents),
    )


def _mean_bytes(documents: Sequence[Rendered]) -> int:
    return sum(len(document.pdf) for document in documents) // max(1, len(documents))


def _run_batches(settings: Settings, home: Path, *, workers: int) -> tuple[BatchBenchmark, BatchBenchmark]:
    """Run a batch in an empty folder, then the same batch in another folder with the layouts of the first."""
    first = replace(settings, release=replace(settings.release, statement="auto"))
    second_home = home / "again"
    second_home.mkdir()
    again = replace(load_sample_settings(second_home), release=first.release, source=first.source, render=first.render)
    return run_batch(first, home, now=BENCH_NOW, workers=workers), run_batch(
        again, second_home, now=BENCH_NOW, workers=workers
    )


def run_batch(settings: Settings, folder: Path, *, now: datetime, workers: int) -> BatchBenchmark:
    """As `run_whole_batch`, in a new process."""
    with _new_process() as executor:
        return executor.submit(run_whole_batch, settings, folder, now=now, workers=workers).result()


def load_sample_settings(home: Path) -> Settings:
    """The sample settings, with all stores in the folder `home`."""
    return load_settings({"STATEMENTS_CONFIG": str(SAMPLE_SETTINGS), "STATEMENTS_HOME": str(home)}, home)


def _time_first(contents: Sequence[Content], folder: Path) -> float:
    started = time.monotonic()
    with _new_process() as executor:
        executor.submit(_render_cold, contents[:1], folder).result()
        return time.monotonic() - started


def _new_process() -> ProcessPoolExecutor:
    """A fresh interpreter, without this process's caches and memory."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


class _ColdRun(NamedTuple):
    """Rendering from an empty layout cache."""

    seconds: float
    layouts: int
    composed: int
    fallbacks: dict[str, int]


def _compile_layouts(contents: Sequence[Content], folder: Path) -> _ColdRun:
    """Compile all layouts in another process, so that this one has not shaped any of the words measured later."""
    with ProcessPoolExecutor(1, mp_context=fork_context()) as executor:
        return executor.submit(_render_cold, contents, folder).result()


def _render_cold(contents: Sequence[Content], folder: Path) -> _ColdRun:
    engine = CompiledEngine(TEMPLATES, folder)
    with infrequent_gc():
        seconds, _ = _render_all(engine, contents)
    return _ColdRun(seconds, engine.compiled, engine.composed, dict(engine.fallbacks))


def _alternate(
    plain: PlainEngine, compiled: CompiledEngine, contents: Sequence[Content]
) -> tuple[float, float, list[Rendered], list[Rendered]]:
    """Seconds and documents of both engines. They take turns, so that a busy machine slows both."""
    plain_s = compiled_s = 0.0
    plain_documents: list[Rendered] = []
    compiled_documents: list[Rendered] = []
    for group in _slices(contents):
        seconds, rendered = _render_all(plain, group[:1])
        plain_s, plain_documents = plain_s + seconds, plain_documents + rendered
        seconds, rendered = _render_all(compiled, group)
        compiled_s, compiled_documents = compiled_s + seconds, compiled_documents + rendered
    return plain_s, compiled_s, plain_documents, compiled_documents


def _slices(contents: Sequence[Content]) -> list[Sequence[Content]]:
    """At most `PLAIN_MAX` slices. The plain engine renders the first document of each."""
    step = max(1, -(-len(contents) // PLAIN_MAX))
    return [contents[start : start + step] for start in range(0, len(contents), step)]


def _render_all(engine: Engine, contents: Sequence[Content]) -> tuple[float, list[Rendered]]:
    """Seconds of processor time, and the documents that were rendered without error.

    Documents whose layout is not there yet are rendered last, as in a batch.
    """
    outcomes: list[Outcome] = []
    waiting = list(contents)
    started = time.process_time()
    for may_wait in (True, False):
        pending: list[Content] = []
        for start in range(0, len(waiting), GROUP_SIZE):
            group = waiting[start : start + GROUP_SIZE]
            done = engine.render_all(group, may_wait=may_wait)
            outcomes += done
            pending += [
                content for content, outcome in zip(group, done, strict=True) if isinstance(outcome, LayoutPending)
            ]
        waiting = pending
    return time.process_time() - started, [outcome for outcome in outcomes if isinstance(outcome, Rendered)]
