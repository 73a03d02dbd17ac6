"""What each kind of document has to say, in cents and dates: the templates put it into words.

No formatted text, no diagnosis codes, no record number, no birth date: what is not here cannot be printed.
"""

from __future__ import annotations

from datetime import date

from statement_builder.billing.balance import Aging, RollForward
from statement_builder.billing.model import Record


class VisitLine(Record, kw_only=True):
    """One encounter on paper. charges - insurance - adjustments - payments - pending = owed, to the cent."""

    account_number: str
    patient_name: str
    service_from: date
    service_to: date
    description: str
    """Empty where `sensitive`: the page then says no more than "Medical services"."""
    sensitive: bool = False
    insurance_name: str = ""
    denied: bool = False
    on_plan: bool = False
    charges_cents: int
    insurance_cents: int
    adjustments_cents: int
    """Contractual discounts, charity and write-offs together."""
    payments_cents: int
    pending_cents: int = 0
    owed_cents: int
    has_share: bool = False
    deductible_cents: int = 0
    coinsurance_cents: int = 0
    copay_cents: int = 0
    noncovered_cents: int = 0


class PlanLine(Record, kw_only=True):
    """A payment plan's part of the bill."""

    plan_id: str
    due_cents: int
    remaining_cents: int
    missed_count: int
    next_due_on: date | None


class StatementFacts(Record, kw_only=True):
    """Levels 0 and 1. The totals are the sums of the visits; `content.amount_cents` = owed - plan_later."""

    visits: tuple[VisitLine, ...]
    charges_cents: int
    insurance_cents: int
    adjustments_cents: int
    payments_cents: int
    pending_cents: int
    owed_cents: int
    plan_later_cents: int
    """Owed on payment plans, but not due with this bill."""
    plans: tuple[PlanLine, ...]
    roll_forward: RollForward
    aging: Aging
    due_on: date


class EstimatePayment(Record, kw_only=True):
    """One suggested payment towards the estimate."""

    due_on: date
    amount_cents: int
    paid_cents: int
    asked_now: bool
    """Open and part of what this notice asks for."""


class ObNoticeFacts(Record, kw_only=True):
    """An estimate before a birth, never a bill: nothing of what is owed for other visits can be in here."""

    patient_name: str
    expected_delivery_on: date
    """Printed as month and year only."""
    estimate_on: date
    estimate_basis: str
    insurance_name: str
    good_faith_estimate_id: str
    plan_year_ends_on: date | None
    """Only where it lies before the birth: the insurer then counts from zero again."""
    estimate_cents: int
    paid_cents: int
    remaining_cents: int
    payments: tuple[EstimatePayment, ...]
    pay_by_on: date
    courtesy_only: bool
    due_on: date


class LetterFacts(Record, kw_only=True):
    """A letter of the ladder. `owed_cents` is the sum of the visits and the amount asked for."""

    visits: tuple[VisitLine, ...]
    owed_cents: int
    first_billed_on: date | None
    """When the oldest of these visits was first billed."""
    assistance_until_on: date | None
    """The last day on which help with every one of these visits can be applied for."""
    agency_name: str
    due_on: date
