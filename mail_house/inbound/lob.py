"""Events of Lob's webhooks, as kept in files: one JSON object, or one a line. API version 1.22.0.

What happened to one of our letters, found by the metadata that it was made with. Every type of letter event is known
by name, those that mean nothing to us too: a type that is not is a problem.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from mail_house.inbound.delivery_reports import PieceReport, PieceState
from mail_house.inbound.tables import DocumentId

_ON_ITS_WAY = ("mailed", "in_transit", "in_local_area", "processed_for_delivery", "re-routed")

STATES: dict[str, PieceState | None] = {
    "letter.created": PieceState.ACKNOWLEDGED,
    "letter.rejected": PieceState.REJECTED,
    "letter.failed": PieceState.REJECTED,
    "letter.deleted": PieceState.REJECTED,
    "letter.international_exit": PieceState.MAILED,
    "letter.delivered": PieceState.DELIVERED,
    "letter.returned_to_sender": PieceState.RETURNED,
    "letter.certified.pickup_available": PieceState.MAILED,
    "letter.certified.delivered": PieceState.DELIVERED,
    "letter.certified.returned_to_sender": PieceState.RETURNED,
    **{f"letter.{step}": PieceState.MAILED for step in _ON_ITS_WAY},
    **{f"letter.certified.{step}": PieceState.MAILED for step in _ON_ITS_WAY},
    "letter.rendered_pdf": None,
    "letter.rendered_thumbnails": None,
    "letter.viewed": None,
    "letter.informed_delivery.email_sent": None,
    "letter.informed_delivery.email_opened": None,
    "letter.informed_delivery.email_clicked_through": None,
    **{
        f"letter.return_envelope.{step}": None
        for step in ("created", *_ON_ITS_WAY[1:], "re_routed", "international_exit", "delivered", "returned_to_sender")
    },
}
"""Event type → what it says about the piece; None where it says nothing about its way to the recipient.
`letter.certified.issue` is left out: a person has to look at the letter."""


class _Open(msgspec.Struct, frozen=True):
    """Lob adds fields as it likes: those that we read are strict."""


class _EventType(_Open, frozen=True):
    id: str


class _Metadata(_Open, frozen=True):
    document_id: DocumentId
    print_file: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,200}$")] = ""


class _Body(_Open, frozen=True):
    metadata: _Metadata


class LobEvent(_Open, frozen=True):
    id: Annotated[str, msgspec.Meta(pattern="^evt_[a-zA-Z0-9_]+$")]
    event_type: _EventType
    date_created: datetime
    object: Literal["event"]
    body: msgspec.Raw


def read_event(data: bytes) -> PieceReport | None:
    """What one event says; None where it says nothing about the piece's way. ValueError for one that is not known."""
    try:
        event = msgspec.json.decode(data, type=LobEvent)
        if event.event_type.id not in STATES:
            raise ValueError(f"{event.event_type.id!r} is no event that is known here: look at the letter at Lob")
        state = STATES[event.event_type.id]
        if state is None:
            return None
        metadata = msgspec.json.decode(event.body, type=_Body).metadata
    except msgspec.DecodeError as exc:
        raise ValueError(f"not an event of one of our letters: {exc}") from exc
    return PieceReport(
        document_id=metadata.document_id,
        print_file=metadata.print_file,
        state=state,
        on=event.date_created.date(),
        reason=event.event_type.id,
    )
