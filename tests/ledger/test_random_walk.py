"""Random sequences of legal and illegal calls: nothing is sent twice, and the totals always foot."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from statement_builder.billing.selection import Channel
from statement_builder.errors import StatementsError
from statement_builder.ledger import TERMINAL_FAILURES, BatchState, DeliveryState, DocumentState, Ledger, NewDocument
from tests.ledger.world import AT, FACILITY, HOLD, MAILED_ON, claim_email, make_batch, mark_email, print_file, rendered

DOCUMENTS = [rendered(f"G{n}", channel=Channel.EMAIL if n % 2 else Channel.PRINT) for n in range(6)]
FILES = ("STMT_001.pdf", "STMT_002.pdf")

OUT = (DeliveryState.SENT, DeliveryState.ACKNOWLEDGED, DeliveryState.MAILED, DeliveryState.DELIVERED)
REPORTS = (DeliveryState.MAILED, DeliveryState.DELIVERED, DeliveryState.REJECTED, DeliveryState.RETURNED)

documents = st.sampled_from(DOCUMENTS)
state_sequences = st.lists(st.sampled_from(list(DeliveryState)), max_size=3).map(tuple)
"""Sequences of states reported for one attempt, sensible or not."""


class Walk(RuleBasedStateMachine):
    """Operators and retries that do not know about each other."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.url = f"sqlite:///{Path(self.folder.name) / 'ledger.db'}"
        self.ledger = Ledger.open(self.url)
        self.ledger.upgrade()
        self.batch_id = make_batch(self.ledger, DOCUMENTS).batch_id
        self.sent: set[str] = set()
        self.console = Ledger.open(self.url)
        self.console.remember_totals()

    @rule(name=st.sampled_from(FILES), chosen=st.lists(documents, min_size=1, max_size=2), states=state_sequences)
    def print_documents(self, name: str, chosen: list[NewDocument], states: tuple[DeliveryState, ...]) -> None:
        self._try(lambda: self.ledger.print_files.claim(print_file(self.batch_id, chosen, name=name), at=AT))
        for state in states:
            self._try(partial(self.ledger.print_files.mark, name, state, at=AT, mailed_on=MAILED_ON))

    @rule(document=documents, attempt=st.integers(1, 2), states=state_sequences)
    def email_document(self, document: NewDocument, attempt: int, states: tuple[DeliveryState, ...]) -> None:
        self._try(lambda: claim_email(self.ledger, document.document_id, at=AT))
        delivery_id = f"{document.document_id}.{attempt}"
        for state in states:
            self._try(partial(mark_email, self.ledger, delivery_id, state, at=AT, mailed_on=MAILED_ON))

    @rule(document=documents, sent=st.booleans())
    def resolve(self, document: NewDocument, sent: bool) -> None:
        decision: dict[str, Any] = {"sent": sent, "actor": "ben", "at": AT, "why": "asked", "mailed_on": MAILED_ON}
        self._try(lambda: self.ledger.deliveries.resolve(document.document_id, **decision))

    @rule(document=documents, state=st.sampled_from(REPORTS))
    def report_piece(self, document: NewDocument, state: DeliveryState) -> None:
        report: dict[str, Any] = {"digest": "d", "on": MAILED_ON, "at": AT, "why": "reports.csv"}
        self._try(lambda: self.ledger.delivery_reports.record_piece(document.document_id, state, **report))

    @rule(document=documents, attempt=st.integers(1, 2), is_final=st.booleans(), is_sender_fault=st.booleans())
    def bounce(self, document: NewDocument, attempt: int, is_final: bool, is_sender_fault: bool) -> None:
        report: dict[str, Any] = {"is_final": is_final, "tries_max": 2, "on": MAILED_ON, "at": AT, "why": "bounce.eml"}
        report["is_sender_fault"] = is_sender_fault
        self._try(lambda: self.ledger.delivery_reports.record_bounce(document.document_id, attempt, **report))

    @rule(document=documents, attempt=st.integers(1, 2), is_delivered=st.booleans())
    def confirm_email(self, document: NewDocument, attempt: int, is_delivered: bool) -> None:
        report: dict[str, Any] = {"is_delivered": is_delivered, "on": MAILED_ON, "at": AT, "why": "delivery.json"}
        self._try(lambda: self.ledger.delivery_reports.confirm_email(document.document_id, attempt, **report))

    @rule(document=documents, attempt=st.integers(1, 2))
    def complain(self, document: NewDocument, attempt: int) -> None:
        report: dict[str, Any] = {"on": MAILED_ON, "at": AT, "why": "complaint.eml"}
        self._try(lambda: self.ledger.delivery_reports.record_complaint(document.document_id, attempt, **report))

    @rule(document=documents, readdressed=st.booleans())
    def redeliver(self, document: NewDocument, readdressed: bool) -> None:
        request: dict[str, Any] = {"readdressed": readdressed, "actor": "ben", "at": AT, "why": "returned"}
        self._try(lambda: self.ledger.redeliveries.schedule(document.document_id, **request))

    @rule(document=documents)
    def withhold(self, document: NewDocument) -> None:
        self._try(lambda: self.ledger.documents.withhold(document.document_id, [HOLD], actor="ana", at=AT))

    @rule(document=documents, channel=st.sampled_from(list(Channel)))
    def change_channel(self, document: NewDocument, channel: Channel) -> None:
        change: dict[str, Any] = {"actor": "ana", "at": AT, "why": "refused"}
        self._try(lambda: self.ledger.documents.change_channel(document.document_id, channel, **change))

    @rule()
    def reopen_shard(self) -> None:
        self._try(lambda: self.ledger.shards.reopen(self.batch_id, 1, actor="ana", at=AT))

    @rule()
    def crash(self) -> None:
        self.ledger.close()
        self.ledger = Ledger.open(self.url)

    @invariant()
    def no_document_is_sent_twice(self) -> None:
        accounts = [f"A-{document.guarantor_id}" for document in DOCUMENTS]
        mailed = self.ledger.mailing_history.by_account(FACILITY, accounts)
        for document in self.ledger.documents.for_batch(self.batch_id):
            attempts = self.ledger.deliveries.for_document(document.document_id)
            live = [attempt.state for attempt in attempts if attempt.state not in TERMINAL_FAILURES]
            assert len(live) <= 1
            is_out = live in [[state] for state in OUT]
            assert (document.mailed_on is not None) == is_out
            assert [mailed[account].statements_sent for account in document.accounts if account in mailed] == [
                1
            ] * is_out
            if is_out or any(attempt.state in set(TERMINAL_FAILURES) - {DeliveryState.FAILED} for attempt in attempts):
                self.sent.add(document.document_id)
            assert (document.state is DocumentState.HANDED_OFF) == (document.document_id in self.sent)
            assert all(attempt.state in TERMINAL_FAILURES for attempt in attempts[:-1])

    @invariant()
    def print_files_agree_with_their_pieces(self) -> None:
        for file in self.ledger.print_files.for_batch(self.batch_id):
            for document_id in file.documents:
                attempts = [
                    one for one in self.ledger.deliveries.for_document(document_id) if one.print_file == file.name
                ]
                assert attempts[-1].state is file.state or file.state is DeliveryState.SENT

    @invariant()
    def remembered_totals_are_those_of_now(self) -> None:
        assert self.console.control_totals.get(self.batch_id) == self.ledger.control_totals.get(self.batch_id)

    @invariant()
    def totals_foot(self) -> None:
        totals = self.ledger.control_totals.get(self.batch_id)
        for figures in (totals.counts, totals.cents):
            assert figures.pulled == figures.selected + figures.held + figures.exceptions
            assert figures.selected == figures.rendered + figures.errors
            assert figures.rendered == figures.print + figures.email
            assert figures.handed_off >= figures.acknowledged == figures.mailed + figures.rejected + figures.bounced
        batch = self.ledger.batches.get(self.batch_id)
        assert batch is not None
        assert batch.state is BatchState.HANDING_OFF

    def teardown(self) -> None:
        self.console.close()
        self.ledger.close()
        self.folder.cleanup()

    def _try(self, call: Callable[[], object]) -> None:
        """The call may be refused, but only with our own errors."""
        try:
            call()
        except StatementsError:
            return


TestRandomWalk = Walk.TestCase
TestRandomWalk.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
)
