"""The letter about an incomplete application for financial assistance: what is missing, and by when to send it."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.assistance_incomplete.facts import incomplete_facts
from statement_builder.kinds.assistance_incomplete.rules import RULES
from statement_builder.kinds.assistance_letters import define_assistance_letter
from statement_builder.kinds.definition import N_

DEFINITION = define_assistance_letter(
    Kind.ASSISTANCE_INCOMPLETE,
    RULES,
    title=N_("Your application for financial assistance"),
    facts=incomplete_facts,
    sample_guarantors=300,
)
