"""Approve or reject a list of visits for collection agencies: never the person who proposed it."""

from __future__ import annotations

from statement_builder.actor import is_same_user
from statement_builder.errors import ConfigError, GateStop
from statement_builder.ledger.placement import PLACEMENT, PlacementBatch
from statement_builder.ledger.states import PlacementBatchState
from statement_builder.operations.placement.propose import PlacementList, summarize_list
from statement_builder.operations.roles import authorize, may_use
from statement_builder.pipeline.context import AppContext


def require_list(context: AppContext, batch_id: str) -> PlacementBatch:
    """The list with this id. `ConfigError` if there is none."""
    batch = context.ledger.placement_lists.get(batch_id)
    if batch is None or batch.facility_id != context.facility.facility_id:
        raise ConfigError(f"There is no list {batch_id}. `statements placement list` lists them.")
    return batch


def approve_list(context: AppContext, batch_id: str, reason: str = "") -> PlacementList:
    """Approve a proposed list. `statements placement send` then sends it.

    `GateStop` for the person who proposed it; `ConfigError` if it is decided already; `NotAllowed`.
    """
    return _decide(context, batch_id, PlacementBatchState.APPROVED, reason)


def reject_list(context: AppContext, batch_id: str, reason: str) -> PlacementList:
    """Reject a proposed list, with a reason. Its visits can be proposed again. Errors as of `approve_list`."""
    if not reason.strip():
        raise ConfigError('a rejection requires a reason: --reason "…"')
    return _decide(context, batch_id, PlacementBatchState.REJECTED, reason)


def may_decide(context: AppContext, batch: PlacementBatch) -> bool:
    """Whether the list waits for a decision that the actor may take. `approve_list` and `reject_list` decide."""
    return (
        batch.state is PlacementBatchState.PROPOSED
        and may_use(context, "approve_placement")
        and not is_same_user(context.actor, batch.proposed_by)
    )


def _decide(context: AppContext, batch_id: str, state: PlacementBatchState, reason: str) -> PlacementList:
    authorize(context, "approve_placement", batch_id=batch_id)
    with context.ledger.lock(PLACEMENT, owner=context.actor, at=context.now()):
        batch = require_list(context, batch_id)
        if batch.state is not PlacementBatchState.PROPOSED:
            raise ConfigError(f"list {batch_id} is {batch.state.value} already, so there is nothing to decide.")
        if is_same_user(context.actor, batch.proposed_by):
            raise GateStop(
                f"list {batch_id} must be decided by a second person, because you proposed it. Ask a colleague to look "
                f"at it with `statements placement show {batch_id}`, and to run `statements placement approve "
                f"{batch_id}`."
            )
        context.ledger.placement_lists.decide(
            batch, state, actor=context.actor, at=context.now(), on=context.today(), why=reason.strip()
        )
        return summarize_list(context, require_list(context, batch_id))
