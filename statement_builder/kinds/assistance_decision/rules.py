"""The letter about a decision: after the discount posted, and before any letter asks for what is left (26 CFR
1.501(r)-6(c)(2), (6))."""

from __future__ import annotations

from datetime import timedelta

from statement_builder.billing.assistance import INCOMPLETE_LETTER, VisitHelp
from statement_builder.billing.assistance_terms import DecisionBasis
from statement_builder.billing.dates import due_date
from statement_builder.billing.model import ApplicationStatus, AssistanceRecord
from statement_builder.billing.selection import Hold
from statement_builder.policy.assistance import DECIDED, decision_days
from statement_builder.policy.assistance_letters import AssistanceCase, AssistanceLetter, AssistanceLetterRules
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.legal_numbers import POLICY_NUMBERS

_DAYS_MIN = POLICY_NUMBERS["assistance_appeal_days"].min or 0
_PERCENT_MAX = 100
_ROUNDING_CENTS_MAX = 100
"""How far a discount may be from its percentage: billing systems round by line."""


def find_decision(case: AssistanceCase) -> AssistanceLetter | Hold:
    """The letter about a decision. It asks for what is left of the visits, unless a payment plan says what to pay."""
    record, candidate = case.record, case.candidate
    due_on = due_date(candidate.as_of, decision_days(candidate.policy))
    if not _is_complete(record):
        return make_hold("FAP_TERMS")
    if record.status is ApplicationStatus.DENIED:
        return _hold_without_notice(case) or AssistanceLetter(due_on=due_on)
    on_plan = any(each.plan_id in candidate.plans for each in case.visits)
    left_cents = sum(max(0, each.left_cents) for each in case.help)
    return _hold_without_discount(case) or AssistanceLetter(
        due_on=due_on, amount_cents=0 if on_plan else left_cents, prints_amounts=True
    )


def _is_complete(record: AssistanceRecord) -> bool:
    """Whether the record says when, why and how much: the letter tells all of it (26 CFR 1.501(r)-6(c)(6)(i)(B))."""
    approved, percent = record.status is ApplicationStatus.APPROVED, record.discount_percent
    if record.decided_on is None or record.basis is None or record.basis.approves is not approved:
        return False
    return not approved or percent is None or 0 < percent <= _PERCENT_MAX


def _hold_without_discount(case: AssistanceCase) -> Hold | None:
    """Hold an approval until its discount posted in full and no insurance is pending: the letter prints the rest."""
    visits = case.help
    if any(each.part_cents < 0 for each in visits):
        return make_hold("CREDIT")  # of an insurer, perhaps: it must not be promised to the patient
    if any(each.pending_cents for each in visits):
        return make_hold("INS_PEND")
    if any(each.part_cents > 0 and each.help_cents <= 0 for each in visits):
        return make_hold("FAP_APPROVED")
    if any(_differs(each, case.record.discount_percent) for each in visits):
        return make_hold("FAP_BALANCE")
    return None


def _differs(visit: VisitHelp, percent: int | None) -> bool:
    """Whether the discount that posted is more than the part, or not what the decision gives: also of what was paid
    before (26 CFR 1.501(r)-6(c)(6)(i)(C)(2))."""
    if visit.help_cents > visit.part_cents:
        return True
    if percent is None:
        return False
    rounding_cents = 0 if percent == _PERCENT_MAX else _ROUNDING_CENTS_MAX
    return abs(visit.help_cents - (visit.part_cents * percent + 50) // 100) > rounding_cents


def _hold_without_notice(case: AssistanceCase) -> Hold | None:
    """Hold a denial for missing papers until a letter said what is missing, and the time that it gave has passed (26
    CFR 1.501(r)-6(c)(5), (8)(ii)(B))."""
    if case.record.basis is not DecisionBasis.NO_ANSWER:
        return None
    mailed = case.letters(INCOMPLETE_LETTER)
    dates = [day for day in mailed if day]
    if not dates or None in mailed:
        return make_hold("FAP_NO_NOTICE")
    last_on = due_date(max(dates), case.candidate.policy.assistance_respond_days)
    last_on = max(last_on, case.record.respond_by or last_on)
    return make_hold("FAP_NO_NOTICE", until=last_on + timedelta(days=1)) if case.candidate.as_of <= last_on else None


RULES = AssistanceLetterRules(find=find_decision, statuses=tuple(sorted(DECIDED)), days_min=_DAYS_MIN)
