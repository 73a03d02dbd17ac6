"""Why a patient owes the balance of a visit, as parts that add up to it.

A reason is printed only if the account proves it. If the insurer's split does not add up to what is asked, the page
says less: a missing label is not a fact.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.balance import BalanceDetails, EncounterBalance
from statement_builder.billing.model import (
    Encounter,
    FinancialClass,
    InsuranceKind,
    InsuranceStatus,
    Record,
)


class Reason(StrEnum):
    """A part of the explanation. The templates have the words."""

    DEDUCTIBLE = "deductible"
    COINSURANCE = "coinsurance"
    COPAY = "copay"
    NOT_COVERED = "not_covered"
    INSURANCE_LEFT = "insurance_left"
    """Charges less what insurance paid and its discounts."""
    PAID = "paid"
    HELP = "help"
    """Financial assistance (charity)."""
    TAKEN_OFF = "taken_off"
    """Write-offs and the hospital's own discounts."""
    PENDING = "pending"
    RETURNED = "returned"
    """Refunds and returned checks that exceed what the patient paid."""
    ADDED_BACK = "added_back"
    """Reversed adjustments."""
    DENIED = "denied"
    PARTLY_DENIED = "partly_denied"
    NOTHING_PAID = "nothing_paid"
    """Insured, and insurance has paid nothing."""
    NO_INSURANCE = "no_insurance"
    REST = "rest"
    """The arithmetic of the row, and no claim about its cause."""


SPLIT = (Reason.DEDUCTIBLE, Reason.COINSURANCE, Reason.COPAY, Reason.NOT_COVERED)
"""The insurer's split of the patient's part (CARC group code PR)."""

LESS = (Reason.PAID, Reason.HELP, Reason.TAKEN_OFF, Reason.PENDING)
"""Parts that are subtracted. All others are added."""


class ReasonPart(Record, kw_only=True):
    """One part. `cents` is never negative, and 0 if the part has no amount of its own."""

    reason: Reason
    cents: int = 0


_INSURED_CLASSES = frozenset({FinancialClass.MEDICARE, FinancialClass.MEDICARE_ADVANTAGE, FinancialClass.TRICARE})
"""Classes that name the insurance, even if no insurer is on file."""


def has_insurance(encounter: Encounter, as_of: date) -> bool:
    """Whether anything on file shows that insurance is or was part of this visit."""
    return (
        bool(encounter.insurance_name)
        or encounter.insurance_status is not InsuranceStatus.NONE
        or encounter.share is not None
        or encounter.financial_class in _INSURED_CLASSES
        or encounter.insurance_pending_cents > 0
        or any(_is_of_insurer(each.kind) and each.posted_on <= as_of for each in encounter.insurance)
    )


def insurer_name(encounter: Encounter, as_of: date) -> str:
    """The insurer on file, or else the payer of its first transaction. Empty: unknown."""
    if encounter.insurance_name:
        return encounter.insurance_name
    payers = (each.payer for each in encounter.insurance if _is_of_insurer(each.kind) and each.posted_on <= as_of)
    return next((payer for payer in payers if payer), "")


def find_reasons(
    encounter: Encounter, owed: EncounterBalance, details: BalanceDetails, *, insured: bool
) -> tuple[ReasonPart, ...]:
    """Why the patient owes `owed.patient_cents`.

    Parts with amounts add up to it, those in `LESS` subtracted. Otherwise there is one part without an amount.
    """
    if not insured:
        return (ReasonPart(reason=Reason.NO_INSURANCE),)
    if parts := _split(encounter, owed, details):
        return parts
    if encounter.insurance_status is InsuranceStatus.DENIED:
        partly = owed.insurance_paid_cents > 0
        return (ReasonPart(reason=Reason.PARTLY_DENIED if partly else Reason.DENIED),)
    if owed.insurance_paid_cents == 0 and details.taken_back_cents == 0 and not owed.insurance_pending_cents:
        return (ReasonPart(reason=Reason.NOTHING_PAID),)
    if encounter.insurance_status is InsuranceStatus.ADJUDICATED and owed.insurance_paid_cents > 0:
        return _left_by_insurance(owed, details)
    return (ReasonPart(reason=Reason.REST),)


def _split(encounter: Encounter, owed: EncounterBalance, details: BalanceDetails) -> tuple[ReasonPart, ...]:
    """The insurer's split (CARC group code PR) less what happened since. Empty if it does not add up."""
    share = encounter.share
    if share is None:
        return ()
    amounts = (
        (Reason.DEDUCTIBLE, share.deductible_cents),
        (Reason.COINSURANCE, share.coinsurance_cents),
        (Reason.COPAY, share.copay_cents),
        (Reason.NOT_COVERED, share.noncovered_cents),
    )
    parts = [ReasonPart(reason=reason, cents=cents) for reason, cents in amounts if cents > 0]
    if not parts or any(cents < 0 for _, cents in amounts):
        return ()
    hospital_cents = owed.adjustments_cents - details.contractual_cents
    # Part of the adjustments came before the insurer's split, and part after it.
    for adjusted_cents in dict.fromkeys((0, details.write_off_cents, hospital_cents)):
        whole = (*parts, *_since(owed, adjusted_cents))
        if total(whole) == owed.patient_cents:
            return whole
    return ()


def _left_by_insurance(owed: EncounterBalance, details: BalanceDetails) -> tuple[ReasonPart, ...]:
    since = _since(owed, owed.adjustments_cents - details.contractual_cents)
    left_cents = owed.patient_cents - total(since)
    if not since:
        return (ReasonPart(reason=Reason.INSURANCE_LEFT),)
    if left_cents <= 0:
        return (ReasonPart(reason=Reason.REST),)
    return (ReasonPart(reason=Reason.INSURANCE_LEFT, cents=left_cents), *since)


def _since(owed: EncounterBalance, adjusted_cents: int) -> tuple[ReasonPart, ...]:
    """What the patient, the hospital, and pending insurance took off the patient's part."""
    amounts = (
        (Reason.PAID, Reason.RETURNED, owed.patient_paid_cents),
        (Reason.HELP, Reason.ADDED_BACK, owed.charity_cents),
        (Reason.TAKEN_OFF, Reason.ADDED_BACK, adjusted_cents),
        (Reason.PENDING, Reason.ADDED_BACK, owed.insurance_pending_cents),
    )
    return tuple(
        [ReasonPart(reason=less if cents > 0 else plus, cents=abs(cents)) for less, plus, cents in amounts if cents]
    )


def total(parts: tuple[ReasonPart, ...]) -> int:
    """The sum of the parts in cents, those in `LESS` subtracted."""
    return sum([-part.cents if part.reason in LESS else part.cents for part in parts])


def _is_of_insurer(kind: InsuranceKind) -> bool:
    return kind in (InsuranceKind.PAYMENT, InsuranceKind.CONTRACTUAL)
