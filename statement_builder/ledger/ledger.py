"""The ledger: what has happened, and the only memory that decides whether something may happen again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from tempfile import TemporaryDirectory

from statement_builder.closing import Closing
from statement_builder.errors import LedgerVersionError
from statement_builder.ledger.audit.access import AccessRepository
from statement_builder.ledger.audit.events import EventRepository
from statement_builder.ledger.batches import BatchRepository
from statement_builder.ledger.candidates import CandidateRepository
from statement_builder.ledger.control_totals import ControlTotalsRepository, RememberedControlTotals
from statement_builder.ledger.delivery.deliveries import DeliveryRepository
from statement_builder.ledger.delivery.delivery_reports import DeliveryReportRepository
from statement_builder.ledger.delivery.emails import EmailRepository
from statement_builder.ledger.delivery.payroll import PayrollRepository
from statement_builder.ledger.delivery.portal import PortalRepository
from statement_builder.ledger.delivery.print_files import PrintFileRepository
from statement_builder.ledger.delivery.readings import ReadingRepository
from statement_builder.ledger.delivery.redeliveries import RedeliveryRepository
from statement_builder.ledger.delivery.serials import SerialRepository
from statement_builder.ledger.delivery.write_back import WriteBackRepository
from statement_builder.ledger.documents import DocumentRepository
from statement_builder.ledger.evidence import EvidenceRepository
from statement_builder.ledger.inbound_files import InboundFileRepository
from statement_builder.ledger.installation import InstallationRepository, NewInstallation, insert_installation
from statement_builder.ledger.legal_holds import LegalHoldRepository
from statement_builder.ledger.mail_figures import MailFiguresRepository
from statement_builder.ledger.mail_holds import MailHoldRepository
from statement_builder.ledger.mailing_history import MailingHistoryRepository
from statement_builder.ledger.placement import AgencyFileRepository, PlacementListRepository, PlacementRepository
from statement_builder.ledger.proof import ProofRepository
from statement_builder.ledger.reissues import ReissueRepository
from statement_builder.ledger.requests import RequestRepository
from statement_builder.ledger.retention import RetentionRepository
from statement_builder.ledger.shards import ShardRepository
from statement_builder.ledger.storage.database import Database
from statement_builder.ledger.storage.lock import Lock, LockPart, lock_batch, share_batch
from statement_builder.ledger.storage.transactions import Transactions
from statement_builder.ledger.suppressions import SuppressionRepository
from statement_builder.ledger.template_approvals import TemplateApprovalRepository
from statement_builder.ledger.work_items import WorkItemRepository


class Ledger(Closing):
    """One ledger, on SQLite or PostgreSQL: its connection, its locks, and one repository per subject.

    Each repository method is one transaction. All raise `LedgerError` when the ledger cannot be reached or is not up to
    date, and `InvariantError` for a change that must never happen.
    """

    def __init__(self, database: Database) -> None:
        from statement_builder.ledger.storage import schema  # noqa: PLC0415 - rendering workers need no Alembic

        self._database = database
        self._locks: list[Lock] = []
        self._on_close = ExitStack()
        self.is_stand_in = False
        """Whether it is the empty one of `open_empty`: what is written to it is lost."""
        self.version = schema.find_version(database)
        """The version of the tables as they were found; None if there are none."""
        if self.version is not None and self.version != schema.newest_version():
            schema.require_known(database, self.version)
        self._transactions = Transactions(database, is_current=self.version == schema.newest_version())
        self.batches = BatchRepository(self._transactions)
        self.shards = ShardRepository(self._transactions)
        self.candidates = CandidateRepository(self._transactions)
        self.documents = DocumentRepository(self._transactions)
        self.reissues = ReissueRepository(self._transactions)
        self.print_files = PrintFileRepository(self._transactions)
        self.emails = EmailRepository(self._transactions)
        self.serials = SerialRepository(self._transactions)
        self.deliveries = DeliveryRepository(self._transactions)
        self.delivery_reports = DeliveryReportRepository(self._transactions)
        self.payroll = PayrollRepository(self._transactions)
        self.placement_lists = PlacementListRepository(self._transactions)
        self.placements = PlacementRepository(self._transactions)
        self.agency_files = AgencyFileRepository(self._transactions)
        self.portal = PortalRepository(self._transactions)
        self.write_back = WriteBackRepository(self._transactions)
        self.readings = ReadingRepository(self._transactions)
        self.redeliveries = RedeliveryRepository(self._transactions)
        self.suppressions = SuppressionRepository(self._transactions)
        self.inbound_files = InboundFileRepository(self._transactions)
        self.mail_figures = MailFiguresRepository(self._transactions)
        self.mailing_history = MailingHistoryRepository(self._transactions)
        self.control_totals: ControlTotalsRepository = ControlTotalsRepository(self._transactions)
        self.proof = ProofRepository(self._transactions)
        self.legal_holds = LegalHoldRepository(self._transactions)
        self.mail_holds = MailHoldRepository(self._transactions)
        self.template_approvals = TemplateApprovalRepository(self._transactions)
        self.requests = RequestRepository(self._transactions)
        self.evidence = EvidenceRepository(self._transactions)
        self.work_items = WorkItemRepository(self._transactions)
        self.retention = RetentionRepository(self._transactions)
        self.events = EventRepository(self._transactions)
        self.installation = InstallationRepository(self._transactions)
        self.access = AccessRepository(self._transactions)

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Connect, and create or change nothing. ConfigError for an invalid URL; LedgerError when the server cannot be
        reached; LedgerVersionError when a newer release created the ledger. An older or new ledger must be upgraded
        before any other call."""
        database = Database(url)
        try:
            return cls(database)
        except BaseException:
            database.close()
            raise

    @classmethod
    def open_empty(cls, new: NewInstallation) -> Ledger:
        """A ledger without a row, in a temporary folder: what a command that only reads finds where there is none."""
        folder = TemporaryDirectory(prefix="statements-")
        try:
            ledger = cls.open(f"sqlite:///{folder.name}/ledger.db")
            ledger._on_close.callback(folder.cleanup)
            ledger.upgrade(new)
            ledger.is_stand_in = True
        except BaseException:
            folder.cleanup()
            raise
        return ledger

    def upgrade(self, new: NewInstallation | None = None) -> None:
        """Create the tables or bring them up to date; does nothing when they are. `new` describes the installation of a
        ledger that does not belong to one yet."""
        from statement_builder.ledger.storage import schema  # noqa: PLC0415

        if not self._transactions.is_current:
            finish = partial(insert_installation, new=new or NewInstallation())
            schema.upgrade(self._database, self.version, finish=finish)
            self.version = schema.newest_version()
            self._transactions.is_current = True

    @property
    def is_current(self) -> bool:
        """Whether the tables have the version that this release needs."""
        return self._transactions.is_current

    def require_current(self) -> None:
        """LedgerVersionError unless the tables have the version that this release needs."""
        from statement_builder.ledger.storage import schema  # noqa: PLC0415

        if not self._transactions.is_current:
            raise LedgerVersionError(
                f"the ledger {self._database} has tables of version {self.version or 'none'}, and this release needs "
                f"{schema.newest_version()}. Stop every process that uses the ledger, make a backup of it, then run "
                "`statements ledger upgrade`."
            )

    def remember_totals(self) -> None:
        """Keep control totals in memory until a batch changes, for a process that shows them often."""
        self.control_totals = RememberedControlTotals(self._transactions)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()
        self._on_close.close()

    def __str__(self) -> str:
        """The URL, without a password."""
        return str(self._database)

    @contextmanager
    def lock(self, batch_id: str, *, owner: str, at: datetime) -> Iterator[None]:
        """Lock a whole batch. `BatchBusy` names the process that has it. The lock ends with this process."""
        self._transactions.require_current()
        with lock_batch(self._database, batch_id, owner=owner, at=at) as lock, self._tracked(lock):
            yield

    @contextmanager
    def share(self, batch_id: str, *, owner: str, at: datetime) -> Iterator[LockPart]:
        """Share a batch with other processes that work on parts of it. `BatchBusy` while another process has locked the
        whole batch. Yields the function that locks one part, by name."""
        self._transactions.require_current()
        with share_batch(self._database, batch_id, owner=owner, at=at) as lock, self._tracked(lock):
            yield lock.lock_part

    def require_locks(self) -> None:
        """`LockLost` unless every lock that this ledger gave is still held. Called before anything is sent."""
        for lock in self._locks:
            lock.require()

    @contextmanager
    def _tracked(self, lock: Lock) -> Iterator[None]:
        self._locks.append(lock)
        try:
            yield
        finally:
            self._locks.remove(lock)
