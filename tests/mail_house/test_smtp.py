"""What each reply, or silence, of an SMTP server means for the one message that must not be sent twice."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mail_house.email import Message, open_mailer
from mail_house.errors import HandOffError, Misconfigured, Permanent, Retryable, UnknownOutcome
from tests.mail_house.test_email import DOCUMENT, make_message
from tests.services.certificate import write_certificate
from tests.services.processes import free_port
from tests.services.smtp import GO_AHEAD_AND_HANG_UP, HANG_UP, SmtpServer, run_smtp_server

NOT_THIS_MACHINE = "127.1"
"""Reaches loopback, and is not written as loopback: the mailer must treat it as any other host."""


def second_message(number: int = 2) -> Message:
    return make_message(document_id=f"00000000-0000-5000-8000-{number:012d}")


def test_send__message_arrives_with_its_id(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        receipt = mailer.send(make_message())
    (mail,) = smtp_server.accepted
    assert smtp_server.recipients == ["reader@mail.example"]
    assert mail["Message-ID"] == receipt.reference == f"<{DOCUMENT}.1@hospital.example>"
    assert receipt.at == make_message().sent_at
    assert receipt.detail["answer"] == "250 2.0.0 queued as 4F00BA"


def test_send__text_that_starts_with_a_dot_arrives_whole(smtp_server: SmtpServer) -> None:
    message = make_message(phone="x\n.\n.hidden")
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.send(message)
    body = smtp_server.accepted[0].get_body(("plain",))
    assert body is not None
    assert "\n.\n.hidden" in body.get_content().replace("\r\n", "\n")


def test_send__one_connection_for_many_messages(smtp_server: SmtpServer) -> None:
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
        pytest.param("greeting", HANG_UP, Retryable, id="greeting-silence"),
        pytest.param("mail", "451 4.3.0 later", Retryable, id="sender-later"),
        pytest.param("mail", "550 5.7.1 not from you", Misconfigured, id="sender-refused"),
        pytest.param("mail", "421 4.7.0 closing", Retryable, id="sender-closing"),
        pytest.param("mail", HANG_UP, Retryable, id="sender-silence"),
        pytest.param("rcpt", "450 4.2.1 greylisted", Retryable, id="recipient-later"),
        pytest.param("rcpt", "550 5.1.1 no such user", Permanent, id="recipient-unknown"),
        pytest.param("rcpt", HANG_UP, Retryable, id="recipient-silence"),
        pytest.param("data", "452 4.3.1 disk full", Retryable, id="data-later"),
        pytest.param("data", "554 5.5.1 no valid recipients", Permanent, id="data-refused"),
        pytest.param("data", HANG_UP, Retryable, id="data-silence"),
        pytest.param("data", GO_AHEAD_AND_HANG_UP, UnknownOutcome, id="cut-in-the-message"),
        pytest.param("message", "451 4.3.0 try later", Retryable, id="message-later"),
        pytest.param("message", "421 4.3.2 shutting down", Retryable, id="message-closing"),
        pytest.param("message", "554 5.6.0 looks like spam", Permanent, id="message-refused"),
        pytest.param("message", HANG_UP, UnknownOutcome, id="silence-after-the-message"),
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
        assert str(smtp_server.port) in str(caught.value), "which server it was"
        mailer.send(second_message())  # the next message is not held up by this one
    assert smtp_server.accepted[-1]["Message-ID"] == "<00000000-0000-5000-8000-000000000002.1@hospital.example>"


def test_send__refusal_says_the_code_and_not_the_servers_words(smtp_server: SmtpServer) -> None:
    smtp_server.script.rcpt.append("550 5.1.1 <reader@mail.example> unknown")
    with open_mailer(smtp_server.url, environ={}) as mailer, pytest.raises(Permanent) as caught:
        mailer.send(make_message())
    assert "550 5.1.1" in str(caught.value)
    assert DOCUMENT in str(caught.value)
    assert "reader@mail.example" not in str(caught.value)


@pytest.mark.parametrize("reply", [HANG_UP, "421 4.7.0 enough for one connection"])
def test_send__connection_that_ended_between_messages_is_opened_again(reply: str, smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.send(make_message())
        smtp_server.script.mail.append(reply)
        mailer.send(second_message())
    assert len(smtp_server.accepted) == 2
    assert len(smtp_server.peers) == 2


def test_find__smtp_cannot_be_asked(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer, pytest.raises(UnknownOutcome, match=DOCUMENT) as caught:
        mailer.find(make_message())
    assert f"<{DOCUMENT}.1@hospital.example>" in str(caught.value), "what to look for in the server's log"


def test_check__says_whether_mail_would_be_taken(smtp_server: SmtpServer) -> None:
    with open_mailer(smtp_server.url, environ={}) as mailer:
        mailer.check()
    assert smtp_server.accepted == []


def test_nobody_answers__may_be_tried_again() -> None:
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


def test_starttls__not_offered_by_another_machine_sends_nothing(smtp_server: SmtpServer) -> None:
    with open_mailer(remote_url(smtp_server), environ={}) as mailer, pytest.raises(Misconfigured, match="no STARTTLS"):
        mailer.send(make_message())
    assert smtp_server.accepted == []


def test_starttls__stranger_with_a_certificate_of_its_own_gets_nothing(certificate: Path) -> None:
    with run_smtp_server(tls=server_context(certificate)) as server:
        with (
            open_mailer(remote_url(server), environ={}) as mailer,
            pytest.raises(Misconfigured, match="does not prove"),
        ):
            mailer.send(make_message())
        assert server.accepted == []


def test_starttls__message_and_login_go_encrypted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    environ = {"STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "right"}
    with run_smtp_server(tls=server_context(certificate), logins={"statements": "right"}) as server:
        with open_mailer(remote_url(server), environ=environ) as mailer:
            mailer.send(make_message())
        assert len(server.accepted) == 1


def test_login__refused_is_for_the_set_up(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    environ = {"STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "wrong"}
    with run_smtp_server(tls=server_context(certificate), logins={"statements": "right"}) as server:
        with open_mailer(remote_url(server), environ=environ) as mailer, pytest.raises(Misconfigured, match="login"):
            mailer.send(make_message())
        assert server.accepted == []


def test_login__server_that_takes_none_is_for_the_set_up(smtp_server: SmtpServer) -> None:
    environ = {"STATEMENTS_SMTP_USER": "statements", "STATEMENTS_SMTP_PASSWORD": "right"}
    with open_mailer(smtp_server.url, environ=environ) as mailer, pytest.raises(Misconfigured, match="takes no login"):
        mailer.check()
