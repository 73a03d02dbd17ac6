"""Bounces in every format.

`bounces/cases.py` has messages made for this project with a verdict each. `bounces/real_messages.csv` has the verdicts
for 300 real messages in the shared data: their status fields and a person's reading of the reason. It was made without
the code under test.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail_house.bounces import Bounce, BounceKind, read_message
from tests.mail_house.bounces.cases import CASES, Case
from tests.mail_house.bounces.messages import ATTEMPT, DOCUMENT
from tests.mail_house.bounces.messages import OUR_ID as OURS
from tests.shared_data import FOLDER, shared_data


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
def test_read__every_format(case: Case) -> None:
    bounces = read_message(case.message).bounces
    assert [(each.recipient, each.status, each.kind.value, each.still_trying) for each in bounces] == case.verdicts
    found = (DOCUMENT, ATTEMPT) if case.finds_document else ("", 0)
    assert {(each.document_id, each.attempt) for each in bounces} <= {found}


def test_cases__cover_every_kind_under_unique_names() -> None:
    assert len(CASES) == len({case.id for case in CASES})
    assert len(CASES) > 100
    assert {verdict[2] for case in CASES for verdict in case.verdicts} == set(BounceKind)


@given(data=st.data())
def test_read__damaged_case_never_raises(data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(CASES)).message
    assert all(isinstance(each, Bounce) for each in read_message(_damage(message, data)).bounces)


def _damage(message: bytes, data: st.DataObject) -> bytes:
    """Replace a random part of the message with random bytes."""
    start, end = sorted((data.draw(st.integers(0, len(message))), data.draw(st.integers(0, len(message)))))
    return message[:start] + data.draw(st.binary(max_size=40)) + message[end:]


def _expected() -> dict[str, list[tuple[str, str]]]:
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    with (Path(__file__).parent / "bounces" / "real_messages.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            found[row["file"]].append((row["status"], row["kind"]))
    return dict(found)


# Without the shared data one test remains, and it is reported as skipped.
REAL_MESSAGES = sorted(_expected()) if (FOLDER / "dsn").is_dir() else ["every real message"]


@pytest.mark.parametrize("name", REAL_MESSAGES)
def test_read__real_message(name: str) -> None:
    bounces = read_message((shared_data("dsn") / name).read_bytes()).bounces
    assert sorted((each.status, each.kind.value) for each in bounces) == sorted(_expected()[name])


@given(data=st.data())
def test_read__damaged_real_message_never_raises(data: st.DataObject) -> None:
    message = (shared_data("dsn") / data.draw(st.sampled_from(sorted(_expected())))).read_bytes()
    assert all(isinstance(each, Bounce) for each in read_message(_damage(message, data)).bounces)


@given(st.binary(max_size=300))
def test_read__random_bytes_never_raise(noise: bytes) -> None:
    assert all(each.kind is BounceKind.UNCLEAR for each in read_message(noise).bounces)


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
            id="delayed-is-still-trying",
        ),
        pytest.param(
            [FAILED.replace("failed", "delivered").replace("5.1.1", "2.0.0")], [], id="delivered-is-not-a-bounce"
        ),
        pytest.param(
            [FAILED, "Final-Recipient: rfc822; ben@example.org\r\nAction: relayed\r\nStatus: 2.0.0"],
            [("ana@example.org", "5.1.1", "hard", False)],
            id="one-of-two-failed",
        ),
        pytest.param(
            ["Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nDiagnostic-Code: smtp; 452 disk full"],
            [("ana@example.org", "4.0.0", "soft", False)],
            id="only-an-smtp-reply",
        ),
        pytest.param(
            ["Final-Recipient: rfc822; ana@example.org\r\nAction: failed"],
            [("ana@example.org", "", "unclear", False)],
            id="no-code",
        ),
    ],
)
def test_read__status_report(fields: list[str], expected: list[tuple[str, str, str, bool]]) -> None:
    bounces = read_message(report(*fields)).bounces
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
SES: dict[str, Any] = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": "ana@example.org", "status": "5.1.1", "action": "failed"}],
    },
    "mail": {"messageId": "0100-ses", "tags": {"document": [DOCUMENT], "attempt": [str(ATTEMPT)]}},
}
SNS = {"Type": "Notification", "MessageId": "1", "Message": json.dumps(SES)}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        pytest.param(QMAIL.encode(), "hard", id="free-text"),
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
def test_read__finds_the_document(message: bytes, kind: str) -> None:
    (bounce,) = read_message(message).bounces
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
            id="not-spam",
        ),
        pytest.param(
            {"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": [{"status": "4.4.1"}]}},
            ["soft"],
            id="delayed",
        ),
    ],
)
def test_read__ses_notification(change: dict[str, object], expected: list[str]) -> None:
    assert [each.kind.value for each in read_message(json.dumps({**SES, **change}).encode()).bounces] == expected


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        pytest.param(
            {"From": "Ana <ana@example.org>", "Subject": "Re: Your statement"},
            "My old mailbox is full and the account is disabled. This is permanent. 550 5.1.1",
            id="patient-writes",
        ),
        pytest.param(
            {"From": "ana@example.org", "Subject": "Automatic reply: Your statement", "Auto-Submitted": "auto-replied"},
            "I have moved for good: this address does not exist any more. 550 5.1.1",
            id="out-of-office",
        ),
        pytest.param(
            {"From": "postmaster@example.org", "Subject": "Undeliverable"},
            "It did not reach her.",
            id="no-reason-given",
        ),
    ],
)
def test_read__uncertain_message_is_left_for_a_person(headers: dict[str, str], text: str) -> None:
    message = EmailMessage(policy=SMTP)
    for name, value in {**headers, "In-Reply-To": OURS}.items():
        message[name] = value
    message.set_content(text)
    (bounce,) = read_message(message.as_bytes()).bounces
    assert bounce.kind is BounceKind.UNCLEAR
    assert bounce.document_id == DOCUMENT


def test_read__does_not_guess_between_two_of_our_messages() -> None:
    other = OURS.replace("3f25", "4f25")
    (bounce,) = read_message(report(FAILED, returned=f"Message-ID: {OURS}\r\nReferences: {other}\r\n\r\n")).bounces
    assert (bounce.kind, bounce.document_id) == (BounceKind.HARD, "")


@pytest.mark.parametrize(
    "text",
    [
        "550 5.1.1 The account of this deceased user is closed",
        "I am sorry to tell you that my mother passed away.",
        "Mr. Ruiz has died. Please contact his daughter.",
        "Mi padre ha fallecido.\r\nFalleció en octubre.",
    ],
)
def test_read__words_about_a_death_are_for_a_person(text: str) -> None:
    """A hard bounce is printed and mailed; a bill must not be mailed to the dead."""
    message = report(FAILED).replace(b"I could not deliver it.", text.encode())
    assert message != report(FAILED)
    assert [each.kind for each in read_message(message).bounces] == [BounceKind.UNCLEAR]
    assert [each.kind for each in read_message(report(FAILED)).bounces] == [BounceKind.HARD]


def test_read__address_groups_within_groups() -> None:
    """The standard library reads each group by calling itself."""
    message = b"From: " + b"a:" * 3_000 + b"\nSubject: unsubscribe\n\nhello\n"
    assert [bounce.recipient for bounce in read_message(message).bounces] == [""]
