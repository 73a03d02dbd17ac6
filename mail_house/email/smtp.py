"""E-mail over SMTP, one connection for many messages. Maps each reply, or its absence, to an outcome.

A message counts as accepted when the server replies 250 after its last line (RFC 5321, 4.2.5), not before. After the
server's 354 a missing reply is not a refusal: the outcome is unknown.
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
from security_kit.transport import is_loopback

TIMEOUT_S = 30.0


class SmtpServer(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    user: str
    """Empty: no login."""
    password: Secret

    @property
    def address(self) -> str:
        return f"smtp://{self.host}:{self.port}"


class SmtpMailer:
    """Not thread-safe: one connection, one message at a time."""

    def __init__(self, server: SmtpServer, sender: Sender, rate_limiter: RateLimiter) -> None:
        self._server = server
        self._sender = sender
        self._rate_limiter = rate_limiter
        self._connection: smtplib.SMTP | None = None

    def send(self, message: Message) -> Receipt:
        what = f"document {message.document_id}"
        try:
            data = message_bytes(message, self._sender)
            to = ascii_address(message.to, what=what)
        except ValueError as exc:
            raise Permanent(str(exc)) from exc
        self._rate_limiter.wait()
        connection = self._begin_transaction(what)
        self._command(connection, f"RCPT TO:<{to}>", what)
        self._command(connection, "DATA", what, expected=354)
        reply = self._send_data(connection, data, what)
        return Receipt(
            reference=message_id(message, self._sender),
            at=message.sent_at,
            detail={"server": self._server.address, "answer": reply},
        )

    def find(self, message: Message) -> Receipt | None:
        raise UnknownOutcome(
            f"document {message.document_id}: SMTP cannot be asked what was accepted; "
            f"look for {message_id(message, self._sender)} in the log of {self._server.host}"
        )

    def check(self) -> None:
        self._command(self._connect(), "NOOP", "check")

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            connection.close()  # already lost; every message on it has its reply

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _begin_transaction(self, what: str) -> smtplib.SMTP:
        """Send MAIL FROM on a working connection. The server may have closed a reused connection or reached its
        message limit; nothing about this message has been sent yet, so one new connection is tried."""
        is_reused = self._connection is not None
        try:
            return self._mail_from(what)
        except Retryable:
            if not is_reused or self._connection is not None:
                raise
        return self._mail_from(what)

    def _mail_from(self, what: str) -> smtplib.SMTP:
        """All messages have the same sender, so a permanent refusal means that the setting is wrong."""
        connection = self._connect()
        try:
            self._command(connection, f"MAIL FROM:<{self._sender.from_address}>", what)
        except Permanent as exc:
            raise Misconfigured(f"{exc}: it does not accept mail from the sender in the setting") from exc
        return connection

    def _connect(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        address = self._server.address
        try:
            connection = smtplib.SMTP(self._server.host, self._server.port, timeout=TIMEOUT_S)
        except smtplib.SMTPConnectError as exc:
            raise _session_refusal(exc.smtp_code, exc.smtp_error, f"{address} (greeting)") from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise Retryable(f"{address}: no connection ({type(exc).__name__}); nothing was accepted") from exc
        try:
            self._start_session(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _start_session(self, connection: smtplib.SMTP) -> None:
        """EHLO, encryption and login."""
        address = self._server.address
        try:
            _require_success(*connection.ehlo(), f"{address} (EHLO)")
            if not is_loopback(self._server.host):
                self._encrypt(connection)
            if self._server.user:
                connection.login(self._server.user, self._server.password.reveal())
        except smtplib.SMTPAuthenticationError as exc:
            raise _session_refusal(exc.smtp_code, exc.smtp_error, f"{address} (login)") from exc
        except smtplib.SMTPNotSupportedError as exc:
            raise Misconfigured(
                f"{address}: does not support a login method known here; unset STATEMENTS_SMTP_USER, or ask the "
                "server's administrator"
            ) from exc
        except ssl.SSLCertVerificationError as exc:
            raise Misconfigured(f"{address}: its certificate is not valid for {self._server.host}") from exc
        except (smtplib.SMTPException, OSError) as exc:
            raise Retryable(f"{address}: no session ({type(exc).__name__}); nothing was accepted") from exc

    def _encrypt(self, connection: smtplib.SMTP) -> None:
        if not connection.has_extn("starttls"):
            raise Misconfigured(
                f"{self._server.address}: does not offer STARTTLS, and mail is never sent unencrypted; enable STARTTLS"
            )
        code, reply = connection.starttls(context=ssl.create_default_context())
        _require_success(code, reply, f"{self._server.address} (STARTTLS)")
        _require_success(*connection.ehlo(), f"{self._server.address} (EHLO)")

    def _command(self, connection: smtplib.SMTP, command: str, what: str, *, expected: int = 250) -> None:
        """Send one command before the message itself: if it fails, nothing was accepted."""
        try:
            code, reply = connection.docmd(command)
        except (smtplib.SMTPException, OSError) as exc:
            self._drop()
            raise Retryable(
                f"{what}: {self._server.address} closed the connection before the message ({type(exc).__name__}); "
                "nothing was accepted"
            ) from exc
        if code // 100 == expected // 100:
            return
        self._reset(connection, code)
        raise _refusal(code, reply, f"{what} at {self._server.address}")

    def _send_data(self, connection: smtplib.SMTP, data: bytes, what: str) -> str:
        """Send the message and the final dot; return the server's reply."""
        stuffed = re.sub(rb"(?m)^\.", b"..", data)
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            connection.send(stuffed + end)
            code, reply = connection.getreply()
        except (smtplib.SMTPException, OSError) as exc:
            self._drop()
            raise UnknownOutcome(
                f"{what}: {self._server.address} closed the connection before it replied to the message "
                f"({type(exc).__name__}): check its log before you send anything again"
            ) from exc
        if code // 100 == 2:
            # The reply has the server's queue id, which is evidence. A quoted address is not kept.
            return re.sub(r"(?<!\S)\S*@\S*", "…", f"{code} {_readable(reply)}")
        self._reset(connection, code)
        raise _refusal(code, reply, f"{what} at {self._server.address}")

    def _reset(self, connection: smtplib.SMTP, code: int) -> None:
        """Prepare the connection for the next message, or drop it."""
        try:
            is_ready = code != 421 and connection.docmd("RSET")[0] == 250
        except (smtplib.SMTPException, OSError):
            is_ready = False  # lost: the next message opens a new connection
        if not is_ready:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _require_success(code: int, reply: bytes, what: str) -> None:
    if code // 100 != 2:
        raise _session_refusal(code, reply, what)


def _session_refusal(code: int, reply: bytes | str, what: str) -> HandOffError:
    """A refusal of the session, before any message: it must not count against a message."""
    refusal = _refusal(code, reply, what)
    return Misconfigured(str(refusal)) if isinstance(refusal, Permanent) else refusal


def _refusal(code: int, reply: bytes | str, what: str) -> HandOffError:
    """Map a reply to an outcome: a 4xx may be retried, a 5xx may not (RFC 5321, 4.2.1). The enhanced code gives the
    reason (RFC 3463).

    Only the codes are repeated: many servers quote the address in their text.
    """
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", _readable(reply))
    codes = f"{code} {enhanced[0]}" if enhanced else str(code)
    if code // 100 == 5:
        return Permanent(f"{what}: refused permanently ({codes})")
    return Retryable(f"{what}: refused for now ({codes})")


def _readable(reply: bytes | str) -> str:
    text = reply.decode("ascii", "replace") if isinstance(reply, bytes) else reply
    return text.replace("\n", " ")
