"""The agreement on a payment plan, when it is opened or its terms change."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_
from statement_builder.kinds.plan_agreement.facts import agreement_facts
from statement_builder.kinds.plan_agreement.rules import RULES
from statement_builder.kinds.plan_letters import define_plan_letter

DEFINITION = define_plan_letter(
    Kind.PLAN_AGREEMENT,
    RULES,
    title=N_("Payment plan"),
    facts=agreement_facts,
    sample_guarantors=300,
)
