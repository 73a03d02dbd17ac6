"""Who gets an inquiry: an estate that nobody has opened, once, some weeks after the death.

It asks for no money, so a visit that is not final does not hold it: the time to present a claim runs. What holds all
letters to the guarantor does, except for the death itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import EstateStatus
from statement_builder.billing.selection import Channel, Hold, Selection
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.estates.rules import EstateCase, inquiry_cause, open_case
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest


def find_inquiry_holds(candidate: Candidate) -> tuple[EstateCase | None, tuple[Hold, ...]]:
    """The estate, and everything that holds an inquiry about it."""
    case = open_case(candidate)
    if not isinstance(case, EstateCase):
        return None, case
    return case, (*(hold for hold in case.holds if not hold.account_number), *_find_own_holds(case))


def _find_own_holds(case: EstateCase) -> Iterable[Hold]:
    estate, candidate = case.estate, case.candidate
    if case.is_answered(inquiry_cause(estate)):
        yield make_hold("EST_SENT")
    if estate.claim_filed_on is not None:
        yield make_hold("EST_FILED")
    if estate.status is EstateStatus.OPEN:
        yield make_hold("EST_OPEN")
    elif estate.status is not EstateStatus.UNKNOWN:
        yield make_hold("EST_ENDED")
    asked_on = estate.died_on + timedelta(days=candidate.policy.estate_wait_days)
    if candidate.as_of < asked_on:
        yield make_hold("EST_WAIT", until=asked_on)


def select_inquiry(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The inquiry, or None if it is held, and all holds."""
    case, holds = find_inquiry_holds(candidate)
    if case is None or holds:
        return None, holds
    guarantor = candidate.account.guarantor
    selection = Selection(
        kind=candidate.kind,
        guarantor_id=guarantor.guarantor_id,
        cause_id=inquiry_cause(case.estate),
        channel=Channel.PRINT,
        amount_cents=0,
        due_on=due_date(candidate.as_of, candidate.policy.estate_reply_days),
        recipient_digest=recipient_digest(guarantor, Channel.PRINT),
    )
    return selection, holds


def recheck_inquiry(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    """Why the inquiry must not be mailed now: somebody opened the estate, the balance was paid, and so on."""
    case, holds = find_inquiry_holds(candidate)
    yield from recheck_visits(candidate, selection, holds, lambda: 0)
    if case is not None and inquiry_cause(case.estate) != selection.cause_id:
        yield make_hold("EST_CHANGED")
