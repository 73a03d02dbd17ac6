"""Whether a shard may be purged, and why not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from statement_builder.billing.dates import add_months
from statement_builder.ledger import Batch, BatchState, LegalHold, ShardRetention, is_held_by
from statement_builder.policy import Policy
from statement_builder.settings import RetentionSettings


def find_reasons_to_keep(
    batch: Batch,
    shards: Sequence[ShardRetention],
    *,
    retention: RetentionSettings,
    policy: Policy,
    legal_holds: Sequence[LegalHold],
    on_hold: Mapping[str, str],
    today: date,
) -> dict[int, tuple[str, ...]]:
    """Shard sequence → every reason why it must stay; empty if it may be purged.

    `on_hold` maps recipients to a hold code that says that a matter is not settled. A shard also stays while a copy or
    correction of one of its documents stays.
    """
    found = {}
    for facts in shards:
        found[facts.sequence] = (
            *_find_time_reasons(batch, facts, retention.years(batch.kind), policy, today),
            *(f"legal hold on {hold.subject}" for hold in legal_holds if is_held_by(hold, batch.batch_id, facts)),
            *(
                f"hold {code} is not settled"
                for code in sorted({on_hold[each] for each in facts.guarantor_ids & set(on_hold)})
            ),
        )
    for facts in reversed(shards):  # reissues come last
        if found[facts.sequence]:
            for original in facts.originals:
                found[original] = found[original] or ("a copy or correction of one of its documents is kept",)
    return found


def _find_time_reasons(batch: Batch, facts: ShardRetention, years: int, policy: Policy, today: date) -> Iterator[str]:
    if batch.state is not BatchState.CLOSED or batch.closed_at is None:
        yield f"the batch is {batch.state.value.replace('_', ' ')}"
        return
    last = max(filter(None, (batch.closed_at.date(), facts.last_active_on)))
    if (ends_on := add_months(last, 12 * years)) > today:
        yield f"the retention period of {years} {'year' if years == 1 else 'years'} ends on {ends_on}"
    if facts.open_documents:
        yield "documents wait for a hand-off or a decision"
    days = max(
        policy.assistance_days.value,
        policy.eca_wait_days.value + policy.final_notice_days.value,
        policy.medicare_collection_days.value,
        policy.estimate_dispute_days.value,
    )
    if facts.last_mailed_on and (runs_until := facts.last_mailed_on + timedelta(days=days)) > today:
        yield f"legal clocks run until {runs_until}"
