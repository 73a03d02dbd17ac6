"""Bounces as the world writes them.

`bounces.csv` says what 300 real messages mean: their status fields as they stand in the file, and for those in free
form what a person reads in them. It was made without the code under test.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_house.bounces import Bounce, BounceKind, read

MESSAGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "dsn"
DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
OURS = f"<{DOCUMENT}.2@hospital.example>"


def _expected() -> dict[str, list[tuple[str, str]]]:
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    with (Path(__file__).parent / "bounces.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            found[row["file"]].append((row["status"], row["kind"]))
    return dict(found)


@pytest.mark.skipif(not MESSAGES.is_dir(), reason="the collection of real bounces is not beside this repository")
@pytest.mark.parametrize("name", sorted(_expected()))
def test_read__real_message(name: str) -> None:
    bounces = read((MESSAGES / name).read_bytes())
    assert sorted((each.status, each.kind.value) for each in bounces) == sorted(_expected()[name])


@pytest.mark.skipif(not MESSAGES.is_dir(), reason="the collection of real bounces is not beside this repository")
@given(data=st.data())
def test_read__damaged_message_never_raises(data: st.DataObject) -> None:
    message = (MESSAGES / data.draw(st.sampled_from(sorted(_expected())))).read_bytes()
    start, end = sorted((data.draw(st.integers(0, len(message))), data.draw(st.integers(0, len(message)))))
    damaged = message[:start] + data.draw(st.binary(max_size=40)) + message[end:]
    assert all(isinstance(each, Bounce) for each in read(damaged))


@given(st.binary(max_size=300))
def test_read__noise_never_raises(noise: bytes) -> None:
    assert all(each.kind is BounceKind.UNCLEAR for each in read(noise))


def report(*fields: str, returned: str = f"Message-ID: {OURS}\r\nTo: ana@example.org\r\n\r\n") -> bytes:
    """A delivery status notification with these groups of fields about recipients."""
    status = "\r\n\r\n".join(("Reporting-MTA: dns; mx.example.org", *fields))
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI could not deliver it.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n"
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--b--\r\n"
    ).encode()


FAILED = "Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([FAILED], [("ana@example.org", "5.1.1", "hard", False)], id="failed"),
        pytest.param(
            [FAILED.replace("failed", "delayed").replace("5.1.1", "4.4.1")],
            [("ana@example.org", "4.4.1", "soft", True)],
            id="delayed-is-still-tried",
        ),
        pytest.param(
            [FAILED.replace("failed", "delivered").replace("5.1.1", "2.0.0")], [], id="delivered-is-no-bounce"
        ),
        pytest.param(
            [FAILED, "Final-Recipient: rfc822; ben@example.org\r\nAction: relayed\r\nStatus: 2.0.0"],
            [("ana@example.org", "5.1.1", "hard", False)],
            id="one-of-two",
        ),
        pytest.param(
            ["Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nDiagnostic-Code: smtp; 452 disk full"],
            [("ana@example.org", "4.0.0", "soft", False)],
            id="only-an-smtp-reply",
        ),
        pytest.param(
            ["Final-Recipient: rfc822; ana@example.org\r\nAction: failed"],
            [("ana@example.org", "", "unclear", False)],
            id="no-code-at-all",
        ),
    ],
)
def test_read__status_report(fields: list[str], expected: list[tuple[str, str, str, bool]]) -> None:
    bounces = read(report(*fields))
    assert [(each.recipient, each.status, each.kind.value, each.still_trying) for each in bounces] == expected
    assert all((each.document_id, each.attempt) == (DOCUMENT, 2) for each in bounces)


QMAIL = f"""From: MAILER-DAEMON@mx.example.org
Subject: failure notice

Hi. This is the qmail-send program at mx.example.org.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@example.org>:
192.0.2.20 does not like recipient.
Remote host said: 550 5.1.1 no such mailbox

--- Below this line is a copy of the message.

