"""The letter about a missed installment: what to pay, and by when, so that the plan goes on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.plans import installment_cause, unpaid_cents
from statement_builder.billing.selection import Hold, Selection
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.legal_numbers import POLICY_NUMBERS
from statement_builder.policy.plan_letters import PlanCase, PlanLetter, PlanLetterRules

_CURE_DAYS_MIN = POLICY_NUMBERS["plan_cure_days"].min or 0


def find_missed(case: PlanCase) -> PlanLetter | Hold:
    """The letter about every missed installment of a plan in force. A newly missed one is another event."""
    position, policy, as_of = case.position, case.candidate.policy, case.candidate.as_of
    if not position.remaining_cents:
        return make_hold("PLAN_KEPT")
    if not position.in_force:
        return make_hold("PLAN_LAPSED")
    if not case.missed:
        late = [each.due_on for each in case.plan.installments if unpaid_cents(each) and each.due_on < as_of]
        if not late:
            return make_hold("PLAN_KEPT")
        return make_hold("PLAN_GRACE", until=min(late) + timedelta(days=policy.plan_grace_days + 1))
    return PlanLetter(
        cause_id=installment_cause(case.plan.plan_id, case.missed[-1]),
        amount_cents=position.missed_cents,
        due_on=due_date(as_of, policy.plan_cure_days),
    )


RULES = PlanLetterRules(find=find_missed)


def recheck_missed(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    """As all plan letters, and hold one that waited too long to leave the days to pay (domain rules, 2.5)."""
    yield from RULES.recheck(candidate, selection)
    if (selection.due_on - as_of).days < _CURE_DAYS_MIN:
        yield make_hold("CURE_SHORT")
