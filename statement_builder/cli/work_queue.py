"""Commands for the clerk: exceptions and holds."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import BatchId, Json, Purpose, opened
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.operations.queries import list_exceptions, list_holds
from statement_builder.operations.work_queue import list_unclosed_batches, list_work_queue


def exceptions(
    batch_id: Annotated[
        str | None, typer.Argument(metavar="BATCH", help="A batch id. Default: all batches that are not closed.")
    ] = None,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """List what could not be decided, made or mailed, with the reason and the fix."""
    with opened(reads_only=True) as context:
        batch = None if batch_id is None else context.require_batch(batch_id)
        batches = list_unclosed_batches(context) if batch is None else [batch]
        rows = [row for each in batches for row in list_exceptions(context, each)]
        rows += list_work_queue(context, batch)
        subjects = list_subjects(rows)
        record_access(context, "exceptions", subjects, batch_id=batch_id or "", purpose=purpose)
        output.print_json(rows) if as_json else output.show_exceptions(rows)


def holds(batch_id: BatchId, purpose: Purpose = "", as_json: Json = False) -> None:
    """List the held accounts with every reason, and what ends each hold."""
    with opened(reads_only=True) as context:
        rows = list_holds(context, context.require_batch(batch_id))
        record_access(context, "holds", list_subjects(rows), batch_id=batch_id, purpose=purpose)
        output.print_json(rows) if as_json else output.show_held(rows)
