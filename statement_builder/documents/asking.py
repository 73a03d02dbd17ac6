"""Whether a document about one visit asks for money, and if not, why not."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from enum import StrEnum

from statement_builder.billing.model import OPEN_APPLICATIONS, Encounter, GuarantorAccount, InsuranceStatus
from statement_builder.billing.plans import plans_in_force
from statement_builder.documents.facts import VisitLine
from statement_builder.documents.printed_terms import PrintedTerms


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
    """What a document about this visit says about paying. `plans`: the ids of the payment plans in force.

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


def printed_asking(
    account: GuarantorAccount, encounter: Encounter, visit: VisitLine, terms: PrintedTerms, issued_on: date
) -> Asking:
    """As `find_asking`, of a visit as it is printed on a date."""
    return find_asking(
        account,
        encounter,
        patient_cents=visit.owed_cents,
        pending_cents=visit.pending_cents,
        plans=plans_in_force(
            account,
            issued_on,
            grace_days=terms.plan_grace_days,
            lapse_days=terms.plan_lapse_days,
            cure_days=terms.plan_cure_days,
            letter_required=terms.plan_letter_required,
        ),
    )
