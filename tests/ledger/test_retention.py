"""Retention on both databases: the facts that decide what a purge keeps, and the rows that it leaves."""

from __future__ import annotations

from datetime import date

import pytest

from statement_builder.billing.selection import Hold
from statement_builder.errors import ConfigError, InvariantError
from statement_builder.ledger import BatchState, DeliveryState, Ledger
from tests.ledger.world import (
    AT,
    FACILITY,
    MAILED_ON,
    build,
    faulty,
    held,
    later,
    make_batch,
    open_batch,
    print_file,
    pull,
    rendered,
    selected,
)

ON = date(2037, 1, 2)
DISPUTED = Hold(code="DISPUTE", account_number="A-G2", until=date(2030, 1, 1))


def mailed_batch(ledger: Ledger) -> str:
    documents = [rendered("G1"), rendered("G2+K1", accounts=["A-7", "A-8"])]
    batch = make_batch(ledger, documents)
    ledger.print_files.claim(print_file(batch.batch_id, documents), at=AT)
    ledger.print_files.mark(
        "STMT_001.pdf", DeliveryState.SENT, receipt={"location": "x"}, at=later(5), mailed_on=MAILED_ON
    )
    return batch.batch_id


def record_purge(ledger: Ledger, batch_id: str) -> None:
    ledger.retention.record_purge(batch_id, 1, print_files=["STMT_001.pdf"], on=ON, actor="ana", at=later(9), why="old")


def test_shards__names_everything_that_may_need_it(ledger: Ledger) -> None:
    batch_id = mailed_batch(ledger)
    (facts,) = ledger.retention.shards(batch_id)
    assert facts.guarantor_ids == {"G1", "G2+K1"}
    assert facts.account_numbers == {"A-G1", "A-7", "A-8"}
    assert len(facts.document_ids) == 2
    assert (facts.last_active_on, facts.last_mailed_on) == (AT.date(), MAILED_ON)
    assert (facts.open_documents, facts.purged_on, facts.originals) == (0, None, frozenset())
    (file,) = ledger.retention.print_files(batch_id)
    assert (file.name, file.sequences) == ("STMT_001.pdf", frozenset({1}))


def test_shards__counts_what_waits(ledger: Ledger) -> None:
    batch = make_batch(ledger, [rendered("G1")])
    (facts,) = ledger.retention.shards(batch.batch_id)
    assert (facts.open_documents, facts.last_active_on, facts.last_mailed_on) == (1, None, None)


def test_record_purge__only_of_a_closed_batch_and_once(ledger: Ledger) -> None:
    batch_id = mailed_batch(ledger)
    with pytest.raises(InvariantError, match="is not closed"):
        record_purge(ledger, batch_id)
    assert ledger.shards.require(batch_id, 1).purged_on is None
    before = ledger.control_totals.get(batch_id)
    ledger.batches.set_state(batch_id, BatchState.CLOSED, actor="ana", at=later(8))
    record_purge(ledger, batch_id)
    record_purge(ledger, batch_id)
    assert ledger.shards.require(batch_id, 1).purged_on == ON
    assert ledger.control_totals.get(batch_id) == before
    documents = ledger.documents.for_batch(batch_id)
    assert {(each.postal_key, each.language) for each in documents} == {("", "")}
    assert [each.accounts for each in documents] == [("A-G1",), ("A-7", "A-8")]
    assert [each.receipt for each in ledger.deliveries.for_document(documents[0].document_id)] == [None]
    assert ledger.mailing_history.by_account(FACILITY, ["A-7"])["A-7"].last_mailed_on == MAILED_ON
    assert [each.what for each in ledger.events.for_batch(batch_id, subject="shard 1")] == ["built", "purged"]


def test_guarantors_on_hold__the_last_decision_counts(ledger: Ledger) -> None:
    for cycle, holds in (("2026-10", (DISPUTED,)), ("2026-11", (Hold(code="MINBAL"),))):
        batch = open_batch(ledger, cycle=cycle)
        candidates = [held("G1", holds=holds), held("G2", holds=(DISPUTED,)), faulty("X"), selected("G3")]
        pull(ledger, batch.batch_id, candidates)
        build(ledger, batch.batch_id, candidates, [rendered("G3", cycle=cycle)])
    on_hold = ledger.retention.guarantors_on_hold
    # The batches have the same as-of date, so both decisions count.
    assert on_hold(FACILITY, {"DISPUTE"}, date(2029, 1, 1)) == {"G1": "DISPUTE", "G2": "DISPUTE"}
    assert on_hold(FACILITY, {"DISPUTE"}, date(2030, 1, 1)) == {}
    assert on_hold(FACILITY, {"LEGAL"}, date(2029, 1, 1)) == {}
    assert on_hold("ANOTHER", {"DISPUTE"}, date(2029, 1, 1)) == {}


@pytest.mark.parametrize("subject", ["2026-11-statement", "G2+K1", "A-8"])
def test_legal_hold__is_placed_and_lifted_with_events(ledger: Ledger, subject: str) -> None:
    mailed_batch(ledger)
    ledger.legal_holds.place(FACILITY, subject, reason="case", actor="ana", at=AT)
    with pytest.raises(ConfigError, match="already"):
        ledger.legal_holds.place(FACILITY, subject, reason="case", actor="bo", at=AT)
    (hold,) = ledger.legal_holds.in_force(FACILITY)
    assert (hold.subject, hold.reason, hold.placed_by, hold.placed_at) == (subject, "case", "ana", AT)
    assert ledger.legal_holds.in_force("ANOTHER") == []
    ledger.legal_holds.lift(FACILITY, subject, reason="settled", actor="bo", at=later(1))
    assert ledger.legal_holds.in_force(FACILITY) == []
    events = ledger.events.for_batch("retention", subject=subject)
    assert [(each.what, each.actor, each.why) for each in events] == [
        ("legal_hold", "ana", "case"),
        ("legal_hold_lifted", "bo", "settled"),
    ]
