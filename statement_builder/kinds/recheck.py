"""The pre-mail recheck: would this document still be mailed, unchanged, with the data on file now?

Rules that depend on the date (minimum gaps, the ladder, installments coming due) use the date the document was rendered
with, so that a hand-off some days later does not hold everything. All data posted since then counts.

Every date that a page gives as still to come must be so on the day when the page is mailed, which on paper is some days
after the hand-off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec

from statement_builder.billing.model import (
    Charge,
    Deposit,
    Encounter,
    GuarantorAccount,
    InsuranceTransaction,
    PatientPayment,
)
from statement_builder.billing.selection import Channel, Hold, Selection
from statement_builder.documents.facts import find_past_dates, first_date_ahead
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.kinds.registry import definition_of
from statement_builder.policy.candidate import Candidate, open_candidate
from statement_builder.policy.channel import choose_channel
from statement_builder.policy.encounter_rules import estimate_is_reviewed
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.settings import Policy

_Posted = TypeVar("_Posted", Charge, InsuranceTransaction, PatientPayment, Deposit)


def recheck(
    account: GuarantorAccount | None,
    selection: Selection,
    policy: Policy,
    as_of: date,
    rendered_as_of: date,
    *,
    mailed_by: date | None = None,
) -> tuple[Hold, ...]:
    """All reasons why the document must not be mailed now. Empty: it may be mailed.

    `account` is the data pulled again as of `as_of`, or None if the guarantor is no longer on file. `rendered_as_of` is
    the date the document was decided and rendered with. `mailed_by` is the last day on which it is expected to enter
    the mail. None: on `as_of`, as an e-mail does.
    """
    mailed_by = mailed_by or as_of
    if account is None:
        return (make_hold("NOT_ON_FILE"),)
    account = _redate_to_rendering(account, as_of, rendered_as_of)
    candidate = open_candidate(account, selection.kind, policy, rendered_as_of)
    reasons = tuple(definition_of(selection.kind).recheck(candidate, selection, mailed_by))
    if selection.due_on <= as_of or selection.due_on < mailed_by:  # what is handed off today is read after today
        reasons = (*reasons, make_hold("DUE_PASSED"))
    return tuple(dict.fromkeys((*reasons, *_recheck_recipient(candidate, selection))))


def find_passed_dates(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, rendered_as_of: date, mailed_by: date
) -> tuple[Hold, ...]:
    """Why the dates on a document's pages do not allow to mail it: one that lies ahead on the page has passed.

    `account` is the data that the document was rendered from, as of `rendered_as_of`.
    """
    facts = definition_of(selection.kind).facts(account, selection, terms, rendered_as_of)
    return (make_hold("DUE_PASSED"),) if find_past_dates(facts, mailed_by) else ()


def find_first_date(
    account: GuarantorAccount, selection: Selection, terms: PrintedTerms, rendered_as_of: date
) -> date | None:
    """The earliest date that a document's pages give as still to come. None: there is none.

    `account` is the data that the document was rendered from, as of `rendered_as_of`.
    """
    return first_date_ahead(definition_of(selection.kind).facts(account, selection, terms, rendered_as_of))


def _recheck_recipient(candidate: Candidate, selection: Selection) -> Iterable[Hold]:
    now = recipient_digest(candidate.account.guarantor, selection.channel)
    if selection.recipient_digest and selection.recipient_digest != now:
        yield make_hold("READDRESSED")
    if selection.channel is Channel.EMAIL and choose_channel(candidate, selection.level) is not Channel.EMAIL:
        yield make_hold("CHANNEL")


def _redate_to_rendering(account: GuarantorAccount, as_of: date, rendered_as_of: date) -> GuarantorAccount:
    """Move everything posted since rendering to the rendering date, so that rules as of that date see it."""

    def move(posted_on: date) -> date:
        return rendered_as_of if rendered_as_of < posted_on <= as_of else posted_on

    def redate(posted: tuple[_Posted, ...]) -> tuple[_Posted, ...]:
        return tuple(msgspec.structs.replace(each, posted_on=move(each.posted_on)) for each in posted)

    def redate_encounter(encounter: Encounter) -> Encounter:
        return msgspec.structs.replace(
            encounter,
            # Decided on the real dates: on one date, a charge after the review would look reviewed.
            estimate_review=encounter.estimate_review if estimate_is_reviewed(encounter) else None,
            charges=redate(encounter.charges),
            insurance=redate(encounter.insurance),
            payments=redate(encounter.payments),
        )

    if as_of <= rendered_as_of:
        return account
    return msgspec.structs.replace(
        account,
        encounters=tuple(redate_encounter(each) for each in account.encounters),
        episodes=tuple(msgspec.structs.replace(each, deposits=redate(each.deposits)) for each in account.episodes),
    )
