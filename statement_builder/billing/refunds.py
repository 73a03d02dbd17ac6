"""Credits and the refunds that pay them back: whose money it is, since when, and whether a refund is posted already."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import (
    Deposit,
    Encounter,
    GuarantorAccount,
    PatientPayment,
    Record,
    Refund,
    RefundStatus,
)

_FACTS_DIGITS = 32
"""Hexadecimal digits that tell a refund from the same one with another amount, as many as of a plan's terms."""


class VisitCredit(Record, kw_only=True):
    """The credit of a visit before the refund: `credit = paid - part`. Negative: there is none."""

    paid_cents: int
    """What the patient or guarantor paid, less what was returned before this refund."""
    part_cents: int
    """The patient's part of the charges. Negative: insurance paid more than the charges."""
    credit_cents: int


def refund_cause(refund: Refund) -> str:
    """The event id of a refund. Another amount, reason or way of payment is another event; being sent is not."""
    facts = (refund.account_number, refund.episode_id, refund.amount_cents, refund.reason.value, refund.method)
    return f"{refund.refund_id}:{hashlib.sha256(repr(facts).encode()).hexdigest()[:_FACTS_DIGITS]}"


def letter_refunds(account: GuarantorAccount) -> tuple[Refund, ...]:
    """The refunds that a guarantor gets a letter about, and those that were canceled after their approval: a letter
    about one may be waiting."""
    return tuple(
        each
        for each in account.refunds
        if each.status in (RefundStatus.APPROVED, RefundStatus.SENT)
        or (each.status is RefundStatus.CANCELED and each.approved_on is not None)
    )


def visit_credit(encounter: Encounter, refund: Refund | None, as_of: date) -> VisitCredit:
    """The credit of a visit as of a date. A refund that was posted on the visit already is added back."""
    owed = encounter_balance(encounter, as_of)
    posted_cents = refund.amount_cents if refund is not None and is_posted(refund, encounter.payments, as_of) else 0
    paid_cents = owed.patient_paid_cents + posted_cents
    credit_cents = posted_cents - owed.balance_cents
    return VisitCredit(paid_cents=paid_cents, part_cents=paid_cents - credit_cents, credit_cents=credit_cents)


def is_posted(refund: Refund, posted: Iterable[PatientPayment | Deposit], as_of: date) -> bool:
    """Whether exactly this refund is among what was posted since its approval: some systems post it at once."""
    return refund.approved_on is not None and any(
        each.amount_cents == -refund.amount_cents and refund.approved_on <= each.posted_on <= as_of for each in posted
    )


def credit_since(encounter: Encounter, as_of: date) -> date:
    """The day since when the visit has had a credit without a break. Call it only for a visit with a credit."""
    changes: defaultdict[date, int] = defaultdict(int)
    for charge in encounter.charges:
        changes[charge.posted_on] += charge.amount_cents
    for transaction in encounter.insurance:
        changes[transaction.posted_on] -= transaction.amount_cents
    for payment in encounter.payments:
        changes[payment.posted_on] -= payment.amount_cents
    balance_cents, since = 0, as_of
    for day in sorted(day for day in changes if day <= as_of):
        had_credit = balance_cents < 0
        balance_cents += changes[day]
        if balance_cents < 0 and not had_credit:
            since = day
    return since
