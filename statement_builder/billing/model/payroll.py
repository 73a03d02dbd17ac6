"""Payroll deductions of hospital employees."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.record import Record


class PayFrequency(StrEnum):
    """How often an employer pays wages."""

    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    SEMIMONTHLY = "semimonthly"
    """Twice a month."""
    MONTHLY = "monthly"


class DeductionStatus(StrEnum):
    ASKED = "asked"
    """The employee asked for the form."""
    SIGNED = "signed"
    REVOKED = "revoked"
    """The employee took the authorization back."""
    ENDED = "ended"
    """Paid, replaced, or the employment has ended."""


class PayrollDeduction(Record, kw_only=True):
    """An employee's authorization to pay a plan from wages: `pay_count` deductions of `per_pay_cents`, of which the
    last may be smaller, so that they add up to `total_cents`."""

    authorization_id: str
    plan_id: str
    employee_id: str
    """Payroll's own number. It must not be a Social Security number."""
    status: DeductionStatus
    asked_on: date
    total_cents: int
    per_pay_cents: int
    pay_count: int
    frequency: PayFrequency
    first_pay_on: date
    last_pay_on: date
    work_state: str
    """The state where the employee works: its wage law applies."""
    signed_on: date | None = None
    """When the employee signed."""
    hospital_signed_on: date | None = None
    ended_on: date | None = None
    """The first payday without a deduction, once it is revoked or ended. None: the next one."""

    @property
    def is_signed(self) -> bool:
        """Whether both have signed, and neither has ended it."""
        return self.status is DeductionStatus.SIGNED and bool(self.signed_on and self.hospital_signed_on)


class DeductionMiss(Record, kw_only=True):
    """Payroll's latest answer about an authorization: the deduction was not taken, or not in full."""

    authorization_id: str
    pay_on: date
