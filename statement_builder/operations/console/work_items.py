"""What a clerk does with rows of the work queue: assign, note, snooze, finish, reopen. Each change is an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from msgspec.structs import replace

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger import WORK_QUEUE, WorkItem
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext

SNOOZE_DAYS_MAX = 366
_NOTE_CHARACTERS_MAX = 2_000
_ASSIGNEE_CHARACTERS_MAX = 64


class WorkAction(StrEnum):
    """What can be done with a row."""

    ASSIGN = "assign"
    NOTE = "note"
    SNOOZE = "snooze"
    """Set it aside until a day."""
    DONE = "done"
    """Set it aside until a later batch finds the same."""
    REOPEN = "reopen"


_EVENTS = {
    WorkAction.ASSIGN: "assigned",
    WorkAction.NOTE: "noted",
    WorkAction.SNOOZE: "snoozed",
    WorkAction.DONE: "done",
    WorkAction.REOPEN: "reopened",
}


class WorkChange(Record, kw_only=True):
    """What a person does with rows, and why."""

    action: WorkAction
    note: str = ""
    assignee: str = ""
    """For `assign`: who works on it. Empty: nobody any longer."""
    until: date | None = None
    """For `snooze`: the first day on which the row is listed again."""


def change_work_items(context: AppContext, items: Sequence[WorkItem], change: WorkChange) -> str:
    """Record the change for each of these items. Returns a sentence for the operator.

    `ConfigError` for no item, a missing note or day, a day that is not ahead, or a text that is too long; `NotAllowed`.
    """
    if not items:
        raise ConfigError("Choose at least one row.")
    change = replace(change, note=" ".join(change.note.split()), assignee=change.assignee.strip())
    _require_complete(change, context.today())
    for item in items:
        authorize(context, "work", batch_id=WORK_QUEUE, subject=item.item_id)
    changed = [_apply(item, change, context) for item in items]
    context.ledger.work_items.save(
        context.facility.facility_id, changed, what=_EVENTS[change.action], why=_describe(change)
    )
    rows = "1 row" if len(items) == 1 else f"{len(items):,} rows"
    return f"{rows}: {_describe(replace(change, note='')) or _EVENTS[change.action]}."


def _require_complete(change: WorkChange, today: date) -> None:
    needs_note = change.action in (WorkAction.NOTE, WorkAction.SNOOZE, WorkAction.DONE)
    if needs_note and not change.note:
        raise ConfigError("Write a note: a row is not set aside without a reason.")
    if len(change.note) > _NOTE_CHARACTERS_MAX:
        raise ConfigError(f"A note has at most {_NOTE_CHARACTERS_MAX:,} characters.")
    if len(change.assignee) > _ASSIGNEE_CHARACTERS_MAX or not change.assignee.isprintable():
        raise ConfigError(f"A user's name has at most {_ASSIGNEE_CHARACTERS_MAX} printable characters.")
    if change.action is WorkAction.SNOOZE:
        if change.until is None:
            raise ConfigError("Say until which day the row is set aside.")
        days = (change.until - today).days
        if not 0 < days <= SNOOZE_DAYS_MAX:
            raise ConfigError(f"A row can be set aside until a day from tomorrow to {SNOOZE_DAYS_MAX} days ahead.")


def _apply(item: WorkItem, change: WorkChange, context: AppContext) -> WorkItem:
    now = context.now()
    item = replace(item, changed_by=context.actor, changed_at=now, note=change.note or item.note)
    match change.action:
        case WorkAction.ASSIGN:
            return replace(item, assignee=change.assignee)
        case WorkAction.NOTE:
            return item
        case WorkAction.SNOOZE:
            return replace(item, snoozed_until=change.until, done_at=None)
        case WorkAction.DONE:
            return replace(item, done_at=now, snoozed_until=None)
        case WorkAction.REOPEN:
            return replace(item, done_at=None, snoozed_until=None)


def _describe(change: WorkChange) -> str:
    match change.action:
        case WorkAction.ASSIGN:
            what = f"assigned to {change.assignee}" if change.assignee else "assigned to nobody"
        case WorkAction.SNOOZE:
            what = f"set aside until {change.until}"
        case WorkAction.NOTE | WorkAction.DONE | WorkAction.REOPEN:
            what = ""
    return ": ".join(filter(None, (what, change.note)))
