"""How fast pages are made on this machine: both engines, the same documents, one run, one core.

Times are processor time, so that what else the machine does is not counted; a whole batch is by the wall's clock.
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
from typing import Any, NamedTuple

from msgspec.structs import replace

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.devtools.batch_benchmark import run_whole_batch
from statement_builder.documents import CompositionError, Content, compose
from statement_builder.errors import ConfigError
from statement_builder.pipeline.build_worker import printed_terms
from statement_builder.pipeline.workers import fork_context, infrequent_gc
from statement_builder.policy import candidate_cents, decide
from statement_builder.rendering import GROUP, CompiledEngine, Engine, Outcome, PlainEngine, Rendered
from statement_builder.resources import SAMPLE_SETTINGS, SQL_ROOT, TEMPLATES
from statement_builder.settings import Settings, load_settings
from statement_builder.source import make_sample, open_source

AS_OF = date(2026, 11, 7)
PLAIN_MAX = 25
"""A WeasyPrint call takes so long that more of them would only make the run longer."""
_GUARANTORS_PER_DOCUMENT = {Kind.STATEMENT: 2, Kind.OB_NOTICE: 30, Kind.DUNNING: 14}
"""In the sample hospital, with something to spare."""


def run_bench(*, documents: int, kind: Kind, stages: bool = False, workers: int = 1) -> dict[str, Any]:
    """Documents per second of both engines and what the compiled one needed for it; with `stages`, a whole batch too.

    `compiled_per_s` is the filling of documents that were not filled before, with the layouts there; `cold_per_s` is
    from an empty folder, layouts made on the way; `first_s`, by the clock on the wall, from the start of a process to
    its first document. The whole batch is run twice: `batch` from an empty folder, `again` with the layouts that are
    there by then, as in every cycle but the first after a change of template. ConfigError where stages of another kind
    than statements are wanted.
    """
    if stages and kind is not Kind.STATEMENT:
        raise ConfigError("--stages measures a batch of statements: leave --kind out.")
    with TemporaryDirectory() as folder:
        home = Path(folder)
        settings = _load_sample_settings(home)
        contents = sample_contents(home, 2 * documents, kind, settings)
        known, new = contents[: len(contents) // 2], contents[len(contents) // 2 :]
        first_s = _time_first(contents, home / "first-layouts")
        made = _make_layouts(contents, home / "bench-layouts")
        plain, compiled = PlainEngine(TEMPLATES), CompiledEngine(TEMPLATES, home / "bench-layouts")
        with infrequent_gc():
            _render_all(compiled, known)
            plain_s, warm_s, plainly, rendered = _in_turns(plain, compiled, new)
        compiled_per_s, plain_per_s = len(rendered) / warm_s, len(plainly) / plain_s
        figures: dict[str, Any] = {
            "kind": kind.value,
            "documents": len(rendered),
            "ratio": round(compiled_per_s / plain_per_s, 1),
            "compiled_per_s": round(compiled_per_s, 1),
            "plain_per_s": round(plain_per_s, 1),
            "cold_per_s": round(len(contents) / made.seconds, 1),
            "first_s": round(first_s, 2),
            "layouts": made.layouts,
            "fallbacks": sum(made.fallbacks.values()),
            "reasons": dict(made.fallbacks),
            "bytes_per_document": sum(len(each.pdf) for each in rendered) // max(1, len(rendered)),
            "plain_bytes_per_document": sum(len(each.pdf) for each in plainly) // max(1, len(plainly)),
        }
        if stages:
            figures |= _run_batches(settings, home, workers=workers)
    return figures


def _run_batches(settings: Settings, home: Path, *, workers: int) -> dict[str, Any]:
    """A batch from an empty folder, and the same once more, which finds the layouts, in another."""
    now = datetime.combine(AS_OF, datetime.min.time(), UTC)
    first = replace(settings, release=replace(settings.release, statement="auto"))
    elsewhere = home / "again"
    elsewhere.mkdir()
    again = replace(_load_sample_settings(elsewhere), release=first.release, source=first.source, render=first.render)
    figures = {}
    for name, each, folder in (("batch", first, home), ("again", again, elsewhere)):
        with _new_process() as executor:
            figures[name] = executor.submit(run_whole_batch, each, folder, now=now, workers=workers).result()
    return figures


def _load_sample_settings(home: Path) -> Settings:
    return load_settings({"STATEMENTS_CONFIG": str(SAMPLE_SETTINGS), "STATEMENTS_HOME": str(home)}, home)


def _time_first(contents: Sequence[Content], folder: Path) -> float:
    started = time.monotonic()
    with _new_process() as executor:
        executor.submit(_render_cold, contents[:1], folder).result()
        return time.monotonic() - started


def _new_process() -> ProcessPoolExecutor:
    """One that has nothing of what this one knows and holds by now."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


