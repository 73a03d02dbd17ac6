"""The content of a document before layout: the input of every rendering engine.

The same snapshot, settings, and templates produce the same `Content`, and the same `Content` the same bytes.
"""

from __future__ import annotations

import uuid
from datetime import date

from statement_builder.billing.facility import Facility
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel, Kind
from statement_builder.documents.facts import Facts

_NAMESPACE = uuid.UUID("5f0f3c1e-8a55-5d0e-9a43-0d3c6f1b7a10")


def document_id(facility_id: str, cycle: str, kind: Kind, recipient: str, revision: int = 1) -> str:
    """The document's id, the same on every build: a lowercase UUIDv5 of 36 characters."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join((facility_id, cycle, kind, recipient, str(revision)))))


class Recipient(Record, kw_only=True):
    """The addressee of the envelope or e-mail, line by line as printed in the window."""

    name: str
    lines: tuple[str, ...]
    """The lines below the name: delivery lines, then the city line, then the country if it is foreign."""
    email: str = ""


class Replaced(Record, kw_only=True):
    """The earlier document that a correction replaces."""

    document_id: str
    issued_on: date
    has_left: bool
    """Whether it was handed off, so that the guarantor may have it: the correction apologizes."""


class Content(Record, kw_only=True):
    """The text and figures of one document. `facts` is the record of its kind."""

    document_id: str
    kind: Kind
    level: int
    template: str
    """Path below `templates/`, such as `statement/statement.html`."""
    language: str
    other_language: str = ""
    """The reader's language, if there are no documents in it: the last page is the notice of language assistance."""
    large_print: bool
    title: str
    """For the PDF metadata: the kind of document, never the person."""
    issued_on: date
    recipient: Recipient
    client_name: str = ""
    """If the recipient is an attorney: the client, whom the text speaks to."""
    guarantor_id: str
    """The billing number that the page prints: of another recipient than the guarantor, the recipient id."""
    account_numbers: tuple[str, ...]
    channel: Channel
    amount_cents: int
    amount_text: str
    """The amount that must appear at the top of page 1, in the document's language: `amount_cents`, unless the facts
    tell of another (`Facts.shown_cents`). Empty: the page states no amount."""
    scanline: str = ""
    """The coupon's line for the lockbox scanner. Empty: the scanner could misread it."""
    payment_url: str = ""
    """The content of the payment code, with no data other than the document id and its check. Empty: no code."""
    message: str = ""
    """The sentence of the month, in the document's language. Empty: none."""
    enrollment_code: str = ""
    """The code with which the guarantor signs up for e-mail. Empty: not offered."""
    facility: Facility
    facts: Facts
    replaces: Replaced | None = None

    @property
    def has_coupon(self) -> bool:
        """Whether page 1 ends with a payment slip. A document that asks for nothing has none."""
        return self.kind.coupon_cents(self.amount_cents) > 0

    @property
    def addressee(self) -> str:
        """The name of the person whom the text speaks to."""
        return self.client_name or self.recipient.name
