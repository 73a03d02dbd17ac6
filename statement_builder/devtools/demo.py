"""A sample hospital, one cycle, every kind of document: the whole way on this machine, with nothing sent anywhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.selection import Channel, Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import Document
from statement_builder.operations.queries import write_document
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.summaries import summarise_batch
from statement_builder.pipeline.context import AppContext
from statement_builder.resources import SAMPLE_SETTINGS
from statement_builder.settings import URL_VARIABLES, find_settings_file, home_folder
from statement_builder.source import make_sample

RELEASED_BY = "demo-supervisor"
"""Final notices want somebody other than who opened the batch."""


def prepare_demo_home(environ: Mapping[str, str], working_folder: Path) -> Path:
    """The folder that the demo lives in, with the sample settings in it.

    `ConfigError` where settings of a real hospital would be used: a demo must never reach a real ledger or vendor.
    """
    named = sorted(variable for variable in URL_VARIABLES.values() if environ.get(variable))
    if named:
        raise ConfigError(f"The demo uses only its own folder; unset {', '.join(named)} first.")
    home = home_folder(environ, working_folder)
    sample = SAMPLE_SETTINGS.read_bytes()
    found = find_settings_file(environ, working_folder)
    if found is not None and (found.parent != home or found.read_bytes() != sample):
        raise ConfigError(
            f"The demo would run with the settings of {found}. Set STATEMENTS_HOME to another folder and run it from a "
            "folder without a statements.toml."
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "statements.toml").write_bytes(sample)
    return home


def run_demo(context: AppContext, home: Path, *, guarantors: int) -> list[dict[str, Any]]:
    """Run all three batches of this month, released at once; their summaries. Done already, it changes nothing."""
    today = context.today()
    cycle = f"{today:%Y-%m}"
    if all(context.ledger.batches.get(batch_id_of(cycle, kind)) is None for kind in Kind):
        context.progress("sample hospital", 0, guarantors)
        _make_hospital(home / "hospital.db", guarantors=guarantors, context=context)
    summaries = []
    for kind in Kind:
        started = time.monotonic()
        batch = open_batch(context, kind=kind, cycle=cycle, as_of=None, limit=None)
        batch = walk_batch(replace(context, actor=RELEASED_BY), batch.batch_id, release=True)
        summaries.append(summarise_batch(context, batch, seconds=time.monotonic() - started))
        _write_examples(context, batch.batch_id, home / "examples")
    return summaries


def demo_places(context: AppContext, home: Path) -> dict[str, str]:
    """Where a person finds what the demo made."""
    first = sorted((home / "examples").glob("*.pdf"))
    return {
        "one page of each kind": ", ".join(str(path) for path in first),
        "print files for the vendor": str(home / "outbox" / "print"),
        "e-mails": str(home / "outbox" / "email"),
        "archive": str(home / "archive"),
    }


def _make_hospital(path: Path, *, guarantors: int, context: AppContext) -> None:
    """Made aside and moved into place, so that a demo that was stopped half-way leaves no half hospital."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    make_sample(f"sqlite:///{part}", guarantors=guarantors, as_of=context.today())
    part.replace(path)


def _write_examples(context: AppContext, batch_id: str, folder: Path) -> None:
    """One printed document of each level, as a file that can simply be opened."""
    folder.mkdir(exist_ok=True)
    by_name: dict[str, Document] = {}
    for document in context.ledger.documents.for_batch(batch_id, channel=Channel.PRINT):
        name = f"{document.kind.value}-level-{document.level}" if document.level else document.kind.value
        if document.sha256:
            by_name.setdefault(name, document)
    for name, document in by_name.items():
        write_document(context, document.document_id, folder / f"{name}.pdf")
