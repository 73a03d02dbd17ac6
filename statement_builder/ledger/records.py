"""What goes into the ledger and what comes out of it, as plain data. No names, addresses or e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from statement_builder.billing.model import Fault, Record
from statement_builder.billing.selection import Channel, FinalVendorStatus, Hold, Kind
from statement_builder.ledger.event_data import EventData
from statement_builder.ledger.states import (
    BatchState,
    DeliveryState,
    DocumentState,
    Outcome,
    ShardState,
    SuppressionCode,
)


class Batch(Record, kw_only=True):
    batch_id: str
    facility_id: str
    kind: Kind
    cycle: str
    as_of: date
    source: str
    limit: int | None = None
    state: BatchState
    opened_by: str
    opened_at: datetime
    released_by: str = ""
    released_at: datetime | None = None
    rechecked_at: datetime | None = None
    """When the whole batch was last compared with the source, before its hand-off."""
    closed_at: datetime | None = None


class NewShard(Record, kw_only=True):
    """A slice of the snapshot as the pull wrote it; `cents` are control figures drawn up at the pull itself."""

    sequence: int
    snapshot_key: str
    snapshot_sha256: str
    candidates: int
    cents: int
    postal_first: str = ""
    postal_last: str = ""
    """The first three digits of its first and its last postal code: what operators tell shards by."""


class Shard(NewShard, kw_only=True):
    batch_id: str
    state: ShardState
    pack_key: str | None = None
    pack_sha256: str | None = None
    template_version: str = ""
    is_reissue: bool = False
    """Holds one copy or correction, made after the batch; no candidate of its own."""


class NewCandidate(Record, kw_only=True):
    subject: str
    """The guarantor id, or what names orphaned rows: one per batch."""
    guarantor_id: str
    outcome: Outcome
    balance_cents: int
    amount_cents: int
    holds: tuple[Hold, ...] = ()
    faults: tuple[Fault, ...] = ()


class NewDocument(Record, kw_only=True):
    """One selected document of a shard: rendered and packed, or in error with what to do about it."""

    document_id: str
    guarantor_id: str
    kind: Kind
    revision: int = 1
    level: int
    channel: Channel
    language: str
    accounts: tuple[str, ...] = ()
    episode_id: str = ""
    amount_cents: int
    issued_on: date
    state: DocumentState
    error_code: str = ""
    error_message: str = ""
    error_fix: str = ""
    sha256: str = ""
    pages: int = 0
    offset: int = 0
    length: int = 0
    postal_key: str = ""
    """What the mailing order was sorted by."""
    revision_of: str = ""
    """The document that this one copies or corrects."""
    is_copy: bool = False
    """Marked COPY: it counts as no other mailing."""


class Document(NewDocument, kw_only=True):
    batch_id: str
    sequence: int
    """Of its shard."""
    position: int
    """Within its shard, in mailing order, from 1."""
    pack_key: str = ""
    template_version: str = ""
    delivery_state: DeliveryState | None = None
    """Of its live attempt; None where it was never claimed, or nothing came of any attempt."""
    mailed_on: date | None = None
    """The day from which the clocks count it."""
    due_since: datetime | None = None
    """When it came back and became due to go out as a new attempt."""
    readdressed: bool = False
    """Then to the address that is on file now."""

    @property
    def is_redelivery_due(self) -> bool:
        return self.due_since is not None


def replaced_by(family: Iterable[Document], document_id: str) -> str:
    """The id of the correction that holds in this document's place; empty where none does, or it was held back."""
    return next(
        (
            each.document_id
            for each in family
            if each.revision_of == document_id and not each.is_copy and each.state is not DocumentState.WITHHELD
        ),
        "",
    )


class Delivery(Record, kw_only=True):
    """One attempt to hand off one document."""

    document_id: str
    attempt: int
    channel: Channel
    state: DeliveryState
    vendor: str
    print_file: str = ""
    receipt: dict[str, Any] | None = None
    claimed_at: datetime
    changed_at: datetime
    readdressed_to: str = ""
    """Digest of the address, where it went to another one than its pages show."""
    is_new: bool = False
    """True only in the answer to the claim that made it. Any other claim has to find out first what became of it."""

    @property
    def delivery_id(self) -> str:
        """Document id and attempt, as an `EmailMark` takes it."""
        return f"{self.document_id}.{self.attempt}"


class EmailMark(Record, kw_only=True):
    """What became of one attempt to e-mail a document."""

    delivery_id: str
    state: DeliveryState
    receipt: dict[str, Any] | None = None


