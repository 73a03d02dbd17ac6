"""The letter about an incomplete application: what is missing, and by when to send it (26 CFR 1.501(r)-6(c)(5))."""

from __future__ import annotations

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import ApplicationStatus
from statement_builder.billing.selection import Hold
from statement_builder.policy.assistance_letters import AssistanceCase, AssistanceLetter, AssistanceLetterRules
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.legal_numbers import POLICY_NUMBERS

_DAYS_MIN = POLICY_NUMBERS["assistance_respond_days"].min or 0


def find_incomplete(case: AssistanceCase) -> AssistanceLetter | Hold:
    """The letter with everything that is missing. Other missing items, or another date, are another event."""
    candidate, record = case.candidate, case.record
    if not record.missing:
        return make_hold("FAP_TERMS")
    due_on = record.respond_by or due_date(candidate.as_of, candidate.policy.assistance_respond_days)
    if (due_on - candidate.as_of).days < _DAYS_MIN:
        return make_hold("FAP_SHORT")
    return AssistanceLetter(due_on=due_on)


RULES = AssistanceLetterRules(find=find_incomplete, statuses=(ApplicationStatus.INCOMPLETE,), days_min=_DAYS_MIN)
