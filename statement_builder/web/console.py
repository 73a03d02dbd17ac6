"""What every page needs, opened once: the service's context, the door, the templates, and the running jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment

from statement_builder.ledger import AccessSubject
from statement_builder.operations.access import record_access
from statement_builder.pipeline.context import AppContext
from statement_builder.web.jobs import Job, Jobs
from statement_builder.web.languages import LANGUAGES, choose_language
from statement_builder.web.orders import Order
from statement_builder.web.protection import base_of, path_of
from statement_builder.web.tokens import InvalidToken, TokenBox
from statement_builder.web.visitors import Door, Visitor

LANGUAGE_COOKIE = "statements-language"
"""It says nothing about anybody, and is the same on every port of the host."""
WAIT_S = 4.0
"""How long a page waits for an action before it shows progress instead of the result."""


@dataclass(frozen=True, kw_only=True)
class Console:
    """One console."""

    context: AppContext
    door: Door
    templates: Mapping[str, Environment]
    """By language."""
    jobs: Jobs
    box: TokenBox
    runs_batches: bool = True
    """Whether batches are released, rejected and finished here. Inside Airflow, its DAGs do that."""


def console_of(request: Request) -> Console:
    """The console that answers this request."""
    return request.app.state.console  # type: ignore[no-any-return]


def visitor_of(request: Request) -> Visitor:
    """Who asks. The protection has let nobody else in."""
    visitor = request.state.visitor
    assert isinstance(visitor, Visitor)
    return visitor


def context_of(request: Request) -> AppContext:
    """The service's context with the visitor as the actor."""
    visitor = visitor_of(request)
    return replace(console_of(request).context, actor=visitor.actor, memberships=visitor.memberships)


def language_of(request: Request) -> str:
    """The language of the visitor's pages: the one they chose here, else the one their browser prefers."""
    return choose_language(request.cookies.get(LANGUAGE_COOKIE, ""), request.headers.get("accept-language", ""))


def translate(request: Request, text: str, **values: object) -> str:
    """A text of a page in the visitor's language. Mark it with `N_` where it is written."""
    gettext = console_of(request).templates[language_of(request)].globals["gettext"]
    return str(gettext(text, **values))  # type: ignore[operator]


def record_view(request: Request, what: str, subjects: list[AccessSubject], *, batch_id: str = "") -> None:
    """Record that the visitor is about to see data of these persons. `LedgerError` if it cannot be recorded."""
    record_access(context_of(request), f"console {what}", subjects, batch_id=batch_id)


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Every page gets the visitor, the form token, and the sealing of addresses."""
    console = console_of(request)
    visitor: Visitor | None = request.state.visitor
    session = visitor.session if visitor else ""
    common = {
        "facility": console.context.facility.name,
        "visitor": visitor,
        "form_token": console.box.form_token(session) if visitor else "",
        "seal": lambda purpose, text: console.box.seal(purpose, text, session),
        "can_sign_out": hasattr(console.door, "close"),
        "base": base_of(request.scope),
        "language": (language := language_of(request)),
        "languages": LANGUAGES,
        "path": path_of(request.scope),
        "runs_batches": console.runs_batches,
        "job": _job_shown(request, console, session),
    }
    text = console.templates[language].get_template(template).render(common | values)
    return HTMLResponse(text, status_code=status)


def make_order(request: Request, verb: str, subject: str, **values: Any) -> Order:
    """What the visitor orders. `values` are further fields of `Order`."""
    visitor = visitor_of(request)
    return Order(verb=verb, subject=subject, actor=visitor.actor, memberships=visitor.memberships, **values)


def seal(request: Request, purpose: str, text: str) -> str:
    """What stands for the text in an address of this session."""
    return console_of(request).box.seal(purpose, text, visitor_of(request).session)


def unseal(request: Request, purpose: str, token: str, *, otherwise: str) -> str:
    """The text of a token from an address. 404 with the sentence `otherwise` if it is not one of this session."""
    try:
        return console_of(request).box.unseal(purpose, token, visitor_of(request).session)
    except InvalidToken as exc:
        raise HTTPException(404, otherwise) from exc


def find_job(request: Request, verb: str, subject: str) -> Job | None:
    """The action that this page's address names, if this session ordered it, and it is this one."""
    console = console_of(request)
    job = _job_shown(request, console, visitor_of(request).session)
    return job if job is not None and (job.order.verb, job.order.subject) == (verb, subject) else None


def start(request: Request, order: Order, *, batch_id: str = "") -> Job:
    """Start what the visitor ordered, and wait a moment for it."""
    job = console_of(request).jobs.start(order, session=visitor_of(request).session, batch_id=batch_id)
    job.ended.wait(WAIT_S)
    return job


def redirect(request: Request, path: str, job: Job | None = None) -> RedirectResponse:
    """After a write: the browser asks for the page again, so that a reload repeats nothing."""
    address = f"{base_of(request.scope)}{path}"
    return RedirectResponse(f"{address}?job={job.job_id}" if job else address, status_code=303)


def pdf_response(request: Request, pdf: bytes, name: str) -> Response:
    """A PDF that the browser opens. Inside a frame it is downloaded: Airflow's frames show no PDF."""
    kind = "attachment" if request.headers.get("sec-fetch-dest") == "iframe" else "inline"
    return Response(
        pdf, media_type="application/pdf", headers={"Content-Disposition": f'{kind}; filename="{name}.pdf"'}
    )


def _job_shown(request: Request, console: Console, session: str) -> Job | None:
    job_id = request.query_params.get("job", "")
    return console.jobs.find(job_id, session) if job_id else None
