"""E-mail over SMTP, one connection for many messages. What a reply, or its absence, means is decided here.

The message counts as accepted with the server's 250 after its last line (RFC 5321, 4.2.5), not before. Once the
server has said that it waits for the message, silence is not a refusal: that outcome is unknown.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from typing import Self

import msgspec

from mail_house.email.message import Message, Sender, ascii_address, message_bytes, message_id
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from mail_house.models import Receipt
from mail_house.rate_limit import RateLimiter
from mail_house.secret import Secret
from mail_house.urls import is_loopback

TIMEOUT_S = 30.0


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    user: str
    """Empty: no login."""
    password: Secret

    @property
    def where(self) -> str:
        return f"smtp://{self.host}:{self.port}"


class SmtpMailer:
    """Not for several threads at once: one connection, one message at a time."""

    def __init__(self, server: SmtpServer, sender: Sender, pace: RateLimiter) -> None:
        self._server = server
        self._sender = sender
        self._pace = pace
        self._connection: smtplib.SMTP | None = None

    def send(self, message: Message) -> Receipt:
        what = f"document {message.document_id}"
        try:
            data = message_bytes(message, self._sender)
            to = ascii_address(message.to, what=what)
        except ValueError as exc:
            raise Permanent(str(exc)) from exc
        self._pace.wait()
        connection = self._begin(what)
        self._ask(connection, f"RCPT TO:<{to}>", what)
        self._ask(connection, "DATA", what, expected=354)
        answer = self._deliver(connection, data, what)
        return Receipt(
            reference=message_id(message, self._sender),
            at=message.sent_at,
            detail={"server": self._server.where, "answer": answer},
        )

    def find(self, message: Message) -> Receipt | None:
        raise UnknownOutcome(
            f"document {message.document_id}: SMTP cannot be asked what was accepted; "
            f"look for {message_id(message, self._sender)} in the log of {self._server.host}"
        )

    def check(self) -> None:
        self._ask(self._connect(), "NOOP", "check")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()  # it is gone already; every message on it has its answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _begin(self, what: str) -> smtplib.SMTP:
        """MAIL FROM on a connection that works. A kept one may have been closed meanwhile, or have had its fill of
        messages: nothing has been said about this message yet, so a new connection is tried once."""
        kept = self._connection is not None
        try:
            return self._name_sender(what)
        except Retryable:
            if not kept or self._connection is not None:
                raise
        return self._name_sender(what)

    def _name_sender(self, what: str) -> smtplib.SMTP:
        """The sender is the same for all: refused for good, it is the setting that is wrong, not the message."""
        connection = self._connect()
        try:
            self._ask(connection, f"MAIL FROM:<{self._sender.from_address}>", what)
        except Permanent as exc:
            raise Misconfigured(f"{exc}: it does not take mail from the address in the setting") from exc
        return connection

    def _connect(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        where = self._server.where
        try:
            connection = smtplib.SMTP(self._server.host, self._server.port, timeout=TIMEOUT_S)
        except smtplib.SMTPConnectError as exc:
            raise _turned_away(exc.smtp_code, exc.smtp_error, f"{where} (greeting)") from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise Retryable(f"{where}: no connection ({type(exc).__name__}); nothing was accepted") from exc
        try:
            self._introduce(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _introduce(self, connection: smtplib.SMTP) -> None:
        """EHLO, encryption and login."""
        where = self._server.where
        try:
            _judge(*connection.ehlo(), f"{where} (EHLO)")
            if not is_loopback(self._server.host):
                self._encrypt(connection)
            if self._server.user:
                connection.login(self._server.user, self._server.password.reveal())
        except smtplib.SMTPAuthenticationError as exc:
            raise _turned_away(exc.smtp_code, exc.smtp_error, f"{where} (login)") from exc
        except smtplib.SMTPNotSupportedError as exc:
            raise Misconfigured(
                f"{where}: takes no login of a kind known here; unset STATEMENTS_SMTP_USER or ask"
            ) from exc
        except ssl.SSLCertVerificationError as exc:
            raise Misconfigured(f"{where}: its certificate does not prove that it is {self._server.host}") from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise Retryable(f"{where}: no session ({type(exc).__name__}); nothing was accepted") from exc

    def _encrypt(self, connection: smtplib.SMTP) -> None:
        if not connection.has_extn("starttls"):
            raise Misconfigured(f"{self._server.where}: offers no STARTTLS, and mail is not sent in the clear")
        code, reply = connection.starttls(context=ssl.create_default_context())
        _judge(code, reply, f"{self._server.where} (STARTTLS)")
        _judge(*connection.ehlo(), f"{self._server.where} (EHLO)")

    def _ask(self, connection: smtplib.SMTP, command: str, what: str, *, expected: int = 250) -> None:
        """One command before the message itself: whatever fails here, nothing was accepted."""
        try:
            code, reply = connection.docmd(command)
        except (smtplib.SMTPException, OSError) as exc:
            self._drop()
            raise Retryable(
                f"{what}: {self._server.where} hung up before the message ({type(exc).__name__}); nothing was accepted"
            ) from exc
        if code // 100 == expected // 100:
            return
        self._clear(connection, code)
        raise _refusal(code, reply, f"{what} at {self._server.where}")

    def _deliver(self, connection: smtplib.SMTP, data: bytes, what: str) -> str:
        """The message and its last line; gives the server's answer."""
        stuffed = re.sub(rb"(?m)^\.", b"..", data)
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            connection.send(stuffed + end)
            code, reply = connection.getreply()
        except (smtplib.SMTPException, OSError) as exc:
            self._drop()
            raise UnknownOutcome(
                f"{what}: {self._server.where} hung up before it answered for the message ({type(exc).__name__}): "
                "look in its log before anything is sent again"
            ) from exc
        if code // 100 == 2:
            # The words name the server's queue id, which is evidence; an address that it quotes is not kept.
            return re.sub(r"\S*@\S*", "…", f"{code} {_readable(reply)}")
        self._clear(connection, code)
        raise _refusal(code, reply, f"{what} at {self._server.where}")

    def _clear(self, connection: smtplib.SMTP, code: int) -> None:
        """Makes the connection ready for the next message, or lets it go."""
        try:
            ready = code != 421 and connection.docmd("RSET")[0] == 250
        except (smtplib.SMTPException, OSError):
            ready = False  # gone: the next message gets a new one
        if not ready:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _judge(code: int, reply: bytes, what: str) -> None:
    if code // 100 != 2:
        raise _turned_away(code, reply, what)


def _turned_away(code: int, reply: bytes | str, what: str) -> HandOffError:
    """A refusal before any message was named: of us, so no message must be given up for it."""
    refusal = _refusal(code, reply, what)
    return Misconfigured(str(refusal)) if isinstance(refusal, Permanent) else refusal


def _refusal(code: int, reply: bytes | str, what: str) -> HandOffError:
    """A 4xx may be tried again, a 5xx not (RFC 5321, 4.2.1); the enhanced code says why (RFC 3463).

    Of the server's words only the codes are repeated: many quote the address.
    """
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", _readable(reply))
    codes = f"{code} {enhanced[0]}" if enhanced else str(code)
    if code // 100 == 5:
        return Permanent(f"{what}: refused for good ({codes})")
    return Retryable(f"{what}: refused for now ({codes})")


def _readable(reply: bytes | str) -> str:
    text = reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply
    return text.replace("\n", " ")
