"""The letter that a payment plan has ended, and what happens now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.model import CausedLetter, GuarantorAccount, PlanStatus
from statement_builder.billing.plans import MISSED_LETTER, installment_cause, unpaid_cents
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import N_, KindDefinition, Outcome
from statement_builder.kinds.plan_default.facts import default_facts
from statement_builder.kinds.plan_default.rules import RULES
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.plan_letters import plan_visits_cents, plans_with_visits


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*RULES.select(candidate))


def _recheck(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    return RULES.recheck(candidate, selection)


def _sample_letters(account: GuarantorAccount) -> tuple[CausedLetter, ...]:
    """The letter about each plan's oldest unpaid payment, eleven days after it was due."""
    open_ones = {plan.plan_id: [each for each in plan.installments if unpaid_cents(each)] for plan in account.plans}
    oldest = {plan_id: min(each, key=lambda one: one.due_on) for plan_id, each in open_ones.items() if each}
    return tuple(
        CausedLetter(
            kind=MISSED_LETTER, cause_id=installment_cause(plan_id, each), mailed_on=each.due_on + timedelta(days=11)
        )
        for plan_id, each in oldest.items()
    )


DEFINITION = KindDefinition(
    kind=Kind.PLAN_DEFAULT,
    template="plan_default/plan_default.html",
    title=N_("Payment plan ended"),
    select=_select,
    facts=default_facts,
    recheck=_recheck,
    is_candidate=lambda account: bool(plans_with_visits(account, PlanStatus.ACTIVE, PlanStatus.DEFAULTED)),
    is_faulty_candidate=lambda entry: entry.has_plan,
    candidate_cents=plan_visits_cents,
    sample_letters=_sample_letters,
    sample_guarantors=120,
)
