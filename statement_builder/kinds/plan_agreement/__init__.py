"""The agreement on a payment plan, when it is opened or its terms change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.plan_agreement.facts import agreement_facts
from statement_builder.kinds.plan_agreement.rules import RULES
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.plan_letters import plans_with_visits, unpaid_plan_cents


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*RULES.select(candidate))


def _recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    return RULES.recheck(candidate, selection)


DEFINITION = KindDefinition(
    kind=Kind.PLAN_AGREEMENT,
    template="plan_agreement/plan_agreement.html",
    title=N_("Payment plan"),
    select=_select,
    facts=agreement_facts,
    recheck=_recheck,
    is_candidate=lambda account: bool(plans_with_visits(account)),
    is_faulty_candidate=lambda entry: entry.has_plan,
    candidate_cents=unpaid_plan_cents,
    sample_guarantors=300,
)
