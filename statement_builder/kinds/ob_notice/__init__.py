"""Obstetric pre-delivery notices: an estimate before a birth, never a bill."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from statement_builder.billing.model import EpisodeStatus, GuarantorAccount, ObstetricEpisode
from statement_builder.billing.obstetric import remaining_cents
from statement_builder.billing.selection import Hold, Kind, Selection
from statement_builder.kinds.definition import N_, FreshFeed, KindDefinition, Outcome
from statement_builder.kinds.ob_notice.facts import notice_facts
from statement_builder.kinds.ob_notice.rules import is_of_ended_plan_year, is_overdue, select_notice
from statement_builder.policy.candidate import Candidate
from statement_builder.policy.hold_codes import make_hold
from statement_builder.policy.recheck_rules import amount_changed
from statement_builder.policy.settings import Policy

_REPRINTABLE_STATUSES = (EpisodeStatus.ACTIVE, EpisodeStatus.DELIVERED)


def _select(candidate: Candidate) -> Outcome:
    return Outcome(*select_notice(candidate))


def _estimated_cents(account: GuarantorAccount, as_of: date) -> int:
    active = (each for each in account.episodes if each.status is EpisodeStatus.ACTIVE)
    return sum(remaining_cents(each, as_of) for each in active)


def _recheck(candidate: Candidate, selection: Selection, as_of: date) -> Iterable[Hold]:
    current, holds, faults = select_notice(candidate)
    yield from holds
    yield from (make_hold(fault.code) for fault in faults)
    episode = _find_episode(candidate.account, selection.episode_id)
    if episode is None:
        yield make_hold("NOT_ON_FILE")
        return
    yield from _recheck_dates(episode, candidate.policy, as_of)
    if current is not None:
        same_episode = current.episode_id == selection.episode_id
        if not same_episode or amount_changed(current.amount_cents, selection, candidate.policy):
            yield make_hold("AMOUNT_CHANGED")


def _recheck_dates(episode: ObstetricEpisode, policy: Policy, as_of: date) -> Iterable[Hold]:
    """Hold if the outcome is overdue, or the estimate's plan year has ended, on the day of mailing, whenever the notice
    was rendered."""
    expected_on = episode.expected_delivery_on
    if episode.status is EpisodeStatus.ACTIVE and expected_on and is_overdue(expected_on, policy, as_of):
        yield make_hold("OB_OVERDUE")
    if is_of_ended_plan_year(episode, as_of):
        yield make_hold("OB_PLAN_YEAR")


def _find_reprint_holds(account: GuarantorAccount, _: tuple[str, ...], episode_id: str) -> Iterable[Hold]:
    episode = _find_episode(account, episode_id)
    if episode is None or episode.status not in _REPRINTABLE_STATUSES:
        lost = episode is not None and episode.status is EpisodeStatus.LOST
        yield make_hold("LOSS" if lost else "NOT_ON_FILE")


def _find_episode(account: GuarantorAccount, episode_id: str) -> ObstetricEpisode | None:
    return next((each for each in account.episodes if each.episode_id == episode_id), None)


DEFINITION = KindDefinition(
    kind=Kind.OB_NOTICE,
    template="ob_notice/ob_notice.html",
    title=N_("Cost estimate"),
    select=_select,
    facts=notice_facts,
    recheck=_recheck,
    is_candidate=lambda account: bool(account.episodes),
    is_faulty_candidate=lambda entry: entry.has_rows_in("ob_episodes", "ob_deposits"),
    candidate_cents=_estimated_cents,
    reprint_holds=_find_reprint_holds,
    fresh_feeds=(FreshFeed("obstetric", lambda policy: policy.ob_feed_max_age_hours),),
)
