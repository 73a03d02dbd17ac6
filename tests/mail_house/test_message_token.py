"""The token in a Message-ID proves document, attempt and recipient; without the key nobody can make one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from mail_house.bounces import read_message
from mail_house.bounces.own_id import OwnId, pick_own_id
from mail_house.email import message_id, message_token, open_mailer, verifies_token
from mail_house.email.message import Sender, envelope_sender, message_bytes
from mail_house.secret import read_keys
from tests.mail_house.test_email import DOCUMENT, make_message
from tests.services.smtp import SmtpServer

OLD, NEW = "o" * 32, "n" * 32
KEYS = read_keys({"K": OLD}, "K")
SENDER = Sender(from_address="billing@hospital.example", return_path="bounces@hospital.example", keys=KEYS)
TO = "reader@mail.example"


def test_token__is_an_hmac_that_others_can_compute_with_the_key() -> None:
    digest = hmac.new(OLD.encode(), f"e-mail\x1f{DOCUMENT}\x1f1\x1f{TO}".encode(), hashlib.sha256).digest()
    assert message_token(KEYS, DOCUMENT, 1, TO) == base64.b32encode(digest[:10]).decode().lower()


@pytest.mark.parametrize(
    ("document", "attempt", "to", "is_ours"),
    [
        pytest.param(DOCUMENT, 1, TO, True, id="same"),
        pytest.param(DOCUMENT, 1, "Reader@Mail.Example", True, id="servers-change-the-case"),
        pytest.param(DOCUMENT, 2, TO, False, id="other-attempt"),
        pytest.param(DOCUMENT.replace("3f1c", "4f1c"), 1, TO, False, id="other-document"),
        pytest.param(DOCUMENT, 1, "ana@mail.example", False, id="other-recipient"),
        pytest.param(DOCUMENT, 1, "", False, id="no-recipient"),
    ],
)
def test_token__binds_document_attempt_and_recipient(document: str, attempt: int, to: str, is_ours: bool) -> None:
    token = message_token(KEYS, DOCUMENT, 1, TO)
    assert verifies_token(KEYS, token, document, attempt, to) is is_ours


def test_keys__first_signs_and_all_verify() -> None:
    both = read_keys({"K": f"{NEW},{OLD}"}, "K")
    assert message_token(both, DOCUMENT, 1, TO) == message_token(read_keys({"K": NEW}, "K"), DOCUMENT, 1, TO)
    assert verifies_token(both, message_token(KEYS, DOCUMENT, 1, TO), DOCUMENT, 1, TO)
    assert not verifies_token(KEYS, message_token(both, DOCUMENT, 1, TO), DOCUMENT, 1, TO)
    assert OLD not in repr(both)


def test_no_key__no_token_and_nothing_verifies() -> None:
    none = read_keys({}, "K")
    assert message_token(none, DOCUMENT, 1, TO) == ""
    assert not verifies_token(none, "", DOCUMENT, 1, TO)


def test_short_key__is_refused() -> None:
    with pytest.raises(ValueError, match="openssl rand -hex 32"):
        read_keys({"K": f"{OLD},hunter2"}, "K")


def test_message__every_address_that_answers_return_to_has_the_id() -> None:
    message = make_message()
    own = OwnId(DOCUMENT, 1, message_token(KEYS, DOCUMENT, 1, TO))
    head = message_bytes(message, SENDER).decode().partition("\r\n\r\n")[0]
    unsubscribe = next(line for line in head.splitlines() if line.startswith("List-Unsubscribe:"))
    for text in (message_id(message, SENDER), envelope_sender(message, SENDER), unsubscribe):
        assert pick_own_id([text]) == own
    assert len(envelope_sender(message, SENDER).partition("@")[0]) <= 64, "RFC 5321, 4.5.3.1.1"


def test_bounce__is_found_by_the_return_path_alone() -> None:
    """Many servers return no part of the message."""
    bounce = (
        f"From: MAILER-DAEMON@mx.example.org\r\nTo: <{envelope_sender(make_message(), SENDER)}>\r\n"
        f"Subject: failure notice\r\n\r\n<{TO}>: 550 5.1.1 no such user\r\n"
    )
    (found,) = read_message(bounce.encode()).bounces
    assert (found.document_id, found.attempt, found.recipient) == (DOCUMENT, 1, TO)
    assert verifies_token(KEYS, found.token, DOCUMENT, 1, found.recipient)


def test_smtp__return_path_has_the_token(smtp_server: SmtpServer) -> None:
    url = f"{smtp_server.url}&return_path=bounces@hospital.example"
    with open_mailer(url, environ={"STATEMENTS_EMAIL_KEY": OLD}) as mailer:
        mailer.send(make_message())
    assert smtp_server.senders == [envelope_sender(make_message(), SENDER)]


@pytest.mark.parametrize(
    "url",
    ["smtp://mail.hospital.example?from=billing@hospital.example", "ses://us-east-1?from=billing@hospital.example"],
)
def test_open_mailer__mail_that_leaves_requires_a_key(url: str) -> None:
    with pytest.raises(ValueError, match="STATEMENTS_EMAIL_KEY"):
        open_mailer(url, environ={})
    open_mailer(url, environ={"STATEMENTS_EMAIL_KEY": OLD}).close()


def test_open_mailer__long_return_path_is_refused() -> None:
    url = "smtp://mail.hospital.example?from=b@hospital.example&return_path=statements@hospital.example"
    with pytest.raises(ValueError, match="return_path"):
        open_mailer(url, environ={"STATEMENTS_EMAIL_KEY": OLD})
