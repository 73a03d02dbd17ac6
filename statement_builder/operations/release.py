"""Release a batch: first the gates, which no approval overrides, then the checks that a person's release answers."""

from __future__ import annotations

from statement_builder.actor import is_same_user
from statement_builder.errors import GateStop
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.release_checks import (
    PreviousBatch,
    ReleaseCheck,
    list_release_checks,
    most_documents_failed,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import check_gates, describe_broken_gates, previous_batches


def pass_gates(context: AppContext, batch: Batch, *, release: bool) -> None:
    """Release a built batch. `release` is a person's approval.

    `GateStop` if a gate does not foot, if a person must decide and has not, or if a second user must release it.
    """
    checks = enforce_gates(context, batch, release=release)
    why = " ".join(check.message for check in checks)
    if checks and not release:
        raise GateStop(
            f"batch {batch.batch_id} waits for approval. {why} Review it with `statements show {batch.batch_id}`, then "
            f"run `statements release {batch.batch_id}`."
        )
    if any(check.needs_second_user for check in checks) and is_same_user(context.actor, batch.opened_by):
        _wait(context, batch, why)
        raise GateStop(
            f"batch {batch.batch_id} must be released by a second user, because you opened it. {why} Ask a colleague "
            f"to review it with `statements report control {batch.batch_id}` and to run "
            f"`statements release {batch.batch_id}`."
        )
    actor = context.actor if release else "policy"
    context.ledger.batches.release(batch.batch_id, actor=actor, at=context.now(), why=why)


def enforce_gates(context: AppContext, batch: Batch, *, release: bool = False) -> tuple[ReleaseCheck, ...]:
    """Check the gates of a built batch and return what a person must decide. Without `release`, the batch waits.

    `GateStop` if a gate does not foot, or if most documents could not be made.
    """
    totals = context.ledger.control_totals.get(batch.batch_id)
    if broken := describe_broken_gates(check_gates(totals)):
        raise GateStop(f"batch {batch.batch_id} does not foot and was not handed off: {broken}")
    if most_documents_failed(totals):
        raise GateStop(
            f"batch {batch.batch_id}: {totals.counts.errors} of {totals.counts.selected} documents could not be made, "
            f"so nothing was handed off. `statements exceptions {batch.batch_id}` lists the reasons. Fix them, then "
            f"`statements rerun {batch.batch_id}` makes the documents again."
        )
    checks = pending_checks(context, batch)
    if checks and not release:
        _wait(context, batch, " ".join(check.message for check in checks))
    return checks


def pending_checks(context: AppContext, batch: Batch) -> tuple[ReleaseCheck, ...]:
    """What a person must decide before a built batch is handed off. Empty before the build and after the release."""
    if batch.state not in {BatchState.BUILT, BatchState.WAITING}:
        return ()
    ledger, release = context.ledger, context.settings.release
    totals = ledger.control_totals.get(batch.batch_id)
    has_large = totals.largest_cents > release.amount_max_cents
    return list_release_checks(
        totals,
        _find_previous_batch(context, batch),
        release,
        kind=batch.kind,
        opened_by=batch.opened_by,
        levels=ledger.control_totals.by_level(batch.batch_id),
        too_large=ledger.control_totals.documents_above(batch.batch_id, release.amount_max_cents) if has_large else (),
    )


def _find_previous_batch(context: AppContext, batch: Batch) -> PreviousBatch | None:
    """The batch to compare with. A trial (`--limit`) is not comparable with any."""
    if batch.limit is not None or not (earlier := previous_batches(context.ledger, batch)):
        return None
    return PreviousBatch(batch_id=earlier[0].batch_id, totals=context.ledger.control_totals.get(earlier[0].batch_id))


def _wait(context: AppContext, batch: Batch, why: str) -> None:
    if batch.state is BatchState.BUILT:
        context.ledger.batches.set_state(
            batch.batch_id, BatchState.WAITING, actor=context.actor, at=context.now(), why=why
        )
