"""Where the time of a whole batch goes: from an empty folder, from the pull to the print files."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from deflate import zlib_compress

from pdf_kit import Objects, PdfFile
from statement_builder.archive import PackReader
from statement_builder.billing.selection import Kind
from statement_builder.devtools.peak_memory import PeakMemory
from statement_builder.ledger import Batch
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.settings import Settings
from statement_builder.stopwatch import Stopwatch

STAGES = (
    "pull",
    "select",
    "compose",
    "fill",
    "verify",
    "archive",
    "ledger",
    "recheck",
    "print file",
    "hand over",
)
"""In their order. The making of layouts is in `fill`; the reading of the source before hand-off is in `recheck`."""
_FLOOR_DOCUMENTS_MAX = 500


def run_whole_batch(settings: Settings, folder: Path, *, now: datetime, workers: int) -> dict[str, Any]:
    """Run a statement batch of the source in the settings, everybody on paper, up to its print files.

    `stages` are milliseconds of processor time a document, over all processes; `documents_per_s` is by the clock on the
    wall; `memory_mib` is what all processes together took at the most. `floor_ms` is what merely deflating, hashing and
    writing the same bytes takes.
    """
    _put_everybody_on_paper(settings.source.url)
    with open_context(settings, environ={}, now=lambda: now, actor="bench", workers=workers) as context:
        batch = open_batch(context, kind=Kind.STATEMENT, cycle=f"{now:%Y-%m}", as_of=now.date(), limit=None)
        with PeakMemory() as memory:
            started = time.monotonic()
            walk_batch(context, batch.batch_id, until=Step.BUILD)
            built = time.monotonic()
            walk_batch(context, batch.batch_id, until=Step.HAND_OFF, release=True)
            ended = time.monotonic()
        documents = context.ledger.control_totals.get(batch.batch_id).counts.handed_off
        return {
            "documents": documents,
            "workers": workers,
            "documents_per_s": round(documents / (ended - started), 1),
            "memory_mib": memory.bytes >> 20,
            "seconds": {"pull and build": round(built - started, 1), "hand-off": round(ended - built, 1)},
            "stages": _per_document(context.watch.spent_s, documents),
            "floor_ms": _floor_ms(context, batch, folder),
        }


def _put_everybody_on_paper(url: str) -> None:
    """What is measured ends with print files; how fast e-mail goes depends on somebody else's server."""
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE guarantor SET email_consent_at = NULL, delivery = 'paper'"))
    engine.dispose()


def _per_document(spent_s: Mapping[str, float], documents: int) -> dict[str, float]:
    return {stage: round(1000 * spent_s.get(stage, 0.0) / max(1, documents), 3) for stage in STAGES}


def _floor_ms(context: AppContext, batch: Batch, folder: Path) -> float:
    watch, count = Stopwatch(), 0
    with (folder / "floor").open("wb") as file:
        for pdf, contents in _some_documents(context, batch):
            with watch("floor"):
                for content in contents:
                    zlib_compress(content, 4)
                hashlib.sha256(pdf).digest()
                file.write(pdf)
            count += 1
    return round(1000 * watch.spent_s["floor"] / max(1, count), 3)


def _some_documents(context: AppContext, batch: Batch) -> Iterator[tuple[bytes, list[bytes]]]:
    """Files, and the content streams in them, inflated."""
    packs, known = PackReader(context.archive), dict[bytes, Objects]()
    shard = context.ledger.shards.for_batch(batch.batch_id)[0]
    for document in context.ledger.documents.for_batch(batch.batch_id, sequence=shard.sequence)[:_FLOOR_DOCUMENTS_MAX]:
        if document.sha256:
            pdf = packs.read(document.pack_key, document.offset, document.length, document.sha256)
            file = PdfFile(pdf, known)
            yield pdf, [zlib.decompress(file.packed(file.contents(page))) for page in file.pages()]