class NewPrintFile(Record, kw_only=True):
    name: str
    batch_id: str
    sequence: int
    envelope_class: str
    vendor: str
    sha256: str
    bytes: int
    documents: tuple[str, ...]
    """Document ids in the order in which they are in the file."""
    pages: int
    sheets: int
    cents: int
    reports: FinalVendorStatus = FinalVendorStatus.NOTHING


class PrintFileRow(NewPrintFile, kw_only=True):
    state: DeliveryState
    attempt: int
    receipt: dict[str, Any] | None = None
    claimed_at: datetime
    changed_at: datetime
    is_new: bool = False
    """As in `Delivery`."""


class Figures(Record, kw_only=True):
    """One column of the control sheet: documents (or candidates), or cents.

    `rendered` counts every document that was made, whatever became of it since; copies and corrections are counted
    apart, as `extra`. `failed` are those whose attempts were all refused. What was handed off is counted by its latest
    attempt: `acknowledged` by all who acknowledge or say more (or tell nothing, and are taken at their hand-off),
    `mailed` likewise, so that handed off = acknowledged = mailed + rejected + bounced holds in the end.
    """

    pulled: int = 0
    selected: int = 0
    held: int = 0
    exceptions: int = 0
    rendered: int = 0
    errors: int = 0
    print: int = 0
    email: int = 0
    handed_off: int = 0
    withheld: int = 0
    uncertain: int = 0
    failed: int = 0
    acknowledged: int = 0
    mailed: int = 0
    delivered: int = 0
    rejected: int = 0
    returned: int = 0
    """Of `mailed`: what the post office brought back."""
    bounced: int = 0
    due_again: int = 0
    """Came back, and is due to go out as a new attempt."""
    extra: int = 0
    """Copies and corrections, beside everything else."""


class ControlTotals(Record, kw_only=True):
    counts: Figures
    cents: Figures
    holds: dict[str, int]
    """Hold code → candidates that have it, whether all or only part of what they owe is held, late holds too."""
    largest_cents: int = 0
    """The largest amount that one rendered document asks for."""


class StatusCount(Record, kw_only=True):
    """Documents of a batch that went the same way, and what they ask for together."""

    channel: Channel
    envelope_class: str
    """Of the print file that their latest attempt is in; empty where there is none, or it failed."""
    pages: int
    """Of each of them."""
    figures: tuple[str, ...]
    """The fields of `Figures` that they count in."""
    documents: int
    cents: int


class PieceCount(Record, kw_only=True):
    """The attempts that are in print files of one envelope class, as the ledger has them."""

    envelope_class: str
    documents: int
    cents: int


class ExceptionLine(Record, kw_only=True):
    """One thing that a clerk has to mend: a fault in the data, or a document that could not be made."""

    subject: str
    guarantor_id: str
    document_id: str | None = None
    code: str
    result_set: str = ""
    column: str = ""
    row_key: str = ""
    message: str
    fix: str


class HeldCandidate(Record, kw_only=True):
    """A candidate that is held in full or in part, with every reason."""

    subject: str
    guarantor_id: str
    outcome: Outcome
    held_cents: int
    holds: tuple[Hold, ...]
    late_holds: tuple[Hold, ...] = ()
    """Found just before hand-off, after the page was made."""


class Suppression(Record, kw_only=True):
    """What the answers forbid for one guarantor."""

    guarantor_id: str
    code: SuppressionCode
    document_id: str
    """What came back."""
    digest: str
    """Of the address that it came back from (`policy.recipient`); empty for e-mail."""
    since: date


class RejectedPiece(Record, kw_only=True):
    """A piece that the vendor did not print, and nobody has sent again."""

    document_id: str
    guarantor_id: str
    batch_id: str
    print_file: str
    is_whole_file: bool
    """Rejected with all others of its print file."""
    why: str
    """The vendor's code, and the file and line that it stands on."""


class InboundFile(Record, kw_only=True):
    """A file that came in, and what came of it."""

    sha256: str
    name: str
    form: str
    """What it was taken for: `acknowledgement`, `returned`, `bounce` …"""
    taken_at: datetime
    records: int
    problems: int
    """Lines that were not understood or could not be so: they are in quarantine."""


class FoundDocument(Record, kw_only=True):
    document: Document
    deliveries: tuple[Delivery, ...]
    replaced_by: str = ""
    """The correction that holds in its place."""


class Event(Record, kw_only=True):
    """Who did what to what, when and why. Never changed, never deleted."""

    event_id: int
    at: datetime
    actor: str
    batch_id: str
    subject: str
    """What it happened to: the batch id, a document id, a print file's name, `shard 3`."""
    what: str
    why: str = ""
    """Prose for people; code reads `data`."""
    data: EventData | None = None
