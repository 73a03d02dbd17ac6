"""The reminder of a payment of a plan, some days before it comes due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.plan_reminder.facts import reminder_facts
from statement_builder.kinds.plan_reminder.rules import RULES
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.plan_letters import plans_with_visits, unpaid_plan_cents


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*RULES.select(candidate))


def _recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    return RULES.recheck(candidate, selection)


DEFINITION = KindDefinition(
    kind=Kind.PLAN_REMINDER,
    template="plan_reminder/plan_reminder.html",
    title=N_("Payment plan reminder"),
    select=_select,
    facts=reminder_facts,
    recheck=_recheck,
    is_candidate=lambda account: bool(plans_with_visits(account)),
    is_faulty_candidate=lambda entry: entry.has_plan,
    candidate_cents=unpaid_plan_cents,
    sample_guarantors=150,
)
