"""Batch: its gates as a picture, what must be decided, its proof, and the decision."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from msgspec.structs import replace

from statement_builder.operations.access import list_subjects
from statement_builder.operations.approval.proof import list_proof, list_unopened
from statement_builder.operations.approval.release import fingerprint_batch, pending_checks
from statement_builder.operations.approval.release_codes import RELEASE_BY_NAME
from statement_builder.operations.console.today import read_progress
from statement_builder.operations.control_sheet import decode_control_sheet, read_archived_sheet
from statement_builder.operations.show import show_batch
from statement_builder.operations.summaries import summarize_batch, summarize_previous
from statement_builder.pipeline.archived import read_archived
from statement_builder.policy.hold_codes import HOLD_CODES
from statement_builder.web.console import (
    console_of,
    context_of,
    make_order,
    pdf_response,
    record_view,
    redirect,
    render,
    start,
)
from statement_builder.web.flow import draw_flow
from statement_builder.web.forms import Form, SentForm
from statement_builder.web.orders import Order
from statement_builder.web.page_pictures import PREVIEW_DOTS_PER_INCH, draw_page
from statement_builder.web.plot import plot_cycles

router = APIRouter(prefix="/batches/{batch_id}")
CYCLES_SHOWN = 12


@router.get("")
def show(request: Request, batch_id: str) -> Response:
    """The whole page."""
    context = context_of(request)
    batch = context.require_batch(batch_id)
    checks = pending_checks(context, batch)
    seen = fingerprint_batch(context, batch, checks) if checks else ""  # first: what changes while reading is refused
    details = show_batch(context, batch)
    proof = list_proof(context, batch)
    record_view(request, "batch", list_subjects(details, proof), batch_id=batch_id)
    return render(
        request,
        "batch.html",
        batch=batch,
        details=details,
        stages=draw_flow(details),
        hold_titles={code: HOLD_CODES[code].title for code in details.holds if code in HOLD_CODES},
        checks=checks,
        by_name=[check for check in checks if check.code not in RELEASE_BY_NAME],
        seen=seen,
        plot=plot_cycles([*summarize_previous(context, batch, count=CYCLES_SHOWN), summarize_batch(context, batch)]),
        proof=proof,
        unopened=frozenset(list_unopened(context, batch, proof)),
        requires_proof=context.settings.console.requires_proof,
        progress=read_progress(context, batch, details),
        running=console_of(request).jobs.running(batch_id),
        now_s=console_of(request).jobs.now_s(),
    )


@router.get("/control-sheet")
def show_control_sheet(request: Request, batch_id: str) -> Response:
    """The control sheet as it was archived when the batch closed, as a PDF."""
    context = context_of(request)
    batch = context.require_batch(batch_id)
    sheet = decode_control_sheet(read_archived_sheet(context, batch, ".json"))
    record_view(request, "control sheet", list_subjects(sheet), batch_id=batch_id)
    return pdf_response(request, read_archived_sheet(context, batch, ".pdf"), f"{batch_id}-control-sheet")


@router.get("/proof.png")
def show_proof_page(request: Request, batch_id: str) -> Response:
    """The first page of the proof's first document, for a page that is not the console's: an approval in Airflow."""
    context = context_of(request)
    proof = list_proof(context, context.require_batch(batch_id))
    if not proof:
        raise HTTPException(404, "This batch has no document to show.")
    document = context.require_document(proof[0].document_id)
    record_view(request, "proof picture", list_subjects([document]), batch_id=batch_id)
    picture = draw_page(read_archived(context, document), 1, dots_per_inch=PREVIEW_DOTS_PER_INCH)
    return Response(picture, media_type="image/png")


@router.get("/progress")
def show_progress(request: Request, batch_id: str) -> Response:
    """The part that htmx refreshes. When the work has ended, it asks the browser to load the whole page again."""
    context, jobs = context_of(request), console_of(request).jobs
    batch = context.require_batch(batch_id)
    running = jobs.running(batch_id)
    progress = read_progress(context, batch, summarize_batch(context, batch))
    answer = render(request, "progress.html", batch=batch, progress=progress, running=running, now_s=jobs.now_s())
    if running is None:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _order(request: Request, verb: str, batch_id: str, form: Form) -> Order:
    values = {"reason": form.text("reason"), "accepted": form.texts("accept"), "seen": form.text("seen")}
    return make_order(request, verb, batch_id, **values)


@router.post("/release")
def release(request: Request, batch_id: str, form: SentForm) -> Response:
    """Release it, with what the person accepted and what they had seen."""
    _require_own_batches(request)
    return _start(request, batch_id, _order(request, "release", batch_id, form))


@router.post("/reject")
def reject(request: Request, batch_id: str, form: SentForm) -> Response:
    """Reject it, with a reason."""
    _require_own_batches(request)
    return _start(request, batch_id, _order(request, "reject", batch_id, form))


@router.post("/rerun")
def rerun(request: Request, batch_id: str, form: SentForm) -> Response:
    """Finish an unfinished batch, as far as policy allows."""
    _require_own_batches(request)
    return _start(request, batch_id, _order(request, "rerun", batch_id, form))


@router.post("/print-files/{name}/resend")
def resend_file(request: Request, batch_id: str, name: str, form: SentForm) -> Response:
    """Send a print file again that the vendor rejected as a whole."""
    order = _order(request, "resend-file", batch_id, form)
    return _start(request, batch_id, replace(order, subject=name))


def _require_own_batches(request: Request) -> None:
    """400 where a batch's work is not done by this console, on a machine that may be too small for it."""
    if not console_of(request).runs_batches:
        raise HTTPException(
            400, "Airflow runs its batches: decide under Required Actions, or finish one with the DAG “Finish a batch”."
        )


def _start(request: Request, batch_id: str, order: Order) -> Response:
    context_of(request).require_batch(batch_id)
    return redirect(request, f"/batches/{batch_id}", start(request, order, batch_id=batch_id))
