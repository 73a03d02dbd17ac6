"""A console on a port of its own, and a visitor who clicks as a browser would: with cookie, origin and form token."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn
from fastapi import FastAPI
from httpx import Response

from statement_builder.clock import open_clock
from statement_builder.pipeline.context import open_context
from statement_builder.settings import load_settings
from statement_builder.web.app import create_app
from statement_builder.web.console import Console
from statement_builder.web.jobs import Jobs
from statement_builder.web.server import open_door
from statement_builder.web.templating import open_templates
from statement_builder.web.tokens import TokenBox
from statement_builder.web.visitors import LinkDoor
from tests.hospital import Hospital

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


@dataclass
class Visit:
    """A browser at one console."""

    app: FastAPI
    client: httpx.Client
    hospital: Hospital
    links: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The origin of the console's own pages."""
        return self.console.door.origin

    @property
    def address(self) -> str:
        """Where the console listens."""
        return str(self.client.base_url).rstrip("/")

    @property
    def console(self) -> Console:
        return self.app.state.console  # type: ignore[no-any-return]

    def sign_in(self) -> Visit:
        """Open the newest link from the terminal."""
        answer = self.client.get(self.links[-1], follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return self

    def get(self, path: str, *, status: int = 200) -> Response:
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{answer.text}"
        return answer

    def form_token(self) -> str:
        """The token of a page of this session."""
        found = _TOKEN.search(self.get("/accounts").text)
        assert found
        return found[1]

    def post(self, path: str, *, status: int = 200, **fields: Any) -> Response:
        """Send a form of a page, and follow where it leads."""
        values = {"form_token": self.form_token(), **fields}
        answer = self.client.post(
            path,
            content=urlencode(values, doseq=True),
            headers={"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded", **self.headers},
        )
        assert answer.status_code == status, f"{path}: {answer.status_code}\n{answer.text}"
        return answer

    def act(self, path: str, **fields: Any) -> Response:
        """Press a button that starts an action, wait for its end, and load the page with the result."""
        answer = self.post(path, **fields)
        running = self.console.jobs.all_running()
        for job in running:
            assert job.ended.wait(60), "the action did not end"
        return self.get(str(answer.url).removeprefix(self.address)) if running else answer

    def looked(self) -> list[tuple[str, str]]:
        """Kind of look and actor of each entry of the access log that the console made."""
        rows = self.hospital.ledger("SELECT what, actor FROM access WHERE what LIKE 'console%' ORDER BY access_id")
        return [(what, actor) for what, actor in rows]


@contextmanager
def open_console(
    hospital: Hospital, *, actor: str = "ben@desk", memberships: frozenset[str] = frozenset()
) -> Iterator[Visit]:
    """Open the console of a hospital as `statements serve` does, for this user of the machine."""
    environ = hospital.environment
    context = open_context(
        load_settings(environ, hospital.home),
        environ=environ,
        now=open_clock(environ),
        actor=actor,
        memberships=memberships,
        workers=1,
    )
    links: list[str] = []
    with context, closing(_listen()) as listener:
        port = listener.getsockname()[1]
        door = open_door(context, environ=environ, port=port, say=lambda line: links.append(line.split()[-1]))
        jobs = Jobs(environ, hospital.home, workers=1, monotonic=time.monotonic)
        jobs.prepare()
        context.ledger.remember_totals()
        console = Console(
            context=context,
            door=door,
            templates=open_templates(context.facility.time_zone),
            jobs=jobs,
            box=TokenBox(),
        )
        app = create_app(console)
        with (
            _serving(app, listener),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as client,
        ):
            if isinstance(door, LinkDoor):
                door.renew_link()
            yield Visit(app=app, client=client, hospital=hospital, links=links)


def _listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@contextmanager
def _serving(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
