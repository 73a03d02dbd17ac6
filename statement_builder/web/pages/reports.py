"""Reports: the reports of the billing office on screen with their plots, and as files."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from statement_builder.billing.selection import Kind
from statement_builder.ledger import BatchState
from statement_builder.operations.reports.formats import Format
from statement_builder.operations.reports.registry import REPORTS, ReportDefinition
from statement_builder.operations.reports.write import CLOCK_DAYS
from statement_builder.web.console import context_of, find_job, language_of, make_order, redirect, render, start
from statement_builder.web.forms import Form, SentForm
from statement_builder.web.orders import ReportOptions

router = APIRouter(prefix="/reports")
_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.HTML: "text/html; charset=utf-8",
    Format.JSON: "application/json",
}
_DAYS_MAX = 3_660
_PURPOSE_CHARACTERS_MAX = 200


@router.get("")
def show_list(request: Request) -> Response:
    """The list of reports. It shows nobody's data."""
    return render(request, "reports.html", reports=REPORTS.values())


@router.get("/{name}")
def show(request: Request, name: str) -> Response:
    """One report: what it takes, and its rows if they were asked for."""
    definition = _find(name)
    job = find_job(request, "report", name)
    batches = [
        batch
        for batch in context_of(request).ledger.batches.all()
        if batch.kind is Kind.STATEMENT and batch.limit is None and batch.state is not BatchState.OPEN
    ]
    return render(
        request,
        "report.html",
        definition=definition,
        made=job if job and not job.is_running else None,
        options=(job.order.report if job else None) or ReportOptions(),
        formats=list(Format),
        batches=[batch.batch_id for batch in batches],
        today=context_of(request).today(),
        days=CLOCK_DAYS,
        days_max=_DAYS_MAX,
    )


@router.post("/{name}")
def make(request: Request, name: str, form: SentForm) -> Response:
    """Make the report, or its file: it may read the whole billing system, so it is an action with progress."""
    definition = _find(name)
    options = _read_options(form, definition, language_of(request))
    order = make_order(request, "report", name, report=options)
    job = start(request, order)
    is_ready = options.file_format and job.result is not None and not job.is_running
    return redirect(request, f"/reports/{name}/file" if is_ready else f"/reports/{name}", job)


@router.get("/{name}/file")
def show_file(request: Request, name: str) -> Response:
    """The file that this session asked for. The view of its persons was recorded when it was made."""
    job = find_job(request, "report", name)
    if job is None or job.file is None or job.order.report is None:
        raise HTTPException(404, "This file is not kept any more. Make the report again.")
    wanted = Format(job.order.report.file_format)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{wanted}"'}
    return StreamingResponse(job.file.read(), media_type=_TYPES[wanted], headers=headers)


@router.get("/{name}/plots/{number}")
def show_plot(request: Request, name: str, number: int) -> Response:
    """A plot of the report that this session asked for, as a vector picture."""
    job = find_job(request, "report", name)
    screen = job.result.screen if job and job.result else None
    if screen is None or not 1 <= number <= len(screen.plots):
        raise HTTPException(404, "This plot is not kept any more. Make the report again.")
    return Response(screen.plots[number - 1], media_type="image/svg+xml")


def _find(name: str) -> ReportDefinition:
    if name not in REPORTS:
        raise HTTPException(404, "There is no such report.")
    return REPORTS[name]


def _read_options(form: Form, definition: ReportDefinition, language: str) -> ReportOptions:
    """What the form asks for. 400 for a day or a number that is none."""
    takes, file_format, days = definition.takes, form.text("format"), form.text("days")
    if file_format and file_format not in list(Format):
        raise HTTPException(400, "Choose one of the files below the report.")
    if days and not (days.isascii() and days.isdecimal() and int(days) <= _DAYS_MAX):
        raise HTTPException(400, f"Days ahead are a number from 0 to {_DAYS_MAX:,}.")
    return ReportOptions(
        as_of=_read_day(form, "as_of") if "as_of" in takes and not form.text("batch") else None,
        since=_read_day(form, "since") if "since" in takes else None,
        days=int(days) if days and "days" in takes else None,
        batch_id=form.text("batch") if "batch" in takes else "",
        purpose=form.text("purpose")[:_PURPOSE_CHARACTERS_MAX],
        file_format=file_format,
        language=language,
    )


def _read_day(form: Form, name: str) -> date | None:
    text = form.text(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as exc:
        raise HTTPException(400, "A day is a date such as 2026-12-01.") from exc
