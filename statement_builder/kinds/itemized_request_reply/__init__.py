"""Letters about a requested itemized bill that cannot be sent yet, or that does not come. They move no clock."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.invoice.rules import REQUESTS
from statement_builder.kinds.itemized_request_reply.facts import reply_facts
from statement_builder.kinds.itemized_request_reply.rules import recheck_reply, select_reply

DEFINITION = KindDefinition(
    kind=Kind.ITEMIZED_REQUEST_REPLY,
    template="itemized_request_reply/itemized_request_reply.html",
    title=N_("About the itemized bill that you asked for"),
    select=lambda candidate: Outcome(*select_reply(candidate)),
    facts=reply_facts,
    recheck=recheck_reply,
    is_candidate=REQUESTS.are_asked_by_people,
    is_faulty_candidate=REQUESTS.are_in,
    candidate_cents=lambda _account, _as_of: 0,
    states_amount=False,
    copies_when_over=True,
    sample_guarantors=200,
)
