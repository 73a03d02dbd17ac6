"""The application: pages behind the protection, and a page for each kind of problem."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import Receive, Scope, Send

from statement_builder.errors import ConfigError, NotAllowed, StatementsError
from statement_builder.operations.roles import may_use
from statement_builder.web.console import Console, context_of, render
from statement_builder.web.forms import check_write
from statement_builder.web.languages import N_
from statement_builder.web.pages import (
    account,
    batch,
    document,
    evidence,
    mail,
    placement,
    policy,
    quarantine,
    queue,
    reports,
    signing_in,
    templates,
    today,
)
from statement_builder.web.protection import STATIC, Protection

STATIC_FOLDER = Path(__file__).parent / "static"
_HEADINGS = {
    400: N_("This cannot be done"),
    403: N_("You may not do this"),
    404: N_("Not found"),
    413: N_("Too long"),
}
_ROUTERS = (
    signing_in,
    today,
    batch,
    document,
    account,
    queue,
    mail,
    quarantine,
    placement,
    evidence,
    reports,
    templates,
    policy,
)


def create_app(console: Console) -> FastAPI:
    """All pages of one console. No description of the interface is published: it is for people, not for programs."""
    app = FastAPI(
        title="Statements",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(check_write), Depends(_require_entry)],
        exception_handlers={
            StarletteHTTPException: _show_http_problem,
            StatementsError: _show_problem,
        },
    )
    app.state.console = console
    for page in _ROUTERS:
        app.include_router(page.router)
    app.mount(STATIC, StaticFiles(directory=STATIC_FOLDER), name="static")

    async def signed_out(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request({**scope, "app": app}, receive)
        answer = render(request, "signed_out.html", status=401, is_stale=False, was_printed=None)
        await answer(scope, receive, send)

    app.add_middleware(Protection, door=console.door, signed_out=signed_out)
    return app


def _require_entry(request: Request) -> None:
    """403 for a person to whom the setting `roles.console` gives no entry."""
    if request.state.visitor is not None and not may_use(context_of(request), "console"):
        raise HTTPException(403, "The setting roles.console does not let you in.")


async def _show_http_problem(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, StarletteHTTPException)
    heading = _HEADINGS.get(exc.status_code, N_("This went wrong"))
    return render(request, "problem.html", status=exc.status_code, heading=heading, message=exc.detail)


async def _show_problem(request: Request, exc: Exception) -> Response:
    """An error that the service raises on purpose: its message says what to do."""
    status = 403 if isinstance(exc, NotAllowed) else 404 if isinstance(exc, ConfigError) else 503
    heading = _HEADINGS.get(status, N_("This cannot be shown now"))
    return render(request, "problem.html", status=status, heading=heading, message=str(exc))
