"""Lob webhook events stored in files: one JSON object, or one per line. API version 1.22.0.

An event is matched to a letter of ours by the metadata that the letter was created with. Every letter event type is
listed, including those that are ignored; an unlisted type is a problem.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from mail_house.inbound.delivery_reports import PieceReport, PieceState
from mail_house.inbound.tables import DocumentId

_IN_TRANSIT = ("mailed", "in_transit", "in_local_area", "processed_for_delivery", "re-routed")

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
    **{f"letter.{step}": PieceState.MAILED for step in _IN_TRANSIT},
    **{f"letter.certified.{step}": PieceState.MAILED for step in _IN_TRANSIT},
    "letter.rendered_pdf": None,
    "letter.rendered_thumbnails": None,
    "letter.viewed": None,
    "letter.informed_delivery.email_sent": None,
    "letter.informed_delivery.email_opened": None,
    "letter.informed_delivery.email_clicked_through": None,
    **{
        f"letter.return_envelope.{step}": None
        for step in ("created", *_IN_TRANSIT[1:], "re_routed", "international_exit", "delivered", "returned_to_sender")
    },
}
"""Event type to the state it reports; None if it reports nothing about delivery to the recipient.
`letter.certified.issue` is not listed on purpose: a person must check the letter."""


EVENT_BYTES_MAX = 2**18
"""Of one event. It repeats the letter with its merge variables and every tracking event: a few ten thousand."""


class _Open(msgspec.Struct, frozen=True):
    """Ignores unknown fields, since Lob may add some; the fields read here are strict."""


class _EventType(_Open, frozen=True):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[a-z_.-]{1,100}\Z")]


class _Metadata(_Open, frozen=True):
    document_id: DocumentId
    print_file: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{0,200}\Z")] = ""


class _Body(_Open, frozen=True):
    metadata: _Metadata
    tracking_events: msgspec.Raw = msgspec.Raw(b"")


class LobEvent(_Open, frozen=True):
    id: Annotated[str, msgspec.Meta(pattern=r"\Aevt_[a-zA-Z0-9_]{1,100}\Z")]
    event_type: _EventType
    date_created: datetime
    object: Literal["event"]
    body: msgspec.Raw


def read_event(data: bytes) -> PieceReport | None:
    """Return the report of one event, or None if it reports nothing about delivery. Raises ValueError for an event
    that is too long, not known, or not about one of our letters."""
    if len(data) > EVENT_BYTES_MAX:
        raise ValueError(f"the event is longer than {EVENT_BYTES_MAX // 2**10} KB: check the letter at Lob")
    try:
        event = msgspec.json.decode(data, type=LobEvent)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise ValueError(
            "this is not an event as Lob sends it, with id, event_type, date_created and body: ask Lob to send it again"
        ) from exc
    if event.event_type.id not in STATES:
        raise ValueError(f"{event.event_type.id!r} is not a known event: check the letter at Lob")
    state = STATES[event.event_type.id]
    if state is None:
        return None
    try:
        body = msgspec.json.decode(event.body, type=_Body)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise ValueError(
            "this event is not about one of our letters: its metadata has no document id of ours. Check the letter at "
            "Lob."
        ) from exc
    return PieceReport(
        document_id=body.metadata.document_id,
        print_file=body.metadata.print_file,
        state=state,
        on=event.date_created.date(),
        reason=f"{event.event_type.id}.DEC" if _says_deceased(state, body) else event.event_type.id,
    )


def _says_deceased(state: PieceState, body: _Body) -> bool:
    """Whether the carrier's notes on a returned letter say that the addressee has died."""
    return state is PieceState.RETURNED and b"deceased" in bytes(body.tracking_events).lower()
