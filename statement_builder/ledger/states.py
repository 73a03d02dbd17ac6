"""The states that things in the ledger can be in, and the only ways from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from statement_builder.errors import InvariantError

VOIDED = "VOIDED"
"""The hold of what a person took back before it was mailed."""
CORRECTED = "CORRECTED"
"""The hold of what was corrected before it was mailed."""


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
    """The state of one attempt. A document has at most one attempt whose state is not in `TERMINAL_FAILURES`."""

    CLAIMED = "claimed"
    """Somebody means to hand it off. Nothing has left yet: what may have been sent is `committing`."""
    COMMITTING = "committing"
    """On its way out. Found after a crash, the other side has to be asked."""
    SENT = "sent"
    FAILED = "failed"
    """Known not to have been accepted: another attempt is safe."""
    UNCERTAIN = "uncertain"
    """Nobody can be asked: waits for a person."""
    ACKNOWLEDGED = "acknowledged"
    """The vendor says that the print file is there, whole."""
    MAILED = "mailed"
    """The vendor says that the piece has entered the mail."""
    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The vendor will not print it: a clerk has to see why."""
    RECALLED = "recalled"
    """Cancelled at the vendor, by us, before it was printed."""
    RETURNED = "returned"
    """The post office brought it back: the address is wrong."""
    BOUNCED = "bounced"
    """The e-mail came back, or its recipient complained."""


HAND_OFF_STATES = (
    DeliveryState.CLAIMED,
    DeliveryState.COMMITTING,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)
"""What a print file can be: what becomes of it at the vendor is told of its pieces."""
TERMINAL_FAILURES = frozenset(
    {
        DeliveryState.FAILED,
        DeliveryState.REJECTED,
        DeliveryState.RECALLED,
        DeliveryState.RETURNED,
        DeliveryState.BOUNCED,
    }
)
"""Nothing more comes of these attempts: another one of the same document is safe."""


class SuppressionCode(StrEnum):
    """What the answers forbid for a guarantor, until the billing system has something new."""

    RETMAIL = "RETMAIL"
    """Mail came back: nothing goes to that address."""
    EMAIL = "EMAIL"
    """E-mail bounced for good, or the person complained: consent counts again only when it is given anew."""


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
    DeliveryState.SENT: frozenset(
        {
            DeliveryState.ACKNOWLEDGED,
            DeliveryState.MAILED,
            DeliveryState.DELIVERED,
            DeliveryState.REJECTED,
            DeliveryState.RECALLED,
            DeliveryState.RETURNED,
            DeliveryState.BOUNCED,
        }
    ),
    DeliveryState.ACKNOWLEDGED: frozenset(
        {
            DeliveryState.MAILED,
            DeliveryState.DELIVERED,
            DeliveryState.REJECTED,
            DeliveryState.RECALLED,
            DeliveryState.RETURNED,
        }
    ),
    DeliveryState.MAILED: frozenset({DeliveryState.DELIVERED, DeliveryState.RETURNED}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.RETURNED, DeliveryState.BOUNCED}),
    DeliveryState.FAILED: frozenset(),
    DeliveryState.REJECTED: frozenset(),
    DeliveryState.RECALLED: frozenset(),
    DeliveryState.RETURNED: frozenset(),
    DeliveryState.BOUNCED: frozenset(),
}
"""For a delivery and for a print file alike. What failed is tried again as a new attempt, never revived."""


def require_batch_move(batch_id: str, now: BatchState, then: BatchState) -> None:
    """InvariantError unless a batch may go from `now` to `then`."""
    if then not in BATCH_MOVES[now]:
        raise InvariantError(f"batch {batch_id} is {now}: it cannot become {then}")


def require_hand_off_move(subject: str, now: DeliveryState, then: DeliveryState) -> None:
    """As `require_delivery_move`, for who hands off: what becomes of it afterwards is not for them to say."""
    if then not in HAND_OFF_STATES:
        raise InvariantError(f"{subject} is {now}: whether it is {then} is told by an answer, not by the hand-off")
    require_delivery_move(subject, now, then)


def require_delivery_move(subject: str, now: DeliveryState, then: DeliveryState) -> None:
    """InvariantError unless a delivery or print file may go from `now` to `then`."""
    if then not in DELIVERY_MOVES[now]:
        raise InvariantError(f"{subject} is {now}: it cannot become {then}")
