"""The states that things in the ledger can be in, and the only ways from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from statement_builder.errors import InvariantError


class BatchState(StrEnum):
    OPEN = "open"
    PULLED = "pulled"
    BUILT = "built"
    WAITING = "waiting"
    """Built, and stopped at a gate until a person has decided."""
    RELEASED = "released"
    HANDING_OFF = "handing_off"
    CLOSED = "closed"


class ShardState(StrEnum):
    PULLED = "pulled"
    BUILT = "built"


class Outcome(StrEnum):
    """What was decided about a candidate."""

    SELECTED = "selected"
    HELD = "held"
    EXCEPTION = "exception"


class DocumentState(StrEnum):
    RENDERED = "rendered"
    ERROR = "error"
    WITHHELD = "withheld"
    """Rendered, then held back just before hand-off."""
    HANDED_OFF = "handed_off"


class DeliveryState(StrEnum):
    """Where one attempt stands. Every state but `failed` is live: a document can have only one such attempt."""

    CLAIMED = "claimed"
    """Somebody means to hand it off. Nothing has left yet: what may have been sent is `committing`."""
    COMMITTING = "committing"
    """On its way out. Found after a crash, the other side has to be asked."""
    SENT = "sent"
    FAILED = "failed"
    """Known not to have been accepted: another attempt is safe."""
    UNCERTAIN = "uncertain"
    """Nobody can be asked: waits for a person."""


BATCH_MOVES: Mapping[BatchState, frozenset[BatchState]] = {
    BatchState.OPEN: frozenset({BatchState.PULLED}),
    BatchState.PULLED: frozenset({BatchState.BUILT}),
    BatchState.BUILT: frozenset({BatchState.PULLED, BatchState.WAITING, BatchState.RELEASED}),
    BatchState.WAITING: frozenset({BatchState.PULLED, BatchState.RELEASED}),
    BatchState.RELEASED: frozenset({BatchState.HANDING_OFF}),
    BatchState.HANDING_OFF: frozenset({BatchState.CLOSED}),
    BatchState.CLOSED: frozenset(),
}
"""Back to `pulled` means that shards are built again: only while nothing is released."""

DELIVERY_MOVES: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.CLAIMED: frozenset(
        {DeliveryState.COMMITTING, DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN}
    ),
    DeliveryState.COMMITTING: frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN}),
    DeliveryState.UNCERTAIN: frozenset({DeliveryState.SENT, DeliveryState.FAILED}),
    DeliveryState.SENT: frozenset(),
    DeliveryState.FAILED: frozenset(),
}
"""For a delivery and for a print file alike. What failed is tried again as a new attempt, never revived."""


def require_batch_move(batch_id: str, now: BatchState, then: BatchState) -> None:
    """InvariantError unless a batch may go from `now` to `then`."""
    if then not in BATCH_MOVES[now]:
        raise InvariantError(f"batch {batch_id} is {now}: it cannot become {then}")


def require_delivery_move(subject: str, now: DeliveryState, then: DeliveryState) -> None:
    """InvariantError unless a delivery or print file may go from `now` to `then`."""
    if then not in DELIVERY_MOVES[now]:
        raise InvariantError(f"{subject} is {now}: it cannot become {then}")
