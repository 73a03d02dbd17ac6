"""The ledger's input and output as plain records. No names, addresses or e-mail addresses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from statement_builder.billing.dates import add_business_days
from statement_builder.billing.model import DocumentRequest, Fault, Record
from statement_builder.billing.payroll import DeductionRow
from statement_builder.billing.selection import Channel, FinalVendorStatus, Hold, Kind
from statement_builder.ledger.audit.event_data import EventData
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
    """When the pre-mail recheck of the whole batch was last completed."""
    closed_at: datetime | None = None
    rejected_by: str = ""
    """Who rejected it, if that was the last decision; empty otherwise."""
    rejected_at: datetime | None = None
    rejected_why: str = ""


class NewShard(Record, kw_only=True):
    """A slice of the snapshot. The pull itself counted `candidates` and `cents`, as control figures."""

    sequence: int
    snapshot_key: str
    snapshot_sha256: str
    candidates: int
    cents: int
    postal_first: str = ""
    postal_last: str = ""
    """The first three digits of its first and last ZIP code, by which operators tell shards apart."""


class Shard(NewShard, kw_only=True):
    batch_id: str
    state: ShardState
    pack_key: str | None = None
    pack_sha256: str | None = None
    template_version: str = ""
    is_reissue: bool = False
    """Contains one copy or correction, made after the batch, and no candidate."""
    purged_on: date | None = None
    """The day on which its snapshot and PDFs were deleted."""


class NewCandidate(Record, kw_only=True):
    subject: str
    """The guarantor id, or the key of orphaned rows; unique in the batch."""
    guarantor_id: str
    outcome: Outcome
    balance_cents: int
    amount_cents: int
    holds: tuple[Hold, ...] = ()
    faults: tuple[Fault, ...] = ()


class NewDocument(Record, kw_only=True):
    """One selected document of a shard: rendered and packed, or in error with the fix."""

    document_id: str
    guarantor_id: str
    kind: Kind
    revision: int = 1
    level: int
    channel: Channel
    language: str
    accounts: tuple[str, ...] = ()
    requests: tuple[DocumentRequest, ...] = ()
    """What it answers. Not read back: `ledger.requests` knows."""
    episode_id: str = ""
    cause_id: str = ""
    """The event that caused it: no other document is made for that event once this one is handed off."""
    amount_cents: int
    issued_on: date
    due_on: date | None = None
    """The day by which it asks to pay. None: made before this was kept, or it asks for nothing."""
    state: DocumentState
    error_code: str = ""
    error_message: str = ""
    error_fix: str = ""
    sha256: str = ""
    pages: int = 0
    offset: int = 0
    length: int = 0
    postal_key: str = ""
    """The sort key of the mailing order."""
    segment: str = ""
    """The code of its segment (`policy.segments`); empty when it has none."""
    insert_code: str = ""
    """The vendor's code of the insert that goes with it; empty for the one of the print profile."""
    return_envelope_code: str = ""
    """The vendor's code of its return envelope; empty for the usual one."""
    message_code: str = ""
    """The code of the sentence of the month on its page; empty when it has none."""
    revision_of: str = ""
    """The document id that this one copies or corrects; empty for an original."""
    is_copy: bool = False
    """Watermarked COPY: it does not count as a mailing."""


class Document(NewDocument, kw_only=True):
    batch_id: str
    sequence: int
    """The sequence of its shard."""
    position: int
    """Within its shard, in mailing order, from 1."""
    pack_key: str = ""
    template_version: str = ""
    delivery_state: DeliveryState | None = None
    """The state of its live attempt; None when it has none."""
    mailed_on: date | None = None
    """The day from which the dunning clocks count it; None while it does not count as mailed."""
    due_since: datetime | None = None
    """When it became due for redelivery."""
    viewed_on: date | None = None
    """The first day on which the portal showed it."""
    readdressed: bool = False
    """The redelivery goes to the address now on file, not the one on its pages."""

    @property
    def is_redelivery_due(self) -> bool:
        return self.due_since is not None


