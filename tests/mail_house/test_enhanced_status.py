"""Whose fault a refusal is: the wordings of large providers, and codes alone."""

from __future__ import annotations

import pytest

from mail_house.enhanced_status import is_sender_fault

SENDER = [
    ("5.7.1", "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus"),
    ("5.7.26", "550 5.7.26 Unauthenticated email is not accepted due to the domain's DMARC policy"),
    ("5.7.509", "550 5.7.509 Access denied, sending domain does not pass DMARC verification"),
    ("5.7.708", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP"),
    ("5.7.606", "550 5.7.606 Access denied, banned sending IP"),
    ("", "554 <a@b.example>: Relay access denied"),
    ("5.7.1", "554 5.7.1 <a@b.example>: Recipient address rejected: Relay access denied"),
    ("", "550 5.7.1 Unable to relay"),
    ("5.3.4", "552 5.3.4 Message size exceeds fixed limit"),
    ("5.2.3", "552 5.2.3 too long"),
    ("", "552 message too large"),
    ("5.0.0", "552-5.0.0 Your message exceeded Google's message size limits"),
    ("5.7.0", "530 5.7.0 Must issue a STARTTLS command first"),
    ("", "530 Authentication required"),
    ("4.7.28", "421 4.7.28 unusual rate of unsolicited mail from your IP"),
    ("4.7.0", "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints"),
    ("5.4.6", ""),
    ("5.1.8", "501 5.1.8 Sender address rejected: Domain not found"),
]
RECIPIENT = [
    ("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist"),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled"),
    ("5.2.2", "552 5.2.2 The recipient's inbox is over quota"),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied"),
    ("5.7.1", "550 5.7.1 <a@b.example>: Recipient address rejected: User unknown"),
    ("5.4.4", "Host or domain name not found"),
    ("5.7.17", "550 5.7.17 mailbox owner has changed"),
    ("5.0.0", "554 delivery error: dd This user doesn't exist"),
    ("", "550 no such user"),
    ("4.7.1", "450 4.7.1 Greylisted, try again in 5 minutes"),
    ("4.2.2", "452 4.2.2 mailbox full"),
    ("4.4.1", "connection timed out"),
    ("", "550 Requested action not taken: mailbox unavailable"),
]


@pytest.mark.parametrize(("status", "text"), SENDER)
def test_sender(status: str, text: str) -> None:
    assert is_sender_fault(status, text)


@pytest.mark.parametrize(("status", "text"), RECIPIENT)
def test_recipient(status: str, text: str) -> None:
    assert not is_sender_fault(status, text)
