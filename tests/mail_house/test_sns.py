"""Notifications of Amazon SNS: only those with its signature and of a topic of ours."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_house.bounces import BounceKind, Notification, find_forgery, is_sender_refuted, read_message
from tests.mail_house.sns_signer import CERTIFICATE_URL, TOPIC, SnsSigner
from tests.mail_house.test_ses_notifications import BOUNCE, plain


def find_notification(data: bytes) -> Notification | None:
    return read_message(data).notification


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["Amazon SES", None])
def test_find_forgery__accepts_what_sns_signed(version: str, subject: str | None) -> None:
    signer = SnsSigner(version=version)
    notification = find_notification(signer.notification("{}", subject=subject))
    assert notification is not None
    assert find_forgery(notification, [TOPIC], signer.fetch) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": '{"eventType": "Bounce"}'},
        {"MessageId": "2"},
        {"Subject": "another"},
        {"Timestamp": "2027-01-01T00:00:00.000Z"},
        {"Signature": ""},
        {"Signature": "not base64!"},
        {"SignatureVersion": "3"},
        {"TopicArn": TOPIC + "-2"},
        {"SigningCertURL": ""},
        *(
            {"SigningCertURL": CERTIFICATE_URL.replace(*change)}
            for change in (
                ("https:", "http:"),
                ("amazonaws.com", "amazonaws.com.evil.example"),
                ("sns.us-east-1.", "evil.example/sns.us-east-1."),
                ("us-east-1.", "us-east-1.evil."),
                ("us-east-1", "eu-west-1"),
                ("https://", "https://user@evil.example:443#"),
                ("sns.", "s3."),
                (".pem", ".pem?x=.pem"),
            )
        ),
    ],
    ids=lambda changes: "-".join(f"{name}={value}" for name, value in changes.items()),
)
def test_find_forgery__refuses_what_was_changed(changes: dict[str, str]) -> None:
    signer = SnsSigner()
    notification = find_notification(signer.notification("{}", **changes))
    assert notification is not None
    assert find_forgery(notification, [TOPIC], signer.fetch) != ""
    assert set(signer.fetched) <= {CERTIFICATE_URL}, "nothing else is ever fetched"


def test_find_forgery__refuses_the_signature_of_another_key() -> None:
    notification = find_notification(SnsSigner().notification("{}"))
    assert notification is not None
    assert find_forgery(notification, [TOPIC], SnsSigner().fetch) == "its SNS signature is wrong"


def test_find_forgery__no_topic_set_refuses_all() -> None:
    signer = SnsSigner()
    notification = find_notification(signer.notification("{}"))
    assert notification is not None
    assert "mail.sns_topics" in find_forgery(notification, [], signer.fetch)


SIGNER = SnsSigner()
GENUINE = SIGNER.notification('{"eventType": "Delivery"}')


@given(start=st.integers(0, len(GENUINE)), length=st.integers(0, 60), noise=st.binary(max_size=60))
def test_find_forgery__damaged_notification_never_raises_and_never_passes(
    start: int, length: int, noise: bytes
) -> None:
    damaged = GENUINE[:start] + noise + GENUINE[start + length :]
    notification = find_notification(damaged)
    assert not is_sender_refuted(damaged, "mx.hospital.example")
    if notification is not None and _signed(notification) != _signed(find_notification(GENUINE)):
        assert find_forgery(notification, [TOPIC], SIGNER.fetch) != ""


def _signed(notification: Notification | None) -> tuple[object, ...]:
    assert notification is not None
    fields = ("message", "message_id", "subject", "timestamp", "topic_arn")
    return tuple(getattr(notification, name) for name in fields)


def _in_parts(*parts: tuple[str, bytes]) -> bytes:
    """A mail that says that SNS sent it, with these types and texts."""
    head = b'From: x@sns.amazonaws.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    texts = [f"--b\r\nContent-Type: {type_}\r\n\r\n".encode() + text + b"\r\n" for type_, text in parts]
    return head + b"".join(texts) + b"--b--\r\n"


FORGED = plain(BOUNCE)
STATUS_REPORT = (
    b"Reporting-MTA: dns; mx.example.org\r\n\r\n"
    b"Final-Recipient: rfc822; ana@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    b"Original-Envelope-Id: 3f2504e0-4f89-51d3-9a0c-0305e82c3301.1@hospital.example\r\n"
)


@pytest.mark.parametrize(
    ("parts", "is_signed", "kinds"),
    [
        pytest.param([("text/plain", FORGED), ("text/plain", GENUINE)], False, ["hard"], id="forged-then-genuine"),
        pytest.param([("text/plain", GENUINE), ("text/plain", FORGED)], True, [], id="genuine-then-forged"),
        pytest.param([("text/plain", b"hello"), ("text/plain", GENUINE)], True, [], id="a-greeting-before-it"),
        pytest.param([("text/plain", b"{}"), ("text/plain", GENUINE)], False, ["unclear"], id="empty-then-genuine"),
        pytest.param(
            [("message/delivery-status", STATUS_REPORT), ("text/plain", GENUINE)], True, [], id="report-then-genuine"
        ),
    ],
)
def test_mail__signature_and_content_are_of_one_part(
    parts: list[tuple[str, bytes]], is_signed: bool, kinds: list[str]
) -> None:
    """Nobody can put the signature of an old notification beside a text of their own."""
    reading = read_message(_in_parts(*parts))
    assert (reading.notification is not None) is is_signed
    assert [each.kind.value for each in reading.bounces] == kinds
    assert (reading.accepted is not None) is is_signed, "what SNS signed says that it was delivered"
    assert reading.accepted is None or reading.accepted.document_id == ""


def _mailed(sender: str, body: bytes) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message.set_content(body.decode(), cte="quoted-printable")
    return message.as_bytes()


@pytest.mark.parametrize(
    ("sender", "is_found"),
    [
        ("AWS <no-reply@sns.amazonaws.com>", True),
        ("no-reply@sns.amazonaws.com.evil.example", False),
        ("sns.amazonaws.com <x@evil.example>", False),
        ('"no-reply@sns.amazonaws.com" <x@evil.example>', False),
        ("x@evil-sns.amazonaws.com", False),
    ],
)
def test_mail__is_from_sns_only_by_its_whole_domain(sender: str, is_found: bool) -> None:
    signer = SnsSigner()
    notification = find_notification(_mailed(sender, signer.notification("{}")))
    assert (notification is not None) is is_found
    kinds = {each.kind for each in read_message(_mailed(sender, plain(BOUNCE))).bounces}
    assert kinds == {BounceKind.HARD if is_found else BounceKind.UNCLEAR}
