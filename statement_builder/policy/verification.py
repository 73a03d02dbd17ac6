"""What a dispute about a bill holds: letters about late payment, until its answer was mailed and its date has passed.

A hospital that collects its own debts is no debt collector (15 USC 1692a(6)(A)), so the pause of 15 USC 1692g(b) is not
required of it. It is the hospital's practice, and what its answer promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import RequestKind
from statement_builder.billing.requests import visit_prefix
from statement_builder.billing.selection import Hold, Kind
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold


def hold_open_verification(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on a visit whose bill somebody disputes or asked to have verified, until it is answered."""
    for each in candidate.with_balance:
        asked = [request.asked_on for request in each.requests if request.kind is RequestKind.VERIFICATION]
        if asked:
            yield make_hold("VERIFY_OPEN", each.account_number, since=min(asked))


def hold_after_answer(candidate: Candidate) -> Iterable[Hold]:
    """Hold letters on a visit until the date has passed that the answer about its bill gave."""
    answers = [each for each in candidate.account.letters if each.kind == Kind.VERIFICATION.value]
    for visit in candidate.with_balance if answers else ():
        prefix = visit_prefix(visit.account_number)
        mailed = [each.mailed_on for each in answers if each.cause_id.startswith(prefix)]
        if None in mailed:
            yield make_hold("VERIFY_SENT", visit.account_number)
        elif mailed:
            last_on = due_date(_latest(mailed), candidate.policy.verification_days)
            if candidate.as_of <= last_on:
                yield make_hold("VERIFY_SENT", visit.account_number, last_on + timedelta(days=1))


def _latest(days: list[date | None]) -> date:
    return max(day for day in days if day)
