"""The itemization of a debt: what was owed on one date, and what changed since (12 CFR 1006.34(c)(2)(vi)-(viii))."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.balance import EncounterBalance, FootingError, encounter_balance
from statement_builder.billing.model import Encounter, Record


class ItemizationDate(StrEnum):
    """The date that the agency's validation notice counts from (12 CFR 1006.34(b)(3)). One for all visits."""

    LAST_STATEMENT = "last_statement"
    """The mailing of the last statement or letter with the balance."""
    TRANSACTION = "transaction"
    """The last day of the service, with all charges."""


class Itemization(Record, kw_only=True):
    """`amount + charges - payments - credits = balance`, in cents. No interest and no fees are ever added."""

    on: date
    amount_cents: int
    charges_cents: int
    payments_cents: int
    credits_cents: int
    """Insurance payments, adjustments and financial assistance."""
    balance_cents: int


def itemize(encounter: Encounter, by: ItemizationDate, as_of: date) -> Itemization:
    """The itemization as of a date. ValueError if its date would be in the future, or no statement was mailed;
    `FootingError` if it does not add up."""
    now = encounter_balance(encounter, as_of)
    if by is ItemizationDate.TRANSACTION:
        on, amount, charges = encounter.service_to, now.charges_cents, 0
        payments, credits = now.patient_paid_cents, _credits(now)
    else:
        if encounter.correspondence is None:
            raise ValueError("no statement was mailed about the visit")
        on = encounter.correspondence.last_mailed_on
        then = encounter_balance(encounter, on)
        amount, charges = then.balance_cents, now.charges_cents - then.charges_cents
        payments = now.patient_paid_cents - then.patient_paid_cents
        credits = _credits(now) - _credits(then)
    if on > as_of:
        raise ValueError("the itemization date would be in the future")
    if amount + charges - payments - credits != now.balance_cents:
        raise FootingError("the itemization does not foot")
    return Itemization(
        on=on,
        amount_cents=amount,
        charges_cents=charges,
        payments_cents=payments,
        credits_cents=credits,
        balance_cents=now.balance_cents,
    )


def _credits(balance: EncounterBalance) -> int:
    return balance.insurance_paid_cents + balance.adjustments_cents + balance.charity_cents
