"""The end of a plan: after the letter about the missed payment was mailed, and the time that it gave has passed."""

from __future__ import annotations

from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import PlanStatus
from statement_builder.billing.plans import installment_cause
from statement_builder.billing.selection import Hold
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.plan_letters import (
    PlanCase,
    PlanLetter,
    PlanLetterRules,
    missed_letters,
    plan_ended_letters,
)


def find_default(case: PlanCase) -> PlanLetter | Hold:
    """The letter that the plan has ended, for the whole balance of its visits."""
    position, policy, as_of = case.position, case.candidate.policy, case.candidate.as_of
    if not position.remaining_cents or case.balance_cents <= 0 or not case.missed:
        return make_hold("PLAN_KEPT")
    if position.in_force:
        return make_hold("PLAN_LATE")
    mailed = missed_letters(case)
    if _is_told(case, mailed):
        return make_hold("PLAN_SENT")
    if not mailed:
        return make_hold("PLAN_NO_NOTICE")
    return _hold_until_cured(case, mailed) or PlanLetter(
        cause_id=installment_cause(case.plan.plan_id, case.missed[0]),
        amount_cents=case.balance_cents,
        due_on=due_date(as_of, policy.due_days),
    )


def _hold_until_cured(case: PlanCase, mailed: tuple[date | None, ...]) -> Hold | None:
    """Hold the letter until the time to pay has passed that each letter about the missed payment gave."""
    if None in mailed:
        return make_hold("PLAN_CURE")
    cure_on = due_date(max(filter(None, mailed)), case.candidate.policy.plan_cure_days)
    return make_hold("PLAN_CURE", until=cure_on + timedelta(days=1)) if case.candidate.as_of <= cure_on else None


def _is_told(case: PlanCase, missed: tuple[date | None, ...]) -> bool:
    """Whether a letter said that the plan has ended, and no new round began: a payment since then changes the first
    unpaid installment, and not what was said. In an active plan, a later letter about a missed payment begins a new
    round."""
    told = plan_ended_letters(case.candidate.account, case.plan.plan_id)
    if not told or None in told or case.plan.status is PlanStatus.DEFAULTED:
        return bool(told)
    last_on = max(filter(None, told))
    return not any(day is None or day > last_on for day in missed)


RULES = PlanLetterRules(find=find_default, statuses=(PlanStatus.ACTIVE, PlanStatus.DEFAULTED))