Message-ID: {OURS}
Subject: 452 4.2.2 is not what the server said
"""
ARF = f"""From: fbl@example.org
Subject: abuse report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
Original-Rcpt-To: <ana@example.org>

--b
Content-Type: text/rfc822-headers

Message-ID: {OURS}

--b--
"""
SES = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": "ana@example.org", "status": "5.1.1", "action": "failed"}],
    },
    "mail": {"messageId": "0100-ses", "headers": [{"name": "Message-ID", "value": OURS}]},
}
SNS = {"Type": "Notification", "MessageId": "1", "Message": json.dumps(SES)}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(QMAIL.encode(), "hard", id="free-form"),
        pytest.param(ARF.encode(), "complaint", id="feedback-report"),
        pytest.param(json.dumps(SES).encode(), "hard", id="ses"),
        pytest.param(json.dumps(SNS).encode(), "hard", id="ses-by-sns"),
        pytest.param(
            f"From: AWS <no-reply@sns.amazonaws.com>\n\n{json.dumps(SES)}\n\n--\nTo leave, go to …\n".encode(),
            "hard",
            id="ses-by-mail",
        ),
    ],
)
def test_read__finds_our_document(message: bytes, kind: str) -> None:
    (bounce,) = read(message)
    assert (bounce.recipient, bounce.kind.value) == ("ana@example.org", kind)
    assert (bounce.document_id, bounce.attempt) == (DOCUMENT, 2)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"bounce": {**SES["bounce"], "bounceType": "Transient"}}, ["soft"], id="transient"),
        pytest.param({"bounce": {**SES["bounce"], "bounceType": "Undetermined"}}, ["unclear"], id="undetermined"),
        pytest.param({"notificationType": "Delivery"}, [], id="delivered"),
        pytest.param({"notificationType": "News"}, ["unclear"], id="unknown-type"),
        pytest.param({"bounce": "Permanent"}, ["unclear"], id="wrong-shape"),
        pytest.param(
            {"notificationType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "a@b.org"}]}},
            ["complaint"],
            id="complaint",
        ),
        pytest.param(
            {
                "notificationType": "Complaint",
                "complaint": {"complainedRecipients": [{}], "complaintFeedbackType": "not-spam"},
            },
            ["unclear"],
            id="taken-back",
        ),
        pytest.param(
            {"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": [{"status": "4.4.1"}]}},
            ["soft"],
            id="delayed",
        ),
    ],
)
def test_read__ses_notification(change: dict[str, object], expected: list[str]) -> None:
    assert [each.kind.value for each in read(json.dumps({**SES, **change}).encode())] == expected


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        pytest.param(
            {"From": "Ana <ana@example.org>", "Subject": "Re: Your statement"},
            "My old mailbox is full and the account is disabled. This is permanent. 550 5.1.1",
            id="a-patient-writes",
        ),
        pytest.param(
            {"From": "ana@example.org", "Subject": "Automatic reply: Your statement", "Auto-Submitted": "auto-replied"},
            "I have moved for good: this address does not exist any more. 550 5.1.1",
            id="absence-notice",
        ),
        pytest.param(
            {"From": "postmaster@example.org", "Subject": "Undeliverable"}, "It did not reach her.", id="says-nothing"
        ),
    ],
)
def test_read__what_is_not_certain_goes_to_a_person(headers: dict[str, str], text: str) -> None:
    message = EmailMessage(policy=SMTP)
    for name, value in {**headers, "In-Reply-To": OURS}.items():
        message[name] = value
    message.set_content(text)
    (bounce,) = read(message.as_bytes())
    assert bounce.kind is BounceKind.UNCLEAR
    assert bounce.document_id == DOCUMENT


def test_read__two_of_our_messages_in_one_are_not_guessed_between() -> None:
    other = OURS.replace("3f25", "4f25")
    (bounce,) = read(report(FAILED, returned=f"Message-ID: {OURS}\r\nReferences: {other}\r\n\r\n"))
    assert (bounce.kind, bounce.document_id) == (BounceKind.HARD, "")
