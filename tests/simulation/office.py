"""The billing office: the real operations, in process, on a real ledger, by operators who are late and make mistakes.

Each batch has its own fate, drawn from the seed and its id: how late it is released, whether it is rejected first, and
where its process dies. What failed is run again, as the runbooks say.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random

from mail_house.errors import HandOffError
from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.selection import Kind
from statement_builder.errors import AwaitingConfirmation, BatchBusy, ConfigError, GateStop, StatementsError
from statement_builder.ledger import BatchState, DocumentState
from statement_builder.operations.approval.reject import reject_batch
from statement_builder.operations.approval.release import pending_checks
from statement_builder.operations.reissue.resend import resend_document
from statement_builder.operations.reissue.resolve import resolve_document
from statement_builder.operations.run import open_batch, retry_errors, walk_batch
from statement_builder.operations.steps import Step
from statement_builder.operations.tracking.track import accept_file, track
from statement_builder.pipeline.context import AppContext, open_context
from statement_builder.settings import load_settings
from tests.faults.fault_injection import Fault, Killed, draw_fault, injecting
from tests.hospital import EMAIL_KEY
from tests.simulation.desks import CLERK, OPENER, RELEASER, ClerkDesk, PayrollDesk, PlacementDesk
from tests.simulation.outages import draw_outage, outage
from tests.simulation.shortcuts import open_engine

EXPECTED = (StatementsError, HandOffError, OSError)
"""Errors that the command line reports as messages. Any other is a fault of the product."""
LETTERS = tuple(kind for kind in Kind if kind not in {Kind.STATEMENT, Kind.DUNNING, Kind.OB_NOTICE})
PORTAL_KEY = "0f2b6c9e5d1a4c7eb8a3d6f1c2e4a597"
TRIES_A_DAY_MAX = 4
OFFICE_OPENS = time(14, tzinfo=UTC)


@dataclass(frozen=True)
class Conduct:
    """How the office works: how often letters are made, and how often something goes wrong, in thousandths."""

    letters_every_days: int = 1
    notices_every_days: int = 7
    late_permille: int = 300
    rejects_permille: int = 60
    faults_permille: int = 80
    outages_permille: int = 20
    stale_feed_permille: int = 50
    payroll_every_days: int = 1
    has_desks: bool = True
    """Whether there are collection agencies, a payroll, and a clerk who takes calls."""
    kinds: frozenset[Kind] = frozenset(Kind)


@dataclass
class Work:
    """One batch on somebody's desk."""

    kind: Kind
    cycle: str
    release_on: date
    is_rejected_first: bool
    random: Random
    """Draws what goes wrong with this batch."""
    is_built: bool = False

    @property
    def batch_id(self) -> str:
        return batch_id_of(self.cycle, self.kind)


