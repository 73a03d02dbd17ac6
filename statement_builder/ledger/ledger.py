"""The ledger: what has happened, and the only memory that decides whether something may happen again.

Every method is one transaction. Times and dates come in as arguments; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection

from statement_builder.billing.model import Correspondence
from statement_builder.billing.selection import Channel, Hold, Kind
from statement_builder.errors import LedgerError
from statement_builder.ledger import (
    batches,
    control_totals,
    correspondence,
    delivery_reports,
    documents,
    emails,
    events,
    inbound,
    keep_voids,
    print_files,
    reissues,
    rejected,
    resolve,
    serials,
    shards,
    status_counts,
    suppressions,
)
from statement_builder.ledger.database import Database
from statement_builder.ledger.lock import Lock, LockPart, lock_batch, share_batch
from statement_builder.ledger.records import (
    Batch,
    ControlTotals,
    Delivery,
    Document,
    EmailMark,
    Event,
    ExceptionLine,
    FoundDocument,
    HeldCandidate,
    InboundFile,
    NewCandidate,
    NewDocument,
    NewPrintFile,
    NewShard,
    PieceCount,
    PrintFileRow,
    RejectedPiece,
    Shard,
    StatusCount,
    Suppression,
)
from statement_builder.ledger.states import BatchState, DeliveryState, DocumentState


class Ledger:
    """One ledger, on SQLite or PostgreSQL. Raises `LedgerError` when it cannot be reached or is not up to date,
    `InvariantError` when it is asked for what must never happen."""

    def __init__(self, database: Database) -> None:
        from statement_builder.ledger import schema  # noqa: PLC0415 - who only makes pages needs no Alembic

        self._database = database
        self._locks: list[Lock] = []
        self._is_current = schema.is_current(database)

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Connect. ConfigError for a URL that is none, LedgerError for a server that is not there or a ledger that a
        newer release made. Older or empty ones have to be upgraded before anything else."""
        database = Database(url)
        try:
            return cls(database)
        except BaseException:
            database.close()
            raise

    def upgrade(self) -> None:
        """Create the tables or bring them up to date; does nothing where they are."""
        from statement_builder.ledger import schema  # noqa: PLC0415

        if not self._is_current:
            schema.upgrade(self._database)
            self._is_current = True

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def lock(self, batch_id: str, *, owner: str, at: datetime) -> Iterator[None]:
        """Work on a batch alone; `BatchBusy` names who does already. The death of the process ends it."""
        self._require_current()
        with lock_batch(self._database, batch_id, owner=owner, at=at) as lock, self._remembered(lock):
            yield

    @contextmanager
    def share(self, batch_id: str, *, owner: str, at: datetime) -> Iterator[LockPart]:
        """Work on parts of a batch beside others; `BatchBusy` while somebody has locked all of it. Yields what takes
        one part, by name, for this process alone."""
        self._require_current()
        with share_batch(self._database, batch_id, owner=owner, at=at) as lock, self._remembered(lock):
            yield lock.take_part

    def require_locks(self) -> None:
        """Asked before anything leaves: `LockLost` unless every lock that this ledger gave is still held."""
        for lock in self._locks:
            lock.require()

    @contextmanager
    def _remembered(self, lock: Lock) -> Iterator[None]:
        self._locks.append(lock)
        try:
            yield
        finally:
            self._locks.remove(lock)

    # Batches and shards

    def open_batch(
        self,
        *,
        batch_id: str,
        facility_id: str,
        kind: Kind,
        cycle: str,
        as_of: date,
        source: str,
        limit: int | None,
        actor: str,
        at: datetime,
    ) -> Batch:
        """The batch of this facility, kind and cycle: a new one, or the one there is, as it stands."""
        with self._write() as connection:
            return batches.open_batch(
                connection,
                batch_id=batch_id,
                facility_id=facility_id,
                kind=kind,
                cycle=cycle,
                as_of=as_of,
                source=source,
                limit=limit,
                actor=actor,
                at=at,
            )

    def batch(self, batch_id: str) -> Batch | None:
        with self._read() as connection:
            return batches.read_batch(connection, batch_id)

    def batches(self) -> list[Batch]:
        """All batches, newest cycle first."""
        with self._read() as connection:
            return batches.read_batches(connection)

    def next_pull_attempt(self, batch_id: str) -> int:
        """1, 2, 3 …: each pull writes its files under a number of its own."""
        with self._write() as connection:
            return batches.next_pull_attempt(connection, batch_id)

    def record_pull(self, batch_id: str, new_shards: Sequence[NewShard], *, actor: str, at: datetime) -> None:
        """Make these shards the batch's snapshot, for good; the batch is then `pulled`."""
        with self._write() as connection:
            batches.record_pull(connection, batch_id, new_shards, actor=actor, at=at)

    def shards(self, batch_id: str) -> list[Shard]:
        """The batch's shards in mailing order."""
        with self._read() as connection:
            return batches.read_shards(connection, batch_id)

    def shard(self, batch_id: str, sequence: int) -> Shard:
        """One shard as it stands. InvariantError when it is not there."""
        with self._read() as connection:
            return batches.read_shard(connection, batch_id, sequence)

    def record_shard(
        self,
        batch_id: str,
        sequence: int,
        *,
        candidates: Sequence[NewCandidate],
        documents: Sequence[NewDocument],
        pack_key: str | None,
        pack_sha256: str | None,
        template_version: str,
        at: datetime,
    ) -> None:
        """Record what a shard became; what was taken back before it was reopened stays so. InvariantError when it is
        built already, or when candidates or documents are missing or doubled."""
        with self._write() as connection:
            shards.record_shard(
                connection,
                batch_id,
                sequence,
                candidates=candidates,
                documents=documents,
                pack_key=pack_key,
                pack_sha256=pack_sha256,
                template_version=template_version,
                at=at,
            )
            keep_voids.keep_voids(connection, batch_id, documents, at=at)

    def reopen_shard(self, batch_id: str, sequence: int, *, actor: str, at: datetime) -> None:
        """Have a shard built again, and its batch `pulled` again with it. LedgerError once the batch is released."""
        with self._write() as connection:
            shards.reopen_shard(connection, batch_id, sequence, actor=actor, at=at)

    def set_state(self, batch_id: str, state: BatchState, *, actor: str, at: datetime, why: str = "") -> None:
        """Move the batch on; nothing happens when it is there already. InvariantError for a move that is not legal."""
        with self._write() as connection:
            batches.set_state(connection, batch_id, state, actor=actor, at=at, why=why)

    def record_recheck(self, batch_id: str, *, at: datetime) -> None:
        """Keep when the whole batch was last compared with the source before its hand-off."""
        with self._write() as connection:
            batches.record_recheck(connection, batch_id, at=at)

    def release(self, batch_id: str, *, actor: str, at: datetime, why: str = "") -> None:
        """Let the batch go, and keep who approved."""
        self.set_state(batch_id, BatchState.RELEASED, actor=actor, at=at, why=why)

    # Figures and lists

    def control_totals(self, batch_id: str) -> ControlTotals:
        """The batch in counts and cents, by the ledger's own sums."""
        with self._read() as connection:
            return control_totals.read_control_totals(connection, batch_id)

    def exceptions(self, batch_id: str) -> list[ExceptionLine]:
        """Everything that a clerk has to mend: faults in the data, documents that could not be made."""
        with self._read() as connection:
            return list(control_totals.read_exceptions(connection, batch_id))

    def holds(self, batch_id: str) -> list[HeldCandidate]:
        """Every candidate held in full or in part, with all reasons."""
        with self._read() as connection:
            return control_totals.read_holds(connection, batch_id)

    def status_counts(self, batch_id: str) -> list[StatusCount]:
        """The batch's documents by channel, envelope class, length and what became of them."""
        with self._read() as connection:
            return status_counts.read_status_counts(connection, batch_id)

    def levels(self, batch_id: str) -> dict[int, int]:
        """Dunning level → rendered documents that have it; 0 is none."""
        with self._read() as connection:
            return status_counts.read_levels(connection, batch_id)

    def documents_above(self, batch_id: str, cents: int) -> list[str]:
        """Ids of the rendered documents that ask for more than this, the largest first."""
        with self._read() as connection:
            return status_counts.read_documents_above(connection, batch_id, cents)

    def piece_counts(self, batch_id: str) -> list[PieceCount]:
        """What the batch's print files should hold, by the attempts on record."""
        with self._read() as connection:
            return status_counts.read_piece_counts(connection, batch_id)

    def events(self, batch_id: str, *, subject: str | None = None) -> list[Event]:
        """What happened to the batch and to what is in it, oldest first; `subject` names one thing of it."""
        with self._read() as connection:
            return events.read_events(connection, batch_id, subject=subject)

    # Documents

    def documents(
        self,
        batch_id: str,
        *,
        channel: Channel | None = None,
        state: DocumentState | None = None,
        sequence: int | None = None,
        extras: bool | None = None,
    ) -> list[Document]:
        """The batch's documents in mailing order; `sequence` is that of a shard. With `extras` only copies and
        corrections, or only what is neither."""
        with self._read() as connection:
            return documents.read_documents(
                connection, batch_id, channel=channel, state=state, sequence=sequence, extras=extras
            )

    def waiting(self, batch_id: str, *, channel: Channel | None = None, sequence: int | None = None) -> list[Document]:
        """The batch's documents that are to go out, or came back and go out again, in mailing order. Those with a
        `delivery_state` are on their way."""
        with self._read() as connection:
            return documents.read_waiting(connection, batch_id, channel=channel, sequence=sequence)

    def batches_due_again(self, facility_id: str) -> list[str]:
        """The batches that have documents to go out again, open or closed."""
        with self._read() as connection:
            return documents.batches_due_again(connection, facility_id)

    def document(self, document_id: str) -> Document | None:
        with self._read() as connection:
            return documents.read_document(connection, document_id)

    def family(self, document_id: str) -> list[Document]:
        """A document with its copies and corrections, and what it copies or corrects, by revision."""
        with self._read() as connection:
            return documents.read_family(connection, document_id)

    def record_extra(
        self,
        batch_id: str,
        new_shard: NewShard,
        new: NewDocument,
        *,
        pack_key: str,
        pack_sha256: str,
        template_version: str,
        readdressed: bool = False,
        actor: str,
        at: datetime,
        why: str,
    ) -> Document:
        """Record a copy or a correction, in a shard of its own, as due to go out; what it corrects goes out no more.
        InvariantError where that is on its way, or somebody else made another one since."""
        with self._write() as connection:
            return reissues.record_extra(
                connection,
                batch_id,
                new_shard,
                new,
                pack_key=pack_key,
                pack_sha256=pack_sha256,
                template_version=template_version,
                readdressed=readdressed,
                actor=actor,
                at=at,
                why=why,
            )

    def deliveries(self, document_id: str) -> tuple[Delivery, ...]:
        """The document's attempts, first to last."""
        with self._read() as connection:
            return documents.read_deliveries(connection, [document_id]).get(document_id, ())

    def find(self, text: str, limit: int = 50) -> list[FoundDocument]:
        """Documents by document id (its first 8 characters do), guarantor, account or batch id; newest first."""
        with self._read() as connection:
            return documents.find(connection, text, limit)

    def open_documents(
        self, facility_id: str, guarantor_ids: Sequence[str], *, excluding_batch: str
    ) -> dict[str, tuple[Kind, ...]]:
        """Guarantor → kinds of document rendered and not handed off in other unfinished batches."""
        with self._read() as connection:
            return documents.open_documents(connection, facility_id, guarantor_ids, excluding_batch=excluding_batch)

    def withhold(self, document_id: str, holds: Sequence[Hold], *, actor: str, at: datetime, why: str = "") -> bool:
        """Hold back a rendered document; False where an attempt to hand it off is live and it is too late."""
        with self._write() as connection:
            return documents.withhold(connection, document_id, holds, actor=actor, at=at, why=why)

    def change_channel(self, document_id: str, channel: Channel, *, actor: str, at: datetime, why: str) -> None:
        """Send a rendered document another way, such as refused e-mail on paper. InvariantError while it is on its
        way."""
        with self._write() as connection:
            documents.change_channel(connection, document_id, channel, actor=actor, at=at, why=why)

    # Hand-off

    def reserve_serials(self, print_file: str, *, mailer_id: str, count: int, capacity: int, at: datetime) -> int:
        """The first of `count` serial numbers for a print file, the same each time it is built; modulo `capacity` none
        comes again within 45 days. ConfigError when there are none left."""
        with self._write() as connection:
            return serials.reserve_serials(
                connection, print_file, mailer_id=mailer_id, count=count, capacity=capacity, at=at
            )

    def claim_print_file(
        self, new: NewPrintFile, *, readdressed: Mapping[str, str] | None = None, at: datetime
    ) -> PrintFileRow:
        """Claim a print file and one attempt for each document in it; `readdressed`: document id to the digest of its
        address, for those that go to another one than their pages show. Where the name is claimed already the file is
        returned as it stands, with `is_new` false; one that failed is claimed afresh."""
        with self._write() as connection:
            return print_files.claim_print_file(connection, new, readdressed=readdressed, at=at)

    def mark_print_file(
        self,
        name: str,
        state: DeliveryState,
        *,
        attempt: int | None = None,
        receipt: Mapping[str, Any] | None = None,
        at: datetime,
        mailed_on: date | None = None,
    ) -> None:
        """Say what became of a print file and all in it. On `sent` the documents are handed off and the clocks move to
        `mailed_on` (the UTC date of `at` where none is given). InvariantError where `attempt` is no longer the file's:
        somebody else has claimed it since."""
        with self._write() as connection:
            print_files.mark_print_file(
                connection, name, state, attempt=attempt, receipt=receipt, at=at, mailed_on=mailed_on
            )

    def print_files(self, batch_id: str) -> list[PrintFileRow]:
        """The batch's print files in order."""
        with self._read() as connection:
            return print_files.read_print_files(connection, batch_id)

    def claim_emails(self, document_ids: Sequence[str], *, vendor: str, at: datetime) -> tuple[Delivery, ...]:
        """Claim an attempt to e-mail each document, in their order; or get the live attempt as it stands, with `is_new`
        false."""
        with self._write() as connection:
            return emails.claim_emails(connection, document_ids, vendor=vendor, at=at)

    def mark_emails(self, marks: Sequence[EmailMark], *, at: datetime, mailed_on: date | None = None) -> None:
        """Say what became of these attempts, all or none, as `mark_print_file` does."""
        with self._write() as connection:
            emails.mark_emails(connection, marks, at=at, mailed_on=mailed_on)

    def settle(
        self, document_id: str, *, sent: bool, actor: str, at: datetime, why: str, mailed_on: date | None = None
    ) -> None:
        """A person's word on an uncertain attempt; on a piece of a print file it is the word on the whole file. Without
        a date it counts as mailed on the day (UTC) of its claim."""
        with self._write() as connection:
            resolve.resolve(connection, document_id, sent=sent, actor=actor, at=at, why=why, mailed_on=mailed_on)

    # What comes back

    def acknowledge_print_file(self, name: str, *, sha256: str, records: int, on: date, at: datetime, why: str) -> bool:
        """The vendor has the whole file; False where that was known. `AnswerError` when it is not the file that was
        handed off. `on` is the vendor's own date."""
        with self._write() as connection:
            return delivery_reports.acknowledge_print_file(
                connection, name, sha256=sha256, records=records, on=on, at=at, why=why
            )

    def answer_print_file(
        self, name: str, state: DeliveryState, *, on: date, at: datetime, why: str, pieces: int | None = None
    ) -> bool:
        """The vendor says one thing of every piece in a file: all mailed (so many `pieces`), or all rejected."""
        with self._write() as connection:
            return delivery_reports.answer_print_file(connection, name, state, on=on, at=at, why=why, pieces=pieces)

    def answer_piece(
        self,
        document_id: str,
        state: DeliveryState,
        *,
        print_file: str = "",
        digest: str = "",
        on: date,
        at: datetime,
        why: str,
    ) -> bool:
        """What became of one printed piece: mailed, delivered, rejected or returned. False where the ledger knew that,
        or more. A returned piece stops mail to the address that it went to; `digest` is of the one on its pages.
        `AnswerError` when it cannot be so."""
        with self._write() as connection:
            return delivery_reports.answer_piece(
                connection, document_id, state, print_file_name=print_file, digest=digest, on=on, at=at, why=why
            )

    def answer_email(
        self, document_id: str, attempt: int, *, is_final: bool, tries_max: int, on: date, at: datetime, why: str
    ) -> bool:
        """An e-mail came back, for good (or as a complaint) or for now; False where that was known.

        The document is then due again: on paper when it is final or was the last of `tries_max`, with the guarantor's
        e-mail stopped when it is final.
        """
        with self._write() as connection:
            return delivery_reports.answer_email(
                connection, document_id, attempt, is_final=is_final, tries_max=tries_max, on=on, at=at, why=why
            )

    def confirm_email(self, document_id: str, attempt: int, *, on: date, at: datetime, why: str) -> bool:
        """The mail service says that it took this message; False where nobody doubted it. `AnswerError` when it is
        about nothing that we sent."""
        with self._write() as connection:
            return delivery_reports.confirm_email(connection, document_id, attempt, on=on, at=at, why=why)

    def find_email(self, reference: str) -> tuple[str, int] | None:
        """Document id and attempt of the e-mail that a mail service gave this id; None where there is none."""
        with self._read() as connection:
            return delivery_reports.find_email(connection, reference)

    def send_again(self, document_id: str, *, readdressed: bool, actor: str, at: datetime, why: str) -> None:
        """A person's word that a document which did not arrive goes out as a new attempt. `AnswerError` where an
        attempt may still arrive."""
        with self._write() as connection:
            delivery_reports.send_again(connection, document_id, readdressed=readdressed, actor=actor, at=at, why=why)

    def record_recall(self, document_id: str, *, actor: str, at: datetime, why: str) -> None:
        """The vendor cancelled a piece before it was printed: it is void. InvariantError where that cannot be."""
        with self._write() as connection:
            delivery_reports.record_recall(connection, document_id, actor=actor, at=at, why=why)

    def rejected(self, facility_id: str, batch_id: str | None = None) -> list[RejectedPiece]:
        """What the vendor did not print and nobody has sent again, of one batch or of all, by print file."""
        with self._read() as connection:
            return rejected.read_rejected(connection, facility_id, batch_id)

    def send_file_again(self, name: str, *, actor: str, at: datetime, why: str) -> int:
        """As `send_again`, for every piece of a print file that the vendor rejected; how many they are."""
        with self._write() as connection:
            return rejected.send_file_again(connection, name, actor=actor, at=at, why=why)

    def note(self, batch_id: str, subject: str, *, what: str, why: str, actor: str, at: datetime) -> None:
        """Write down what changes nothing by itself, such as an answer that a person has to read."""
        with self._write() as connection:
            events.write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=subject, what=what, why=why)

    def stops(self, facility_id: str, guarantor_ids: Sequence[str]) -> dict[str, tuple[Suppression, ...]]:
        """Guarantor → what the answers forbid."""
        with self._read() as connection:
            return suppressions.read_suppressions(connection, facility_id, guarantor_ids)

    def is_processed(self, sha256: str) -> bool:
        """Whether a file with these bytes was taken in before."""
        with self._read() as connection:
            return inbound.is_processed(connection, sha256)

    def record_inbound(self, taken: InboundFile) -> None:
        """Remember a file that was taken in. Saying it again changes nothing."""
        with self._write() as connection:
            inbound.record_inbound(connection, taken)

    def is_acknowledged(self, print_file: str) -> bool:
        """Whether the vendor has said anything about a print file."""
        with self._read() as connection:
            return delivery_reports.is_acknowledged(connection, print_file)

    def unanswered(self, facility_id: str) -> list[PrintFileRow]:
        """Print files, out at a vendor who reports, that not every piece has the last good report of."""
        with self._read() as connection:
            return delivery_reports.read_unanswered(connection, facility_id)

    # What was mailed

    def correspondence(self, facility_id: str, account_numbers: Sequence[str]) -> dict[str, Correspondence]:
        """Account number → what this service has mailed about it."""
        with self._read() as connection:
            return correspondence.read_correspondence(connection, facility_id, account_numbers)

    def mailed_otherwise(
        self, facility_id: str, account_numbers: Sequence[str], *, batch_id: str
    ) -> dict[str, Correspondence]:
        """Account number → what this service has mailed about it in other batches than this one."""
        with self._read() as connection:
            return correspondence.read_mailed_otherwise(connection, facility_id, account_numbers, batch_id=batch_id)

    def notices_otherwise(
        self, facility_id: str, episode_ids: Sequence[str], *, batch_id: str
    ) -> dict[str, tuple[int, date]]:
        """As `episode_notices`, of other batches than this one."""
        with self._read() as connection:
            return correspondence.read_notices_otherwise(connection, facility_id, episode_ids, batch_id=batch_id)

    def episode_notices(self, facility_id: str, episode_ids: Sequence[str]) -> dict[str, tuple[int, date]]:
        """Episode id → obstetric notices mailed, and the date of the last."""
        with self._read() as connection:
            return correspondence.read_episode_notices(connection, facility_id, episode_ids)

    def _require_current(self) -> None:
        if not self._is_current:
            raise LedgerError("the ledger's tables are missing or of an older release: they have to be upgraded first")

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        self._require_current()
        with self._database.write() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        self._require_current()
        with self._database.read() as connection:
            yield connection
