"""The rules that the letters about payment plans share: agreement, reminder, missed payment, and the end of a plan.

Each letter answers an event, which is its cause, and goes out once for it: a plan's terms, an installment that comes
due, one that was missed, a plan that ended. What was paid and what was mailed decide. A
letter is about one plan and all of its visits, so a hold on one visit holds the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from statement_builder.billing.balance import encounter_balance
from statement_builder.billing.model import Encounter, GuarantorAccount, Installment, Plan, PlanStatus
from statement_builder.billing.plans import (
    MISSED_LETTER,
    PlanPosition,
    cure_until,
    installment_cause,
    plan_of_cause,
    plan_position,
    unpaid_cents,
)
from statement_builder.billing.selection import Hold, Selection
from statement_builder.policy import encounter_rules, guarantor_rules
from statement_builder.policy.assistance import (
    hold_approved_without_discount,
    hold_open_application,
    hold_untold_decision,
)
from statement_builder.policy.candidate import Candidate, Rule, find_holds, guarantor_is_held
from statement_builder.policy.channel import choose_channel, hold_unwanted_bill_on_paper
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.recorded_holds import hold_recorded

ENDED_LETTER = "plan-default"
"""The kind of the letter that a plan has ended."""
_ABOUT_PLANS = frozenset({"PLAN_OK", "PLAN_LATE"})
"""Recorded holds that say only that there is a plan: they stop dunning letters, and not the letters about the plan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanCase:
    """One plan that may get a letter, as of the candidate's date."""

    candidate: Candidate
    plan: Plan
    position: PlanPosition
    visits: tuple[Encounter, ...]
    """All visits on the plan, by date of service."""

    @property
    def balance_cents(self) -> int:
        """The patient's balance of the visits."""
        return sum(self.candidate.balance(each).patient_cents for each in self.visits)

    @property
    def missed(self) -> tuple[Installment, ...]:
        """The installments that are unpaid after their grace period, oldest first."""
        return missed_installments(self.plan, self.candidate.as_of, self.candidate.policy.plan_grace_days)

    def is_answered(self, cause_id: str) -> bool:
        """Whether a letter of this kind about this event was handed off."""
        kind = self.candidate.kind.value
        return any((each.kind, each.cause_id) == (kind, cause_id) for each in self.candidate.account.letters)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLetter:
    """A letter that is due: the event, and what the page asks for by when."""

    cause_id: str
    amount_cents: int
    due_on: date


PlanRule = Callable[[PlanCase], PlanLetter | Hold]
"""The letter that a plan gets now, or why it gets none: a hold without an account, put on each visit of the plan."""

_RULES: tuple[Rule, ...] = (
    lambda candidate: (hold for hold in hold_recorded(candidate) if hold.code not in _ABOUT_PLANS),
    guarantor_rules.hold_duplicate_run,
    guarantor_rules.hold_posted_today,
    guarantor_rules.hold_unapplied,
    guarantor_rules.hold_bad_address,
    guarantor_rules.hold_alternate_format,
    guarantor_rules.hold_missing_zip,
    guarantor_rules.hold_confidential_without_address,
    guarantor_rules.hold_minor_guarantor,
    hold_unwanted_bill_on_paper,
    encounter_rules.hold_credit,
    encounter_rules.hold_insurance_pending,
    encounter_rules.hold_not_final,
    encounter_rules.hold_financial_class,
    encounter_rules.hold_covered_patient,
    encounter_rules.hold_minor_confidential,
    encounter_rules.hold_confidential_visit,
    encounter_rules.hold_above_estimate,
    hold_approved_without_discount,
)


def missed_installments(plan: Plan, as_of: date, grace_days: int) -> tuple[Installment, ...]:
    """The installments that are unpaid more than `grace_days` after their due date, oldest first."""
    grace = timedelta(days=grace_days)
    late = [each for each in plan.installments if unpaid_cents(each) and each.due_on + grace < as_of]
    return tuple(sorted(late, key=lambda each: (each.due_on, each.sequence)))


def plans_with_visits(account: GuarantorAccount, *statuses: PlanStatus) -> tuple[Plan, ...]:
    """The plans in one of these states (default: active) that a visit on file names, oldest first."""
    named = {each.plan_id for each in account.encounters}
    wanted = statuses or (PlanStatus.ACTIVE,)
    found = (each for each in account.plans if each.status in wanted and each.plan_id in named)
    return tuple(sorted(found, key=lambda each: (each.opened_on, each.plan_id)))


def unpaid_plan_cents(account: GuarantorAccount, _: date) -> int:
    """The unpaid installments of the active plans: what the letters about them can ask for."""
    plans = plans_with_visits(account)
    return sum(unpaid_cents(each) for plan in plans for each in plan.installments)


def plan_visits_cents(account: GuarantorAccount, as_of: date) -> int:
    """The debit balances of the visits on plans that are active or in default."""
    plans = {each.plan_id for each in plans_with_visits(account, PlanStatus.ACTIVE, PlanStatus.DEFAULTED)}
    visits = [each for each in account.encounters if each.plan_id in plans]
    return sum(max(0, encounter_balance(each, as_of).patient_cents) for each in visits)


