"""Copies and corrections beside a batch: due at once, in none of its figures, one mailing with what they replace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import Correspondence
from statement_builder.billing.selection import Channel
from statement_builder.errors import InvariantError
from statement_builder.ledger import (
    BatchState,
    DeliveryState,
    Document,
    DocumentState,
    Ledger,
    NewDocument,
    NewPrintFile,
    NewShard,
)
from tests.ledger.world import (
    AT,
    FACILITY,
    MAILED_ON,
    SHA,
    claim_email,
    later,
    make_batch,
    mark_email,
    print_file,
    rendered,
)

G1, G2 = rendered("G1", amount=10_00), rendered("G2", amount=20_00)
ONE_MORE_DAY = timedelta(days=1)


def extra(ledger: Ledger, of: NewDocument, *, is_copy: bool, revision: int = 2, **changes: Any) -> Document:
    batch_id = "2026-11-statement"
    sequence = len(ledger.shards.for_batch(batch_id)) + 1
    new = replace(
        of,
        document_id=f"{of.document_id[:-2]}{revision:02d}",
        revision=revision,
        revision_of=of.document_id,
        is_copy=is_copy,
        **changes,
    )
    shard = NewShard(sequence=sequence, snapshot_key="s", snapshot_sha256=SHA, candidates=0, cents=0)
    return ledger.reissues.record(
        batch_id,
        shard,
        new,
        pack_key="p",
        pack_sha256=SHA,
        template_version="t1",
        actor="ana",
        at=later(5),
        why="asked for",
    )


def mail(ledger: Ledger, *documents: NewDocument, name: str = "STMT_001.pdf", days: int = 0) -> None:
    file: NewPrintFile = print_file("2026-11-statement", documents, name=name)
    ledger.print_files.claim(file, at=AT)
    ledger.print_files.mark(name, DeliveryState.SENT, at=AT, mailed_on=MAILED_ON + timedelta(days=days))


def once(first_on: date, last_on: date) -> Correspondence:
    """Mailed once, with a correction on the later day."""
    return Correspondence(first_statement_on=first_on, statements_sent=1, last_level=0, last_mailed_on=last_on)


def bounce(ledger: Ledger, document_id: str) -> None:
    ledger.delivery_reports.record_bounce(
        document_id, 1, is_final=True, tries_max=3, on=MAILED_ON, at=later(9), why="550"
    )


def test_extra__is_due_at_once_and_in_no_figure(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1, G2))
    mail(ledger, G1, G2)
    ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor="ana", at=AT)
    before = ledger.control_totals.get(batch.batch_id)
    copy = extra(ledger, G1, is_copy=True)
    assert copy.is_redelivery_due
    assert ledger.redeliveries.due_batches(FACILITY) == [batch.batch_id]
    assert ledger.documents.pending(batch.batch_id, channel=Channel.PRINT, sequence=copy.sequence) == [copy]
    after = ledger.control_totals.get(batch.batch_id)
    assert (after.counts.extra, after.cents.extra) == (1, 10_00)
    assert replace(after.counts, extra=0) == before.counts
    assert replace(after.cents, extra=0) == before.cents
    mail(ledger, copy, name="STMT_002.pdf", days=1)
    assert ledger.redeliveries.due_batches(FACILITY) == []
    (shard,) = [each for each in ledger.shards.for_batch(batch.batch_id) if each.is_reissue]
    assert shard.sequence == copy.sequence


def test_copy__moves_no_clock(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    moved = ledger.mailing_history.by_account(FACILITY, ["A-G1"])
    mail(ledger, extra(ledger, G1, is_copy=True), name="STMT_002.pdf", days=1)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"]) == moved


def test_correction__and_what_it_replaces_are_one_mailing(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    correction = extra(ledger, G1, is_copy=False, accounts=("A-G1", "A-NEW"))
    mail(ledger, correction, name="STMT_002.pdf", days=1)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1", "A-NEW"]) == {
        "A-G1": once(MAILED_ON, MAILED_ON + ONE_MORE_DAY),
        "A-NEW": once(MAILED_ON + ONE_MORE_DAY, MAILED_ON + ONE_MORE_DAY),
    }
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"], excluding_batch="2026-11-statement") == {}
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"], excluding_batch="another").keys() == {"A-G1"}


def test_correction__that_comes_back_leaves_the_first_mailing(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    correction = extra(ledger, G1, is_copy=False)
    mail(ledger, correction, name="STMT_002.pdf", days=1)
    ledger.delivery_reports.record_piece(
        correction.document_id, DeliveryState.RETURNED, digest="d" * 64, on=MAILED_ON, at=later(9), why="UTF"
    )
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"]) == {"A-G1": once(MAILED_ON, MAILED_ON)}


def test_correction__of_what_has_not_left_withholds_it(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1, G2))
    correction = extra(ledger, G1, is_copy=False)
    states = {each.document_id: each.state for each in ledger.documents.for_batch(batch.batch_id)}
    assert states[G1.document_id] is DocumentState.WITHHELD
    assert states[correction.document_id] is DocumentState.RENDERED
    assert [hold.code for held in ledger.candidates.held(batch.batch_id) for hold in held.late_holds] == ["CORRECTED"]


def test_correction__of_what_is_on_its_way_is_refused(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1,))
    ledger.print_files.claim(print_file(batch.batch_id, (G1,)), at=AT)
    with pytest.raises(InvariantError, match="cannot be replaced"):
        extra(ledger, G1, is_copy=False)
    assert [shard.is_reissue for shard in ledger.shards.for_batch(batch.batch_id)] == [False]


def test_correction__second_of_one_revision_is_refused(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    extra(ledger, G1, is_copy=False)
    with pytest.raises(InvariantError, match="by someone else"):
        extra(ledger, G1, is_copy=False)


def test_correction__bounce_of_the_replaced_email_starts_nothing(ledger: Ledger) -> None:
    email = replace(G1, channel=Channel.EMAIL)
    batch = make_batch(ledger, (email, G2))
    mark_email(ledger, claim_email(ledger, email.document_id).delivery_id, DeliveryState.SENT)
    correction = extra(ledger, email, is_copy=False)
    bounce(ledger, email.document_id)
    waiting = {each.document_id for each in ledger.documents.pending(batch.batch_id)}
    assert waiting == {G2.document_id, correction.document_id}
    assert [stop.code for stop in ledger.suppressions.by_guarantor(FACILITY, ["G1"])["G1"]] == ["EMAIL"]


def test_find__tells_what_holds_now(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    copy = extra(ledger, G1, is_copy=True)
    correction = extra(ledger, G1, is_copy=False, revision=3)
    found = {each.document.document_id: each.replaced_by for each in ledger.documents.find("G1")}
    assert found == {G1.document_id: correction.document_id, copy.document_id: "", correction.document_id: ""}
