"""Document: its pages, its way so far, and what can be done about it."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.ledger import DeliveryState, Document, DocumentState, FoundDocument, replaced_by
from statement_builder.operations.access import list_subjects
from statement_builder.operations.approval.proof import OPENED
from statement_builder.operations.roles import may_use
from statement_builder.operations.summaries import summarize_document
from statement_builder.pipeline.archived import read_archived
from statement_builder.web.console import (
    console_of,
    context_of,
    find_job,
    make_order,
    pdf_response,
    record_view,
    redirect,
    render,
    start,
    unseal,
    visitor_of,
)
from statement_builder.web.forms import SentForm, require_reason
from statement_builder.web.languages import N_
from statement_builder.web.page_pictures import DOTS_PER_INCH, PREVIEW_DOTS_PER_INCH, count_pages, draw_page

router = APIRouter()
PICTURE = "picture"
"""The purpose of a picture's token. Only a page that recorded the view hands it out."""
SIZES = {"page": DOTS_PER_INCH, "preview": PREVIEW_DOTS_PER_INCH}
_VERBS = ("void", "resend", "reprint", "correct", "resolve")


@router.get("/documents/{document_id}")
def show(request: Request, document_id: str) -> Response:
    """The page of one document. Opening it counts as having looked at it."""
    context = context_of(request)
    document = context.require_document(document_id)
    record_view(request, OPENED.removeprefix("console "), list_subjects([document]), batch_id=document.batch_id)
    family = context.ledger.documents.revisions(document_id)
    found = FoundDocument(
        document=document,
        deliveries=context.ledger.deliveries.for_document(document_id),
        replaced_by=replaced_by(family, document_id),
    )
    return render(
        request,
        "document.html",
        document=document,
        summary=summarize_document(found),
        family=[each for each in family if each.document_id != document_id],
        events=context.ledger.events.for_batch(document.batch_id, subject=document_id),
        guarantor=guarantor_of(document.guarantor_id),
        verbs=[verb for verb in _list_verbs(document) if may_use(context, verb)],
    )


def _list_verbs(document: Document) -> list[str]:
    """What may be possible. The operation itself decides, and says why not."""
    if document.state is DocumentState.ERROR:
        return []
    if document.delivery_state is DeliveryState.UNCERTAIN:
        return ["resolve"]
    if document.state is DocumentState.RENDERED:
        return ["void", "correct"]
    if document.state is DocumentState.WITHHELD:
        return []
    return ["resend", "reprint", "correct", "void"]


@router.get("/documents/{document_id}/pdf")
def show_pdf(request: Request, document_id: str) -> Response:
    """The archived PDF, opened by the browser itself."""
    context = context_of(request)
    document = context.require_document(document_id)
    record_view(request, "pdf", list_subjects([document]), batch_id=document.batch_id)
    return pdf_response(request, read_archived(context, document), document.document_id)


@router.get("/pictures/{token}")
def show_picture(request: Request, token: str) -> Response:
    """A page of a document as a picture. The token says which, and that the view is on record."""
    text = unseal(
        request, PICTURE, token, otherwise=N_("This picture's address is not valid any more. Reload the page.")
    )
    document_id, number, size = text.split(" ")
    context = context_of(request)
    pdf = read_archived(context, context.require_document(document_id))
    return Response(draw_page(pdf, int(number), dots_per_inch=SIZES[size]), media_type="image/png")


@router.post("/documents/{document_id}/{verb}")
def act(request: Request, document_id: str, verb: str, form: SentForm) -> Response:
    """One of the buttons."""
    if verb not in _VERBS:
        raise HTTPException(404, "There is no such action.")
    reason = require_reason(form)
    if verb == "resolve" and form.text("sent") not in {"yes", "no"}:
        raise HTTPException(400, "Say whether the document was sent.")
    document = context_of(request).require_document(document_id)
    values = {"reason": reason, "sent": form.text("sent") == "yes", "seen": form.text("seen")}
    order = make_order(request, verb, document_id, **values)
    return redirect(request, f"/documents/{document_id}", start(request, order, batch_id=document.batch_id))


@router.post("/documents/{document_id}/correct/preview")
def preview_correction(request: Request, document_id: str, form: SentForm) -> Response:
    """What a correction would change, before anybody decides."""
    document = context_of(request).require_document(document_id)
    order = make_order(request, "preview-correct", document_id)
    job = start(request, order, batch_id=document.batch_id)
    return redirect(request, f"/documents/{document_id}/correction", job)


@router.get("/documents/{document_id}/correction")
def show_correction(request: Request, document_id: str) -> Response:
    """Both versions side by side, or the reason why there is no correction."""
    document = context_of(request).require_document(document_id)
    job = find_job(request, "preview-correct", document_id)
    if job is None:
        return redirect(request, f"/documents/{document_id}")
    record_view(request, "correction", list_subjects([document]), batch_id=document.batch_id)
    done = job.result
    pages = {name: count_pages(pdf) for name, pdf in (("before", done.before), ("after", done.after))} if done else {}
    seen = hashlib.sha256(done.after).hexdigest() if done else ""
    return render(request, "correction.html", document=document, preview=job, pages=pages, seen=seen)


@router.get("/previews/{job_id}/{version}/{number}")
def show_preview(request: Request, job_id: str, version: str, number: int) -> Response:
    """A page of either version. The id of the job is known only to the session that asked for it."""
    job = console_of(request).jobs.find(job_id, visitor_of(request).session)
    if job is None or job.result is None or version not in {"before", "after"}:
        raise HTTPException(404, "This preview is not kept any more. Ask for it again.")
    try:
        return Response(draw_page(getattr(job.result, version), number), media_type="image/png")
    except IndexError as exc:
        raise HTTPException(404, "There is no such page.") from exc
