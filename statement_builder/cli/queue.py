"""Commands on the work queue: what waits, who works on it, and what is set aside. The console shows the same rows."""

from __future__ import annotations

from typing import Annotated

import typer

from statement_builder.cli import output
from statement_builder.cli.options import Json, Purpose, opened, parse_day
from statement_builder.operations.access import list_subjects, record_access
from statement_builder.operations.console.clerk_queue import QueueFilter, QueueView, find_rows, list_queue
from statement_builder.operations.console.work_items import WorkAction, WorkChange, change_work_items

queue_app = typer.Typer(help="What waits for a clerk, and who works on it.", no_args_is_help=True)

Items = Annotated[list[str], typer.Argument(metavar="ITEM…", help="Item ids, as `queue list` shows them.")]
Note = Annotated[str, typer.Option(help="Why; it is kept in the event log.")]


@queue_app.command("list")
def list_all(
    view: Annotated[QueueView, typer.Option(help="Which rows.")] = QueueView.OPEN,
    code: Annotated[str, typer.Option(help="Only this code, such as BAD_ADDRESS.")] = "",
    batch: Annotated[str, typer.Option(help="Only this batch. Default: all that are not closed.")] = "",
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """List what waits for a clerk: exceptions, holds, and mail, with the item id, who works on it, and the note."""
    with opened(reads_only=True) as context:
        rows = list_queue(context, QueueFilter(code=code, batch_id=batch, view=view))
        record_access(context, "queue list", list_subjects(rows), batch_id=batch, purpose=purpose)
        today = context.today()
    output.print_json(rows) if as_json else output.show_queue(rows, today)


@queue_app.command("assign")
def assign(items: Items, to: Annotated[str, typer.Option(help="Who works on it. Empty: nobody.")]) -> None:
    """Say who works on it."""
    _change(items, WorkChange(action=WorkAction.ASSIGN, assignee=to))


@queue_app.command("note")
def write_note(items: Items, note: Note) -> None:
    """Write a note."""
    _change(items, WorkChange(action=WorkAction.NOTE, note=note))


@queue_app.command("snooze")
def snooze(
    items: Items, until: Annotated[str, typer.Option(help="Listed again on this day, as 2026-12-01.")], note: Note
) -> None:
    """Set it aside until a day."""
    _change(items, WorkChange(action=WorkAction.SNOOZE, note=note, until=parse_day(until, "--until")))


@queue_app.command("done")
def finish(items: Items, note: Note) -> None:
    """Set it aside until a later batch finds the same."""
    _change(items, WorkChange(action=WorkAction.DONE, note=note))


@queue_app.command("reopen")
def reopen(items: Items, note: Note = "") -> None:
    """List it again."""
    _change(items, WorkChange(action=WorkAction.REOPEN, note=note))


def _change(items: list[str], change: WorkChange) -> None:
    with opened() as context:
        rows = find_rows(context, items, QueueFilter())
        record_access(context, f"queue {change.action}", list_subjects(rows))
        output.say(change_work_items(context, [row.item for row in rows], change))
