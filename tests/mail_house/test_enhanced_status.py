"""Whose fault a refusal is: the wordings of large providers, and codes alone."""

from __future__ import annotations

import pytest

from mail_house.bounces.bounce import BounceKind, kind_of
from mail_house.enhanced_status import is_sender_fault, names_recipient

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
    ("", "550 Requested action not taken: mailbox unavailable. Reject due to policy restrictions."),
    ("", "554 Transaction failed. Reject due to policy restrictions."),
    ("", "550 local policy"),
    ("5.0.350", "550 5.0.350 Remote server returned an error -> 550 Anti-Spoofing policy - Inbound not allowed"),
    ("", "550 Forged sender"),
    ("", "550 You are not allowed to connect"),
    ("", "554 Denied [CS] [SpamRule]"),
    ("", "550 JunkMail rejected - mx.example.org [192.0.2.1]"),
    ("", "550 Connection frequency limited"),
    ("5.7.1", "550-5.7.1 [192.0.2.1] This message is not RFC 5322 compliant"),
    ("", "550 Administrative prohibition"),
    ("", "550 Administrative prohibition - envelope blocked"),
    ("", "554 Message not allowed - [PH01] Email not accepted for policy reasons"),
    ("", "550 DY-001 Mail rejected by Windows Live Hotmail for policy reasons"),
    ("", "554 IP=192.0.2.1 - None/bad reverse DNS"),
    ("", "550 Mail content denied by content filter"),
    ("", "550 Protocol violation"),
    ("", "500 Line limit exceeded"),
    ("", "550 Insecure Mail Relay"),
    ("", "550 5.7.1 too many invalid recipients"),
    ("5.1.0", "550 5.1.0 192.0.2.222 is not allowed to send from <example.net> per its SPF Record"),
    ("5.1.0", "5.1.0 - Unknown address error 550-'5.7.1 rejected under our spam policy'"),
    ("5.2.0", "552 5.2.0 sender rejected. AUP#In-1310"),
    ("", "550 The IP address sending this message does not have a PTR record"),
]
"""Code and reply. Each is a server's own wording: GMX, Microsoft, Proofpoint, Mail.ru, QQ, Google, Mimecast, Yahoo,
T-Online, Cox, Cisco, and the mail servers Exim, Postfix, and Sendmail."""
VAGUE = [
    ("5.0.0", ""),
    ("5.5.0", "554 Service unavailable"),
    ("5.0.0", "550 Mail rejected"),
    ("5.0.0", "554 Transaction failed"),
    ("5.0.0", "542 ana@example.com Rejected"),
    ("5.3.0", "554 5.3.0 unknown mailer error 1"),
    ("5.5.1", "503 5.5.1 bad sequence of commands"),
]
"""Refusals for good that name neither side."""
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
    ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable"),
    ("5.0.0", "550 <a@b.example>: Recipient address rejected."),
    ("5.0.0", "552 Error: disk quota exceeded"),
    ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account"),
    ("5.0.0", "550 Unrouteable address"),
    ("5.1.0", "5.1.0 - Unknown address error 550-'No such user'"),
]


@pytest.mark.parametrize(("status", "text"), SENDER)
def test_sender(status: str, text: str) -> None:
    assert is_sender_fault(status, text)


@pytest.mark.parametrize(("status", "text"), RECIPIENT)
def test_recipient(status: str, text: str) -> None:
    assert not is_sender_fault(status, text)


@pytest.mark.parametrize(
    ("status", "text"), [(code or "5.0.0", text) for code, text in SENDER + VAGUE if code[:1] != "4"]
)
def test_kind__refusal_that_does_not_name_the_recipient_is_the_senders(status: str, text: str) -> None:
    """It ends nobody's e-mail, and several of them stop the sending."""
    assert not names_recipient(status, text)
    assert kind_of(status, text) is BounceKind.SENDER


@pytest.mark.parametrize(("status", "text"), [(code or "5.0.0", text) for code, text in RECIPIENT if code[:1] != "4"])
def test_kind__refusal_that_names_the_recipient_is_hard(status: str, text: str) -> None:
    assert names_recipient(status, text)
    assert kind_of(status, text) is BounceKind.HARD
