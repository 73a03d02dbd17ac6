"""Who gets a letter about a refund, and when: once for each approved refund that its credit covers.

One letter is about one refund: of a visit, or of what is left of the deposits of a pregnancy. A refund that was sent
without a letter gets one, too; then the money has left, and only law, privacy and the address hold the letter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from statement_builder.billing.dates import due_date
from statement_builder.billing.model import Encounter, ObstetricEpisode, Refund, RefundStatus
from statement_builder.billing.refunds import letter_refunds, refund_cause
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.policy.candidate import Candidate, guarantor_is_held
from statement_builder.policy.channel import choose_channel
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recipient import recipient_digest
from statement_builder.policy.refunds import (
    ADDRESS_RULES,
    OPEN_VISIT_RULES,
    PRIVACY_RULES,
    find_visit_holds,
    hold_deposit,
    hold_deposit_amount,
    hold_other_balances,
    hold_visit_amount,
    is_complete,
    is_late,
    unposted_cents,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RefundCase:
    """One refund that may get a letter, with the reasons against that letter alone."""

    refund: Refund
    visit: Encounter | None
    episode: ObstetricEpisode | None
    due_on: date
    """After this day, the guarantor should call if the money has not come."""
    holds: tuple[Hold, ...]


def select_refund(candidate: Candidate) -> tuple[Selection | None, tuple[Hold, ...]]:
    """The letter about one refund, or None, and all holds. Another refund's letter waits for the next batch."""
    common, cases = _evaluate(candidate)
    held = {hold.account_number for hold in common}
    free = [each for each in cases if not each.holds and each.refund.account_number not in held - {""}]
    own = tuple(hold for each in cases for hold in each.holds)
    if guarantor_is_held(common) or not free:
        return None, tuple(dict.fromkeys((*common, *own)))
    chosen, *others = sorted(free, key=lambda each: (each.refund.approved_on or date.max, each.refund.refund_id))
    later = tuple(make_hold("REFUND_NEXT", each.refund.account_number) for each in others)
    return _make_selection(candidate, chosen), tuple(dict.fromkeys((*common, *own, *later)))


def recheck_refund(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    """Why the letter must not be mailed now: what was held, changed, sent or canceled since, and a day that the page
    gives for the refund and that has passed."""
    common, cases = _evaluate(candidate)
    numbers = selection.account_numbers
    yield from (hold for hold in common if not hold.account_number or hold.account_number in numbers)
    for number in numbers:
        if number not in candidate.balances:
            yield make_hold("OTHER_RECIPIENT" if number in candidate.account.split_off else "NOT_ON_FILE", number)
    case = next((each for each in cases if refund_cause(each.refund) == selection.cause_id), None)
    if case is None or case.due_on != selection.due_on:
        yield make_hold("REFUND_CHANGED")
        return
    yield from case.holds
    refund = case.refund
    said_ahead = refund.sent_on is None or refund.sent_on > candidate.as_of
    if refund.send_on is not None and said_ahead and refund.send_on < as_of:
        yield make_hold("REFUND_LATE", refund.account_number)


def _evaluate(candidate: Candidate) -> tuple[tuple[Hold, ...], tuple[RefundCase, ...]]:
    """The holds on the guarantor and on visits with refunds, and each refund with its own holds."""
    visits = {each.account_number: each for each in candidate.account.encounters}
    episodes = {each.episode_id: each for each in candidate.account.episodes}
    refunds = letter_refunds(candidate.account)
    chosen = [visits[number] for number in dict.fromkeys(each.account_number for each in refunds) if number in visits]
    common = find_visit_holds(candidate, chosen, (*PRIVACY_RULES, *ADDRESS_RULES))
    cases = []
    for refund in refunds:
        visit, episode = visits.get(refund.account_number), episodes.get(refund.episode_id)
        holds = tuple(dict.fromkeys(_find_own_holds(candidate, refund, visit, episode)))
        due_on = _due_on(candidate, refund)
        cases.append(RefundCase(refund=refund, visit=visit, episode=episode, due_on=due_on, holds=holds))
    return common, tuple(cases)


def _due_on(candidate: Candidate, refund: Refund) -> date:
    day = refund.sent_on if refund.status is RefundStatus.SENT else refund.send_on
    return due_date(max(day or candidate.as_of, candidate.as_of), candidate.policy.refund_arrival_days)


def _find_own_holds(
    candidate: Candidate, refund: Refund, visit: Encounter | None, episode: ObstetricEpisode | None
) -> Iterable[Hold]:
    number = refund.account_number if visit is not None else ""
    if refund.status is RefundStatus.CANCELED:
        yield make_hold("REFUND_CHANGED", number)
        return
    if not is_complete(refund):
        yield make_hold("REFUND_INCOMPLETE", number)
        return
    cause_id, kind = refund_cause(refund), Kind.REFUND.value
    if any((each.kind, each.cause_id) == (kind, cause_id) for each in candidate.account.letters):
        yield make_hold("REFUND_LETTER", number)
        return
    if _is_old(candidate, refund):
        yield make_hold("REFUND_OLD", number)
    if episode is not None:
        yield from hold_deposit(candidate, episode)
    if refund.status is RefundStatus.SENT:
        return
    if is_late(refund, candidate.as_of):
        yield make_hold("REFUND_LATE", number)
    cents = unposted_cents(candidate, refund)
    if visit is not None:
        yield from find_visit_holds(candidate, (visit,), OPEN_VISIT_RULES)
        yield from hold_visit_amount(candidate, visit, cents) if cents else ()
        yield from hold_other_balances(candidate, visit, refund)
    if episode is not None and cents:
        yield from hold_deposit_amount(candidate, episode, cents)


def _is_old(candidate: Candidate, refund: Refund) -> bool:
    day = refund.sent_on if refund.status is RefundStatus.SENT else refund.approved_on
    return day is not None and day + timedelta(days=candidate.policy.refund_letter_days) < candidate.as_of


def _make_selection(candidate: Candidate, case: RefundCase) -> Selection:
    """The letter asks for nothing, so its amount due is 0; the refund's amount is among its facts."""
    channel = choose_channel(candidate, level=0)
    return Selection(
        kind=Kind.REFUND,
        guarantor_id=candidate.account.guarantor.guarantor_id,
        account_numbers=(case.refund.account_number,) if case.visit is not None else (),
        episode_id=case.refund.episode_id,
        cause_id=refund_cause(case.refund),
        channel=channel,
        amount_cents=0,
        due_on=case.due_on,
        recipient_digest=recipient_digest(candidate.account.guarantor, channel),
    )