@dataclass
class Office:
    """The people who run the batches of one hospital."""

    home: Path
    seed: int
    conduct: Conduct
    desk: list[Work] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What stays open although it was tried again, with the message: for the judge."""
    day: date = date(2026, 1, 1)
    callers: list[str] = field(default_factory=list)
    """The guarantors to whom something happened today."""
    _context: AppContext | None = None
    _ticks: int = 0
    _random: Random = field(default_factory=Random)
    """Draws what goes wrong today at the desks."""

    def __post_init__(self) -> None:
        self._placement = PlacementDesk(self)
        self._payroll = PayrollDesk(self, every_days=self.conduct.payroll_every_days)
        self._clerk = ClerkDesk(self)

    @property
    def voided(self) -> set[str]:
        """The documents that a clerk voided before they left."""
        return self._clerk.voided

    def work(self, day: date) -> None:
        """Do everything that is due on this day."""
        self.day, self._ticks = day, 0
        self._random = Random(f"{self.seed}/faults/{day}")
        random = Random(f"{self.seed}/office/{day}")
        down = draw_outage(random) if random.randrange(1000) < self.conduct.outages_permille else ""
        if down:
            self.log.append(f"{day} outage of {down}")
        with outage(down):
            self._track()
            self._open_new(day)
            if self.conduct.has_desks:
                self._sit_at(self._placement.work)
                self._sit_at(self._payroll.work)
            for work in list(self.desk):
                if self._advance(work):
                    self.desk.remove(work)
            if self.conduct.has_desks:
                waiting = [each.batch_id for each in self.desk if each.is_built and day < each.release_on]
                self._sit_at(lambda: self._clerk.work(sorted(self.callers), waiting))

    def _sit_at(self, work: Callable[[], None]) -> None:
        """Work at a desk, unless the service does not even start today."""
        try:
            work()
        except EXPECTED as exc:
            self.log.append(f"{self.day} {type(exc).__name__}: {exc}")

    def attempt(self, name: str, action: Callable[[AppContext], object], actor: str = CLERK) -> bool:
        """Do it, with what goes wrong today, and try again. Returns whether it was done."""
        for attempt in range(TRIES_A_DAY_MAX):
            fault = None
            if attempt == 0 and self._random.randrange(1000) < self.conduct.faults_permille:
                fault = draw_fault(self._random, lambda: None)
            try:
                with self._down(fault):
                    action(replace(self.context, actor=actor))
                    return True
            except Killed:
                self.log.append(f"{self.day} {name} killed: {fault}")
                self._die()
            except EXPECTED as exc:
                self.log.append(f"{self.day} {name} {type(exc).__name__}: {exc}")
                if isinstance(exc, GateStop | ConfigError):
                    return False
        return False

    def _die(self) -> None:
        """The process is gone."""
        self._context = None
        open_engine.cache_clear()

    def is_stale(self, day: date) -> bool:
        """Whether the obstetric feed was not loaded on this day."""
        return Random(f"{self.seed}/feed/{day}").randrange(1000) < self.conduct.stale_feed_permille

    @property
    def context(self) -> AppContext:
        """The open service, as the operator at this desk."""
        if self._context is None:
            environ = {
                "STATEMENTS_HOME": str(self.home),
                "STATEMENTS_EMAIL_KEY": EMAIL_KEY,
                "STATEMENTS_PORTAL": f"file://{self.home}/portal",
                "STATEMENTS_PORTAL_KEY": PORTAL_KEY,
            }
            settings = load_settings(environ, self.home)
            self._context = open_context(settings, environ=environ, now=self._now, actor=OPENER, workers=1)
        return self._context

    def close(self) -> None:
        if self._context is not None:
            self._context.__exit__()
            self._context = None

    def _now(self) -> datetime:
        self._ticks += 1
        return datetime.combine(self.day, OFFICE_OPENS) + timedelta(seconds=self._ticks)

    @contextmanager
    def _down(self, fault: Fault | None) -> Iterator[None]:
        if fault is None:
            yield
            return
        with injecting(fault):
            yield

    def _open_new(self, day: date) -> None:
        for kind, cycle in _batches_of(day, self.conduct):
            if kind not in self.conduct.kinds:
                continue
            random = Random(f"{self.seed}/batch/{batch_id_of(cycle, kind)}")
            late = random.randrange(1000) < self.conduct.late_permille
            days = random.choice((1, 1, 2, 3, 5, 9, 26)) if late else 0
            rejected = random.randrange(1000) < self.conduct.rejects_permille
            self.desk.append(Work(kind, cycle, day + timedelta(days=days), rejected, random))

    def _advance(self, work: Work) -> bool:
        """Take a batch as far as it goes today. Returns whether it is off the desk."""
        if work.is_built and self.day < work.release_on:
            return False
        for attempt in range(TRIES_A_DAY_MAX):
            fault = None
            if attempt == 0 and work.random.randrange(1000) < self.conduct.faults_permille:
                fault = draw_fault(work.random, functools.partial(self._interfere, work))
            try:
                with self._down(fault):
                    return self._step(work)
            except Killed:
                self.log.append(f"{self.day} {work.batch_id} killed: {fault}")
                self._die()
            except AwaitingConfirmation:
                return True
            except GateStop as exc:
                self.log.append(f"{self.day} {work.batch_id} stopped: {exc}")
                if not self._resolve_uncertain(work):
                    break
            except EXPECTED as exc:
                self.log.append(f"{self.day} {work.batch_id} {type(exc).__name__}: {exc}")
                if isinstance(exc, ConfigError):
                    break
        return False

    def _step(self, work: Work) -> bool:
        context = self.context
        batch = open_batch(context, kind=work.kind, cycle=work.cycle, as_of=None, limit=None)
        retry_errors(context, context.require_batch(work.batch_id))
        batch = walk_batch(context, batch, until=Step.BUILD)
        work.is_built = True
        if self.day < work.release_on:
            return False
        releaser = replace(context, actor=RELEASER)
        if work.is_rejected_first:
            work.is_rejected_first = False
            if batch.state in {BatchState.BUILT, BatchState.WAITING}:
                reject_batch(releaser, batch, "The payments of this week are not loaded.")
                work.release_on = self.day + timedelta(days=2)
                return False
        accepted = frozenset(check.code for check in pending_checks(releaser, batch))
        batch = walk_batch(releaser, batch, accepted=accepted, reason="Checked.")
        return batch.state is BatchState.CLOSED

    def _interfere(self, work: Work) -> None:
        """Somebody else runs the same batch at the same time."""
        other = open_context(self.context.settings, environ=self.context.environ, now=self._now, actor=CLERK, workers=1)
        with other:
            try:
                walk_batch(other, other.require_batch(work.batch_id))
            except BatchBusy:
                self.log.append(f"{self.day} {work.batch_id} was busy for somebody else")

    def _resolve_uncertain(self, work: Work) -> bool:
        """Look in the outbox and record what became of hand-offs whose outcome is unknown."""
        context, resolved = replace(self.context, actor=CLERK), False
        for document in context.ledger.documents.for_batch(work.batch_id, state=DocumentState.RENDERED):
            found = context.ledger.documents.get(document.document_id)
            if found is not None and found.delivery_state == "uncertain":
                resolve_document(context, found, sent=self._is_in_outbox(found.document_id), reason="looked")
                resolved = True
        return resolved

    def _is_in_outbox(self, document_id: str) -> bool:
        outbox = self.home / "outbox"
        if list((outbox / "email").glob(f"{document_id}*.eml")):
            return True
        manifests = [each.with_suffix(".csv") for each in (outbox / "print").glob("*.ctl")]
        return any(document_id in each.read_text(encoding="utf-8") for each in manifests)

    def _track(self) -> None:
        try:
            context = replace(self.context, actor=CLERK)
            result = track(context)
            for name in sorted(path.name for path in (self.home / "inbox" / "waiting").glob("*.csv")):
                accept_file(context, name, "All returns are real.")
            self._resend_rejected(context)
        except EXPECTED as exc:
            self.log.append(f"{self.day} track {type(exc).__name__}: {exc}")
            return
        self.log += [f"{self.day} alert {each.code} {each.message}" for each in result.alerts]

    def _resend_rejected(self, context: AppContext) -> None:
        """Send again what the vendor did not print."""
        for piece in context.ledger.redeliveries.rejected(context.facility.facility_id):
            document = context.ledger.documents.get(piece.document_id)
            if document is None:
                continue
            try:
                resend_document(context, document, "The vendor has corrected its address check.")
            except ConfigError as exc:
                self.log.append(f"{self.day} resend {document.document_id[:8]}: {exc}")


def _batches_of(day: date, conduct: Conduct) -> Iterator[tuple[Kind, str]]:
    """The batches that are opened on a day, as the DAGs' schedules have them."""
    if day.day == 3:
        yield Kind.STATEMENT, f"{day:%Y-%m}"
    if day.day == 17:
        yield Kind.DUNNING, f"{day:%Y-%m}"
    if day.toordinal() % conduct.notices_every_days == 1:
        yield Kind.OB_NOTICE, day.isoformat()
    if day.toordinal() % conduct.letters_every_days == 0:
        for kind in LETTERS:
            yield kind, day.isoformat()
