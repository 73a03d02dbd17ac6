"""SMTP: each reply, or its absence, maps to an outcome, and no message is sent twice."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mail_house.email import Message, open_mailer
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, SenderRefused, UnknownOutcome
from tests.mail_house.test_email import DOCUMENT, make_message
from tests.services.certificate import write_certificate
from tests.services.processes import free_port
from tests.services.smtp import GO_AHEAD_AND_HANG_UP, HANG_UP, SmtpServer, run_smtp_server

KEYED = {"STATEMENTS_EMAIL_KEY": "k" * 32}
NOT_THIS_MACHINE = "127.1"
"""Reaches loopback but is not recognized as loopback, so the mailer treats it as a remote host."""


def second_message(number: int = 2) -> Message:
    return make_message(document_id=f"00000000-0000-5000-8000-{number:012d}")


def test_send__delivers_the_message_with_its_id(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        receipt = mailer.send(make_message())
    (mail,) = smtp_server.accepted
    assert smtp_server.recipients == ["reader@mail.example"]
    assert mail["Message-ID"] == receipt.reference == f"<{DOCUMENT}.1@hospital.example>"
    assert receipt.at == make_message().sent_at
    assert receipt.detail["answer"] == "250 2.0.0 queued as 4F00BA"


def test_send__escapes_lines_that_start_with_a_dot(smtp_server: SmtpServer) -> None:
    message = make_message(phone="x\n.\n.hidden")
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.send(message)
    body = smtp_server.accepted[0].get_body(("plain",))
    assert body is not None
    assert "\n.\n.hidden" in body.get_content().replace("\r\n", "\n")


def test_send__reuses_the_connection(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        for number in range(1, 6):
            mailer.send(second_message(number))
    assert len(smtp_server.accepted) == 5
    assert len(smtp_server.peers) == 1


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        pytest.param("greeting", "421 4.3.2 too busy", Retryable, id="greeting-busy"),
        pytest.param("greeting", "554 5.7.1 go away", Misconfigured, id="greeting-refused"),
        pytest.param("greeting", HANG_UP, Retryable, id="greeting-hang-up"),
        pytest.param("mail", "451 4.3.0 later", Retryable, id="sender-later"),
        pytest.param("mail", "550 5.7.1 not from you", Misconfigured, id="sender-refused"),
        pytest.param("mail", "421 4.7.0 closing", Retryable, id="sender-closing"),
        pytest.param("mail", HANG_UP, Retryable, id="sender-hang-up"),
        pytest.param("rcpt", "450 4.2.1 greylisted", Retryable, id="recipient-later"),
        pytest.param("rcpt", "550 5.1.1 no such user", Permanent, id="recipient-unknown"),
        pytest.param("rcpt", HANG_UP, Retryable, id="recipient-hang-up"),
        pytest.param("data", "452 4.3.1 disk full", Retryable, id="data-later"),
        pytest.param("data", "554 5.5.1 no valid recipients", Permanent, id="data-refused"),
        pytest.param("data", HANG_UP, Retryable, id="data-hang-up"),
        pytest.param("data", GO_AHEAD_AND_HANG_UP, UnknownOutcome, id="hang-up-during-the-message"),
        pytest.param("message", "451 4.3.0 try later", Retryable, id="message-later"),
        pytest.param("message", "421 4.3.2 shutting down", Retryable, id="message-closing"),
        pytest.param("message", "554 transaction failed", Permanent, id="message-refused"),
        pytest.param("message", "554 5.6.0 looks like spam", SenderRefused, id="message-looks-like-spam"),
        pytest.param("message", "552 5.3.4 message too large", SenderRefused, id="message-too-large"),
        pytest.param("message", "550-5.7.26 no DMARC\n550 5.7.26 see …", SenderRefused, id="dmarc"),
        pytest.param("rcpt", "554 5.7.1 <reader@mail.example>: Relay access denied", SenderRefused, id="relay-denied"),
        pytest.param("rcpt", "550 relay not permitted", SenderRefused, id="relay-denied-without-a-code"),
        pytest.param("rcpt", "530 5.7.0 Must issue a STARTTLS command first", SenderRefused, id="tls-required"),
        pytest.param("rcpt", "550 5.7.1 too many messages, slow down", SenderRefused, id="rate-limit"),
        pytest.param("rcpt", "550 5.7.1 <reader@mail.example>: user unknown", Permanent, id="policy-code-unknown-user"),
        pytest.param("message", HANG_UP, UnknownOutcome, id="hang-up-after-the-message"),
    ],
)
def test_send__outcome_of_each_reply(
    stage: str, reply: str, outcome: type[HandOffError], smtp_server: SmtpServer
) -> None:
    getattr(smtp_server.script, stage).append(reply)
    with open_mailer(smtp_server.url, environ={}) as mailer:
        with pytest.raises(outcome) as caught:
            mailer.send(make_message())
        assert type(caught.value) is outcome
        assert "reader" not in str(caught.value)
        assert str(smtp_server.port) in str(caught.value), "the message must name the server"
        mailer.send(second_message())  # the next message is not affected
    assert smtp_server.accepted[-1]["Message-ID"] == "<00000000-0000-5000-8000-000000000002.1@hospital.example>"


def test_send__refusal_has_the_code_but_not_the_servers_text(smtp_server: SmtpServer) -> None:
    smtp_server.script.rcpt.append("550 5.1.1 <reader@mail.example> unknown")
    with open_mailer(smtp_server.url, environ={}) as mailer, pytest.raises(Permanent) as caught:
        mailer.send(make_message())
    assert "550 5.1.1" in str(caught.value)
    assert DOCUMENT in str(caught.value)
    assert "reader@mail.example" not in str(caught.value)


@pytest.mark.parametrize("reply", [HANG_UP, "421 4.7.0 enough for one connection"])
def test_send__reconnects_if_the_connection_closed_between_messages(reply: str, smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.send(make_message())
        smtp_server.script.mail.append(reply)
        mailer.send(second_message())
    assert len(smtp_server.accepted) == 2
    assert len(smtp_server.peers) == 2


def test_find__is_unknown_over_smtp(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer, pytest.raises(UnknownOutcome, match=DOCUMENT) as caught:
        mailer.find(make_message())
    assert f"<{DOCUMENT}.1@hospital.example>" in str(caught.value), "the id to look for in the server's log"


def test_check__sends_no_message(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.check()
    assert smtp_server.accepted == []


def test_send__no_connection__is_retryable() -> None:
    url = f"smtp://127.0.0.1:{free_port()}?from=billing@hospital.example"
    with open_mailer(url, environ={}) as mailer, pytest.raises(Retryable, match="no connection"):
        mailer.send(make_message())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "server.pem", NOT_THIS_MACHINE)


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def remote_url(server: SmtpServer) -> str:
    return f"smtp://{NOT_THIS_MACHINE}:{server.port}?from=billing@hospital.example"


def test_starttls__not_offered_by_a_remote_server__sends_nothing(smtp_server: SmtpServer) -> None:
    with (
        open_mailer(remote_url(smtp_server), environ=KEYED) as mailer,
        pytest.raises(Misconfigured, match="does not offer STARTTLS"),
    ):
        mailer.send(make_message())
    assert smtp_server.accepted == []


def test_starttls__untrusted_certificate__sends_nothing(certificate: Path) -> None:
    with run_smtp_server(tls=server_context(certificate)) as server:
        with (
            open_mailer(remote_url(server), environ=KEYED) as mailer,
            pytest.raises(Misconfigured, match="certificate is not valid"),
        ):
            mailer.send(make_message())
        assert server.accepted == []


def test_starttls__encrypts_message_and_login(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    environ = {**KEYED, "STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "right"}
    with run_smtp_server(tls=server_context(certificate), logins={"statements": "right"}) as server:
        with open_mailer(remote_url(server), environ=environ) as mailer:
            mailer.send(make_message())
        assert len(server.accepted) == 1


def test_login__refused__is_misconfigured(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    environ = {**KEYED, "STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "wrong"}
    with run_smtp_server(tls=server_context(certificate), logins={"statements": "right"}) as server:
        with open_mailer(remote_url(server), environ=environ) as mailer, pytest.raises(Misconfigured, match="login"):
            mailer.send(make_message())
        assert server.accepted == []


def test_login__not_supported__is_misconfigured(smtp_server: SmtpServer) -> None:
    environ = {"STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "right"}
    with open_mailer(smtp_server.url, environ=environ) as mailer, pytest.raises(Misconfigured, match="login method"):
        mailer.check()
