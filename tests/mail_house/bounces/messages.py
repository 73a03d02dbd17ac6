"""Builders of bounce messages: delivery status notifications, free text, feedback reports and SES notifications."""

from __future__ import annotations

import base64
import json
import quopri
from typing import Any

DOCUMENT = "3f2504e0-4f89-51d3-9a0c-0305e82c3301"
ATTEMPT = 2
OUR_ID = f"<{DOCUMENT}.{ATTEMPT}@hospital.example>"
ANA, BEN = "ana@example.org", "ben@example.org"
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.org>"

ORIGINAL_HEADERS = f"""\
Return-Path: <billing@hospital.example>
Message-ID: {OUR_ID}
From: Lakeside Hospital <billing@hospital.example>
To: {ANA}
Subject: You have a new billing document
"""
ORIGINAL = f"{ORIGINAL_HEADERS}\nHello, please sign in.\n"


def mail(
    body: str,
    *,
    sender: str = DAEMON,
    subject: str = "Undelivered Mail Returned to Sender",
    headers: str = "",
    content_type: str = "text/plain; charset=utf-8",
    encoding: str = "8bit",
    charset: str = "utf-8",
) -> bytes:
    """One message with a single part. `encoding` is the transfer encoding, `charset` the bytes' real character set."""
    head = f"From: {sender}\nTo: billing@hospital.example\nSubject: {subject}\nMIME-Version: 1.0\n{headers}"
    head += f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n"
    return _crlf(head.encode("utf-8")) + _crlf(_transfer_encode(body.encode(charset), encoding))


def part(body: str, content_type: str, *, encoding: str = "", charset: str = "utf-8") -> bytes:
    """One part of a multipart message."""
    head = f"Content-Type: {content_type}\n"
    head += f"Content-Transfer-Encoding: {encoding}\n" if encoding else ""
    return head.encode() + b"\n" + _transfer_encode(body.encode(charset), encoding)


def multipart(
    *parts: bytes,
    content_type: str = "multipart/report; report-type=delivery-status",
    sender: str = DAEMON,
    subject: str = "Undelivered Mail Returned to Sender",
    headers: str = "",
    boundary: str = "=_bounce",
    is_closed: bool = True,
) -> bytes:
    """A multipart message. With an empty `boundary` the header does not name it: some gateways drop it."""
    named = f'; boundary="{boundary}"' if boundary else ""
    line = boundary or "=_lost"
    head = f"From: {sender}\nTo: billing@hospital.example\nSubject: {subject}\nMIME-Version: 1.0\n{headers}"
    head += f"Content-Type: {content_type}{named}\n\n"
    body = b"".join(f"--{line}\n".encode() + each + b"\n" for each in parts)
    return _crlf(head.encode() + body + (f"--{line}--\n".encode() if is_closed else b""))


def recipient(
    address: str = ANA, *, action: str = "failed", status: str = "5.1.1", diagnostic: str = "", extra: str = ""
) -> str:
    """One group of fields about a recipient (RFC 3464, 2.3)."""
    lines = [f"Final-Recipient: rfc822; {address}", f"Action: {action}"]
    lines += [f"Status: {status}"] if status else []
    lines += [f"Diagnostic-Code: {diagnostic}"] if diagnostic else []
    return "\n".join([*lines, *([extra] if extra else [])]) + "\n"


def dsn(
    *recipients: str,
    text: str = "I could not deliver your message.",
    returned: str = ORIGINAL,
    returned_type: str = "message/rfc822",
    status_type: str = "message/delivery-status",
    status_encoding: str = "",
    **options: Any,
) -> bytes:
    """A delivery status notification (RFC 3464). With an empty `returned` the original message is not attached."""
    status = "\n".join(("Reporting-MTA: dns; mx.example.org\n", *recipients))
    parts = [
        part(text, "text/plain; charset=utf-8"),
        part(status, status_type, encoding=status_encoding),
    ]
    if returned:
        parts.append(part(returned, returned_type))
    return multipart(*parts, **options)


def arf(feedback_type: str, *, original_recipient: str = f"<{ANA}>", returned_type: str = "message/rfc822") -> bytes:
    """A feedback report (RFC 5965)."""
    fields = f"Feedback-Type: {feedback_type}\nUser-Agent: FBL/1.0\nVersion: 1\n"
    fields += f"Original-Rcpt-To: {original_recipient}\n" if original_recipient else ""
    return multipart(
        part("This is an abuse report.", "text/plain"),
        part(fields, "message/feedback-report"),
        part(ORIGINAL_HEADERS if "headers" in returned_type else ORIGINAL, returned_type),
        content_type="multipart/report; report-type=feedback-report",
        sender="Feedback Loop <fbl@example.org>",
        subject="Abuse report",
    )


def ses(event: str, detail: dict[str, Any] | None = None, *, is_tagged: bool = True) -> dict[str, Any]:
    """An SES event. The document is in the tags, or only in the returned Message-ID."""
    mail_field: dict[str, Any] = {
        "messageId": "0100018f-ses",
        "headers": [{"name": "Message-ID", "value": OUR_ID}],
    }
    if is_tagged:
        mail_field["tags"] = {"document": [DOCUMENT], "attempt": [str(ATTEMPT)]}
    key = {"Bounce": "bounce", "Complaint": "complaint", "DeliveryDelay": "deliveryDelay"}.get(event, event.lower())
    return {"eventType": event, key: detail or {}, "mail": mail_field}


def as_json(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def by_sns(event: dict[str, Any]) -> bytes:
    return as_json({"Type": "Notification", "MessageId": "1", "Message": json.dumps(event)})


def _transfer_encode(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(data)
    if encoding == "quoted-printable":
        return quopri.encodestring(data)
    return data


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
