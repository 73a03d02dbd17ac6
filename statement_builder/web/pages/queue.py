"""Work queue: what a clerk works off, grouped and filtered, and as a file."""

from __future__ import annotations

import csv
from io import StringIO

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mail_house.print_files.manifest import escape_formula
from statement_builder.operations.access import list_subjects
from statement_builder.operations.console.clerk_queue import (
    QueueFilter,
    QueueKind,
    QueueRow,
    count_holds,
    group_queue,
    list_queue,
)
from statement_builder.operations.work_queue import list_unclosed_batches
from statement_builder.web.console import context_of, record_view, render

router = APIRouter(prefix="/queue")
SHOWN_MAX = 50
"""Rows of one group on the page, the largest amounts first. The file has them all."""
_COLUMNS = ("kind", "code", "batch", "guarantor", "account", "document", "file", "amount", "until", "why", "to do")


@router.get("")
def show(request: Request, kind: str = "", code: str = "", batch: str = "") -> Response:
    """The page: exceptions and mail first, since a hold is a decision and an exception is not."""
    wanted = QueueFilter(kind=kind, code=code, batch_id=batch)
    rows = list_queue(context_of(request), wanted, holds_max=SHOWN_MAX)
    groups = group_queue(rows)
    shown = [row for group in groups for row in group.rows[:SHOWN_MAX]]
    record_view(request, "queue", list_subjects(shown), batch_id=batch)
    return render(
        request,
        "queue.html",
        groups=groups,
        wanted=wanted,
        kinds=list(QueueKind),
        batches=[each.batch_id for each in list_unclosed_batches(context_of(request))],
        shown_max=SHOWN_MAX,
        held=count_holds(context_of(request), wanted),
    )


@router.get("/export")
def export(request: Request, kind: str = "", code: str = "", batch: str = "") -> Response:
    """The same rows, all of them, as a CSV file for a spreadsheet."""
    rows = list_queue(context_of(request), QueueFilter(kind=kind, code=code, batch_id=batch))
    record_view(request, "queue export", list_subjects(rows), batch_id=batch)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
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
        "" if row.cents is None else f"{row.cents / 100:.2f}",
        row.until.isoformat() if row.until else "",
        row.why,
        row.what_to_do,
    )
