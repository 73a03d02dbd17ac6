"""The desks beside the batches: collection agencies, payroll, and the clerk who takes calls.

Each desk's day is one or more operations that may fail or die at a random effect, and are tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Protocol

from statement_builder.errors import ConfigError
from statement_builder.ledger import Document, DocumentState
from statement_builder.ledger.states import PlacementBatchState, PlacementState
from statement_builder.operations.payroll.collect import collect_answers
from statement_builder.operations.payroll.send import send_deductions
from statement_builder.operations.placement.changes import recall_visit
from statement_builder.operations.placement.collect import collect_reports
from statement_builder.operations.placement.decide import approve_list, reject_list
from statement_builder.operations.placement.propose import propose_placements
from statement_builder.operations.placement.send import send_placements
from statement_builder.operations.reissue.correct import correct_document
from statement_builder.operations.reissue.reprint import reprint_document
from statement_builder.operations.reissue.resend import resend_document
from statement_builder.operations.reissue.void import void_document
from statement_builder.pipeline.context import AppContext

OPENER, RELEASER, CLERK = "ana@desk-1", "ben@desk-2", "cora@desk-3"
PLACES_ON = 24
"""The day of the month on which a list is proposed."""


class OfficeFloor(Protocol):
    """What a desk needs of the office."""

    home: Path
    seed: int
    day: date
    log: list[str]

    @property
    def context(self) -> AppContext: ...

    def attempt(self, name: str, action: Callable[[AppContext], object], actor: str = CLERK) -> bool:
        """Do it, with what goes wrong today. Returns whether it was done."""


class PlacementDesk:
    """Proposes a list each month, has it approved, and exchanges files with the agencies."""

    def __init__(self, office: OfficeFloor) -> None:
        self._office = office
        self._decide_on: date | None = None

    def work(self) -> None:
        office, day = self._office, self._office.day
        random = Random(f"{office.seed}/placement/{day}")
        if list((office.home / "agency-reports").glob("*/*.txt")):
            office.attempt("placement collect", self._collect)
        if day.day == PLACES_ON:
            office.attempt("place", lambda context: propose_placements(context, f"{day:%Y-%m}", day), OPENER)
            self._decide_on = day + timedelta(days=random.choice((0, 0, 1, 3, 12)))
        if self._decide_on is not None and self._decide_on <= day:
            rejects = random.random() < 0.1
            if office.attempt("placement decide", lambda context: self._decide(context, rejects=rejects), RELEASER):
                self._decide_on = None
        context = office.context
        live = context.ledger.placements.live(context.facility.facility_id)
        if live or self._is_approved(context):
            office.attempt("placement send", self._send)
        accepted = [each.account_number for each in live if each.state is PlacementState.ACCEPTED]
        if accepted and random.random() < 0.02:
            account = random.choice(sorted(accepted))
            office.attempt("recall", lambda context: recall_visit(context, account, "The patient called."))

    @staticmethod
    def _is_approved(context: AppContext) -> bool:
        lists = context.ledger.placement_lists.all(context.facility.facility_id)
        return any(each.state is PlacementBatchState.APPROVED for each in lists)

    def _decide(self, context: AppContext, *, rejects: bool) -> None:
        for each in context.ledger.placement_lists.all(context.facility.facility_id):
            if each.state is PlacementBatchState.PROPOSED and rejects:
                reject_list(context, each.batch_id, "The agency changes next month.")
            elif each.state is PlacementBatchState.PROPOSED:
                approve_list(context, each.batch_id)

    def _collect(self, context: AppContext) -> None:
        self._office.log += [f"{self._office.day} agencies: {each.message}" for each in collect_reports(context).alerts]

    def _send(self, context: AppContext) -> None:
        self._office.log += [f"{self._office.day} agencies: {each.message}" for each in send_placements(context).alerts]


class PayrollDesk:
    """Tells payroll what changed, and reads what it took."""

    def __init__(self, office: OfficeFloor, *, every_days: int) -> None:
        self._office, self._every_days = office, every_days

    def work(self) -> None:
        office = self._office
        if list((office.home / "payroll-answers").glob("*.txt")):
            office.attempt("payroll collect", collect_answers)
        if office.day.toordinal() % self._every_days == 0:
            office.attempt("payroll send", send_deductions)


_ANSWERS: dict[str, Callable[[AppContext, Document, str], str]] = {
    "correct": correct_document,
    "reprint": reprint_document,
    "resend": resend_document,
}


class ClerkDesk:
    """Takes calls: corrects, reprints, voids, and resends documents. Most calls are refused, and say why."""

    def __init__(self, office: OfficeFloor) -> None:
        self._office = office
        self.voided: set[str] = set()

    def work(self, callers: Sequence[str], waiting: Sequence[str]) -> None:
        """`callers`: the guarantors to whom something happened today. `waiting`: the batches that are not released."""
        office = self._office
        random = Random(f"{office.seed}/clerk/{office.day}")
        for verb, share in (("correct", 0.3), ("reprint", 0.1), ("resend", 0.2)):
            if callers and random.random() < share:
                self._call(random.choice(callers), verb)
        if waiting and random.random() < 0.2:
            self._void(random, waiting)

    def _call(self, guarantor: str, verb: str) -> None:
        """Do this with the last document that left for the guarantor."""
        action = _ANSWERS[verb]
        found = self._office.context.ledger.documents.find(guarantor)
        mine = [each.document for each in found if each.document.state is DocumentState.HANDED_OFF]
        if not mine:
            return
        document = mine[0]

        def act(context: AppContext) -> None:
            try:
                done = action(context, context.require_document(document.document_id), "The patient called.")
                self._office.log.append(f"{self._office.day} {verb} {document.document_id[:8]}: {done}")
            except ConfigError as exc:
                self._office.log.append(f"{self._office.day} no {verb} of {document.document_id[:8]}: {exc}")

        self._office.attempt(verb, act, RELEASER)

    def _void(self, random: Random, batches: Sequence[str]) -> None:
        """Void a document that waits for its release."""
        documents = self._office.context.ledger.documents
        waiting = [
            each.document_id
            for batch_id in batches
            for each in documents.for_batch(batch_id, state=DocumentState.RENDERED)
        ]
        if not waiting:
            return
        document_id = random.choice(sorted(waiting))

        def act(context: AppContext) -> None:
            void_document(context, context.require_document(document_id), "The visit was another person's.")
            self.voided.add(document_id)
            self._office.log.append(f"{self._office.day} void {document_id[:8]}")

        self._office.attempt("void", act)
