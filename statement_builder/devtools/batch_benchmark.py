"""Measure a whole batch, stage by stage, from the pull to the print files."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import psutil
import sqlalchemy
from deflate import zlib_compress

from pdf_kit import Objects, PdfFile, UnsupportedPdf
from statement_builder.archive import PackReader
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.devtools.peak_memory import PeakMemory
from statement_builder.ledger import Batch
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.settings import Settings
from statement_builder.stopwatch import Spent, Stopwatch

STAGES = (
    "pull",
    "select",
    "compose",
    "fill",
    "verify",
    "archive",
    "ledger",
    "archive check",
    "recheck",
    "print file",
    "hand over",
)
"""In order. Compiling layouts counts as `fill`; reading the source before hand-off counts as `recheck`."""
_FLOOR_DOCUMENTS_MAX = 500


class BatchBenchmark(Record, kw_only=True):
    """One measured batch."""

    documents: int
    workers: int
    documents_per_s: float
    """By wall clock, pull to print files."""
    memory_mib: int
    """Peak memory of all processes together."""
    seconds: dict[str, float]
    """Wall-clock seconds per half of the run."""
    processor_ms: float
    """Milliseconds of processor time per document, over all processes, from their start to their end."""
    stages: dict[str, float]
    """Stage → milliseconds of processor time per document, over all processes. Their start is in none."""
    elapsed: dict[str, float]
    """Stage → milliseconds per document until it was done, over all processes, which work at the same time."""
    floor_ms: float
    """Milliseconds per document to deflate, hash and write the same bytes, and nothing else."""


def run_whole_batch(settings: Settings, folder: Path, *, now: datetime, workers: int) -> BatchBenchmark:
    """Run and measure a statement batch from the source in the settings, with all documents on paper."""
    _switch_all_to_paper(settings.source.url)
    with open_context(settings, environ={}, now=lambda: now, actor="bench", workers=workers) as context:
        batch = open_batch(context, kind=Kind.STATEMENT, cycle=f"{now:%Y-%m}", as_of=now.date(), limit=None)
        with PeakMemory() as memory:
            started, processor_s = time.monotonic(), _processor_s()
            batch = walk_batch(context, batch, until=Step.BUILD)
            built = time.monotonic()
            accepted = frozenset(check.code for check in pending_checks(context, batch))
            walk_batch(context, batch, until=Step.HAND_OFF, accepted=accepted)
            ended, processor_s = time.monotonic(), _processor_s() - processor_s
        documents = context.ledger.control_totals.get(batch.batch_id).counts.handed_off
        return BatchBenchmark(
            documents=documents,
            workers=workers,
            documents_per_s=round(documents / (ended - started), 1),
            memory_mib=memory.bytes >> 20,
            seconds={"pull and build": round(built - started, 1), "hand-off": round(ended - built, 1)},
            processor_ms=round(1000 * processor_s / max(1, documents), 3),
            stages=_per_document(context.watch.spent, documents, lambda spent: spent.processor_s),
            elapsed=_per_document(context.watch.spent, documents, lambda spent: spent.elapsed_s),
            floor_ms=_measure_floor(context, batch, folder),
        )


def _switch_all_to_paper(url: str) -> None:
    """The benchmark ends with print files, since the speed of e-mail depends on someone else's server."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE guarantor SET email_consent_at = NULL, delivery = 'paper'"))
    engine.dispose()


def _processor_s() -> float:
    """Processor time of this process and all that it started, also of those that have ended."""
    processes = (own := psutil.Process(), *own.children(recursive=True))
    return sum(sum(each.cpu_times()[:4]) for each in processes)


def _per_document(spent: Mapping[str, Spent], documents: int, part: Callable[[Spent], float]) -> dict[str, float]:
    return {stage: round(1000 * part(spent.get(stage, Spent())) / max(1, documents), 3) for stage in STAGES}


def _measure_floor(context: AppContext, batch: Batch, folder: Path) -> float:
    watch, count = Stopwatch(), 0
    with (folder / "floor").open("wb") as file:
        for pdf, contents in _read_documents(context, batch):
            with watch("floor"):
                for content in contents:
                    zlib_compress(content, 4)
                hashlib.sha256(pdf).digest()
                file.write(pdf)
            count += 1
    return round(1000 * watch.spent["floor"].processor_s / max(1, count), 3)


def _read_documents(context: AppContext, batch: Batch) -> Iterator[tuple[bytes, list[bytes]]]:
    """Yield PDFs of the first shard, each with its inflated content streams."""
    packs, shared_objects = PackReader(context.archive), dict[bytes, Objects]()
    shard = context.ledger.shards.for_batch(batch.batch_id)[0]
    for document in context.ledger.documents.for_batch(batch.batch_id, sequence=shard.sequence)[:_FLOOR_DOCUMENTS_MAX]:
        if document.sha256:
            pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
            try:
                file = PdfFile(pdf, shared_objects)
            except UnsupportedPdf:  # WeasyPrint's own, or with pages drawn over it
                continue
            yield pdf, [zlib.decompress(file.deflated(file.contents(page))) for page in file.pages()]
