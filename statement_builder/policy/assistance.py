"""Financial assistance: an oral effort comes before collection, and an application stops it (26 CFR 1.501(r)-6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.assistance import DECISION_LETTER, application_cause, covers, has_discount
from statement_builder.billing.dates import due_date
from statement_builder.billing.model import (
    OPEN_APPLICATIONS,
    ApplicationStatus,
    AssistanceKind,
    AssistanceRecord,
    Encounter,
)
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.settings import Policy

DECIDED = frozenset({ApplicationStatus.APPROVED, ApplicationStatus.DENIED})


def hold_open_application(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters and obstetric notices while an application is open, complete or not (26 CFR 1.501(r)-6(c)(5), (6),
    (8)). It counts from the moment it is on file, whatever its date: the recheck must see one that arrived today.
    """
    for record in candidate.account.assistance:
        if record.status in OPEN_APPLICATIONS:
            own_account = candidate.kind.traits.is_dunning and record.account_number in candidate.balances
            yield make_hold("FAP_PENDING", record.account_number if own_account else "")


def hold_approved_without_discount(candidate: Candidate) -> Iterable[Hold]:
    """Hold a visit before the application that was approved until a discount posts: a person who qualifies is
    never billed the full charges (26 CFR 1.501(r)-5(a), 1.501(r)-6(c)(6))."""
    approved = [each for each in candidate.account.assistance if each.status is ApplicationStatus.APPROVED]
    for encounter in candidate.with_balance if approved else ():
        for record in approved:
            if covers(record, encounter) and not has_discount(encounter, record.occurred_on):
                yield make_hold("FAP_APPROVED", encounter.account_number)


def hold_untold_decision(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on the visits of a decided application until the letter about the decision was mailed, and the date
    that it gave has passed (26 CFR 1.501(r)-6(c)(6), (8)). A decision without its day is none of this service's."""
    account = candidate.account
    for record in account.assistance:
        if record.decided_on is None or record.notified_on is not None or record.status not in DECIDED:
            continue
        until = _told_until(candidate, record)
        for each in candidate.with_balance:
            if not covers(record, each):
                continue
            if until is None:
                yield make_hold("FAP_LETTER", each.account_number)
            elif candidate.as_of <= until:
                yield make_hold("FAP_LETTER", each.account_number, until + timedelta(days=1))


def _told_until(candidate: Candidate, record: AssistanceRecord) -> date | None:
    """The date that the letter about a decision gave. None: there is no letter yet, or it is on its way."""
    cause_id, letters = application_cause(record), candidate.account.letters
    mailed = [each.mailed_on for each in letters if (each.kind, each.cause_id) == (DECISION_LETTER, cause_id)]
    dates = [day for day in mailed if day]
    return due_date(max(dates), decision_days(candidate.policy)) if dates and None not in mailed else None


def decision_days(policy: Policy) -> int:
    """Days from the letter about a decision to the date on it: to ask for a review, and to pay what is left."""
    return max(policy.assistance_appeal_days, policy.due_days)


def oral_effort_on(candidate: Candidate, encounter: Encounter) -> date | None:
    """The first effort to tell the guarantor about financial assistance for this visit. None: there was none.

    It must be about this care (26 CFR 1.501(r)-6(c)(4)(i)), so an effort before the visit's first statement does not
    count: it was about older bills.
    """
    mailed = encounter.correspondence
    if mailed is None:
        return None
    days = (
        each.occurred_on
        for each in candidate.account.assistance
        if each.kind is AssistanceKind.ORAL_EFFORT
        and each.account_number in ("", encounter.account_number)
        and mailed.first_statement_on <= each.occurred_on <= candidate.as_of
    )
    return min(days, default=None)
