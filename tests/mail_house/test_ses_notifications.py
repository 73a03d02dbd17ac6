"""Amazon SES notifications in each wrapping. The document is found by our tags or the SES id, and by nothing else.

The payloads are our own, with the fields and nesting that the SES developer guide describes.
"""

from __future__ import annotations

import json
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from mail_house.bounces import Accepted, BounceKind, read_message

DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
OTHER = "7a1f3c52-0c11-5f0e-8d7a-2b9d1f6e4c10"
SES_ID = "0100018f3a2b4c5d-6e7f8091-a2b3-c4d5-e6f7-0819a2b3c4d5-000000"
ANA = "ana@example.org"

MAIL: dict[str, Any] = {
    "timestamp": "2026-11-07T15:00:02.012Z",
    "source": "Lakeside Hospital <billing@hospital.example>",
    "sourceArn": "arn:aws:ses:us-east-1:000000000000:identity/hospital.example",
    "sendingAccountId": "000000000000",
    "messageId": SES_ID,
    "destination": [ANA],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "Lakeside Hospital <billing@hospital.example>"},
        {"name": "To", "value": ANA},
        {"name": "Message-ID", "value": f"<{SES_ID}@email.amazonses.com>"},
    ],
    "commonHeaders": {"from": ["billing@hospital.example"], "to": [ANA], "messageId": SES_ID},
    "tags": {
        "ses:configuration-set": ["statements"],
        "ses:source-ip": ["192.0.2.7"],
        "document": [DOCUMENT],
        "attempt": ["2"],
    },
}
BOUNCE: dict[str, Any] = {
    "eventType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": ANA,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 no such mailbox",
            }
        ],
        "timestamp": "2026-11-07T15:00:05.669Z",
        "feedbackId": "0100018f3a2b-feed",
        "reportingMTA": "dsn; a1-2.smtp-out.amazonses.com",
    },
    "mail": MAIL,
}
COMPLAINT: dict[str, Any] = {
    "eventType": "Complaint",
    "complaint": {
        "complainedRecipients": [{"emailAddress": ANA}],
        "complaintFeedbackType": "abuse",
        "userAgent": "a mail program",
        "arrivalDate": "2026-11-07T16:00:00.000Z",
    },
    "mail": MAIL,
}
DELIVERY: dict[str, Any] = {
    "eventType": "Delivery",
    "delivery": {"recipients": [ANA], "smtpResponse": "250 2.6.0 taken", "processingTimeMillis": 546},
    "mail": MAIL,
}


