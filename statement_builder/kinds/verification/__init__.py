"""Answers to people who disputed a bill or asked to have it verified: one for each request. They move no clock."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.verification.facts import verification_facts
from statement_builder.kinds.verification.rules import REQUESTS, recheck_verification, select_verification

DEFINITION = KindDefinition(
    kind=Kind.VERIFICATION,
    template="verification/verification.html",
    title=N_("Answer about your bill"),
    select=lambda candidate: Outcome(*select_verification(candidate)),
    facts=verification_facts,
    recheck=recheck_verification,
    is_candidate=REQUESTS.are_open,
    is_faulty_candidate=REQUESTS.are_in,
    candidate_cents=REQUESTS.owed_cents,
    copies_when_over=True,
    sample_guarantors=200,
)
