"""Work queue: what a clerk works off, grouped and filtered, with who works on it; and as a file."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from mail_house.print_files.manifest import escape_formula
from statement_builder.errors import ConfigError, NotAllowed
from statement_builder.operations.access import list_subjects
from statement_builder.operations.console.clerk_queue import (
    QueueFilter,
    QueueKind,
    QueueRow,
    QueueView,
    count_holds,
    find_rows,
    group_queue,
    list_queue,
)
from statement_builder.operations.console.work_items import WorkAction, WorkChange, change_work_items
from statement_builder.operations.work_queue import list_unclosed_batches
from statement_builder.web.console import console_of, context_of, record_view, redirect, render, visitor_of
from statement_builder.web.forms import Form, SentForm
from statement_builder.web.languages import N_
from statement_builder.web.tokens import InvalidToken

router = APIRouter(prefix="/queue")
SHOWN_MAX = 50
"""Rows of one group on the page, the largest amounts first. The file has them all."""
DONE = "done"
"""The purpose of the token that stands for the sentence about what was done."""
_COLUMNS = ("kind", "code", "batch", "guarantor", "account", "document", "file", "amount", "until", "why", "to do")
_BUTTONS = {
    WorkAction.ASSIGN: N_("Assign"),
    WorkAction.NOTE: N_("Save the note"),
    WorkAction.SNOOZE: N_("Snooze"),
    WorkAction.DONE: N_("Done"),
    WorkAction.REOPEN: N_("Reopen"),
}
_WORK_COLUMNS = ("assigned to", "note", "snoozed until", "done at")


def _read_filter(kind: str = "", code: str = "", batch: str = "", view: QueueView = QueueView.OPEN) -> QueueFilter:
    return QueueFilter(kind=kind, code=code, batch_id=batch, view=view)


Wanted = Annotated[QueueFilter, Depends(_read_filter)]


@router.get("")
def show(request: Request, wanted: Wanted, done: str = "") -> Response:
    """The page: exceptions and mail first, since a hold is a decision and an exception is not."""
    rows = list_queue(context_of(request), wanted, holds_max=SHOWN_MAX)
    groups = group_queue(rows)
    shown = [row for group in groups for row in group.rows[:SHOWN_MAX]]
    record_view(request, "queue", list_subjects(shown), batch_id=wanted.batch_id)
    return render(
        request,
        "queue.html",
        groups=groups,
        wanted=wanted,
        kinds=list(QueueKind),
        views=list(QueueView),
        actions=[(each, _BUTTONS[each]) for each in WorkAction],
        done=_unseal_done(request, done),
        me=context_of(request).actor,
        today=context_of(request).today(),
        tomorrow=context_of(request).today() + timedelta(days=1),
        batches=[each.batch_id for each in list_unclosed_batches(context_of(request))],
        shown_max=SHOWN_MAX,
        held=count_holds(context_of(request), wanted) if wanted.view in (QueueView.OPEN, QueueView.ALL) else Counter(),
    )


@router.post("/items")
def change(request: Request, form: SentForm) -> Response:
    """Assign, note, snooze, finish or reopen the chosen rows, and go back to the list."""
    context = context_of(request)
    try:
        group = QueueFilter(kind=form.text("group_kind"), code=form.text("group_code"), batch_id=form.text("batch"))
        rows = find_rows(context, form.texts("item"), group)
        record_view(request, "queue", list_subjects(rows))
        sentence = change_work_items(context, [row.item for row in rows], _read_change(form))
    except NotAllowed:
        raise
    except ConfigError as exc:
        raise HTTPException(400, str(exc)) from exc
    filters = {name: form.text(name) for name in ("kind", "code", "batch", "view") if form.text(name)}
    filters["done"] = console_of(request).box.seal(DONE, sentence, visitor_of(request).session)
    return redirect(request, f"/queue?{urlencode(filters)}")


def _read_change(form: Form) -> WorkChange:
    """What the form asks for. `ConfigError` for a button or a day that there is not."""
    action, until = form.text("action"), form.text("until")
    if action not in list(WorkAction):
        raise ConfigError("Choose what to do with the rows: one of the buttons below the list.")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError as exc:
        raise ConfigError("The day is not a date such as 2026-12-01.") from exc
    return WorkChange(action=WorkAction(action), note=form.text("note"), assignee=form.text("assignee"), until=day)


def _unseal_done(request: Request, token: str) -> str:
    """What was just done with rows; empty if nothing was, or the address is of an earlier session."""
    try:
        return console_of(request).box.unseal(DONE, token, visitor_of(request).session) if token else ""
    except InvalidToken:
        return ""


@router.get("/export")
def export(request: Request, wanted: Wanted) -> Response:
    """The same rows, all of them, as a CSV file for a spreadsheet."""
    rows = list_queue(context_of(request), wanted)
    record_view(request, "queue export", list_subjects(rows), batch_id=wanted.batch_id)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow((*_COLUMNS, *_WORK_COLUMNS))
    writer.writerows([escape_formula(cell) for cell in _cells(row)] for row in rows)
    headers = {"Content-Disposition": 'attachment; filename="work-queue.csv"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cells(row: QueueRow) -> tuple[str, ...]:
    return (
        row.kind.value,
        row.code,
        row.batch_id,
        row.guarantor_id,
        row.account_number,
        row.document_id,
        row.file,
        "" if row.cents is None else str(Decimal(row.cents).scaleb(-2)),
        row.until.isoformat() if row.until else "",
        row.why,
        row.what_to_do,
        row.item.assignee,
        row.item.note,
        row.item.snoozed_until.isoformat() if row.item.snoozed_until else "",
        row.item.done_at.isoformat(timespec="seconds") if row.item.done_at else "",
    )
