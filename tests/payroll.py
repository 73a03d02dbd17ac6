"""Payroll deductions for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import (
    DeductionStatus,
    Encounter,
    GuarantorAccount,
    PayFrequency,
    PayrollDeduction,
    Plan,
)
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.kinds import decide
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_guarantor
from tests.contents import TERMS, compose_document
from tests.plan_letters import make_plan, on_plan

SIGNED: dict[str, Any] = {
    "status": DeductionStatus.SIGNED,
    "signed_on": date(2026, 11, 10),
    "hospital_signed_on": date(2026, 11, 12),
}


def make_deduction(**changes: Any) -> PayrollDeduction:
    """Asked for: twelve deductions of $50.00, every two weeks from December 18, 2026."""
    facts: dict[str, Any] = {
        "authorization_id": "W70001",
        "plan_id": "PL70001",
        "employee_id": "E20417",
        "status": DeductionStatus.ASKED,
        "asked_on": date(2026, 11, 3),
        "total_cents": 60_000,
        "per_pay_cents": 5_000,
        "pay_count": 12,
        "frequency": PayFrequency.BIWEEKLY,
        "first_pay_on": date(2026, 12, 18),
        "last_pay_on": date(2027, 5, 21),
        "work_state": "NC",
    }
    return PayrollDeduction(**(facts | changes))


def on_payroll(*deductions: PayrollDeduction, plan: Plan | None = None, **account: Any) -> GuarantorAccount:
    """An account whose plan of $600.00 is to be paid from wages."""
    plan = plan or make_plan(next_on=date(2026, 12, 18))
    return on_plan(plan, deductions=deductions or (make_deduction(),), **account)


def make_authorization(
    deduction: PayrollDeduction | None = None,
    *visits: Encounter,
    plan: Plan | None = None,
    facility: Facility | None = None,
    **guarantor: Any,
) -> Content:
    """The form, or the signed copy, selected by the rules for an ordinary guarantor and composed for this one."""
    plan = plan or make_plan(next_on=date(2026, 12, 18))
    account = on_plan(plan, *visits, deductions=(deduction or make_deduction(),))
    decision = decide(account, Kind.PAYROLL_AUTHORIZATION, Policy(), AS_OF)
    assert decision.selection is not None, decision.holds
    changed = replace(account, guarantor=make_guarantor(**guarantor))
    return compose_document(changed, decision.selection, facility=facility, terms=TERMS)
