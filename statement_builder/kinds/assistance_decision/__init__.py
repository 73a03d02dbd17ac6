"""The letter about a decision on financial assistance: what was decided and why, what is left, and how to appeal."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.assistance_decision.facts import decision_facts
from statement_builder.kinds.assistance_decision.rules import RULES
from statement_builder.kinds.assistance_letters import define_assistance_letter
from statement_builder.kinds.definition import N_

DEFINITION = define_assistance_letter(
    Kind.ASSISTANCE_DECISION,
    RULES,
    title=N_("Decision on financial assistance"),
    facts=decision_facts,
    sample_guarantors=300,
)