class _Made(NamedTuple):
    """What the making of all layouts took."""

    seconds: float
    layouts: int
    fallbacks: dict[str, int]


def _make_layouts(contents: Sequence[Content], folder: Path) -> _Made:
    """In a process of its own, so that no word that is measured later has been met in this one."""
    with ProcessPoolExecutor(1, mp_context=fork_context()) as executor:
        return executor.submit(_render_cold, contents, folder).result()


def _render_cold(contents: Sequence[Content], folder: Path) -> _Made:
    engine = CompiledEngine(TEMPLATES, folder)
    with infrequent_gc():
        seconds, _ = _render_all(engine, contents)
    return _Made(seconds, engine.compiled, dict(engine.fallbacks))


def _in_turns(
    plain: PlainEngine, compiled: CompiledEngine, contents: Sequence[Content]
) -> tuple[float, float, list[Rendered], list[Rendered]]:
    """Seconds and documents of both engines: in turns, so that a busy machine slows both."""
    plain_s = warm_s = 0.0
    plainly: list[Rendered] = []
    rendered: list[Rendered] = []
    for some in _slices(contents):
        seconds, made = _render_all(plain, some[:1])
        plain_s, plainly = plain_s + seconds, plainly + made
        seconds, made = _render_all(compiled, some)
        warm_s, rendered = warm_s + seconds, rendered + made
    return plain_s, warm_s, plainly, rendered


def sample_contents(folder: Path, documents: int, kind: Kind, settings: Settings) -> list[Content]:
    """Documents of a sample hospital: as many as asked for, or all that there are."""
    url = f"sqlite:///{folder / 'hospital.db'}"
    make_sample(url, guarantors=max(100, _GUARANTORS_PER_DOCUMENT[kind] * documents), seed=1, as_of=AS_OF)
    with open_source("reference", url, SQL_ROOT) as source:
        accounts = source.accounts(as_of=AS_OF, cycle="2026-11")
        composed = (_compose(entry, kind, settings) for entry in accounts if not isinstance(entry, FaultyAccount))
        return list(islice((content for content in composed if content is not None), documents))


def _compose(account: GuarantorAccount, kind: Kind, settings: Settings) -> Content | None:
    if candidate_cents(account, kind, AS_OF) is None:
        return None
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
        )
    except CompositionError:
        return None


def _slices(contents: Sequence[Content]) -> list[Sequence[Content]]:
    """At most `PLAIN_MAX` slices: the plain engine renders the first document of each."""
    step = max(1, -(-len(contents) // PLAIN_MAX))
    return [contents[start : start + step] for start in range(0, len(contents), step)]


def _render_all(engine: Engine, contents: Sequence[Content]) -> tuple[float, list[Rendered]]:
    """Seconds of processor time, and the documents that could be made."""
    outcomes: list[Outcome] = []
    started = time.process_time()
    for start in range(0, len(contents), GROUP):
        outcomes += engine.render_all(contents[start : start + GROUP])
    return time.process_time() - started, [each for each in outcomes if isinstance(each, Rendered)]
