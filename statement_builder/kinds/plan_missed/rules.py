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
from statement_builder.policy.plan_letters import PlanCase, PlanLetter, PlanLetterRules, missed_letters

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
    letter = PlanLetter(
        cause_id=installment_cause(case.plan.plan_id, case.missed[-1]),
        amount_cents=position.missed_cents,
        due_on=due_date(as_of, policy.plan_cure_days),
    )
    return (None if case.is_answered(letter.cause_id) else _hold_after_letter(case, letter)) or letter


def _hold_after_letter(case: PlanCase, letter: PlanLetter) -> Hold | None:
    """Hold a letter while an earlier one gives time to pay, and one that would give time after the plan has ended: the
    plan ends by the first letter, because with short intervals a next installment is always missed."""
    earlier, policy = missed_letters(case), case.candidate.policy
    if not earlier:
        return None
    if None in earlier:
        return make_hold("PLAN_CURE")
    cure_on = due_date(max(filter(None, earlier)), policy.plan_cure_days)
    if case.candidate.as_of <= cure_on:
        return make_hold("PLAN_CURE", until=cure_on + timedelta(days=1))
    last_on = case.missed[0].due_on + timedelta(days=policy.plan_lapse_days)
    return make_hold("PLAN_SENT") if letter.due_on > last_on else None


RULES = PlanLetterRules(find=find_missed)


def recheck_missed(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    """As all plan letters, and hold one that waited too long to leave the days to pay."""
    yield from RULES.recheck(candidate, selection)
    if (selection.due_on - as_of).days < _CURE_DAYS_MIN:
        yield make_hold("CURE_SHORT")
