"""What an evidence packet says. It follows from the ledger, the archive, and the billing system; no clock is in it.

The digest of the contents is what an officer approves, so that a packet whose contents have changed since cannot go out
under that approval.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from enum import StrEnum

import msgspec

from statement_builder.billing.model import Record
from statement_builder.policy.cost_report.cost_report import Finding
from statement_builder.policy.evidence import Attachment


class ExhibitState(StrEnum):
    """What became of an archived document on its way into the packet."""

    COMPLETE = "complete"
    REDACTED = "redacted"
    """What is not about the packet's accounts was removed."""
    WITHHELD = "withheld"
    """It shows more than this packet may, and could not be redacted; `Exhibit.note` says why."""


class LogEntry(Record, kw_only=True):
    """One line of the log of billings and collections."""

    on: date
    what: str
    detail: str = ""
    document_id: str = ""
    amount_cents: int | None = None
    source: str
    """`ledger` or `billing system`."""


class Happening(Record, kw_only=True):
    """An event of the event log about a document."""

    at: datetime
    what: str
    why: str


class Attempt(Record, kw_only=True):
    """One attempt to deliver a document, and what came of it."""

    number: int
    channel: str
    state: str
    vendor: str
    handed_off_at: datetime
    changed_at: datetime
    print_file: str
    print_file_sha256: str
    print_file_documents: int
    receipt: tuple[str, ...]
    """What the vendor or mail server answered, as `name: value`."""


class MailProof(Record, kw_only=True):
    """Every attempt to deliver one document, and its events."""

    attempts: tuple[Attempt, ...]
    events: tuple[Happening, ...]


class Exhibit(Record, kw_only=True):
    """One document of the archive."""

    label: str
    """`A-1`: the letter of the account and a number."""
    title: str
    document_id: str
    issued_on: date
    mailed_on: date | None
    """None: it does not count as mailed, for instance because it was returned."""
    sha256: str
    """Of the archived file, as the ledger recorded it when the document was made."""
    pages: int
    state: ExhibitState
    note: str
    """What was removed, or why it is withheld; empty if it is complete."""
    proof: MailProof


class Fact(Record, kw_only=True):
    """A line of the summary of an account."""

    label: str
    value: str | int | date | None
    """Integers are cents."""


class ChargeLine(Record, kw_only=True):
    """A line of the itemized bill. Without diagnosis; without description if the visit is sensitive."""

    service_on: date
    description: str
    code: str
    amount_cents: int


class AccountEvidence(Record, kw_only=True):
    """Everything about one account."""

    letter: str
    account_number: str
    guarantor_id: str
    facts: tuple[Fact, ...]
    log: tuple[LogEntry, ...]
    findings: tuple[Finding, ...]
    """What would keep the account off the cost report; of a bad-debt packet only."""
    charges: tuple[ChargeLine, ...]
    exhibits: tuple[Exhibit, ...]
    notes: tuple[str, ...]
    """What is not known, such as data that was purged."""


class PacketContents(Record, kw_only=True):
    """A whole packet, without its approval."""

    packet_id: str
    kind: str
    title: str
    reason: str
    requested_by: str
    requested_at: datetime
    accounts: tuple[AccountEvidence, ...]
    attachments: tuple[Attachment, ...]


def digest_contents(contents: PacketContents) -> str:
    """The SHA-256 of the contents, in hexadecimal. The same ledger, archive, and billing data give the same one."""
    return hashlib.sha256(msgspec.json.encode(contents, order="deterministic")).hexdigest()
