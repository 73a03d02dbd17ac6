"""Financial assistance: an oral effort comes before collection, and an application stops it (26 CFR 1.501(r)-6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.model import (
    OPEN_APPLICATIONS,
    ApplicationStatus,
    AssistanceKind,
    Encounter,
    InsuranceKind,
)
from statement_builder.billing.selection import Hold
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold

_DISCOUNTS = frozenset({InsuranceKind.CHARITY, InsuranceKind.WRITE_OFF, InsuranceKind.OTHER})


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
            own = record.account_number in ("", encounter.account_number)
            covers = own and encounter.service_from <= record.occurred_on
            if covers and not _discounted(encounter, record.occurred_on):
                yield make_hold("FAP_APPROVED", encounter.account_number)


def _discounted(encounter: Encounter, since: date) -> bool:
    return any(
        each.kind in _DISCOUNTS and each.amount_cents > 0 and each.posted_on >= since for each in encounter.insurance
    )


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
