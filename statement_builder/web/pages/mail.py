"""Mail: what is at the vendor, what is late, and what was returned and waits for a person."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from statement_builder.operations.access import list_subjects
from statement_builder.operations.console.today import BATCHES_SHOWN
from statement_builder.operations.quarantine import list_quarantine, list_readable_sources
from statement_builder.operations.queries import list_print_files
from statement_builder.operations.summaries import summarize_batches
from statement_builder.operations.tracking.tracking_alerts import find_late_files
from statement_builder.operations.work_queue import list_work_queue
from statement_builder.web.console import context_of, record_view, render
from statement_builder.web.pages.quarantine import seal_file

router = APIRouter(prefix="/mail")


@router.get("")
def show(request: Request) -> Response:
    """Print files and e-mail of the newest batches, and everything to act on."""
    context = context_of(request)
    batches = context.ledger.batches.all(limit=BATCHES_SHOWN)
    review = list_work_queue(context)
    late = find_late_files(context)
    record_view(request, "mail", list_subjects(review))
    return render(
        request,
        "mail.html",
        late=late,
        files=[(batch.batch_id, file) for batch in batches for file in list_print_files(context, batch)],
        emails=[each for each in summarize_batches(context, limit=BATCHES_SHOWN) if each.counts["email"]],
        review=review,
        quarantine=[
            (source.name, each, seal_file(request, source.name, each.name))
            for source in list_readable_sources(context)
            for each in list_quarantine(source)
        ],
    )
