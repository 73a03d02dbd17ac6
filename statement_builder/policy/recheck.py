"""The pre-mail recheck: would this document still be mailed, unchanged, with the data on file now?

Rules that depend on the date (minimum gaps, the ladder, installments coming due) use the date the document was rendered
with, so that a hand-off some days later does not hold everything. All data posted since then counts.
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
    EpisodeStatus,
    GuarantorAccount,
    InsuranceTransaction,
    ObstetricEpisode,
    PatientPayment,
)
from statement_builder.billing.selection import Channel, Hold, Kind, Selection
from statement_builder.policy.candidate import Candidate, open_candidate
from statement_builder.policy.channel import FINAL_LEVEL, choose_channel
from statement_builder.policy.due_dates import letter_due_date
from statement_builder.policy.dunning import find_dunning_holds, letter_cents
from statement_builder.policy.encounter_rules import estimate_is_reviewed
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.obstetric import is_overdue, select_notice
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.settings import Policy
from statement_builder.policy.statement import find_statement_holds, statement_amount

_Posted = TypeVar("_Posted", Charge, InsuranceTransaction, PatientPayment, Deposit)

_CAUSED_BY_OTHER_VISITS = ("LOWER_LEVEL", "MINBAL")
"""Holds caused by visits that are not on the document. A change of the document's own amount is AMOUNT_CHANGED."""
_OF_THE_BALANCE = ("INS_PEND", "CREDIT", "ZERO", "NOT_FINAL", "LADDER", "GFE400", "MINBAL")
"""Holds that do not stop a statement from mentioning a visit. Any other one does, such as a confidential visit."""


def recheck(
    account: GuarantorAccount | None, selection: Selection, policy: Policy, as_of: date, rendered_as_of: date
) -> tuple[Hold, ...]:
    """All reasons why the document must not be mailed now. Empty: it may be mailed.

    `account` is the data pulled again as of `as_of`, or None if the guarantor is no longer on file. `rendered_as_of` is
    the date the document was decided and rendered with.
    """
    if account is None:
        return (make_hold("NOT_ON_FILE"),)
    account = _redate_to_rendering(account, as_of, rendered_as_of)
    candidate = open_candidate(account, selection.kind, policy, rendered_as_of)
    if selection.kind is Kind.OB_NOTICE:
        reasons = _recheck_notice(candidate, selection, as_of)
    else:
        reasons = _recheck_visits(candidate, selection)
    if selection.due_on < as_of:
        reasons = (*reasons, make_hold("DUE_PASSED"))
    late_notice = _recheck_notice_period(selection, policy, as_of, rendered_as_of)
    return tuple(dict.fromkeys((*reasons, *_recheck_recipient(candidate, selection), *late_notice)))


def _recheck_visits(candidate: Candidate, selection: Selection) -> Iterable[Hold]:
    holds = find_statement_holds(candidate) if selection.kind is Kind.STATEMENT else find_dunning_holds(candidate)
    for hold in holds:
        applies = not hold.account_number or hold.account_number in selection.account_numbers
        mentioned = hold.account_number in selection.mentioned_account_numbers
        if (applies and hold.code not in _CAUSED_BY_OTHER_VISITS) or (mentioned and hold.code not in _OF_THE_BALANCE):
            yield hold
    missing = [number for number in selection.account_numbers if number not in candidate.balances]
    for number in missing:
        moved = number in candidate.account.split_off
        yield make_hold("OTHER_RECIPIENT" if moved else "NOT_ON_FILE", number)
    if not missing and _amount_changed(_visits_cents(candidate, selection), selection, candidate.policy):
        yield make_hold("AMOUNT_CHANGED")


def _visits_cents(candidate: Candidate, selection: Selection) -> int:
    if selection.kind is Kind.STATEMENT:
        return statement_amount(candidate, selection.account_numbers).amount_cents
    printed = [each for each in candidate.account.encounters if each.account_number in selection.account_numbers]
    return letter_cents(candidate, printed)


def _recheck_notice(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    current, holds, faults = select_notice(candidate)
    yield from holds
    yield from (make_hold(fault.code) for fault in faults)
    episode = next((each for each in candidate.account.episodes if each.episode_id == selection.episode_id), None)
    if episode is None:
        yield make_hold("NOT_ON_FILE")
        return
    yield from _recheck_birth(episode, candidate.policy, as_of)
    if current is not None:
        same_episode = current.episode_id == selection.episode_id
        if not same_episode or _amount_changed(current.amount_cents, selection, candidate.policy):
            yield make_hold("AMOUNT_CHANGED")


def _recheck_birth(episode: ObstetricEpisode, policy: Policy, as_of: date) -> Iterable[Hold]:
    """Hold if the outcome is overdue today, whenever the notice was rendered."""
    expected_on = episode.expected_delivery_on
    if episode.status is EpisodeStatus.ACTIVE and expected_on and is_overdue(expected_on, policy, as_of):
        yield make_hold("OB_OVERDUE")


def _recheck_recipient(candidate: Candidate, selection: Selection) -> Iterable[Hold]:
    if selection.recipient_digest and selection.recipient_digest != recipient_digest(candidate.account.guarantor):
        yield make_hold("READDRESSED")
    if selection.channel is Channel.EMAIL and choose_channel(candidate, selection.level) is not Channel.EMAIL:
        yield make_hold("CHANNEL")


def _recheck_notice_period(selection: Selection, policy: Policy, as_of: date, rendered_as_of: date) -> Iterable[Hold]:
    """Hold a final notice that waited too long to leave the legal 30 days (26 CFR 1.501(r)-6(c)(4)(i))."""
    if selection.kind is not Kind.DUNNING or selection.level != FINAL_LEVEL:
        return
    due_on = letter_due_date(rendered_as_of, selection.level, policy)
    if (due_on - as_of).days < policy.final_notice_days.value:
        yield make_hold("NOTICE_SHORT")


def _amount_changed(cents: int, selection: Selection, policy: Policy) -> bool:
    return abs(cents - selection.amount_cents) > policy.restate_tolerance_cents


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
