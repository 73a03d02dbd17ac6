"""What a document says, before it has a shape: the one thing that every rendering engine takes.

Same snapshot, settings and templates give the same `Content`, and the same `Content` the same bytes.
"""

from __future__ import annotations

import uuid
from datetime import date

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel, Kind

_NAMESPACE = uuid.UUID("5f0f3c1e-8a55-5d0e-9a43-0d3c6f1b7a10")


def document_id(facility_id: str, cycle: str, kind: Kind, recipient: str, revision: int = 1) -> str:
    """The id that this document has every time it is made: a lower-case uuid5 in its usual 36 characters."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join((facility_id, cycle, kind, recipient, str(revision)))))


class Recipient(Record, kw_only=True):
    """Who the envelope or e-mail goes to, line by line as printed in the window."""

    name: str
    lines: tuple[str, ...]
    """The lines below the name: delivery lines, then the city line (and the country where it is foreign)."""
    email: str = ""
    email_secret: str = ""


class Replaced(Record, kw_only=True):
    """The earlier document that a correction stands in for."""

    document_id: str
    issued_on: date


class Content(Record, kw_only=True):
    """One document's words and figures. `facts` is one of the structs in this package, by kind."""

    document_id: str
    kind: Kind
    level: int
    template: str
    """Path below `templates/`, such as `statement/statement.html`."""
    language: str
    large_print: bool
    title: str
    """For the PDF's metadata: says the kind of document, never the person."""
    issued_on: date
    recipient: Recipient
    guarantor_id: str
    account_numbers: tuple[str, ...]
    channel: Channel
    amount_cents: int
    amount_text: str
    """`amount_cents` as it must read on page 1, in the document's language."""
    scanline: str = ""
    """What the coupon says to a lockbox's scanner; empty where it could not be read without doubt."""
    payment_url: str = ""
    """What the payment code says, with nothing in it but the document's id; empty: there is none."""
    facility: Facility
    facts: Record
    replaces: Replaced | None = None
