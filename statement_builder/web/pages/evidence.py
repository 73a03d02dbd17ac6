"""Evidence packets: who asked for one, what its draft says, the officer's approval, and the files."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from statement_builder.ledger import EvidenceKind
from statement_builder.operations.evidence.requests import (
    find_owner,
    find_packet,
    list_packets,
    may_approve,
    parse_sample,
    require_evidence_reader,
)
from statement_builder.web.console import (
    context_of,
    find_job,
    make_order,
    pdf_response,
    redirect,
    render,
    start,
)
from statement_builder.web.forms import SentForm, require_reason
from statement_builder.web.kept_file import KeptFile
from statement_builder.web.page_pictures import draw_page

router = APIRouter(prefix="/evidence")
PACKETS_SHOWN_MAX = 50
"""The newest. An account's page has all of its packets, and `statements evidence list` has all."""
PICTURES_MAX = 60
"""Pages of a draft that are shown as pictures. The PDF has all of them."""
_TYPES = {"pdf": "application/pdf", "zip": "application/zip"}
_VIEW = "console evidence"
"""What the access log says of a view here."""


@router.get("")
def show_all(request: Request) -> Response:
    """Every packet, newest first, and the form for an auditor's sample."""
    shown, total = list_packets(context_of(request), newest_max=PACKETS_SHOWN_MAX, what=_VIEW)
    return render(request, "evidence.html", packets=shown, is_complete=len(shown) == total, kinds=list(EvidenceKind))


@router.post("")
def request_sample(request: Request, form: SentForm) -> Response:
    """Request a packet about the accounts of a list, one a line."""
    return order_packet(request, form, parse_sample(form.text("accounts").splitlines()), back="/evidence")


def order_packet(request: Request, form: SentForm, accounts: Sequence[str], *, back: str) -> Response:
    """Request a packet and go to its page; to `back` if it is refused."""
    if form.text("kind") not in list(EvidenceKind):
        raise HTTPException(400, "Choose what the packet is for.")
    reason = require_reason(form)
    order = make_order(
        request,
        "request-evidence",
        back,
        kind=form.text("kind"),
        accounts=tuple(accounts),
        reason=reason,
    )
    job = start(request, order)
    return redirect(request, f"/evidence/{job.result.packet_id}" if job.result else back, job)


@router.get("/{packet_id}")
def show(request: Request, packet_id: str) -> Response:
    """One packet: its accounts, the draft if this session made one, and what can be done."""
    context = context_of(request)
    packet = find_packet(context, packet_id, what=_VIEW)
    if packet is None:
        raise HTTPException(404, "There is no such packet.")
    owners = [(account, find_owner(context, account) or "") for account in packet.accounts]
    draft, written = (find_job(request, verb, packet_id) for verb in ("draft-evidence", "write-evidence"))
    return render(
        request,
        "evidence_packet.html",
        packet=packet,
        owners=owners,
        draft=draft.result.packet if draft and draft.result and draft.file else None,
        written=written if written and written.file else None,
        job_id=request.query_params.get("job", ""),
        may_approve=may_approve(context, packet),
        pictures_max=PICTURES_MAX,
    )


@router.post("/{packet_id}/draft")
def make_draft(request: Request, packet_id: str) -> Response:
    """Make the draft: an action, because it reads every exhibit."""
    job = start(request, make_order(request, "draft-evidence", packet_id))
    return redirect(request, f"/evidence/{packet_id}", job)


@router.post("/{packet_id}/approve")
def approve(request: Request, packet_id: str, form: SentForm) -> Response:
    """Approve what the draft said. The operation refuses everybody else than an officer who did not request it."""
    order = make_order(request, "approve-evidence", packet_id, reason=require_reason(form), seen=form.text("content"))
    return redirect(request, f"/evidence/{packet_id}", start(request, order))


@router.post("/{packet_id}/write")
def write(request: Request, packet_id: str, form: SentForm) -> Response:
    """Write the approved packet, and send the file that was asked for."""
    if form.text("file") not in _TYPES:
        raise HTTPException(400, "Choose the PDF or the ZIP.")
    job = start(request, make_order(request, "write-evidence", packet_id, file_format=form.text("file")))
    is_ready = job.result is not None and not job.is_running
    return redirect(request, f"/evidence/{packet_id}/file" if is_ready else f"/evidence/{packet_id}", job)


@router.get("/{packet_id}/file")
def show_file(request: Request, packet_id: str) -> Response:
    """The file that this session made. The view was recorded when it was made."""
    require_evidence_reader(context_of(request))
    if (draft := find_job(request, "draft-evidence", packet_id)) is not None:
        return pdf_response(request, b"".join(_require_file(draft.file).read()), f"{packet_id}-draft")
    written = find_job(request, "write-evidence", packet_id)
    file = _require_file(written.file if written else None)
    wanted = written.order.file_format if written else ""
    headers = {"Content-Disposition": f'attachment; filename="{packet_id}.{wanted}"'}
    return StreamingResponse(file.read(), media_type=_TYPES[wanted], headers=headers)


@router.get("/{packet_id}/draft/{page}")
def show_page(request: Request, packet_id: str, page: int) -> Response:
    """A page of the draft that this session made, as a picture."""
    require_evidence_reader(context_of(request))
    draft = find_job(request, "draft-evidence", packet_id)
    file = _require_file(draft.file if draft else None)
    try:
        return Response(draw_page(b"".join(file.read()), page), media_type="image/png")
    except IndexError as exc:
        raise HTTPException(404, "There is no such page.") from exc


def _require_file(file: KeptFile | None) -> KeptFile:
    if file is None:
        raise HTTPException(404, "This file is not kept any more. Make it again.")
    return file
