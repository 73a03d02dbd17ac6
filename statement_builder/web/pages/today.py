"""Today: whether somebody has to act, at one glance. It shows figures of batches and nobody's data."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from statement_builder.operations.console.today import read_today
from statement_builder.web.console import console_of, context_of, render, visitor_of

router = APIRouter()


@router.get("/")
def show_today(request: Request) -> Response:
    """The whole page."""
    return render(request, "today.html", **_values(request))


@router.get("/today")
def show_batches(request: Request) -> Response:
    """The part of it that htmx refreshes."""
    return render(request, "today_batches.html", **_values(request))


@router.get("/jobs/{job_id}")
def show_job(request: Request, job_id: str) -> Response:
    """What an action of this session does now. When it has ended, htmx asks the browser to load the page again."""
    job = console_of(request).jobs.find(job_id, visitor_of(request).session)
    if job is None:
        raise HTTPException(404, "This action is not remembered any more.")
    answer = render(request, "job.html", job=job)
    if not job.is_running:
        answer.headers["HX-Refresh"] = "true"
    return answer


def _values(request: Request) -> dict[str, Any]:
    jobs = console_of(request).jobs
    today = read_today(context_of(request))
    return {"today": today, "running": {job.batch_id: job for job in jobs.all_running()}, "now_s": jobs.now_s()}
