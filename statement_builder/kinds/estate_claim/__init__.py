"""The claim against an estate: what the hospital asks the estate to pay, and never a person."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.documents.content import Content
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.estate_claim.facts import EstateClaimFacts, claim_facts
from statement_builder.kinds.estate_claim.rules import recheck_claim, select_claim
from statement_builder.policy.estates.recipient import address_to_estate
from statement_builder.policy.estates.rules import is_candidate


def _count_lines(content: Content) -> int:
    assert isinstance(content.facts, EstateClaimFacts)
    return len(content.facts.charges) + len(content.facts.visits)


DEFINITION = KindDefinition(
    kind=Kind.ESTATE_CLAIM,
    template="estate_claim/estate_claim.html",
    title=N_("Claim against an estate"),
    select=lambda candidate: Outcome(*select_claim(candidate)),
    facts=claim_facts,
    recheck=recheck_claim,
    readdress=address_to_estate,
    is_candidate=is_candidate,
    is_faulty_candidate=lambda entry: entry.has_rows_in("estates"),
    count_items=_count_lines,
    items_per_page_max=(90, 16),
    sample_guarantors=80,
)
