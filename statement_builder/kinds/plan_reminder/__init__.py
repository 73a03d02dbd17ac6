"""The reminder of a payment of a plan, some days before it comes due."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_
from statement_builder.kinds.plan_letters import define_plan_letter
from statement_builder.kinds.plan_reminder.facts import reminder_facts
from statement_builder.kinds.plan_reminder.rules import RULES

DEFINITION = define_plan_letter(
    Kind.PLAN_REMINDER,
    RULES,
    title=N_("Payment plan reminder"),
    facts=reminder_facts,
    sample_guarantors=150,
)
