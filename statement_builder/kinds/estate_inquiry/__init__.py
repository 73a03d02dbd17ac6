"""The inquiry about an estate: it asks who handles the affairs of a guarantor who has died, and for nothing else."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.estate_inquiry.facts import inquiry_facts
from statement_builder.kinds.estate_inquiry.rules import recheck_inquiry, select_inquiry
from statement_builder.policy.estates.recipient import address_to_estate
from statement_builder.policy.estates.rules import is_candidate

DEFINITION = KindDefinition(
    kind=Kind.ESTATE_INQUIRY,
    template="estate_inquiry/estate_inquiry.html",
    title=N_("Question about an estate"),
    select=lambda candidate: Outcome(*select_inquiry(candidate)),
    facts=inquiry_facts,
    recheck=recheck_inquiry,
    readdress=address_to_estate,
    states_amount=False,
    is_candidate=is_candidate,
    is_faulty_candidate=lambda entry: entry.has_rows_in("estates"),
    count_items=lambda _: 1,
    sample_guarantors=80,
)
