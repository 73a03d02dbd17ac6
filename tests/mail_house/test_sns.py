"""Notifications of Amazon SNS: only those with its signature and of a topic of ours."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_house.bounces import BounceKind, find_forgery, find_notification, is_sender_refuted, read
from mail_house.bounces.sns import Notification
from tests.mail_house.sns_signer import CERTIFICATE_URL, TOPIC, SnsSigner
from tests.mail_house.test_ses_notifications import BOUNCE, plain


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
    kinds = {each.kind for each in read(_mailed(sender, plain(BOUNCE)))}
    assert kinds == {BounceKind.HARD if is_found else BounceKind.UNCLEAR}
