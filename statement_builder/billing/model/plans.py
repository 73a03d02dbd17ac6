"""Payment plans."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record


class Installment(Record, kw_only=True):
    sequence: int
    due_on: date
    amount_cents: int
    paid_cents: int = 0


class PlanStatus(StrEnum):
    ACTIVE = "active"
    DEFAULTED = "defaulted"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class PlanMethod(StrEnum):
    """How the installments are paid."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"
    """The hospital charges a card or a bank account on each due date."""


class Plan(Record, kw_only=True):
    """A payment plan. The encounters on it name it in `plan_id`."""

    plan_id: str
    status: PlanStatus
    opened_on: date
    installments: tuple[Installment, ...]
    terms_on: date | None = None
    """When the terms last changed. None: not since the plan was opened."""
    method: PlanMethod = PlanMethod.MANUAL
    down_payment_cents: int = 0
    """Paid when the plan was opened; not among the installments."""
    finance_charge_cents: int = 0
    """The part of the installments that is interest or a fee for the plan."""
    apr_basis_points: int | None = None
    """The annual percentage rate in hundredths of a percent (12 CFR 1026.22). None: not on file."""
    signed_on: date | None = None
    """When the guarantor signed these terms. None: not yet, or not on file."""
