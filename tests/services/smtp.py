"""An SMTP server on loopback that stores accepted messages and sends scripted replies."""

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
from typing import Any, AnyStr

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP = "hang up"
"""Instead of a reply: the connection is closed."""

GO_AHEAD_AND_HANG_UP = "354 go ahead"
"""The server asks for the message and closes the connection before the last line."""


@dataclass
class SmtpScript:
    """Scripted replies for each stage. Each command takes the next reply of its list; when there is none left, the
    server accepts.

    A reply is text such as `550 5.1.1 no such user`, or `HANG_UP`.
    """

    greeting: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    """Reply to the DATA command, before the message."""
    message: list[str] = field(default_factory=list)
    """Reply after the message's last line. With `HANG_UP` the message still counts as accepted."""
    hold_after: int | None = None
    """After accepting this many messages, the server blocks the next one until `resume` is set."""
    resume: threading.Event = field(default_factory=threading.Event)


@dataclass
class SmtpServer:
    """The server's address and the messages it received."""

    port: int
    script: SmtpScript
    accepted: list[EmailMessage]
    recipients: list[str]
    senders: list[str]
    """The envelope senders, to which servers report failures."""
    peers: set[object]
    """The client addresses of the connections that delivered messages."""

    @property
    def url(self) -> str:
        """The mailer URL of this server."""
        return f"smtp://127.0.0.1:{self.port}?from=billing@hospital.example"


def readable_text(message: EmailMessage) -> str:
    """Return subject and decoded text, as the reader sees them."""
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join((message["Subject"], *parts))


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A new server on its own port."""
    with run_smtp_server() as server:
        yield server


@contextmanager
def run_smtp_server(*, tls: ssl.SSLContext | None = None, logins: dict[str, str] | None = None) -> Iterator[SmtpServer]:
    """Run a server. It offers STARTTLS if `tls` is given and requires a login if `logins` is given."""
    server = SmtpServer(port=0, script=SmtpScript(), accepted=[], recipients=[], senders=[], peers=set())
    controller = _Controller(server, tls=tls, logins=logins)
    controller.start()
    try:
        server.port = controller.bound_port()
        yield server
    finally:
        controller.stop()


class _Controller(Controller):
    """aiosmtpd's thread and event loop, with one `_ScriptedSmtp` per connection, on a free port."""

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
        self.port = self.bound_port()
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd does not annotate it

    def bound_port(self) -> int:
        """The port that the system chose."""
        assert isinstance(self.server, asyncio.Server)
        port: int = self.server.sockets[0].getsockname()[1]
        return port


class _ScriptedSmtp(SMTP):
    def __init__(
        self, server: SmtpServer, handler: _Handler, *, tls_context: ssl.SSLContext | None, authenticator: Any
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

    async def push(self, status: AnyStr) -> None:
        """Every reply passes through here. A server closes the connection after 421 (RFC 5321, 3.8)."""
        if isinstance(status, str) and status.startswith("220 mx.") and self._script.greeting:
            await self._push(self._script.greeting.pop(0))
        else:
            await self._push(status)

    async def _push(self, status: str | bytes) -> None:
        if status != HANG_UP:
            await super().push(status if isinstance(status, bytes) else status.encode())
        if status in (HANG_UP, GO_AHEAD_AND_HANG_UP) or str(status).startswith("421"):
            assert self.transport is not None
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd calls methods by this name
        if self._script.hold_after is not None and len(self._accepted) >= self._script.hold_after:
            await asyncio.get_running_loop().run_in_executor(None, self._script.resume.wait)
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
            self._server.senders.append(envelope.mail_from or "")
            self._server.peers.add(session.peer)
        return reply
