"""The letter about a missed payment of a plan: what to pay by when, so that the plan goes on."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_
from statement_builder.kinds.plan_letters import define_plan_letter
from statement_builder.kinds.plan_missed.facts import missed_facts
from statement_builder.kinds.plan_missed.rules import RULES, recheck_missed

DEFINITION = define_plan_letter(
    Kind.PLAN_MISSED,
    RULES,
    title=N_("Missed plan payment"),
    facts=missed_facts,
    recheck=recheck_missed,
    sample_guarantors=300,
)
