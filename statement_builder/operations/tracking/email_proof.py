"""Which message about our e-mail is proven: anybody can write one, and document ids can be guessed.

A bounce or complaint moves something only if it carries the token of a message that we sent to that recipient, or comes
from Amazon SNS for a topic of ours and names the id that SES gave our message, and comes in time. Everything else waits
for a person (ADR 36).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from mail_house.bounces import FetchCertificate, Notification, find_forgery, is_sender_refuted
from mail_house.email import EMAIL_KEY, verifies_token
from mail_house.secret import KeyRing
from statement_builder.ledger import Delivery
from statement_builder.settings import MailSettings

BOUNCE_WITHIN = timedelta(days=14)
"""Servers give up after 4 to 5 days (RFC 5321, 4.5.4.1); this allows for a second server behind the first."""
COMPLAINT_WITHIN = timedelta(days=60)
"""An unsubscribe address must work for 30 days (15 U.S.C. 7704(a)(3)(A)(ii)); people read a bill until it is due."""
_CLOCK_DIFFERENCE = timedelta(minutes=10)


class Evidence(NamedTuple):
    """What a whole message proves, before its recipients are looked at."""

    is_signed: bool = False
    """Amazon SNS signed it, for a topic of ours: then the id in it is the one that SES gave the message. Other systems
    of the hospital may send by the same account, so that alone does not say that the message is ours."""
    problem: str = ""
    """Why the message proves nothing, in words for an operator."""


def read_evidence(
    data: bytes, notification: Notification | None, mail: MailSettings, fetch: FetchCertificate
) -> Evidence:
    """Check who sent the message. `notification` is the one that its content was read from, if any. Raises `Retryable`
    if the certificate of SNS cannot be fetched."""
    if is_sender_refuted(data, mail.authserv_id):
        return Evidence(problem="your mail server says that its sender is forged")
    if notification is None:
        return Evidence()
    problem = find_forgery(notification, mail.sns_topics, fetch)
    return Evidence(is_signed=not problem, problem=problem)


class Claim(NamedTuple):
    """What a message says that it is about."""

    document_id: str
    attempt: int
    token: str
    recipients: Collection[str]
    """The addresses that it names. Personal data: never logged."""
    has_reference: bool = False
    """It names the id that the mail service gave this attempt when it accepted it."""


def find_doubt(
    claim: Claim, evidence: Evidence, delivery: Delivery | None, keys: KeyRing, *, within: timedelta, now: datetime
) -> str:
    """Why it is not proven that the claim is about an e-mail that we sent to this recipient, in words for an operator;
    empty if it is."""
    if evidence.problem:
        return evidence.problem
    if delivery is None:
        return "it names no e-mail that we sent"
    is_known_to_ses = evidence.is_signed and claim.has_reference
    if not is_known_to_ses and (doubt := _find_token_doubt(claim, keys)):
        return doubt
    if not -_CLOCK_DIFFERENCE <= now - delivery.claimed_at <= within:
        return f"it does not come within {within.days} days of our e-mail"
    return ""


def _find_token_doubt(claim: Claim, keys: KeyRing) -> str:
    if not keys:
        return f"{EMAIL_KEY} is not set, so that nothing can prove that it is about our e-mail"
    if not claim.token:
        return "it does not show the token of our e-mail; mail sent before the upgrade has none"
    document_id, attempt = claim.document_id, claim.attempt
    if not any(verifies_token(keys, claim.token, document_id, attempt, each) for each in claim.recipients):
        return "its token is wrong, or it names another recipient than the one we wrote to"
    return ""
