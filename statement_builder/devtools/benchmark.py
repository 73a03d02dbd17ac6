"""Measure how fast pages are rendered on this machine: both engines, the same documents, one run, one core.

Rendering is measured in processor time, so that other work on the machine does not count. A whole batch is measured by
wall clock.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from mail_house.secret import KeyRing
from statement_builder.billing.model import FaultyAccount, GuarantorAccount, Record
from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import BatchBenchmark, run_whole_batch
from statement_builder.documents import CompositionError, Content
from statement_builder.errors import ConfigError
from statement_builder.kinds import candidate_cents, compose, decide, definition_of
from statement_builder.pipeline.build_worker import printed_terms
from statement_builder.pipeline.payment_codes import payment_check
from statement_builder.pipeline.workers import fork_context, infrequent_gc
from statement_builder.policy import split_account
from statement_builder.rendering import GROUP_SIZE, CompiledEngine, Engine, Outcome, PlainEngine, Rendered
from statement_builder.resources import SAMPLE_SETTINGS, SQL_ROOT, TEMPLATES
from statement_builder.settings import Settings, load_settings
from statement_builder.source import make_sample, open_source

AS_OF = date(2026, 11, 7)
BENCH_NOW = datetime.combine(AS_OF, datetime.min.time(), UTC)
PLAIN_MAX = 25
"""Documents for the plain engine. A WeasyPrint call is so slow that more would only make the run longer."""
_KEYS = KeyRing(["not a secret: these pages are never mailed"])


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
        contents = sample_contents(home, 2 * documents, kind, settings)
        warm_up, measured = contents[: len(contents) // 2], contents[len(contents) // 2 :]
        first_s = _time_first(contents, home / "first-layouts")
        cold = _compile_layouts(contents, home / "bench-layouts")
        plain, compiled = PlainEngine(TEMPLATES), CompiledEngine(TEMPLATES, home / "bench-layouts")
        with infrequent_gc():
            _render_all(compiled, warm_up)
            plain_s, compiled_s, plain_documents, compiled_documents = _alternate(plain, compiled, measured)
        compiled_per_s, plain_per_s = len(compiled_documents) / compiled_s, len(plain_documents) / plain_s
        result = BenchmarkResult(
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
        if stages:
            first, again = _run_batches(settings, home, workers=workers)
            result = replace(result, batch=first, again=again)
    return result


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


def sample_contents(folder: Path, documents: int, kind: Kind, settings: Settings) -> list[Content]:
    """Up to `documents` documents of a sample hospital, which is made in `folder`."""
    url = f"sqlite:///{folder / 'hospital.db'}"
    make_sample(url, guarantors=max(100, definition_of(kind).sample_guarantors * documents), seed=1, as_of=AS_OF)
    languages = frozenset(settings.render.languages)
    with open_source("reference", url, SQL_ROOT, languages=languages) as source:
        accounts = source.accounts(as_of=AS_OF, cycle="2026-11")
        recipients = (
            part for entry in accounts if not isinstance(entry, FaultyAccount) for part in split_account(entry)
        )
        composed = (_compose(part, kind, settings) for part in recipients)
        return list(islice((content for content in composed if content is not None), documents))


def _compose(account: GuarantorAccount, kind: Kind, settings: Settings) -> Content | None:
    if candidate_cents(account, kind, AS_OF) is None:
        return None
    definition = definition_of(kind)
    account = definition.readdress(msgspec.structs.replace(account, letters=definition.sample_letters(account)))
    decision = decide(account, kind, settings.policy, AS_OF)
    if decision.outcome != "selected" or decision.selection is None:
        return None
    try:
        return compose(
            account,
            decision.selection,
            settings.require_facility(),
            terms=printed_terms(settings.policy),
            batch_cycle="2026-11",
            issued_on=AS_OF,
            payment_check=payment_check(_KEYS),
        )
    except CompositionError:
        return None


def _slices(contents: Sequence[Content]) -> list[Sequence[Content]]:
    """At most `PLAIN_MAX` slices. The plain engine renders the first document of each."""
    step = max(1, -(-len(contents) // PLAIN_MAX))
    return [contents[start : start + step] for start in range(0, len(contents), step)]


def _render_all(engine: Engine, contents: Sequence[Content]) -> tuple[float, list[Rendered]]:
    """Seconds of processor time, and the documents that were rendered without error."""
    outcomes: list[Outcome] = []
    started = time.process_time()
    for start in range(0, len(contents), GROUP_SIZE):
        outcomes += engine.render_all(contents[start : start + GROUP_SIZE])
    return time.process_time() - started, [outcome for outcome in outcomes if isinstance(outcome, Rendered)]