def replaced_by(family: Iterable[Document], document_id: str) -> str:
    """The id of the correction that replaces this document; empty when none does, or the correction was withheld."""
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
    """Digest of the address, when it went to a different one than its pages show."""
    read_by: date | None = None
    """The last day to open an e-mailed document before it goes on paper; None when nothing waits for that."""
    is_new: bool = False
    """True only for the caller whose claim created it. Every other caller must first find out what became of it."""

    @property
    def delivery_id(self) -> str:
        """Document id and attempt, as in `EmailMark`."""
        return f"{self.document_id}.{self.attempt}"


class EmailMark(Record, kw_only=True):
    """The outcome of one attempt to e-mail a document."""

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
    """Document ids in the order of the file."""
    pages: int
    sheets: int
    cents: int
    reports: FinalVendorStatus = FinalVendorStatus.NOTHING
    assumed_mailing_business_days: int = 0
    """How long after that status its pieces are taken to enter the mail, if that is not the mailed report."""

    def counted_on(self, state: DeliveryState, on: date) -> date:
        """The date from which a piece counts as mailed whose attempt reached this state on `on`. A hand-off or an
        acknowledgment is not a mailing, so the assumed days are added."""
        if state in {DeliveryState.SENT, DeliveryState.ACKNOWLEDGED}:
            return add_business_days(on, self.assumed_mailing_business_days)
        return on


class PrintFileRow(NewPrintFile, kw_only=True):
    state: DeliveryState
    attempt: int
    receipt: dict[str, Any] | None = None
    claimed_at: datetime
    changed_at: datetime
    is_new: bool = False
    """See `Delivery.is_new`."""


class NewPortalFile(Record, kw_only=True):
    """A file for the portal: documents to show, and documents to stop showing."""

    name: str
    batch_id: str
    sequence: int
    """The sequence of its shard."""
    shown: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()
    cents: int
    """Of the documents to show."""


class PortalFileRow(NewPortalFile, kw_only=True):
    sha256: str
    """Of its lines; empty before they are first written."""
    state: DeliveryState
    claimed_at: datetime
    changed_at: datetime


class PortalTotals(Record, kw_only=True):
    """A batch at the portal, without copies and corrections, each as documents and cents."""

    handed_off: tuple[int, int]
    published: tuple[int, int]
    """Of those handed off, the ones in a feed file that was delivered."""
    other_recipients: tuple[int, int]
    """Of those handed off, the ones to somebody other than the guarantor, whom the portal does not know."""


class PayrollFileRow(Record, kw_only=True):
    """A deduction file for payroll, with its rows in order."""

    name: str
    state: DeliveryState
    rows: tuple[DeductionRow, ...]


class DeductionAnswer(Record, kw_only=True):
    """What payroll did about an authorization on a payday."""

    authorization_id: str
    pay_on: date
    taken_cents: int
    is_missed: bool
    """Payroll did not take all that was due."""
    reason: str = ""


