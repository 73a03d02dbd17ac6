"""Dry runs: what a run or a rerun would do, without writing to the ledger, making a file or handing anything off."""

from __future__ import annotations

from collections import Counter
from functools import partial

from msgspec import field

from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.model import FaultyAccount, Record
from statement_builder.billing.selection import Decision
from statement_builder.kinds import decide
from statement_builder.ledger import Batch, BatchState, DocumentState, ShardState
from statement_builder.operations.run import find_errors
from statement_builder.operations.summaries import FIGURES, BatchSummary
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.preconditions import require_settings, require_templates
from statement_builder.pipeline.pull.candidates import stream_candidates
from statement_builder.pipeline.pull.scope import Scope
from statement_builder.source import read_refusing


class RerunPlan(Record, kw_only=True):
    """The steps that a rerun would take; none when the batch is finished."""

    batch_id: str = field(name="batch")
    steps: tuple[str, ...] = field(name="would")


def dry_run_batch(context: AppContext, scope: Scope) -> BatchSummary:
    """The summary that a run would have after selection. Nothing is rendered, so all later figures are 0.

    `ConfigError` for what a run refuses.
    """
    return read_refusing(partial(_count_candidates, context, scope))


def _count_candidates(context: AppContext, scope: Scope, refused: frozenset[int]) -> BatchSummary:
    require_settings(context, scope.source)
    require_templates(context)
    counts: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    holds: Counter[str] = Counter()
    for entry in stream_candidates(context, scope, refused=refused):
        counts["pulled"] += 1
        if isinstance(entry, FaultyAccount):
            counts["exceptions"] += 1
            cents.update(pulled=entry.cents, exceptions=entry.cents)
            continue
        decision = decide(entry, scope.kind, context.settings.policy, scope.as_of)
        _count(decision, counts, cents)
        holds.update({hold.code for hold in decision.holds})
    return BatchSummary(
        batch_id=batch_id_of(scope.cycle, scope.kind),
        kind=scope.kind,
        cycle=scope.cycle,
        as_of=scope.as_of,
        limit=scope.limit,
        state="dry-run",
        counts={name: counts[name] for name in FIGURES},
        cents={name: cents[name] for name in FIGURES},
        holds=dict(sorted(holds.items())),
        foots=None,
        next_step="",
        seconds=None,
    )


def _count(decision: Decision, counts: Counter[str], cents: Counter[str]) -> None:
    cents["pulled"] += decision.balance_cents
    if decision.outcome == "exception":
        counts["exceptions"] += 1
        cents["exceptions"] += decision.balance_cents
        return
    amount_cents = decision.selection.amount_cents if decision.selection else 0
    counts["selected" if decision.selection else "held"] += 1
    cents["selected"] += amount_cents
    cents["held"] += decision.balance_cents - amount_cents


def dry_run_rerun(context: AppContext, batch: Batch) -> RerunPlan:
    """What `statements rerun` would do to this batch."""
    return RerunPlan(batch_id=batch.batch_id, steps=tuple(_remaining_steps(context, batch)))


def _remaining_steps(context: AppContext, batch: Batch) -> list[str]:
    if batch.state is BatchState.CLOSED:
        return []
    if batch.state is BatchState.OPEN:
        return ["take the snapshot from the source", "build every shard", "check the gates"]
    steps = []
    shards = context.ledger.shards.for_batch(batch.batch_id)
    unbuilt = sum(shard.state is ShardState.PULLED for shard in shards)
    if unbuilt:
        steps.append(f"build {unbuilt} of {len(shards)} shards")
    if batch.state in {BatchState.BUILT, BatchState.WAITING}:
        errors = len(find_errors(context, batch))
        if errors:
            steps.append(f"retry {errors} document{_s(errors)} that could not be made")
    if batch.state in {BatchState.PULLED, BatchState.BUILT, BatchState.WAITING}:
        return [*steps, "check the gates"]
    waiting = len(context.ledger.documents.for_batch(batch.batch_id, state=DocumentState.RENDERED))
    steps.append(f"recheck {waiting} document{_s(waiting)} against the source, then hand them off")
    if due := context.ledger.redeliveries.count_due(batch.batch_id):
        steps.append(f"recheck {due} document{_s(due)} due again against the source, then hand them off again")
    return [*steps, "close the batch"]


def _s(count: int) -> str:
    return "" if count == 1 else "s"
