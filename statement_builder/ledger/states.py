"""The states of everything in the ledger, and the only moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from statement_builder.billing.selection import FinalVendorStatus
from statement_builder.errors import InvariantError

VOIDED = "VOIDED"
"""Hold code: an operator voided the document before it was mailed."""
CORRECTED = "CORRECTED"
"""Hold code: the document was corrected before it was mailed."""


class BatchState(StrEnum):
    OPEN = "open"
    PULLED = "pulled"
    BUILT = "built"
    WAITING = "waiting"
    """Built, and stopped at a release check until an operator decides."""
    RELEASED = "released"
    HANDING_OFF = "handing_off"
    CLOSED = "closed"


class ShardState(StrEnum):
    PULLED = "pulled"
    BUILT = "built"


class Outcome(StrEnum):
    """The decision on a candidate."""

    SELECTED = "selected"
    HELD = "held"
    EXCEPTION = "exception"


class DocumentState(StrEnum):
    RENDERED = "rendered"
    ERROR = "error"
    WITHHELD = "withheld"
    """Rendered, then held before it was handed off."""
    HANDED_OFF = "handed_off"


class DeliveryState(StrEnum):
    """The state of one attempt. A document has at most one live attempt: one not in `TERMINAL_FAILURES`."""

    CLAIMED = "claimed"
    """A process is about to hand it off. Nothing has been sent yet."""
    COMMITTING = "committing"
    """Being sent. After a crash, only the vendor knows whether it arrived."""
    SENT = "sent"
    FAILED = "failed"
    """Known not to have been accepted: another attempt is safe."""
    UNCERTAIN = "uncertain"
    """Unknown, and the vendor cannot be asked: an operator must decide."""
    ACKNOWLEDGED = "acknowledged"
    """The vendor confirms that it received the whole print file."""
    MAILED = "mailed"
    """The vendor reports that the piece has entered the mail."""
    DELIVERED = "delivered"
    REJECTED = "rejected"
    """The vendor will not print it: a clerk must find out why."""
    RECALLED = "recalled"
    """Canceled at the vendor, at our request, before it was printed."""
    RETURNED = "returned"
    """Returned by the post office: the address is wrong, or the addressee has died."""
    BOUNCED = "bounced"
    """The e-mail bounced. A complaint is no bounce: the message was delivered."""
    UNREAD = "unread"
    """The e-mail arrived, and its document was not opened in time: it goes on paper."""


HAND_OFF_STATES = (
    DeliveryState.CLAIMED,
    DeliveryState.COMMITTING,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.UNCERTAIN,
)
"""The states set by the hand-off, and the only ones of a print file. Delivery reports set the others, per piece."""
TERMINAL_FAILURES = (
    DeliveryState.FAILED,
    DeliveryState.REJECTED,
    DeliveryState.RECALLED,
    DeliveryState.RETURNED,
    DeliveryState.BOUNCED,
    DeliveryState.UNREAD,
)
"""These attempts are over: another attempt for the same document is safe. In this order, they are the condition of the
index `delivery_one_live`."""
NEVER_PRINTED = (DeliveryState.FAILED, DeliveryState.REJECTED, DeliveryState.RECALLED)
"""Attempts in a print file that the vendor does not mail."""
PROGRESS = (DeliveryState.SENT, DeliveryState.ACKNOWLEDGED, DeliveryState.MAILED, DeliveryState.DELIVERED)
"""The states of an attempt that goes well, in order."""
COUNTS_AS_MAILED_FROM: Mapping[FinalVendorStatus, DeliveryState] = {
    FinalVendorStatus.NOTHING: DeliveryState.SENT,
    FinalVendorStatus.ACKNOWLEDGED: DeliveryState.ACKNOWLEDGED,
    FinalVendorStatus.MAILED: DeliveryState.MAILED,
}
"""The last status that a vendor reports → the first state in which its pieces count as mailed."""


def states_before_mailed(final: FinalVendorStatus) -> tuple[DeliveryState, ...]:
    """The states of `PROGRESS` in which a piece does not count as mailed yet."""
    return PROGRESS[: PROGRESS.index(COUNTS_AS_MAILED_FROM[final])]


def counts_as_mailed(state: DeliveryState, final: FinalVendorStatus) -> bool:
    """A piece in this state counts as mailed, given the last status that its vendor reports."""
    return state in PROGRESS and state not in states_before_mailed(final)


class SuppressionCode(StrEnum):
    """What delivery reports suppress for a guarantor, until the billing system has newer data."""

    RETMAIL = "RETMAIL"
    """Mail was returned: no mail to that address."""
    EMAIL = "EMAIL"
    """E-mail bounced for good, or the recipient complained: consent must be given again."""
    DECEASED = "DECEASED"
    """Mail was returned or rejected because the guarantor has died: nothing at all, at any address, on any channel."""


BATCH_MOVES: Mapping[BatchState, frozenset[BatchState]] = {
    BatchState.OPEN: frozenset({BatchState.PULLED}),
    BatchState.PULLED: frozenset({BatchState.BUILT}),
    BatchState.BUILT: frozenset({BatchState.PULLED, BatchState.WAITING, BatchState.RELEASED}),
    BatchState.WAITING: frozenset({BatchState.PULLED, BatchState.RELEASED}),
    BatchState.RELEASED: frozenset({BatchState.HANDING_OFF}),
    BatchState.HANDING_OFF: frozenset({BatchState.CLOSED}),
    BatchState.CLOSED: frozenset(),
}
"""A move back to `pulled` means that shards are built again; it is legal until the release."""

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
            DeliveryState.UNREAD,
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
    DeliveryState.DELIVERED: frozenset({DeliveryState.RETURNED, DeliveryState.UNREAD}),
    **{state: frozenset() for state in TERMINAL_FAILURES},
    DeliveryState.UNREAD: frozenset({DeliveryState.DELIVERED}),
}
"""For attempts and print files alike. A failed attempt is never revived; a new attempt replaces it. An unread e-mail
may still be opened before its paper leaves."""


def require_batch_move(batch_id: str, now: BatchState, then: BatchState) -> None:
    """InvariantError unless a batch may move from `now` to `then`."""
    if then not in BATCH_MOVES[now]:
        raise InvariantError(f"batch {batch_id} is {now}: it cannot become {then}")


def require_hand_off_move(subject: str, now: DeliveryState, then: DeliveryState) -> None:
    """As `require_delivery_move`, for the hand-off, which may set no state that only a delivery report can tell."""
    if then not in HAND_OFF_STATES:
        raise InvariantError(f"{subject} is {now}: only a delivery report can make it {then}, not the hand-off")
    require_delivery_move(subject, now, then)


def require_delivery_move(subject: str, now: DeliveryState, then: DeliveryState) -> None:
    """InvariantError unless an attempt or print file may move from `now` to `then`."""
    if then not in DELIVERY_MOVES[now]:
        raise InvariantError(f"{subject} is {now}: it cannot become {then}")


class PlacementBatchState(StrEnum):
    """A list of visits for collection agencies."""

    PROPOSED = "proposed"
    """A second person has to decide."""
    APPROVED = "approved"
    """Its files are to be sent."""
    REJECTED = "rejected"
    SENT = "sent"
    """Every visit on it was sent, or dropped with its reasons."""


class PlacementState(StrEnum):
    """One placement of one visit."""

    PROPOSED = "proposed"
    """On a list. Nothing was sent."""
    DROPPED = "dropped"
    """Not sent: the list was rejected, or something changed after the approval."""
    PLACED = "placed"
    """In a file that was claimed or sent."""
    ACCEPTED = "accepted"
    """The agency has taken it in."""
    REFUSED = "refused"
    """The agency did not take it in."""
    RECALLING = "recalling"
    """The agency was told to stop, and has not confirmed."""
    RECALLED = "recalled"
    CLOSED = "closed"
    """The agency collected it, or settled what was left."""
    RETURNED = "returned"
    """The agency gave it back."""


AT_AGENCY = (PlacementState.PLACED, PlacementState.ACCEPTED, PlacementState.RECALLING)
"""The agency contacts the guarantor, or may."""
LIVE_PLACEMENTS = (PlacementState.PROPOSED, *AT_AGENCY)
"""A visit has at most one of these."""


class PlacementEntryType(StrEnum):
    """What happened to the balance of a placed visit."""

    PAID_DIRECT = "paid_direct"
    """A patient's payment to the hospital, which the agency is told."""
    ADJUSTMENT = "adjustment"
    """Any other change of the balance at the hospital, which the agency is told."""
    RECALL = "recall"
    """The agency is told to stop. It changes no balance."""
    PAYMENT = "payment"
    """What the agency collected."""
