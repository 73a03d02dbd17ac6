"""The console inside Airflow's API server. Airflow signs people in, and its roles say who may look and who may act.

Only the API server imports this module, with the first request. Airflow protects nothing that a plugin serves, so every
request is checked here first: the user, the access to the DAGs, and for a write the right to run them. The console's
own protection follows: the host's name, the origin and the token of a form, and the setting `roles`.

`airflow.api_fastapi.core_api.security` is not a documented interface of Airflow; no other module uses it.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hmac import compare_digest
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from airflow.configuration import conf
from airflow.models import Connection
from airflow.models.xcom import XComModel
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.utils.session import create_session
from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, RedirectResponse
from sqlalchemy import select
from starlette.types import ASGIApp, Receive, Scope, Send

from common.connections import CONNECTIONS, read_variables
from statement_builder.clock import open_clock
from statement_builder.errors import ConfigError, StatementsError
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from statement_builder.web.app import create_app
from statement_builder.web.console import Console
from statement_builder.web.opening import open_console
from statement_builder.web.protection import STATIC, base_of, path_of
from statement_builder.web.tokens import TokenBox
from statement_builder.web.visitors import Visitor

USER_HEADER, SECRET_HEADER = "x-statements-airflow-user", "x-statements-airflow-secret"
"""Between this module and the door. What a browser sends under these names is removed."""
DAG = "rerun_batch"
"""Who may see this DAG's runs may look, as far as `roles.console` allows; who may run it may act."""
RUN = "/run"
"""Shows the batch of a run of Airflow: the tab on a run's page."""
_SAFE = frozenset({"GET", "HEAD"})
_USER = re.compile(r"[\w.+-][\w.+@ -]{0,126}[\w.+-]|[\w.+-]")
"""No slash, which in an actor separates a person from an account."""


@dataclass(frozen=True, kw_only=True)
class AirflowDoor:
    """Airflow has signed the visitor in, and this process says so."""

    origin: str
    secret: str = field(repr=False)
    today: Callable[[], date]
    is_framed: bool = True

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({urlsplit(self.origin).netloc})

    def identify(self, headers: Mapping[str, str], cookies: Mapping[str, str], *, is_automatic: bool) -> Visitor | None:
        if not compare_digest(headers.get(SECRET_HEADER, "").encode(), self.secret.encode()):
            return None
        user = unquote(headers.get(USER_HEADER, ""))
        if not _USER.fullmatch(user):
            return None
        return Visitor(
            actor=f"{user}@airflow",
            memberships=frozenset({f"airflow:{user}"}),
            session=f"user {user} {self.today()}",  # a picture's address ends with the day
        )


class ConsoleInAirflow:
    """The application that Airflow mounts. It opens the ledger with the first request, and again until that works."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        await (await self._answer(scope))(scope, receive, send)

    async def _answer(self, scope: Scope) -> ASGIApp:
        request = Request(scope)
        try:
            user = "" if path_of(scope).startswith(STATIC) else await _admit(request)
            if user and path_of(scope) == RUN:
                return await run_in_threadpool(_show_run, request)
            app = await run_in_threadpool(self._open)
        except HTTPException as exc:
            return PlainTextResponse(str(exc.detail), status_code=exc.status_code)
        except StatementsError as exc:
            return PlainTextResponse(str(exc), status_code=503)

        async def forward(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "headers": self._name_user(scope["headers"], user)}, receive, send)

        return forward

    def _name_user(self, headers: list[tuple[bytes, bytes]], user: str) -> list[tuple[bytes, bytes]]:
        ours = {USER_HEADER: quote(user), SECRET_HEADER: self._secret}
        kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() not in ours]
        return [*kept, *((name.encode(), value.encode()) for name, value in ours.items() if user)]

    def _open(self) -> ASGIApp:
        with self._lock:
            if self._app is None:
                self._app = create_app(_open_console(self._secret))
            return self._app


async def _admit(request: Request) -> str:
    """The name of the user; empty if nobody is signed in. `HTTPException` for a user whose role does not allow it."""
    try:
        user = await get_user(request, None, None)
    except HTTPException:
        return ""
    await run_in_threadpool(requires_access_dag("GET", DagAccessEntity.RUN, DAG), request, user)
    if request.method not in _SAFE:
        try:
            await run_in_threadpool(requires_access_dag("PUT", DagAccessEntity.RUN, DAG), request, user)
        except HTTPException as exc:
            raise HTTPException(403, "Your role in Airflow may look at the mail, and not act on it.") from exc
    return user.get_name()


def _show_run(request: Request) -> ASGIApp:
    """Lead to the batch that a run has opened."""
    dag_id, run_id = (request.query_params.get(name, "") for name in ("dag_id", "run_id"))
    query = select(XComModel.value).where(
        XComModel.dag_id == dag_id,
        XComModel.run_id == run_id,
        XComModel.task_id == "open_batch",
        XComModel.key == "return_value",
    )
    with create_session() as session:
        batch_id = session.scalars(query).first()
    if not isinstance(batch_id, str):
        return PlainTextResponse("This run has opened no batch.", status_code=404)
    return RedirectResponse(f"{base_of(request.scope)}/batches/{quote(batch_id, safe='')}", status_code=303)


def _open_console(secret: str) -> Console:
    """`StatementsError` if the settings are invalid, or if the ledger or the archive cannot be reached."""
    found = _read_connections()
    # boto3 reads its keys from the environment of this process. Airflow's own logs use a connection of their own.
    os.environ.update({name: value for name, value in found.items() if name.startswith("AWS_")})
    environ = {**os.environ, **found}
    settings = load_settings(environ, Path.cwd())
    address = urlsplit(conf.get("api", "base_url", fallback=""))
    if not address.netloc:
        raise ConfigError("Set Airflow's option [api] base_url to the address under which people open Airflow.")
    context = open_context(
        settings,
        environ=environ,
        now=open_clock(environ),
        actor="console@airflow",
        workers=settings.render.workers or 1,
    )
    # An action's process would import the main module, which is Airflow's command line here.
    sys.modules["__main__"] = ModuleType("__main__")
    return open_console(
        context,
        door=AirflowDoor(
            origin=f"{address.scheme}://{address.netloc}", secret=secret, today=lambda: context.now().date()
        ),
        box=TokenBox(conf.get("api", "secret_key")),  # a form may be answered by another process
        environ=environ,
        folder=Path.cwd(),
        runs_batches=False,
    )


def _read_connections() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in CONNECTIONS:
        with suppress(AirflowNotFoundException):
            connection: Any = Connection.get_connection_from_secrets(name)
            found |= read_variables(connection)
    return found


application = ConsoleInAirflow()