def plan_ended_letters(account: GuarantorAccount, plan_id: str) -> tuple[date | None, ...]:
    """When the letters were mailed that this plan has ended, whatever was paid since. None: on its way."""
    letters = (each for each in account.letters if each.kind == ENDED_LETTER)
    return tuple(each.mailed_on for each in letters if plan_of_cause(each.cause_id) == plan_id)


def missed_letters(case: PlanCase) -> tuple[date | None, ...]:
    """When the letters about the installments that are missed now were mailed. None: on its way."""
    causes = {installment_cause(case.plan.plan_id, each) for each in case.missed}
    letters = (each for each in case.candidate.account.letters if each.kind == MISSED_LETTER)
    return tuple(each.mailed_on for each in letters if each.cause_id in causes)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLetterRules:
    """The rules of one kind of letter about plans."""

    find: PlanRule
    statuses: tuple[PlanStatus, ...] = (PlanStatus.ACTIVE,)
    waits_for_assistance: bool = True
    """Nothing is asked for while an application for financial assistance is open, and until the guarantor was told how
    it was decided (26 CFR 1.501(r)-6(c)(6), (8))."""

    def select(self, candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
        """The letter about one plan, or None, and all holds. Another plan's letter waits for the next batch."""
        holds, letters = self._evaluate(candidate)
        held = {hold.account_number for hold in holds}
        ready = [(case, letter) for case, letter in letters if not held & _numbers(case)]
        if guarantor_is_held(holds) or not ready:
            return None, holds
        case, letter = min(ready, key=lambda each: (each[1].due_on, each[0].plan.plan_id))
        later = [make_hold("PLAN_NEXT", number) for other, _ in ready if other is not case for number in _order(other)]
        return _make_selection(case, letter), (*holds, *later)

    def recheck(self, candidate: Candidate, selection: Selection) -> Iterable[Hold]:
        """Why the letter must not be mailed now: what was paid, changed or held since."""
        holds, letters = self._evaluate(candidate)
        now = next((letter for _, letter in letters if letter.cause_id == selection.cause_id), None)
        held = {hold.account_number for hold in holds} & set(selection.account_numbers)

        def cents_now() -> int:
            if now is not None:
                return now.amount_cents
            return selection.amount_cents if held else 0

        return recheck_visits(candidate, selection, holds, cents_now)

    def _evaluate(self, candidate: Candidate) -> tuple[tuple[Hold, ...], list[tuple[PlanCase, PlanLetter]]]:
        """The holds on the guarantor and on visits of plans, and the letters that are due, held or not."""
        cases = [_open_case(candidate, plan) for plan in plans_with_visits(candidate.account, *self.statuses)]
        numbers = {number for case in cases for number in _numbers(case)}
        rules = (*_RULES, hold_open_application, hold_untold_decision) if self.waits_for_assistance else _RULES
        holds = [
            each for each in find_holds(candidate, rules) if not each.account_number or each.account_number in numbers
        ]
        letters = []
        for case in cases:
            found = self.find(case)
            if isinstance(found, PlanLetter):
                letters.append((case, found))
            if hold := _hold_letter(case, found) if isinstance(found, PlanLetter) else found:
                holds += (make_hold(hold.code, number, hold.until) for number in _order(case))
        held = {hold.account_number for hold in holds}
        for case in cases:
            if held & _numbers(case):
                holds += (make_hold("PLAN_PART", number) for number in _order(case) if number not in held)
        return tuple(dict.fromkeys(holds)), letters


def _open_case(candidate: Candidate, plan: Plan) -> PlanCase:
    policy = candidate.policy
    visits = [each for each in candidate.account.encounters if each.plan_id == plan.plan_id]
    return PlanCase(
        candidate=candidate,
        plan=plan,
        position=plan_position(
            plan,
            candidate.as_of,
            grace_days=policy.plan_grace_days,
            lapse_days=policy.plan_lapse_days,
            cure_until=cure_until(
                candidate.account.letters, plan, policy.plan_cure_days, letter_required=policy.plan_letter_required
            ),
        ),
        visits=tuple(sorted(visits, key=lambda each: (each.service_from, each.account_number))),
    )


def _hold_letter(case: PlanCase, letter: PlanLetter) -> Hold | None:
    """Hold a letter that was sent already, or that asks for more than the visits' balance."""
    if case.is_answered(letter.cause_id):
        return make_hold("PLAN_SENT")
    return make_hold("PLAN_OVER") if letter.amount_cents > case.balance_cents else None


def _numbers(case: PlanCase) -> set[str]:
    return {each.account_number for each in case.visits}


def _order(case: PlanCase) -> tuple[str, ...]:
    return tuple(each.account_number for each in case.visits)


def _make_selection(case: PlanCase, letter: PlanLetter) -> Selection:
    candidate = case.candidate
    channel = choose_channel(candidate, level=0)
    return Selection(
        kind=candidate.kind,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=_order(case),
        cause_id=letter.cause_id,
        channel=channel,
        amount_cents=letter.amount_cents,
        due_on=letter.due_on,
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
