"""Whether an itemized bill asks for money, and if not, why not."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from statement_builder.billing.model import OPEN_APPLICATIONS, Encounter, GuarantorAccount, InsuranceStatus


class Asking(StrEnum):
    """What the page says about paying."""

    PAY = "pay"
    """By the date on the page: no bill about this visit was mailed before."""
    AS_BILLED = "as_billed"
    """By the date on the latest bill, which this page does not change."""
    INSURANCE = "insurance"
    """The insurer has not decided yet."""
    PLAN = "plan"
    """By the payment plan."""
    ASSISTANCE = "assistance"
    """An application for financial assistance is open."""
    UNAPPLIED = "unapplied"
    """A payment is not applied to a visit yet."""
    CREDIT = "credit"
    """The hospital owes the guarantor."""
    PAID = "paid"

    @property
    def asks(self) -> bool:
        """Whether the page asks for the patient's balance."""
        return self in (Asking.PAY, Asking.AS_BILLED)


def find_asking(
    account: GuarantorAccount, encounter: Encounter, *, patient_cents: int, pending_cents: int, plans: Container[str]
) -> Asking:
    """What an itemized bill of this visit says about paying. `plans`: the ids of the payment plans in force.

    No estimate of a patient's share is billed (an open claim), no plan that is kept is asked for in full, and nobody is
    asked for money while an application for assistance is open or a payment is not applied yet.
    """
    applied = any(
        each.status in OPEN_APPLICATIONS and each.account_number in ("", encounter.account_number)
        for each in account.assistance
    )
    undecided = encounter.insurance_status in (InsuranceStatus.PENDING, InsuranceStatus.APPEAL)
    reasons = (
        (undecided or (pending_cents > 0 and patient_cents == 0), Asking.INSURANCE),
        (patient_cents < 0, Asking.CREDIT),
        (patient_cents == 0, Asking.PAID),
        (encounter.plan_id in plans, Asking.PLAN),
        (applied, Asking.ASSISTANCE),
        (account.unapplied_cents != 0, Asking.UNAPPLIED),
        (encounter.correspondence is not None, Asking.AS_BILLED),
    )
    return next((asking for applies, asking in reasons if applies), Asking.PAY)
