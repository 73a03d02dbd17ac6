"""The second look just before hand-off: would this still be mailed, as it is, with what is on file now?

What depends on the day (waiting times, the ladder, instalments falling due) is judged on the day of the page, so
that a hand-off some days later does not hold everything. Everything that has happened since counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
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
from statement_builder.policy.candidate import Case, open_case
from statement_builder.policy.channel import FINAL_LEVEL, choose_channel
from statement_builder.policy.codes import make_hold
from statement_builder.policy.dunning import find_dunning_holds, letter_answer_by, letter_cents
from statement_builder.policy.obstetric import select_notice
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.settings import Policy
from statement_builder.policy.statement import find_statement_holds, statement_amount

_Posted = TypeVar("_Posted", Charge, InsuranceTransaction, PatientPayment, Deposit)

_ABOUT_OTHER_VISITS = ("LOWER_LEVEL", "MINBAL")
"""Holds that come from visits which are not on the page; a changed amount of the page itself is AMOUNT_CHANGED."""


def recheck(
    account: GuarantorAccount | None, selection: Selection, policy: Policy, as_of: date, rendered_as_of: date
) -> tuple[Hold, ...]:
    """Every reason why the page must not leave now; none when it may.

    `account` is freshly pulled as of `as_of`, None when the guarantor is on file no more. `rendered_as_of` is the
    date that the page was decided with.
    """
    if account is None:
        return (make_hold("NOT_ON_FILE"),)
    case = open_case(_bring_back(account, as_of, rendered_as_of), selection.kind, policy, rendered_as_of)
    if selection.kind is Kind.OB_NOTICE:
        reasons = _recheck_notice(case, selection, as_of)
    else:
        reasons = _recheck_visits(case, selection)
    timely = _recheck_notice_period(selection, policy, as_of, rendered_as_of)
    return tuple(dict.fromkeys((*reasons, *_recheck_recipient(case, selection), *timely)))


def _recheck_visits(case: Case, selection: Selection) -> Iterable[Hold]:
    holds = find_statement_holds(case) if selection.kind is Kind.STATEMENT else find_dunning_holds(case)
    for hold in holds:
        concerns = not hold.account_number or hold.account_number in selection.account_numbers
        if concerns and hold.code not in _ABOUT_OTHER_VISITS:
            yield hold
    missing = [number for number in selection.account_numbers if number not in case.balances]
    for number in missing:
        yield make_hold("NOT_ON_FILE", number)
    if not missing and _has_moved(_visits_cents(case, selection), selection, case.policy):
        yield make_hold("AMOUNT_CHANGED")


def _visits_cents(case: Case, selection: Selection) -> int:
    if selection.kind is Kind.STATEMENT:
        return statement_amount(case, selection.account_numbers).amount_cents
    printed = [each for each in case.account.encounters if each.account_number in selection.account_numbers]
    return letter_cents(case, printed)


def _recheck_notice(case: Case, selection: Selection, as_of: date) -> Iterable[Hold]:
    fresh, holds, faults = select_notice(case)
    yield from holds
    yield from (make_hold(fault.code) for fault in faults)
    episode = next((each for each in case.account.episodes if each.episode_id == selection.episode_id), None)
    if episode is None:
        yield make_hold("NOT_ON_FILE")
        return
    yield from _recheck_birth(episode, case.policy, as_of)
    if fresh is not None:
        same = fresh.episode_id == selection.episode_id
        if not same or _has_moved(fresh.amount_cents, selection, case.policy):
            yield make_hold("AMOUNT_CHANGED")


def _recheck_birth(episode: ObstetricEpisode, policy: Policy, as_of: date) -> Iterable[Hold]:
    """A birth that should have been reported by today stops the notice, whenever it was made."""
    expected_on = episode.expected_delivery_on
    overdue = expected_on is not None and as_of >= expected_on + timedelta(days=policy.ob_edd_overdue_days)
    if episode.status is EpisodeStatus.ACTIVE and overdue:
        yield make_hold("OB_OVERDUE")


def _recheck_recipient(case: Case, selection: Selection) -> Iterable[Hold]:
    if selection.recipient_digest and selection.recipient_digest != recipient_digest(case.account.guarantor):
        yield make_hold("READDRESSED")
    if selection.channel is Channel.EMAIL and choose_channel(case, selection.level) is not Channel.EMAIL:
        yield make_hold("CHANNEL")


def _recheck_notice_period(selection: Selection, policy: Policy, as_of: date, rendered_as_of: date) -> Iterable[Hold]:
    """A final notice that waited too long gives less than the 30 days of the law (26 CFR 1.501(r)-6(c)(4)(i))."""
    if selection.kind is not Kind.DUNNING or selection.level != FINAL_LEVEL:
        return
    answer_by = letter_answer_by(rendered_as_of, selection.level, policy)
    if (answer_by - as_of).days < policy.final_notice_days.value:
        yield make_hold("NOTICE_SHORT")


def _has_moved(cents: int, selection: Selection, policy: Policy) -> bool:
    return abs(cents - selection.amount_cents) > policy.restate_tolerance_cents


def _bring_back(account: GuarantorAccount, as_of: date, rendered_as_of: date) -> GuarantorAccount:
    """The account with what was posted since the page dated on its day, so that rules and sums of that day see it."""

    def dated(posted_on: date) -> date:
        return rendered_as_of if rendered_as_of < posted_on <= as_of else posted_on

    def redate(posted: tuple[_Posted, ...]) -> tuple[_Posted, ...]:
        return tuple(msgspec.structs.replace(each, posted_on=dated(each.posted_on)) for each in posted)

    def redate_encounter(encounter: Encounter) -> Encounter:
        return msgspec.structs.replace(
            encounter,
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
