"""Letters about refunds: money that the hospital pays back. They ask for nothing, and tell of each refund once."""

from __future__ import annotations

from collections.abc import Iterable

from statement_builder.billing.model import EpisodeStatus, GuarantorAccount
from statement_builder.billing.refunds import letter_refunds
from statement_builder.billing.selection import Hold, Kind
from statement_builder.documents.content import Content
from statement_builder.kinds.definition import N_, KindDefinition, Outcome, find_visit_reprint_holds
from statement_builder.kinds.refund.facts import refund_facts
from statement_builder.kinds.refund.rules import recheck_refund, select_refund
from statement_builder.policy.hold_codes import make_hold


def _find_reprint_holds(account: GuarantorAccount, account_numbers: tuple[str, ...], episode_id: str) -> Iterable[Hold]:
    yield from find_visit_reprint_holds(account, account_numbers, episode_id)
    if episode_id:
        episode = next((each for each in account.episodes if each.episode_id == episode_id), None)
        if episode is None or episode.status is not EpisodeStatus.DELIVERED:
            lost = episode is not None and episode.status is EpisodeStatus.LOST
            yield make_hold("LOSS" if lost else "NOT_ON_FILE")


def _count_one(_: Content) -> int:
    return 1


DEFINITION = KindDefinition(
    kind=Kind.REFUND,
    template="refund/refund.html",
    title=N_("Your refund"),
    select=lambda candidate: Outcome(*select_refund(candidate)),
    facts=refund_facts,
    recheck=recheck_refund,
    is_candidate=lambda account: bool(letter_refunds(account)),
    is_faulty_candidate=lambda entry: entry.has_rows_in("refunds"),
    candidate_cents=lambda _account, _as_of: 0,
    reprint_holds=_find_reprint_holds,
    count_items=_count_one,
    sample_guarantors=600,
)