class Figures(Record, kw_only=True):
    """One column of the control sheet: a count of documents (or candidates), or cents.

    `rendered` counts every rendered document, whatever its status now; copies and corrections are counted only as
    `extra`. `failed` counts documents with no accepted attempt. Documents handed off are counted by their latest
    attempt: `acknowledged` and `mailed` include those whose vendor has reported more, or reports nothing. When a batch
    is complete, handed off = acknowledged = mailed + rejected + bounced.
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
    """The part of `mailed` that the post office returned."""
    bounced: int = 0
    unread: int = 0
    """The part of `mailed` that was e-mailed, was not opened in time, and has not gone on paper yet."""
    due_again: int = 0
    """Due for redelivery."""
    extra: int = 0
    """Copies and corrections; they count in no other figure."""


class ControlTotals(Record, kw_only=True):
    counts: Figures
    cents: Figures
    holds: dict[str, int]
    """Hold code → number of candidates held in full or in part with it, late holds included."""
    largest_cents: int = 0
    """The largest amount on one rendered document."""


class StatusCount(Record, kw_only=True):
    """Documents of a batch with the same channel, envelope class, page count and status, and their total in cents."""

    channel: Channel
    envelope_class: str
    """The envelope class of the print file of their latest attempt; empty when there is none, or it failed."""
    pages: int
    """Pages of each document."""
    figures: tuple[str, ...]
    """The fields of `Figures` that they count in."""
    documents: int
    cents: int


class PieceCount(Record, kw_only=True):
    """The attempts in print files of one envelope class, according to the ledger."""

    envelope_class: str
    documents: int
    cents: int


class ExceptionLine(Record, kw_only=True):
    """One problem that a clerk must fix: bad data, or a document that failed to render."""

    subject: str
    guarantor_id: str
    document_id: str | None = None
    code: str
    result_set: str = ""
    column: str = ""
    row_key: str = ""
    message: str
    fix: str
    cents: int = 0
    """The balance of the account, or the amount of the document."""


class LastHold(Record, kw_only=True):
    """A hold that the last decision about a recipient found."""

    batch_id: str
    subject: str
    hold: Hold


class HeldCandidate(Record, kw_only=True):
    """A candidate held in full or in part, with every reason."""

    subject: str
    guarantor_id: str
    outcome: Outcome
    held_cents: int
    holds: tuple[Hold, ...]
    late_holds: tuple[Hold, ...] = ()
    """Found just before the hand-off, after the page was rendered."""


class CandidateDecision(Record, kw_only=True):
    """What one batch decided about one guarantor, and why."""

    batch_id: str
    sequence: int
    """The shard that the guarantor is in."""
    guarantor_id: str
    outcome: Outcome
    balance_cents: int
    amount_cents: int
    holds: tuple[Hold, ...]
    late_holds: tuple[Hold, ...]
    faults: tuple[Fault, ...]


class Suppression(Record, kw_only=True):
    """Mail to one address, all e-mail, or everything, that a delivery report suppressed for one guarantor."""

    guarantor_id: str
    code: SuppressionCode
    document_id: str
    """The document that was returned or bounced."""
    digest: str
    """Digest of the address it was returned from (`policy.recipient`); empty for e-mail and for a death."""
    since: date


class PieceToDeceased(Record, kw_only=True):
    """A printed piece to a guarantor who has died, with a vendor who has not reported it as mailed."""

    document_id: str
    batch_id: str
    print_file: str
    state: DeliveryState
    reports: FinalVendorStatus
    changed_at: datetime


class UnreadEmail(Record, kw_only=True):
    """An e-mail whose document was not opened by the day that it had to be."""

    document_id: str
    batch_id: str
    attempt: int
    read_by: date


class RejectedPiece(Record, kw_only=True):
    """A piece that the vendor rejected and that is not due for redelivery."""

    document_id: str
    guarantor_id: str
    batch_id: str
    print_file: str
    is_whole_file: bool
    """The vendor rejected its whole print file."""
    why: str
    """The vendor's reason code, with the report's file and line."""


class InboundFile(Record, kw_only=True):
    """A processed inbound file."""

    sha256: str
    name: str
    form: str
    """The kind of file: `acknowledgement`, `returned`, `bounce` …"""
    taken_at: datetime
    records: int
    problems: int
    """Invalid or impossible lines; the file is in quarantine."""


class FoundDocument(Record, kw_only=True):
    document: Document
    deliveries: tuple[Delivery, ...]
    replaced_by: str = ""
    """The id of the correction that replaces it."""


class Event(Record, kw_only=True):
    """Who did what to what, when and why. Never changed, never deleted."""

    event_id: int
    at: datetime
    actor: str
    batch_id: str
    subject: str
    """The batch id, a document id, a print file's name, or `shard 3`."""
    what: str
    why: str = ""
    """Prose for people; code reads `data`."""
    data: EventData | None = None


class BrokenLink(Record, kw_only=True):
    """The first event that does not fit the chain: it was changed, or one before it was changed or removed."""

    event_id: int
    batch_id: str
    what: str
    at: datetime


class EventLogReport(Record, kw_only=True):
    """What a check of the event log found."""

    events: int
    """How many events fit, from the first on."""
    broken: BrokenLink | None = None
    head: EventHead | None = None
    """The last event, if all fit and there is one."""


class EventHead(Record, kw_only=True):
    """The end of the event log at one moment. Its hash covers every event up to it."""

    event_id: int
    sha256: str


class AccessSubject(Record, kw_only=True):
    """Whose data was shown. Either may be empty: a guarantor without a document, or a document not in the ledger."""

    guarantor_id: str = ""
    document_id: str = ""


class Access(Record, kw_only=True):
    """One time that somebody looked at a guarantor's data."""

    access_id: int
    at: datetime
    actor: str
    what: str
    """The command."""
    batch_id: str
    purpose: str
    document_ids: tuple[str, ...]
