"""The letter about a missed payment of a plan: what to pay by when, so that the plan goes on."""

from __future__ import annotations

from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.plan_missed.facts import missed_facts
from statement_builder.kinds.plan_missed.rules import RULES, recheck_missed
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.plan_letters import plans_with_visits, unpaid_plan_cents


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*RULES.select(candidate))


DEFINITION = KindDefinition(
    kind=Kind.PLAN_MISSED,
    template="plan_missed/plan_missed.html",
    title=N_("Missed plan payment"),
    select=_select,
    facts=missed_facts,
    recheck=recheck_missed,
    is_candidate=lambda account: bool(plans_with_visits(account)),
    is_faulty_candidate=lambda entry: entry.has_plan,
    candidate_cents=unpaid_plan_cents,
    sample_guarantors=300,
)
