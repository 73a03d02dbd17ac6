"""Who gets a letter about a requested itemized bill: people whose request cannot be answered with the bill itself yet,
or ever, once for each reason.

The itemized bill is the answer wherever it can be sent. A reply never takes its place for good, except where a person
recorded that none will come: then it answers the request. It prints no amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import DocumentRequest, Encounter, Record
from statement_builder.billing.requests import request_cause
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.invoice.rules import INVOICE_RULES, REQUESTS
from statement_builder.policy.candidate import Candidate, apply_closing_rules
from statement_builder.policy.channel import choose_channel
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import recheck_visits
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.requests import PRIVACY_RULES, first_unheld, hold_overdue


class ReplyReason(StrEnum):
    """Why the itemized bill does not come with this letter."""

    CODING = "coding"
    REVIEW = "review"
    """The charges, or a discount on them, are being checked."""
    FORMAT = "format"
    """A person makes it in the format that was asked for."""
    IDENTITY = "identity"
    NOT_OURS = "not_ours"
    SENT = "sent"

    @property
    def is_final(self) -> bool:
        """Whether no itemized bill comes for this request."""
        return self in (ReplyReason.IDENTITY, ReplyReason.NOT_OURS, ReplyReason.SENT)


_REASONS = {
    "NO_CHARGES": ReplyReason.CODING,
    "NOT_FINAL": ReplyReason.CODING,
    "GFE400": ReplyReason.REVIEW,
    "FAP_APPROVED": ReplyReason.REVIEW,
    "REQ_FORMAT": ReplyReason.FORMAT,
}
"""The holds of an itemized bill that a letter can explain. Any other one holds the letter too."""


class Reply(Record, kw_only=True):
    """The letter that a visit's requests get now."""

    reason: ReplyReason
    requests: tuple[DocumentRequest, ...]
    """The requests that the letter is about, oldest first."""
    on: date
    """The day by which the itemized bill comes, or on which the billing office sent it."""


def select_reply(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The letter about the oldest request that needs one, or None if there is none or it is held, and all holds."""
    found = _find_holds(candidate)
    holds = apply_closing_rules(candidate, (*found, *hold_overdue(candidate, REQUESTS, found)), (REQUESTS.hold_later,))
    encounter = first_unheld(REQUESTS, candidate.account, holds)
    reply = find_reply(candidate, encounter) if encounter is not None else None
    if encounter is None or not isinstance(reply, Reply):
        return None, holds
    channel = choose_channel(candidate, level=0)
    selection = Selection(
        kind=Kind.ITEMIZED_REQUEST_REPLY,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=(encounter.account_number,),
        cause_id=_cause(encounter, reply),
        channel=channel,
        amount_cents=0,
        due_on=_due_on(candidate, reply),
        requests=reply.requests if reply.reason.is_final else (),
        reason=reply.reason.value,
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
    return selection, holds


def recheck_reply(candidate: Candidate, selection: Selection, _: date) -> Iterable[Hold]:
    """Why the letter must not be mailed now: what was held or answered since, or another reason."""
    yield from recheck_visits(candidate, selection, _find_holds(candidate), lambda: selection.amount_cents)
    visits = [each for each in REQUESTS.visits(candidate.account) if each.account_number in selection.account_numbers]
    replies = [(each, find_reply(candidate, each)) for each in visits]
    if [_cause(each, reply) for each, reply in replies if isinstance(reply, Reply)] != [selection.cause_id]:
        yield make_hold("REPLY_CHANGED")


def _find_holds(candidate: Candidate) -> tuple[Hold, ...]:
    """The holds on the letter: those on every answer, and each visit's own."""
    holds = REQUESTS.find_holds(candidate, PRIVACY_RULES)
    own = [(each, find_reply(candidate, each)) for each in REQUESTS.visits(candidate.account)]
    found = (make_hold(code, each.account_number) for each, code in own if isinstance(code, str))
    return tuple(dict.fromkeys((*holds, *found)))


def find_reply(candidate: Candidate, encounter: Encounter) -> Reply | str:
    """The letter that the requests of a visit get now, or the code of the hold that says why there is none."""
    requests = requests_to_reply(encounter)
    if requests and requests[0].obstacle is not None:
        reason = ReplyReason(requests[0].obstacle.value)
    else:
        codes = [
            hold.code
            for hold in REQUESTS.find_holds(candidate, INVOICE_RULES)
            if hold.account_number == encounter.account_number
        ]
        if not requests or not codes:
            return "REPLY_NONE"
        if other := next((code for code in codes if code not in _REASONS), None):
            return other
        reason = _REASONS[codes[0]]
    on = _day(candidate, reason, requests)
    if on is None:
        return "REPLY_DATE"
    reply = Reply(reason=reason, requests=requests, on=on)
    cause_id, kind = _cause(encounter, reply), Kind.ITEMIZED_REQUEST_REPLY.value
    if any((each.kind, each.cause_id) == (kind, cause_id) for each in candidate.account.letters):
        return "REPLY_SENT"
    return reply


def requests_to_reply(encounter: Encounter) -> tuple[DocumentRequest, ...]:
    """The requests of people that one letter is about, oldest first: those with the first recorded obstacle, or all."""
    asked = tuple(each for each in REQUESTS.of(encounter) if not each.state_rule)
    obstacle = next((each.obstacle for each in asked if each.obstacle), None)
    return tuple(each for each in asked if each.obstacle is obstacle)


def _day(candidate: Candidate, reason: ReplyReason, requests: tuple[DocumentRequest, ...]) -> date | None:
    """The day that the letter gives. None: it is not on file, or has passed."""
    if reason is ReplyReason.SENT:
        return requests[0].reviewed_on
    if reason.is_final:
        return requests[0].asked_on
    on = requests[0].expected_on or requests[0].answer_by
    return on if on is not None and on > candidate.as_of else None


def _due_on(candidate: Candidate, reply: Reply) -> date:
    """The day by which the itemized bill comes. The letter gives none if none comes."""
    if reply.reason.is_final:
        return due_date(candidate.as_of, candidate.policy.due_days)
    return reply.on


def _cause(encounter: Encounter, reply: Reply) -> str:
    asked = [each.request_id for each in reply.requests]
    return request_cause(encounter.account_number, asked[0], (asked, reply.reason.value, reply.on))
