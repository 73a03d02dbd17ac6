"""Who gets an answer about a disputed bill: people who disputed the bill of a visit or asked to have it verified, once
the review is finished, once for each request, about one visit at a time.

The answer says what the account is, what was corrected, and what is left and why. It is not a demand: it has no payment
slip, its amount due is 0, and letters about late payment wait for the date that it gives
(`policy.verification.hold_after_answer`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import DocumentRequest, Encounter, RequestKind
from statement_builder.billing.requests import request_cause
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.policy import guarantor_rules
from statement_builder.policy.candidate import Candidate, ClosingRule, Rule, apply_closing_rules
from statement_builder.policy.channel import choose_channel
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.requests import AMOUNT_RULES, PRIVACY_RULES, Requests, first_unheld

REQUESTS = Requests(RequestKind.VERIFICATION)
_ANSWERED = frozenset({"DISPUTE", "COMPLAINT", "EXT"})
"""Recorded holds that the answer is about, or that stop only demands by the hospital."""


def hold_unreviewed(candidate: Candidate) -> Iterable[Hold]:
    """Hold the answer until the review of the visit is finished, for every request about it."""
    for each in candidate.with_balance:
        asked = REQUESTS.of(each)
        if any(request.reviewed_on is None for request in asked):
            overdue = is_overdue(asked, candidate)
            code = "VERIFY_LATE" if overdue else "VERIFY_REVIEW"
            yield make_hold(code, each.account_number, since=asked[0].asked_on)


def is_overdue(asked: tuple[DocumentRequest, ...], candidate: Candidate) -> bool:
    """Whether the oldest request has waited longer than the hospital takes for a review."""
    return (candidate.as_of - asked[0].asked_on).days > candidate.policy.verification_review_days


VERIFICATION_RULES: tuple[Rule, ...] = (
    *PRIVACY_RULES,
    guarantor_rules.hold_posted_today,
    *AMOUNT_RULES,
    REQUESTS.hold_other_format,
    hold_unreviewed,
)
VERIFICATION_CLOSING_RULES: tuple[ClosingRule, ...] = (REQUESTS.hold_later,)


def find_verification_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """All holds on the answers that are due, without the choice between them."""
    return tuple(hold for hold in REQUESTS.find_holds(candidate, VERIFICATION_RULES) if hold.code not in _ANSWERED)


def select_verification(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The answer to the oldest request, or None if it is held, and all holds."""
    holds = apply_closing_rules(candidate, find_verification_holds(candidate), VERIFICATION_CLOSING_RULES)
    encounter = first_unheld(REQUESTS, candidate.account, holds)
    if encounter is None:
        return None, holds
    channel = choose_channel(candidate, level=0)
    selection = Selection(
        kind=Kind.VERIFICATION,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=(encounter.account_number,),
        cause_id=_cause(candidate, encounter),
        channel=channel,
        amount_cents=0,
        due_on=due_date(candidate.as_of, candidate.policy.verification_days),
        requests=REQUESTS.printed(encounter),
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
    return selection, holds


def recheck_verification(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    """Why the answer must not be mailed now: what was held, withdrawn, or posted since."""
    yield from recheck_visits(candidate, selection, find_verification_holds(candidate), lambda: selection.amount_cents)
    visits = [each for each in REQUESTS.visits(candidate.account) if each.account_number in selection.account_numbers]
    if [_cause(candidate, each) for each in visits] != [selection.cause_id]:
        yield make_hold("VERIFY_CHANGED")


def _cause(candidate: Candidate, encounter: Encounter) -> str:
    """The oldest request, with what the review found and every figure that the answer prints."""
    asked = REQUESTS.printed(encounter) or REQUESTS.of(encounter)
    reviews = [(each.request_id, each.reviewed_on, *each.corrected) for each in asked]
    owed = candidate.balance(encounter)
    sums = (owed.charges_cents, owed.insurance_paid_cents, owed.adjustments_cents, owed.charity_cents)
    facts = (reviews, *sums, owed.patient_paid_cents, owed.insurance_pending_cents)
    return request_cause(encounter.account_number, asked[0].request_id, facts)
