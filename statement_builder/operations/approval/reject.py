"""Reject a batch: a person decides that it does not leave as it is, and says why."""

from __future__ import annotations

from statement_builder.errors import ConfigError
from statement_builder.ledger import Batch, BatchState
from statement_builder.operations.approval.release import pending_checks, refuse_late_approval, require_unchanged
from statement_builder.operations.roles import authorize
from statement_builder.pipeline.context import AppContext


def reject_batch(context: AppContext, batch: Batch, reason: str, *, seen: str = "") -> str:
    """Record the rejection. Returns a sentence that says what happens next.

    Nothing of the batch leaves until it is released with this rejection accepted by name. `seen` is the fingerprint of
    what the person was shown, if it was some time ago. `ConfigError` without a reason, if the batch is not built yet,
    released already, or not what was shown.
    """
    if not reason.strip():
        raise ConfigError('a rejection requires a reason: --reason "…"')
    authorize(context, "reject", batch_id=batch.batch_id)
    with context.ledger.lock(batch.batch_id, owner=context.actor, at=context.now()):
        current = context.require_batch(batch.batch_id)
        if current.state in {BatchState.OPEN, BatchState.PULLED}:
            raise ConfigError(
                f"batch {batch.batch_id} is not built yet, so there is nothing to reject. First run "
                f"`statements rerun {batch.batch_id}`."
            )
        if current.state not in {BatchState.BUILT, BatchState.WAITING}:
            refuse_late_approval(context, current)
            raise ConfigError(
                f"batch {batch.batch_id} was released, so it cannot be rejected. `statements void DOCUMENT` stops what "
                "has not left."
            )
        require_unchanged(context, current, pending_checks(context, current), seen)
        context.ledger.batches.reject(batch.batch_id, actor=context.actor, at=context.now(), why=reason.strip())
    return (
        f"batch {batch.batch_id} is rejected; nothing was sent. Fix the cause and run `statements rerun "
        f"{batch.batch_id}`, or release it with `--accept REJECTED`."
    )
