"""The letter that a payment plan has ended, and what happens now."""

from __future__ import annotations

from datetime import timedelta

from statement_builder.billing.model import CausedLetter, GuarantorAccount
from statement_builder.billing.plans import MISSED_LETTER, installment_cause, unpaid_cents
from statement_builder.billing.selection import Kind
from statement_builder.kinds.definition import N_
from statement_builder.kinds.plan_default.facts import default_facts
from statement_builder.kinds.plan_default.rules import RULES
from statement_builder.kinds.plan_letters import define_plan_letter
from statement_builder.policy.plan_letters import plan_visits_cents


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


DEFINITION = define_plan_letter(
    Kind.PLAN_DEFAULT,
    RULES,
    title=N_("Payment plan ended"),
    facts=default_facts,
    candidate_cents=plan_visits_cents,
    sample_letters=_sample_letters,
    sample_guarantors=120,
)