def plain(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def by_sns(event: dict[str, Any]) -> bytes:
    """As SNS posts or queues it."""
    envelope = {
        "Type": "Notification",
        "MessageId": "11111111-2222-5333-8444-555555555555",
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:bounces",
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(event),
        "Timestamp": "2026-11-07T15:00:06.000Z",
        "SignatureVersion": "1",
        "Signature": "c2lnbmVk",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    }
    return json.dumps(envelope, indent=2).encode()


def by_mail(event: dict[str, Any]) -> bytes:
    """As SNS mails it to a subscribed address; the transfer encoding folds long lines."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "AWS Notifications <no-reply@sns.amazonaws.com>"
    message["Subject"] = "Amazon SES Email Event Notification"
    message.set_content(f"{json.dumps(event)}\n\n--\nTo stop these, visit …\n", cte="quoted-printable")
    return message.as_bytes()


WRAPPINGS = [
    pytest.param(plain, id="plain"),
    pytest.param(by_sns, id="by-sns"),
    pytest.param(by_mail, id="by-mail"),
]


@pytest.mark.parametrize("wrap", WRAPPINGS)
@pytest.mark.parametrize(("event", "kind", "status"), [(BOUNCE, "hard", "5.1.1"), (COMPLAINT, "complaint", "")])
def test_read__finds_the_document_by_tags_if_ses_replaced_the_message_id(
    wrap: Any, event: dict[str, Any], kind: str, status: str
) -> None:
    (bounce,) = read_message(wrap(event)).bounces
    assert (bounce.recipient, bounce.kind.value, bounce.status) == (ANA, kind, status)
    assert (bounce.document_id, bounce.attempt, bounce.reference) == (DOCUMENT, 2, SES_ID)


@pytest.mark.parametrize(
    ("tags", "headers", "expected"),
    [
        pytest.param(None, [], ("", 0), id="neither"),
        pytest.param(
            None,
            [{"name": "Message-ID", "value": f"<{OTHER}.1@hospital.example>"}],
            ("", 0),
            id="message-id-proves-nothing",
        ),
        pytest.param(
            MAIL["tags"],
            [{"name": "References", "value": f"<{OTHER}.1@hospital.example>"}],
            (DOCUMENT, 2),
            id="tags-and-headers-of-another",
        ),
        pytest.param({"document": [DOCUMENT.upper()], "attempt": ["3"]}, [], (DOCUMENT, 3), id="capitals"),
        pytest.param({"document": [DOCUMENT]}, [], ("", 0), id="no-attempt"),
        pytest.param({"document": [DOCUMENT, OTHER], "attempt": ["1"]}, [], ("", 0), id="two-documents"),
        pytest.param({"document": ["newsletter"], "attempt": ["1"]}, [], ("", 0), id="tags-of-another-system"),
    ],
)
def test_read__finds_exactly_one_document_or_none(
    tags: dict[str, list[str]] | None, headers: list[dict[str, str]], expected: tuple[str, int]
) -> None:
    mail = {key: value for key, value in MAIL.items() if key != "tags"} | {"headers": headers}
    (bounce,) = read_message(plain({**BOUNCE, "mail": mail | ({"tags": tags} if tags else {})})).bounces
    assert (bounce.document_id, bounce.attempt) == expected
    assert (bounce.kind, bounce.reference) == (BounceKind.HARD, SES_ID)


@pytest.mark.parametrize(
    "event",
    [
        {"bounce": {**BOUNCE["bounce"], "bouncedRecipients": [{"diagnosticCode": f"smtp; 550 <{OTHER}.1@h.example>"}]}},
        {"eventType": "Complaint", "complaint": {**COMPLAINT["complaint"], "userAgent": f"{OTHER}.1@h.example"}},
        {"eventType": "Delivery", "delivery": {"recipients": [ANA], "smtpResponse": f"250 {OTHER}.1@h.example"}},
        {"mail": {**MAIL, "commonHeaders": {"subject": f"Re: {OTHER}.1@h.example"}}},
    ],
    ids=["reply", "user-agent", "delivery", "subject"],
)
def test_read__id_that_another_wrote_is_not_taken(event: dict[str, Any]) -> None:
    """An e-mail of another system, by the same account: its texts may quote the id of our e-mail."""
    event = {**BOUNCE, **event}
    reading = read_message(by_sns({**event, "mail": {**event["mail"], "tags": {}}}))
    ids = [each.document_id for each in reading.bounces]
    ids += [reading.accepted.document_id] if reading.accepted else []
    assert ids == [""]


def test_read__token_is_in_the_tags() -> None:
    mail = {**MAIL, "tags": {**MAIL["tags"], "token": ["ABCDEFGHIJKLMNOP"]}}
    (bounce,) = read_message(plain({**BOUNCE, "mail": mail})).bounces
    assert (bounce.token, bounce.written_to) == ("abcdefghijklmnop", ANA)


def test_read__notification_about_several_recipients() -> None:
    recipients = [
        {"emailAddress": ANA, "status": "5.1.1"},
        {"emailAddress": "ben@example.org", "status": "5.2.1"},
    ]
    bounces = read_message(by_sns({**BOUNCE, "bounce": {**BOUNCE["bounce"], "bouncedRecipients": recipients}})).bounces
    assert [(each.recipient, each.status, each.document_id) for each in bounces] == [
        (ANA, "5.1.1", DOCUMENT),
        ("ben@example.org", "5.2.1", DOCUMENT),
    ]


def test_read__bounce_mailed_by_ses_has_the_ses_id() -> None:
    """Without notifications SES mails a report like any server, about the message with the SES id."""
    report = (
        "From: MAILER-DAEMON@amazonses.com\r\nSubject: Delivery Status Notification (Failure)\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dsn; amazonses.com\r\n\r\n"
        f"Final-Recipient: rfc822; {ANA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{SES_ID}@us-west-2.amazonses.com>\r\n"
        "Subject: You have a new billing document\r\n\r\n--b--\r\n"
    )
    (bounce,) = read_message(report.encode()).bounces
    assert (bounce.kind, bounce.document_id, bounce.reference) == (BounceKind.HARD, "", SES_ID)


@pytest.mark.parametrize("what", ["Delivery", "Send"])
@pytest.mark.parametrize("wrap", WRAPPINGS)
def test_read_accepted__identifies_the_message(wrap: Any, what: str) -> None:
    data = wrap({**DELIVERY, "eventType": what})
    is_delivered = what == "Delivery"
    assert read_message(data).accepted == Accepted(
        document_id=DOCUMENT, attempt=2, reference=SES_ID, recipients=(ANA,), is_delivered=is_delivered
    )
    assert read_message(data).bounces == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(plain(BOUNCE), id="bounce"),
        pytest.param(plain({**DELIVERY, "eventType": "Reject"}), id="reject"),
        pytest.param(plain({"Type": "SubscriptionConfirmation", "Message": "You have chosen …"}), id="subscription"),
        pytest.param(b"{", id="torn"),
        pytest.param(b"From: ana@example.org\r\n\r\nhello\r\n", id="mail"),
        pytest.param(plain({**DELIVERY, "mail": "none"}), id="wrong-shape"),
    ],
)
def test_read_accepted__ignores_everything_else(data: bytes) -> None:
    assert read_message(data).accepted is None
