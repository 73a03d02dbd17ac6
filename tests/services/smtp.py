"""An SMTP server on loopback that keeps what it accepts, and says what a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = "hang up"
"""In place of a reply: the connection is closed without one."""

GO_AHEAD_AND_HANG_UP = "354 go ahead"
"""The server asks for the message and closes the connection before its last line."""


@dataclass
class SmtpScript:
    """What the server says instead of yes, stage by stage; each list is used up from its front, then it is yes.

    A reply is text such as `550 5.1.1 no such user`, or `HANG_UP`.
    """

    greeting: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    """After the command DATA, before the message."""
    message: list[str] = field(default_factory=list)
    """After the message's last line. It counts as accepted all the same when the reply is `HANG_UP`."""
    hold_after: int | None = None
    """Having accepted so many, the server lets whoever brings another wait for `go_on`."""
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class SmtpServer:
    """Where the server is and what it was given."""

    port: int
    script: SmtpScript
    accepted: list[EmailMessage]
    recipients: list[str]
    peers: set[object]
    """The connections that messages came on."""

    @property
    def url(self) -> str:
        """A mailer's address for this server."""
        return f"smtp://127.0.0.1:{self.port}?from=billing@hospital.example"


def readable_text(message: EmailMessage) -> str:
    """Subject and text, as who reads it sees them, not as they travel."""
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join((message["Subject"], *parts))


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A fresh server on a port of its own."""
    with run_smtp_server() as server:
        yield server


@contextmanager
def run_smtp_server(*, tls: ssl.SSLContext | None = None, logins: dict[str, str] | None = None) -> Iterator[SmtpServer]:
    """A server that offers STARTTLS where `tls` is given, and asks for a login where `logins` are."""
    server = SmtpServer(port=0, script=SmtpScript(), accepted=[], recipients=[], peers=set())
    controller = _Controller(server, tls=tls, logins=logins)
    controller.start()
    try:
        assert controller.server is not None
        server.port = controller.server.sockets[0].getsockname()[1]
        yield server
    finally:
        controller.stop()


class _Controller(Controller):
    """aiosmtpd's thread and event loop around one `_ScriptedSmtp` a connection, on a port that the system picks."""

    def __init__(self, server: SmtpServer, *, tls: ssl.SSLContext | None, logins: dict[str, str] | None) -> None:
        super().__init__(_Handler(server), hostname="127.0.0.1", port=0)
        self._smtp = server
        self._tls = tls
        self._logins = logins

    def factory(self) -> SMTP:
        return _ScriptedSmtp(
            self._smtp, self.handler, tls_context=self._tls, authenticator=self._authenticate if self._logins else None
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        known = (self._logins or {}).get(login.login.decode())
        return AuthResult(success=known == login.password.decode(), handled=False)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _ScriptedSmtp(SMTP):
    def __init__(
        self, server: SmtpServer, handler: _Handler, *, tls_context: ssl.SSLContext | None, authenticator
    ) -> None:
        super().__init__(
            handler,
            hostname="mx.hospital.example",
            tls_context=tls_context,
            authenticator=authenticator,
            auth_require_tls=tls_context is not None or authenticator is None,
            loop=asyncio.get_event_loop(),
        )
        self._script = server.script
        self._accepted = server.accepted

    async def push(self, status: str | bytes) -> None:
        """Every reply goes through here. After some of them a server hangs up, and 421 says so (RFC 5321, 3.8)."""
        if isinstance(status, str) and status.startswith("220 mx.") and self._script.greeting:
            status = self._script.greeting.pop(0)
        if status != HANG_UP:
            await super().push(status)
        if status in (HANG_UP, GO_AHEAD_AND_HANG_UP) or str(status).startswith("421"):
            assert self.transport is not None
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds its methods by name
        if self._script.hold_after is not None and len(self._accepted) >= self._script.hold_after:
            await asyncio.get_running_loop().run_in_executor(None, self._script.go_on.wait)
        await (self.push(self._script.mail.pop(0)) if self._script.mail else super().smtp_MAIL(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await (self.push(self._script.rcpt.pop(0)) if self._script.rcpt else super().smtp_RCPT(arg))

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        await (self.push(self._script.data.pop(0)) if self._script.data else super().smtp_DATA(arg))


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def handle_DATA(self, _smtp: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self._server.script.message.pop(0) if self._server.script.message else "250 2.0.0 queued as 4F00BA"
        if reply == HANG_UP or reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = BytesParser(policy=default).parsebytes(envelope.content)
            assert isinstance(message, EmailMessage)
            self._server.accepted.append(message)
            self._server.recipients += envelope.rcpt_tos
            self._server.peers.add(session.peer)
        return reply
