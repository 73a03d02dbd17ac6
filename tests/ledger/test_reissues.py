"""Copies and corrections: due at once, in no figure of the batch, and one mailing with the document they replace."""

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


def reissue(ledger: Ledger, of: NewDocument, *, is_copy: bool, revision: int = 2, **changes: Any) -> Document:
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
    """One mailing, corrected on the later day."""
    return Correspondence(first_statement_on=first_on, statements_sent=1, last_level=0, last_mailed_on=last_on)


def bounce(ledger: Ledger, document_id: str) -> None:
    ledger.delivery_reports.record_bounce(
        document_id, 1, is_final=True, tries_max=3, on=MAILED_ON, at=later(9), why="550"
    )


def test_reissue__is_due_at_once_and_in_no_figure(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1, G2))
    mail(ledger, G1, G2)
    ledger.batches.set_state(batch.batch_id, BatchState.CLOSED, actor="ana", at=AT)
    before = ledger.control_totals.get(batch.batch_id)
    copy = reissue(ledger, G1, is_copy=True)
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


def test_copy__does_not_move_the_clocks(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    moved = ledger.mailing_history.by_account(FACILITY, ["A-G1"])
    mail(ledger, reissue(ledger, G1, is_copy=True), name="STMT_002.pdf", days=1)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"]) == moved


def test_correction__is_one_mailing_with_its_original(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    correction = reissue(ledger, G1, is_copy=False, accounts=("A-G1", "A-NEW"))
    mail(ledger, correction, name="STMT_002.pdf", days=1)
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1", "A-NEW"]) == {
        "A-G1": once(MAILED_ON, MAILED_ON + ONE_MORE_DAY),
        "A-NEW": once(MAILED_ON + ONE_MORE_DAY, MAILED_ON + ONE_MORE_DAY),
    }
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"], excluding_batch="2026-11-statement") == {}
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"], excluding_batch="another").keys() == {"A-G1"}


def test_correction__when_returned_leaves_the_first_mailing(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    correction = reissue(ledger, G1, is_copy=False)
    mail(ledger, correction, name="STMT_002.pdf", days=1)
    ledger.delivery_reports.record_piece(
        correction.document_id, DeliveryState.RETURNED, digest="d" * 64, on=MAILED_ON, at=later(9), why="UTF"
    )
    assert ledger.mailing_history.by_account(FACILITY, ["A-G1"]) == {"A-G1": once(MAILED_ON, MAILED_ON)}


def test_correction__withholds_an_original_that_has_not_left(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1, G2))
    correction = reissue(ledger, G1, is_copy=False)
    states = {each.document_id: each.state for each in ledger.documents.for_batch(batch.batch_id)}
    assert states[G1.document_id] is DocumentState.WITHHELD
    assert states[correction.document_id] is DocumentState.RENDERED
    assert [hold.code for held in ledger.candidates.held(batch.batch_id) for hold in held.late_holds] == ["CORRECTED"]


def test_correction__is_refused_while_the_original_is_in_a_live_attempt(ledger: Ledger) -> None:
    batch = make_batch(ledger, (G1,))
    ledger.print_files.claim(print_file(batch.batch_id, (G1,)), at=AT)
    with pytest.raises(InvariantError, match="cannot be replaced"):
        reissue(ledger, G1, is_copy=False)
    assert [shard.is_reissue for shard in ledger.shards.for_batch(batch.batch_id)] == [False]


def test_correction__second_with_the_same_revision_is_refused(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    reissue(ledger, G1, is_copy=False)
    with pytest.raises(InvariantError, match="by someone else"):
        reissue(ledger, G1, is_copy=False)


def test_correction__bounce_of_the_replaced_email_is_not_redelivered(ledger: Ledger) -> None:
    email = replace(G1, channel=Channel.EMAIL)
    batch = make_batch(ledger, (email, G2))
    mark_email(ledger, claim_email(ledger, email.document_id).delivery_id, DeliveryState.SENT)
    correction = reissue(ledger, email, is_copy=False)
    bounce(ledger, email.document_id)
    pending = {each.document_id for each in ledger.documents.pending(batch.batch_id)}
    assert pending == {G2.document_id, correction.document_id}
    assert [suppression.code for suppression in ledger.suppressions.by_guarantor(FACILITY, ["G1"])["G1"]] == ["EMAIL"]


def test_find__names_the_replacing_correction(ledger: Ledger) -> None:
    make_batch(ledger, (G1,))
    mail(ledger, G1)
    copy = reissue(ledger, G1, is_copy=True)
    correction = reissue(ledger, G1, is_copy=False, revision=3)
    found = {each.document.document_id: each.replaced_by for each in ledger.documents.find("G1")}
    assert found == {G1.document_id: correction.document_id, copy.document_id: "", correction.document_id: ""}
