"""What was paid and taken off a visit, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.model import Encounter, InsuranceKind, Record


class Posting(Record, kw_only=True):
    """A payment or an adjustment. Positive lowers what is owed; negative is a take-back or a refund."""

    posted_on: date
    what: str
    """A value of `InsuranceKind`, or `patient` for a payment by the patient or guarantor."""
    payer: str
    """The insurer. Empty if there is none or the visit is sensitive."""
    amount_cents: int


def postings_of(encounter: Encounter, issued_on: date) -> tuple[Posting, ...]:
    """The postings on a visit until a date, by date."""
    return tuple(sorted(_find_postings(encounter, issued_on), key=lambda each: each.posted_on))


def _find_postings(encounter: Encounter, issued_on: date) -> Iterator[Posting]:
    for each in encounter.insurance:
        if each.posted_on <= issued_on and each.amount_cents:
            shown = each.kind in (InsuranceKind.PAYMENT, InsuranceKind.CONTRACTUAL) and not encounter.sensitive
            yield Posting(
                posted_on=each.posted_on,
                what=each.kind.value,
                payer=each.payer if shown else "",
                amount_cents=each.amount_cents,
            )
    for payment in encounter.payments:
        if payment.posted_on <= issued_on and payment.amount_cents:
            yield Posting(posted_on=payment.posted_on, what="patient", payer="", amount_cents=payment.amount_cents)
