"""Refunds."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record


class RefundReason(StrEnum):
    """Why the hospital pays money back to a guarantor."""

    DUPLICATE = "duplicate"
    """The same payment arrived twice."""
    OVERPAID = "overpaid"
    """More than the patient's part was paid."""
    INSURER_PAID = "insurer_paid"
    """The insurer paid after the guarantor did."""
    ASSISTANCE = "assistance"
    """Financial assistance lowered the patient's part (26 CFR 1.501(r)-6(c)(6)(i)(C)(2))."""
    DEPOSIT = "deposit"
    """Payments before a delivery were more than the patient's part."""


class RefundMethod(StrEnum):
    """How the money goes back."""

    CHECK = "check"
    CARD = "card"
    """To the card that was charged."""
    ACCOUNT = "account"
    """To the bank account that the payment came from."""


class RefundStatus(StrEnum):
    """How far a refund is. Only an approved refund, or one that was sent, gets a letter."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    CANCELED = "canceled"


class Refund(Record, kw_only=True):
    """Money that the hospital pays back for one visit, or from the deposits of one pregnancy."""

    refund_id: str
    account_number: str = ""
    """Empty: the refund is from the deposits of `episode_id`."""
    episode_id: str = ""
    amount_cents: int
    reason: RefundReason
    status: RefundStatus
    approved_on: date | None = None
    approved_by: str = ""
    """A role or an id of the refund queue. It never goes on a page."""
    method: RefundMethod | None = None
    send_on: date | None = None
    """The day when the money is to leave."""
    sent_on: date | None = None
    """The day when the money left."""
    check_number: str = ""
    balances_reviewed: bool = False
    """The refund queue looked at what the guarantor owes on other visits, and decided to pay this back."""
