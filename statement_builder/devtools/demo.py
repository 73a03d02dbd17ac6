"""The demo: one cycle of a sample hospital, with every kind of document, on this machine. Nothing leaves it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel, Kind
from statement_builder.devtools.demo_page import Example, write_demo_page
from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, Document
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.queries import write_document
from statement_builder.operations.run import open_batch, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.operations.summaries import BatchSummary, summarize_batch
from statement_builder.pipeline.context import AppContext
from statement_builder.resources import SAMPLE_SETTINGS
from statement_builder.settings import URL_VARIABLES, find_settings_file, home_folder
from statement_builder.source import make_sample

RELEASED_BY = "demo-supervisor"
"""Final notices must be released by a user other than the one who opened the batch."""


class DemoResult(Record, kw_only=True):
    """The batches of the demo, and where to look."""

    batches: tuple[BatchSummary, ...]
    places: dict[str, str]
    """What it made → where it is."""
    index: str
    """The page to open."""


def prepare_demo_home(environ: Mapping[str, str], working_folder: Path) -> Path:
    """Write the sample settings into the folder that the demo uses, and return that folder.

    `ConfigError` if other settings would apply: a demo must never reach a real ledger or vendor.
    """
    variables = sorted(variable for variable in URL_VARIABLES.values() if environ.get(variable))
    if variables:
        raise ConfigError(f"The demo uses only its own folder; unset {', '.join(variables)} first.")
    home = home_folder(environ, working_folder)
    sample = SAMPLE_SETTINGS.read_bytes()
    found = find_settings_file(environ, working_folder)
    if found is not None and (found.parent != home or found.read_bytes() != sample):
        raise ConfigError(
            f"The demo would use the settings in {found}. Set STATEMENTS_HOME to another folder, and run the demo from "
            "a folder without a statements.toml."
        )
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "statements.toml").write_bytes(sample)
    return home


def run_demo(context: AppContext, home: Path, *, guarantors: int, report: Callable[[str], None]) -> DemoResult:
    """Run and release this month's batch of every kind, and write a page that shows them.

    `report` receives a line after each step. A second demo in the same month changes no batch.
    """
    cycle = f"{context.today():%Y-%m}"
    if all(context.ledger.batches.get(batch_id_of(cycle, kind)) is None for kind in Kind):
        with _timed(report) as step:
            _make_hospital(home / "hospital.db", guarantors=guarantors, context=context)
            step.append(f"Sample hospital: {guarantors:,} guarantors")
    batches, summaries, examples = [], [], []
    for kind in Kind:
        with _timed(report) as step:
            started = time.monotonic()
            batch = open_batch(context, kind=kind, cycle=cycle, as_of=None, limit=None)
            batch = walk_batch(context, batch, until=Step.BUILD)
            accepted = frozenset(check.code for check in pending_checks(context, batch))
            batch = walk_batch(replace(context, actor=RELEASED_BY), batch, accepted=accepted)
            summary = summarize_batch(context, batch, seconds=time.monotonic() - started)
            step.append(f"{batch.batch_id}: {_describe(summary)}")
        batches.append(batch)
        summaries.append(summary)
        examples += _write_examples(context, batch, home / "examples")
    with _timed(report) as step:
        index = write_demo_page(context, home, list(zip(batches, summaries, strict=True)), examples)
        step.append(f"Index page: {len(examples)} sample documents")
    return DemoResult(batches=tuple(summaries), places=_list_places(home, examples), index=str(index))


@contextmanager
def _timed(report: Callable[[str], None]) -> Iterator[list[str]]:
    """Report what the block appends, with the seconds that it took."""
    step: list[str] = []
    started = time.monotonic()
    yield step
    report(f"{' '.join(step)} ({time.monotonic() - started:.1f} s)")


def _describe(summary: BatchSummary) -> str:
    counts = summary.counts
    noun = "document" if counts["rendered"] == 1 else "documents"
    return f"{counts['rendered']:,} {noun}, {counts['print']:,} printed, {counts['email']:,} e-mailed"


def _list_places(home: Path, examples: list[Example]) -> dict[str, str]:
    return {
        "one page of each kind": ", ".join(sorted(str(example.path) for example in examples)),
        "print files for the vendor": str(home / "outbox" / "print"),
        "e-mails": str(home / "outbox" / "email"),
        "archive": str(home / "archive"),
    }


def _make_hospital(path: Path, *, guarantors: int, context: AppContext) -> None:
    """Make the database under another name first, so that an interrupted demo leaves no incomplete hospital."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    make_sample(f"sqlite:///{part}", guarantors=guarantors, as_of=context.today())
    part.replace(path)


def _write_examples(context: AppContext, batch: Batch, folder: Path) -> list[Example]:
    """Write the first printed document of each dunning level as a PDF file."""
    folder.mkdir(exist_ok=True)
    first_of_level: dict[int, Document] = {}
    for document in context.ledger.documents.for_batch(batch.batch_id, channel=Channel.PRINT):
        if document.sha256:
            first_of_level.setdefault(document.level, document)
    examples = []
    for level, document in sorted(first_of_level.items()):
        name = f"{document.kind.value}-level-{level}" if level else document.kind.value
        title = document.kind.noun.capitalize() + (f", level {level}" if level else "")
        path = folder / f"{name}.pdf"
        write_document(context, document, path)
        examples.append(Example(title=title, path=path, pages=document.pages))
    return examples
