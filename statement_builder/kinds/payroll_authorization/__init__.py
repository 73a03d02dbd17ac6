"""The form for a voluntary payroll deduction of a hospital employee, and the copy once both have signed it."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_
from statement_builder.kinds.payroll_authorization.facts import authorization_facts
from statement_builder.kinds.payroll_authorization.rules import RULES, has_deduction, recheck_authorization
from statement_builder.kinds.plan_letters import define_plan_letter

DEFINITION = define_plan_letter(
    Kind.PAYROLL_AUTHORIZATION,
    RULES,
    title=N_("Payroll deduction form"),
    facts=authorization_facts,
    recheck=recheck_authorization,
    is_candidate=has_deduction,
    is_faulty_candidate=lambda entry: entry.has_rows_in("deductions"),
    sample_guarantors=400,
)
