"""Bounces of every shape with the verdict in the row. All messages are made for this project.

A verdict is recipient, status, kind, and whether the server is still trying. If `finds_document` is true, the document
and the attempt must be found.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.mail_house.bounces.messages import (
    ANA,
    ATTEMPT,
    BEN,
    DAEMON,
    DOCUMENT,
    ORIGINAL,
    ORIGINAL_HEADERS,
    OUR_ID,
    arf,
    as_json,
    by_sns,
    dsn,
    mail,
    multipart,
    part,
    recipient,
    ses,
)

Verdict = tuple[str, str, str, bool]


class Case(NamedTuple):
    id: str
    message: bytes
    verdicts: list[Verdict]
    finds_document: bool = True


def hard(status: str = "5.1.1", address: str = ANA) -> Verdict:
    return (address, status, "hard", False)


def soft(status: str = "4.2.2", address: str = ANA, *, still_trying: bool = False) -> Verdict:
    return (address, status, "soft", still_trying)


def sender(status: str = "5.7.1", address: str = ANA) -> Verdict:
    return (address, status, "sender", False)


def complaint(address: str = ANA) -> Verdict:
    return (address, "", "complaint", False)


def unclear(address: str = "", status: str = "") -> Verdict:
    return (address, status, "unclear", False)


QUIET_DAEMON = "postmaster@example.org"

STATUS_REPORTS = [
    Case("dsn-hard", dsn(recipient()), [hard()]),
    Case("dsn-soft", dsn(recipient(status="4.2.2")), [soft()]),
    Case("dsn-delayed", dsn(recipient(action="delayed", status="4.4.1")), [soft("4.4.1", still_trying=True)]),
    Case("dsn-delayed-without-status", dsn(recipient(action="delayed", status="")), [soft("", still_trying=True)]),
    Case("dsn-delivered", dsn(recipient(action="delivered", status="2.0.0")), []),
    Case("dsn-relayed", dsn(recipient(action="relayed", status="2.0.0")), []),
    Case("dsn-expanded", dsn(recipient(action="expanded", status="2.1.5")), []),
    Case("dsn-two-recipients", dsn(recipient(), recipient(BEN, status="4.4.7")), [hard(), soft("4.4.7", BEN)]),
    Case("dsn-one-of-two-delivered", dsn(recipient(BEN, action="delivered", status="2.0.0"), recipient()), [hard()]),
    Case(
        "dsn-no-empty-line-between-recipients",
        dsn(recipient().rstrip("\n") + "\n" + recipient(BEN, status="4.4.7")),
        [hard(), soft("4.4.7", BEN)],
    ),
    Case("dsn-status-with-comment", dsn(recipient(status="5.1.1 (bad destination mailbox address)")), [hard()]),
    Case(
        "dsn-diagnostic-with-enhanced-code", dsn(recipient(status="", diagnostic="smtp; 550 5.1.1 no user")), [hard()]
    ),
    Case("dsn-diagnostic-reply-only", dsn(recipient(status="", diagnostic="smtp; 552 too big")), [sender("5.0.0")]),
    Case("dsn-diagnostic-soft-reply", dsn(recipient(status="", diagnostic="smtp; 452 disk full")), [soft("4.0.0")]),
    Case(
        "dsn-folded-diagnostic",
        dsn(recipient(status="", diagnostic="smtp; host mx.example.org\n  said:\n 450 4.2.1 busy")),
        [soft("4.2.1")],
    ),
    Case("dsn-without-any-code", dsn(recipient(status="")), [unclear(ANA)]),
    Case("dsn-failed-with-success-code", dsn(recipient(status="2.0.0")), [unclear(ANA, "2.0.0")]),
    Case(
        "dsn-original-recipient-only",
        dsn(f"Original-Recipient: rfc822;{ANA}\nAction: failed\nStatus: 5.1.1\n"),
        [hard()],
    ),
    Case("dsn-angle-brackets", dsn(recipient(f"<{ANA}>")), [hard()]),
    Case("dsn-lower-case-fields", dsn(recipient().lower()), [hard()]),
    Case("dsn-upper-case-action", dsn(recipient(action="FAILED")), [hard()]),
    Case("dsn-spam-block", dsn(recipient(status="5.7.1", diagnostic="smtp; 554 5.7.1 blocked")), [sender()]),
    Case("dsn-mailbox-full-permanent", dsn(recipient(status="5.2.2")), [hard("5.2.2")]),
    Case("dsn-greylisted", dsn(recipient(action="delayed", status="4.7.1")), [soft("4.7.1", still_trying=True)]),
    Case("dsn-expired-in-queue", dsn(recipient(status="4.4.7", diagnostic="smtp; 451 timeout")), [soft("4.4.7")]),
    Case(
        "dsn-headers-only", dsn(recipient(), returned=ORIGINAL_HEADERS, returned_type="text/rfc822-headers"), [hard()]
    ),
    Case(
        "dsn-message-headers-only",
        dsn(recipient(), returned=ORIGINAL_HEADERS, returned_type="message/rfc822-headers"),
        [hard()],
    ),
    Case("dsn-no-original", dsn(recipient(), returned=""), [hard()], finds_document=False),
    Case(
        "dsn-id-in-the-text-only",
        dsn(recipient(), text=f"Your message {OUR_ID} was not delivered.", returned=""),
        [hard()],
    ),
    Case("dsn-id-in-references", dsn(recipient(), returned=f"References: {OUR_ID}\nTo: {ANA}\n\nx\n"), [hard()]),
    Case("dsn-id-in-capitals", dsn(recipient(), returned=ORIGINAL.replace(DOCUMENT, DOCUMENT.upper())), [hard()]),
    Case(
        "dsn-two-of-our-ids",
        dsn(recipient(), returned=f"Message-ID: {OUR_ID}\nReferences: {OUR_ID.replace('3f25', '4f25')}\n\nx\n"),
        [hard()],
        finds_document=False,
    ),
    Case(
        "dsn-original-of-another-sender",
        dsn(recipient(), returned=f"Message-ID: <1234@elsewhere.example>\nTo: {ANA}\n\nx\n"),
        [hard()],
        finds_document=False,
    ),
    Case("dsn-as-multipart-mixed", dsn(recipient(), content_type="multipart/mixed"), [hard()]),
    Case("dsn-status-part-as-plain-text", dsn(recipient(), status_type="text/plain"), [hard()]),
    Case("dsn-status-part-unnamed", dsn(recipient(), status_type="application/octet-stream"), [hard()]),
    Case(
        "dsn-global",
        dsn(recipient("anà@example.org"), status_type="message/global-delivery-status"),
        [hard(address="anà@example.org")],
    ),
    Case(
        "dsn-original-in-base64",
        multipart(
            part("I could not deliver your message.", "text/plain"),
            part(recipient(), "message/delivery-status"),
            part(ORIGINAL, "message/rfc822", encoding="base64"),
        ),
        [hard()],
    ),
    Case(
        "dsn-status-in-base64",
        dsn(recipient(), status_encoding="base64"),
        [hard()],
    ),
    Case(
        "dsn-status-and-original-in-base64",
        multipart(
            part("I could not deliver your message.", "text/plain"),
            part(f"Reporting-MTA: dns; mx\n\n{recipient()}", "message/delivery-status", encoding="base64"),
            part(ORIGINAL, "message/rfc822", encoding="base64"),
        ),
        [hard()],
    ),
    Case(
        "dsn-headers-of-the-original-in-base64",
        multipart(
            part(recipient(), "message/delivery-status"),
            part(ORIGINAL_HEADERS, "text/rfc822-headers", encoding="base64"),
        ),
        [hard()],
    ),
    Case(
        "dsn-original-in-quoted-printable",
        multipart(
            part(recipient(), "message/delivery-status"),
            part(ORIGINAL, "message/rfc822", encoding="quoted-printable"),
        ),
        [hard()],
    ),
    Case("dsn-status-in-quoted-printable", dsn(recipient(), status_encoding="quoted-printable"), [hard()]),
    Case("dsn-recipient-without-a-type", dsn(recipient().replace("rfc822; ", "")), [hard()]),
    Case("dsn-delayed-with-permanent-code", dsn(recipient(action="delayed")), [(ANA, "5.1.1", "hard", True)]),
    Case("dsn-not-closed", dsn(recipient(), is_closed=False), [hard()]),
    Case("dsn-boundary-not-named", dsn(recipient(), boundary=""), [hard()]),
    Case("dsn-cut-in-the-original", dsn(recipient()).partition(b"Hello, please")[0], [hard()]),
    Case(
        "dsn-cut-before-the-original",
        dsn(recipient()).partition(b"Content-Type: message/rfc822")[0],
        [hard()],
        finds_document=False,
    ),
    Case(
        "dsn-inside-multipart-mixed",
        multipart(
            part("A mailing list added this footer.", "text/plain"),
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="inner"\n\n'
            + b"--inner\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            + recipient().encode()
            + b"\n--inner\nContent-Type: message/rfc822\n\n"
            + ORIGINAL.encode()
            + b"\n--inner--\n",
            content_type="multipart/mixed",
        ),
        [hard()],
    ),
    Case("dsn-quoted-by-a-forwarder", mail(f"> {recipient()}".replace("\n", "\n> ")), [hard()], finds_document=False),
]

FREE_TEXT = [
    Case(
        "qmail-hard",
        mail(
            "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message.\n"
            f"This is a permanent error.\n\n<{ANA}>:\n550 5.1.1 no mailbox by that name\n\n"
            f"--- Below this line is a copy of the message.\n\n{ORIGINAL}",
            subject="failure notice",
        ),
        [hard()],
    ),
    Case(
        "qmail-soft",
        mail(
            f"Hi. This is the qmail-send program at mx.example.org.\n\n<{ANA}>:\nConnected to 192.0.2.9 but greeting "
            "failed.\nI'm not going to try again; this message has been in the queue too long.\n\n"
            f"--- Below this line is a copy of the message.\n\n{ORIGINAL}",
            subject="failure notice",
        ),
        [soft("")],
    ),
    Case(
        "qmail-two-recipients",
        mail(
            f"Hi. This is the qmail-send program.\n\n<{ANA}>:\nRemote host said: 550 5.1.1 no such user\n\n<{BEN}>:\n"
            f"Remote host said: 452 4.2.2 mailbox full\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
            subject="failure notice",
        ),
        [hard(), soft("4.2.2", BEN)],
    ),
    Case(
        "qmail-code-in-the-original-is-ignored",
        mail(
            f"Hi. This is the qmail-send program.\nThis is a permanent error.\n\n<{ANA}>:\nSorry, no mailbox here.\n\n"
            f"--- Below this line is a copy of the message.\n\n{ORIGINAL}\n452 4.2.2 in the text of the message\n",
            subject="failure notice",
        ),
        [hard("")],
    ),
    Case(
        "exim-hard",
        mail(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
            "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) "
            f"failed:\n\n  {ANA}\n    Unrouteable address\n\n------ This is a copy of the message, including all the "
            f"headers. ------\n\n{ORIGINAL}",
            subject="Mail delivery failed: returning message to sender",
            headers=f"X-Failed-Recipients: {ANA}\n",
        ),
        [hard("")],
    ),
    Case(
        "exim-two-recipients",
        mail(
            "A message that you sent could not be delivered to all of its recipients. The following addresses "
            f"failed:\n\n  {ANA}\n    host mx.example.org: 550 5.1.1 unknown\n  {BEN}\n    host mx.example.org: "
            f"451 4.3.0 try later\n\n------ This is a copy of the message. ------\n\n{ORIGINAL}",
            subject="Mail delivery failed: returning message to sender",
            headers=f"X-Failed-Recipients: {ANA}, {BEN}\n",
        ),
        [hard(), soft("4.3.0", BEN)],
    ),
    Case(
        "exim-delay",
        mail(
            "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 "
            f"hours on the queue.\n\nThe address to which the message has not yet been delivered is:\n\n  {ANA}\n\nNo "
            f"action is required on your part. Delivery attempts will continue.\n\nMessage-ID: {OUR_ID}\n",
            subject="Warning: message delayed 24 hours",
        ),
        [soft("", still_trying=True)],
    ),
    Case(
        "sendmail-hard",
        mail(
            "The original message was received from mail.hospital.example\n\n   ----- The following addresses had "
            f"permanent fatal errors -----\n<{ANA}>\n    (reason: 550 5.1.1 <{ANA}>... User unknown)\n\n   ----- "
            "Transcript of session follows -----\n... while talking to mx.example.org.:\n>>> DATA\n<<< 550 5.1.1 User "
            f"unknown\n\n   ----- Original message follows -----\n\n{ORIGINAL}",
            subject="Returned mail: see transcript for details",
        ),
        [hard()],
    ),
    Case(
        "sendmail-warning",
        mail(
            "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
            "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n   ----- The following addresses had transient "
            f"non-fatal errors -----\n<{ANA}>\n\n   ----- Transcript of session follows -----\n<{ANA}>... Deferred: "
            f"connection timed out\nMessage could not be delivered for 4 hours\n\nMessage-ID: {OUR_ID}\n",
            subject="Warning: could not send message for past 4 hours",
        ),
        [soft("", still_trying=True)],
    ),
    Case(
        "postfix-text-only",
        mail(
            "This is the mail system at host mx.example.org.\n\nI'm sorry to have to inform you that your message "
            f"could not\nbe delivered.\n\n<{ANA}>: host mail.example.org[192.0.2.4] said: 550 5.1.1\n    no such "
            f"user (in reply to RCPT TO command)\n\nMessage-ID: {OUR_ID}\n"
        ),
        [hard()],
    ),
    Case(
        "exchange-ndr",
        mail(
            "Your message did not reach some or all of the intended recipients.\n\nThe following recipient(s) could "
            f"not be reached:\n\n      {ANA} on 11/7/2026 10:00 AM\n            The e-mail account does not exist at "
            "the organization this message was sent to.\n            <mx.example.org #5.1.1>\n\n"
            f"Message-ID: {OUR_ID}\n",
            sender="System Administrator <postmaster@example.org>",
            subject="Undeliverable: You have a new billing document",
        ),
        [hard()],
    ),
    Case(
        "exchange-online",
        multipart(
            part(
                f"<p>Your message to <b>{ANA}</b> couldn't be delivered.</p><p>Remote server returned 550 5.1.10</p>",
                "text/html; charset=utf-8",
                encoding="base64",
            ),
            part(recipient(status="5.1.10", extra="X-Display-Name: Ana"), "message/delivery-status"),
            part(ORIGINAL, "message/rfc822"),
            sender="Microsoft Outlook <postmaster@example.onmicrosoft.com>",
            subject="Undeliverable: You have a new billing document",
        ),
        [hard("5.1.10")],
    ),
    Case(
        "gmail-address-not-found",
        dsn(
            recipient(diagnostic="smtp; 550-5.1.1 The account you tried to reach is not there"),
            text=f"** Address not found **\n\nYour message wasn't delivered to {ANA} because the address couldn't be "
            "found.",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            subject="Delivery Status Notification (Failure)",
            headers=f"X-Failed-Recipients: {ANA}\nIn-Reply-To: {OUR_ID}\n",
        ),
        [hard()],
    ),
    Case(
        "gmail-delay",
        dsn(
            recipient(action="delayed", status="4.4.1"),
            text="** Delivery incomplete **\n\nThe server will retry for 45 more hours.",
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            subject="Delivery Status Notification (Delay)",
        ),
        [soft("4.4.1", still_trying=True)],
    ),
    Case(
        "gmail-old-free-text",
        mail(
            f"Delivery to the following recipient failed permanently:\n\n     {ANA}\n\nTechnical details of permanent "
            f"failure:\nThe recipient's mailbox does not exist.\n\n----- Original message -----\n\n{ORIGINAL}",
            subject="Delivery Status Notification (Failure)",
            headers=f"X-Failed-Recipients: {ANA}\n",
        ),
        [hard("")],
    ),
    Case(
        "gmail-old-free-text-without-a-reason",
        mail(
            f"Delivery to the following recipient failed permanently:\n\n     {ANA}\n\nTechnical details of permanent "
            f"failure:\nThe recipient's server refused the message.\n\n----- Original message -----\n\n{ORIGINAL}",
            subject="Delivery Status Notification (Failure)",
            headers=f"X-Failed-Recipients: {ANA}\n",
        ),
        [sender("")],
    ),
    Case(
        "gmail-old-free-text-no-connection",
        mail(
            f"Delivery to the following recipient failed permanently:\n\n     {ANA}\n\nTechnical details of permanent "
            f"failure:\nThe recipient server did not accept our requests to connect.\n\n"
            f"----- Original message -----\n\n{ORIGINAL}",
            subject="Delivery Status Notification (Failure)",
            headers=f"X-Failed-Recipients: {ANA}\n",
        ),
        [soft("")],
    ),
    Case(
        "dsn-reason-in-the-words-for-people",
        dsn(recipient(status="5.0.0"), text=f"<{ANA}>: 550 user unknown (in reply to RCPT TO command)"),
        [hard("5.0.0")],
    ),
    Case(
        "dsn-reason-of-each-recipient",
        dsn(
            recipient(status="5.0.0"),
            recipient(BEN, status="5.0.0"),
            text=f"{ANA}: 550 User unknown\n{BEN}: 550 Reverse DNS validation failed",
        ),
        [hard("5.0.0"), sender("5.0.0", BEN)],
    ),
    Case("dsn-no-reason", dsn(recipient(status="5.0.0")), [sender("5.0.0")]),
    Case(
        "webmail-provider",
        mail(
            "Message from the mail provider.\nUnable to deliver message to the following address(es).\n\n"
            f"<{ANA}>:\nThis user doesn't have an account here.\n\n--- Original message follows.\n\n{ORIGINAL}",
            subject="Failure Notice",
        ),
        [hard("")],
    ),
    Case(
        "mailbox-full-without-a-code",
        mail(f"<{ANA}>:\nThe mailbox is full.\n\nMessage-ID: {OUR_ID}\n", subject="Mail System Error - Returned Mail"),
        [soft("")],
    ),
    Case(
        "quota-exceeded-permanent",
        mail(f"<{ANA}>: 552 5.2.2 quota exceeded\n\nMessage-ID: {OUR_ID}\n"),
        [hard("5.2.2")],
    ),
    Case(
        "rejected-as-spam",
        mail(f"<{ANA}>: host mx.example.org said:\n554 Message rejected as spam\n\nMessage-ID: {OUR_ID}\n"),
        [sender("5.0.0")],
    ),
    Case(
        "greylisted-will-be-retried",
        mail(
            f"<{ANA}>: 451 4.7.1 greylisted, please come back\nThe message will be retried for 5 days.\n\n"
            f"Message-ID: {OUR_ID}\n",
            subject="Delayed mail",
        ),
        [soft("4.7.1", still_trying=True)],
    ),
    Case(
        "server-version-is-not-a-status",
        mail(
            f"<{ANA}>:\nConnected to 192.0.2.1 (Exim 4.94.2) but the recipient was rejected.\nRemote host said: 550 no "
            f"such user\n\nMessage-ID: {OUR_ID}\n"
        ),
        [hard("5.0.0")],
    ),
    Case(
        "reply-of-several-lines",
        mail(f"<{ANA}>: host mx said: 550-Not taken\n550 mailbox unavailable\n\nMessage-ID: {OUR_ID}\n"),
        [hard("5.0.0")],
    ),
    Case(
        "connection-timed-out",
        mail(f"<{ANA}>:\nThe connection to the server timed out.\n\nMessage-ID: {OUR_ID}\n"),
        [soft("")],
    ),
    Case(
        "failure-without-a-reason",
        mail(f"The message to {ANA} did not arrive.\n\nMessage-ID: {OUR_ID}\n", sender=QUIET_DAEMON),
        [unclear()],
    ),
    Case(
        "forwarded-by-a-colleague",
        mail(
            f"FYI\n\n> Hi. This is the qmail-send program.\n> This is a permanent error.\n>\n> <{ANA}>:\n> 550 5.1.1 "
            f"no such user\n>\n> --- Below this line is a copy of the message.\n>\n> Message-ID: {OUR_ID}\n",
            sender="Clerk <clerk@hospital.example>",
            subject="Fwd: failure notice",
        ),
        [hard()],
    ),
    Case(
        "html-only",
        mail(
            f"<html><body><p>Delivery failed:<br>&lt;{ANA}&gt;:<br>550 5.1.1 no such user</p>"
            f"<p>Message-ID: &lt;{OUR_ID.strip('<>')}&gt;</p></body></html>",
            content_type="text/html; charset=utf-8",
        ),
        [hard()],
    ),
]

ENCODINGS = [
    Case(
        "text-in-base64",
        mail(f"<{ANA}>: 550 5.1.1 no such user\n\nMessage-ID: {OUR_ID}\n", encoding="base64"),
        [hard()],
    ),
    Case(
        "text-in-quoted-printable",
        mail(f"<{ANA}>: 550 5.1.1 no such user — gone\n\nMessage-ID: {OUR_ID}\n", encoding="quoted-printable"),
        [hard()],
    ),
    Case(
        "status-part-in-quoted-printable",
        dsn(recipient(), status_type="text/plain", status_encoding="quoted-printable"),
        [hard()],
    ),
    Case(
        "status-part-as-text-in-base64", dsn(recipient(), status_type="text/plain", status_encoding="base64"), [hard()]
    ),
    Case(
        "german-latin-1",
        mail(
            f"Ihre Nachricht konnte nicht zugestellt werden. Die Empfängeradresse gibt es nicht.\n\n<{ANA}>: 550 "
            f"5.1.1\n\nMessage-ID: {OUR_ID}\n",
            content_type="text/plain; charset=iso-8859-1",
            charset="iso-8859-1",
            subject="Unzustellbar",
        ),
        [hard()],
    ),
    Case(
        "japanese-iso-2022-jp",
        mail(
            f"メールを配信できませんでした。\n\n<{ANA}>: 550 5.1.1\n\nMessage-ID: {OUR_ID}\n",
            content_type="text/plain; charset=iso-2022-jp",
            charset="iso-2022-jp",
            encoding="7bit",
        ),
        [hard()],
    ),
    Case(
        "spanish-without-a-code",
        mail(f"El buzón de {ANA} está lleno.\n\nMessage-ID: {OUR_ID}\n", subject="Correo devuelto"),
        [unclear()],
    ),
    Case(
        "unknown-charset",
        mail(
            f"<{ANA}>: 550 5.1.1 no such user\n\nMessage-ID: {OUR_ID}\n",
            content_type="text/plain; charset=x-no-such-charset",
        ),
        [hard()],
    ),
    Case(
        "encoded-word-subject-of-an-unknown-sender",
        mail(
            f"<{ANA}>: 550 5.1.1 no such user\n\nMessage-ID: {OUR_ID}\n",
            sender="Gateway <gateway@example.org>",
            subject="=?utf-8?B?VW5kZWxpdmVyYWJsZTogeW91ciBtZXNzYWdl?=",
        ),
        [hard()],
    ),
    Case(
        "utf-16-in-base64",
        mail(
            f"<{ANA}>: 550 5.1.1 no such user\n\nMessage-ID: {OUR_ID}\n",
            content_type="text/plain; charset=utf-16",
            charset="utf-16",
            encoding="base64",
        ),
        [hard()],
    ),
    Case("carriage-returns-only", dsn(recipient()).replace(b"\r\n", b"\r"), [hard()]),
    Case("raw-bytes-in-a-header", dsn(recipient(), subject="Unzustellbar: Grüße"), [hard()]),
    Case("line-feeds-only", dsn(recipient()).replace(b"\r\n", b"\n"), [hard()]),
    Case("zero-bytes", dsn(recipient()).replace(b"Reporting-MTA", b"Reporting\x00-MTA"), [hard()]),
]

REPLIES = [
    Case(
        "out-of-office",
        mail(
            "I am out of the office until Monday. 550 5.1.1",
            sender=f"Ana <{ANA}>",
            subject="Out of office",
            headers=f"Auto-Submitted: auto-replied\nIn-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "out-of-office-exchange",
        mail(
            "I have left the company. This address is permanently closed.",
            sender=f"Ana <{ANA}>",
            subject="Automatic reply: You have a new billing document",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "out-of-office-by-a-server",
        mail(
            f"{ANA} has left. 550 5.1.1 Send mail to somebody else.",
            sender="Microsoft Outlook <postmaster@example.org>",
            subject="Automatic reply: You have a new billing document",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "out-of-office-spanish",
        mail(
            f"{ANA}: Mi buzón está lleno. 552 5.2.2",
            sender="MAILER-DAEMON@example.org",
            subject="=?utf-8?Q?Respuesta_autom=C3=A1tica=3A_Tiene_un_documento?=",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "out-of-office-about-a-failure",
        mail(
            f"{ANA}: my mailbox is full. 552 5.2.2",
            sender=f"Ana <{ANA}>",
            subject="Delivery failed? I am away",
            headers=f"X-Autoreply: yes\nIn-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "out-of-office-german",
        mail(
            "Ich bin bis Montag nicht im Büro.",
            sender=f"Ana <{ANA}>",
            subject="Abwesenheitsnotiz",
            headers=f"Auto-Submitted: auto-replied (vacation)\nReferences: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "vacation-without-headers",
        mail("On vacation.", sender=f"Ana <{ANA}>", subject="Re: billing", headers=f"In-Reply-To: {OUR_ID}\n"),
        [unclear()],
    ),
    Case(
        "challenge-response",
        mail(
            "Your message is waiting. To prove that you are a person, open this link.",
            sender="Verify <verify@challenge.example>",
            subject="Please confirm your message",
            headers=f"In-Reply-To: {OUR_ID}\nAuto-Submitted: auto-replied\n",
        ),
        [unclear()],
    ),
    Case(
        "patient-writes-about-a-full-mailbox",
        mail(
            "My mailbox is full and my old account is disabled. 550 5.1.1",
            sender=f"Ana <{ANA}>",
            subject="Re: You have a new billing document",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "no-reply-sender-with-a-version-number",
        mail(
            "We received your message. Version 5.1.2 of our portal is out.",
            sender="no-reply@help.example",
            subject="Thank you",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case(
        "mail-system-with-a-version-number",
        mail(
            "Your ticket was closed.\nDesk release 5.1.2, sent by Exim 4.2.1 and v5.2.1 of the portal.",
            sender="postmaster@help.example",
            subject="Thank you",
            headers=f"In-Reply-To: {OUR_ID}\n",
        ),
        [unclear()],
    ),
    Case("newsletter", mail("Save 20 % today.", sender="shop@example.com", subject="Sale"), [unclear()], False),
    Case("empty", b"", [unclear()], finds_document=False),
    Case("headers-only", b"From: MAILER-DAEMON@example.org\r\nSubject: failure notice\r\n\r\n", [unclear()], False),
    Case("torn-in-the-headers", f"From: {DAEMON}\r\nSubj".encode(), [unclear()], finds_document=False),
]

COMPLAINTS = [
    Case("arf-abuse", arf("abuse"), [complaint()]),
    Case("arf-abuse-headers-only", arf("abuse", returned_type="text/rfc822-headers"), [complaint()]),
    Case("arf-fraud", arf("fraud"), [complaint()]),
    Case("arf-opt-out", arf("opt-out"), [complaint()]),
    Case("arf-not-spam", arf("not-spam"), [unclear(ANA)]),
    Case("arf-auth-failure", arf("auth-failure"), [unclear(ANA)]),
    Case("arf-without-recipient", arf("abuse", original_recipient=""), [complaint("")]),
    Case(
        "junk-mail-report",
        multipart(
            part(f"X-HmXmrOriginalRecipient: <{ANA}>\n{ORIGINAL}", "message/rfc822"),
            content_type="multipart/mixed",
            sender="staff@webmail.example",
            subject="complaint about message from 192.0.2.7",
        ),
        [complaint()],
    ),
    Case(
        "unsubscribe",
        mail("", sender=f"Ana <{ANA}>", subject="unsubscribe", headers=f"References: {OUR_ID}\n"),
        [complaint()],
    ),
    Case(
        "unsubscribe-with-the-id-and-token",
        mail("", sender=f"Ana <{ANA}>", subject=f"unsubscribe {DOCUMENT}.{ATTEMPT}.{'a' * 16}"),
        [complaint()],
    ),
    Case(
        "unsubscribe-with-an-encoded-blank",
        mail("", sender=f"Ana <{ANA}>", subject=f"Unsubscribe%20{DOCUMENT}.{ATTEMPT}.{'a' * 16}"),
        [complaint()],
    ),
    Case(
        "unsubscribe-from-something-else",
        mail("", sender=f"Ana <{ANA}>", subject="unsubscribe newsletter", headers=f"References: {OUR_ID}\n"),
        [unclear()],
    ),
    Case(
        "unsubscribe-with-the-id-of-our-header",
        mail("", sender=f"Ana <{ANA}>", subject=f"unsubscribe {OUR_ID.strip('<>').partition('@')[0]}"),
        [complaint()],
    ),
]

_BOUNCED = {"bouncedRecipients": [{"emailAddress": ANA, "action": "failed", "status": "5.1.1"}]}
_PERMANENT = ses("Bounce", {"bounceType": "Permanent", **_BOUNCED})

SES = [
    Case("ses-permanent", as_json(_PERMANENT), [hard()]),
    Case("ses-permanent-by-sns", by_sns(_PERMANENT), [hard()]),
    Case(
        "ses-permanent-by-mail",
        mail(_text := as_json(_PERMANENT).decode() + "\n\n--\nTo stop these, visit …\n", sender="x@sns.amazonaws.com"),
        [hard()],
    ),
    Case(
        "ses-permanent-by-folded-mail",
        mail(_text, sender="AWS <no-reply@sns.amazonaws.com>", encoding="quoted-printable"),
        [hard()],
    ),
    Case(
        "ses-id-in-headers-only",
        as_json(ses("Bounce", {"bounceType": "Permanent", **_BOUNCED}, is_tagged=False)),
        [hard()],
        finds_document=False,
    ),
    Case(
        "ses-permanent-without-a-reason",
        as_json(
            ses(
                "Bounce",
                {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": ANA}]},
            )
        ),
        [sender("")],
    ),
    Case(
        "ses-permanent-suppressed",
        as_json(
            ses(
                "Bounce",
                {
                    "bounceType": "Permanent",
                    "bounceSubType": "Suppressed",
                    "bouncedRecipients": [{"emailAddress": ANA}],
                },
            )
        ),
        [hard("")],
    ),
    Case(
        "ses-transient",
        as_json(
            ses("Bounce", {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": ANA, "status": "4.2.2"}]})
        ),
        [soft()],
    ),
    Case(
        "ses-absence-notice",
        as_json(
            ses(
                "Bounce",
                {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": ANA}]},
            )
        ),
        [unclear(ANA)],
    ),
    Case(
        "ses-message-too-large",
        as_json(
            ses(
                "Bounce",
                {
                    "bounceType": "Transient",
                    "bounceSubType": "MessageTooLarge",
                    "bouncedRecipients": [{"emailAddress": ANA}],
                },
            )
        ),
        [sender("")],
    ),
    Case(
        "ses-undetermined", as_json(ses("Bounce", {"bounceType": "Undetermined", **_BOUNCED})), [unclear(ANA, "5.1.1")]
    ),
    Case(
        "ses-diagnostic-only",
        as_json(
            ses(
                "Bounce",
                {
                    "bounceType": "Permanent",
                    "bouncedRecipients": [{"emailAddress": ANA, "diagnosticCode": "smtp; 550 5.7.1 blocked"}],
                },
            )
        ),
        [sender()],
    ),
    Case(
        "ses-delay",
        as_json(ses("DeliveryDelay", {"delayedRecipients": [{"emailAddress": ANA, "status": "4.4.1"}]})),
        [soft("4.4.1", still_trying=True)],
    ),
    Case("ses-complaint", as_json(ses("Complaint", {"complainedRecipients": [{"emailAddress": ANA}]})), [complaint()]),
    Case(
        "ses-not-spam",
        as_json(
            ses(
                "Complaint",
                {"complainedRecipients": [{"emailAddress": ANA}], "complaintFeedbackType": "not-spam"},
            )
        ),
        [unclear(ANA)],
    ),
    Case("ses-delivery", as_json(ses("Delivery")), []),
    Case("ses-torn", as_json(_PERMANENT)[:-20], [unclear()], finds_document=False),
    Case("ses-unknown-event", as_json(ses("Rendering Failure")), [unclear()], finds_document=False),
]

CASES = [*STATUS_REPORTS, *FREE_TEXT, *ENCODINGS, *REPLIES, *COMPLAINTS, *SES]
