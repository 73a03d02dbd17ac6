"""Templates: what each kind of document looks like now and as last approved, and the approval of a version."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.billing.selection import Kind
from statement_builder.operations.roles import may_use
from statement_builder.operations.templates.previews import Preview, TemplatePreview
from statement_builder.operations.templates.versions import read_template_state
from statement_builder.web.console import context_of, find_job, make_order, redirect, render, start
from statement_builder.web.forms import SentForm
from statement_builder.web.page_pictures import DOTS_PER_INCH, count_pages, draw_changes, draw_page, has_changes

router = APIRouter(prefix="/templates")


@router.get("")
def show_list(request: Request) -> Response:
    """The version in use, its approvals, and the kinds of document."""
    context = context_of(request)
    return render(
        request,
        "templates.html",
        state=read_template_state(context),
        kinds=list(Kind),
        may_approve=may_use(context, "templates"),
        me=context.actor,
    )


@router.post("/approve")
def approve(request: Request, form: SentForm) -> Response:
    """Approve the version that was shown."""
    version = form.text("version")
    if not version:
        raise HTTPException(400, "Say which version you approve. Reload the page.")
    order = make_order(request, "approve-templates", version, reason=form.text("remark"))
    return redirect(request, "/templates", start(request, order))


@router.get("/{kind}")
def show(request: Request, kind: str) -> Response:
    """The samples of a kind, if they were drawn, each beside the version that was approved last."""
    found = _find(request, _read_kind(kind))
    return render(
        request,
        "template.html",
        kind=kind,
        preview=found,
        samples=[_describe(each) for each in found.previews] if found else [],
        job_id=request.query_params.get("job", ""),
    )


@router.post("/{kind}")
def draw(request: Request, kind: str, form: SentForm) -> Response:
    """Draw the samples: an action, because it lays out dozens of pages."""
    order = make_order(request, "preview-templates", _read_kind(kind).value)
    return redirect(request, f"/templates/{kind}", start(request, order))


@router.get("/{kind}/samples/{number}/{version}/{page}")
def show_page(request: Request, kind: str, number: int, version: str, page: int) -> Response:
    """A page of a sample: `now`, `approved`, or `changes`. It has nobody's data."""
    found = _find(request, _read_kind(kind))
    if found is None or not 1 <= number <= len(found.previews) or version not in {"now", "approved", "changes"}:
        raise HTTPException(404, "This sample is not kept any more. Draw the samples again.")
    sample = found.previews[number - 1]
    try:
        if version == "changes":
            picture = draw_changes(sample.approved, sample.now, page, dots_per_inch=DOTS_PER_INCH)
        else:
            picture = draw_page(getattr(sample, version), page)
    except (IndexError, ValueError) as exc:
        raise HTTPException(404, "There is no such page.") from exc
    return Response(picture, media_type="image/png")


def _describe(sample: Preview) -> dict[str, object]:
    pages = {"now": _count(sample.now), "approved": _count(sample.approved)}
    is_compared = bool(sample.now and sample.approved)
    return {
        "sample": sample,
        "pages": max(pages.values()),
        "by_version": pages,
        "is_changed": is_compared and has_changes(sample.approved, sample.now),
        "is_compared": is_compared,
    }


def _count(pdf: bytes) -> int:
    return count_pages(pdf) if pdf else 0


def _read_kind(text: str) -> Kind:
    if text not in list(Kind):
        raise HTTPException(404, "There is no such kind of document.")
    return Kind(text)


def _find(request: Request, kind: Kind) -> TemplatePreview | None:
    """What this session had drawn, if it is this kind."""
    job = find_job(request, "preview-templates", kind.value)
    return job.result.templates if job is not None and job.result is not None else None
