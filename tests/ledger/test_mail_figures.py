"""The figures of reports and of the write-back, on both databases: what was mailed, returned, held, and told once."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from statement_builder.billing.selection import FinalVendorStatus, Hold
from statement_builder.errors import InvariantError
from statement_builder.ledger import BatchState, DeliveryState, Ledger
from statement_builder.ledger.delivery.write_back import WriteBackEntry, WrittenBack
from statement_builder.ledger.mail_figures import Mailing, MailVolume
from tests.ledger.test_delivery_reports import MAIL, NAME, TWO, hand_off, put_in_file
from tests.ledger.world import (
    AS_OF,
    AT,
    FACILITY,
    HOLD,
    MAILED_ON,
    build,
    faulty,
    held,
    later,
    make_batch,
    mark_email,
    open_batch,
    pull,
    selected,
)

S = DeliveryState


def local_date(moment: datetime) -> date:
    return moment.date()


def return_piece(ledger: Ledger) -> None:
    ledger.delivery_reports.record_piece(
        TWO[0].document_id, S.RETURNED, digest="d1", on=MAILED_ON, at=later(99), why="nixie"
    )


def test_mailed_by_level__counts_what_counts_as_mailed(ledger: Ledger) -> None:
    hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    (count,) = ledger.mail_figures.mailed_by_level(FACILITY, since=AS_OF)
    assert (count.level, count.mailed_on, count.documents, count.cents) == (0, MAILED_ON, 2, 30_00)
    expected = [Mailing(document_id=TWO[0].document_id, level=0, mailed_on=MAILED_ON)]
    assert ledger.mail_figures.mailings(FACILITY, ["A-G1", "A-NOBODY"], since=AS_OF) == {"A-G1": expected}
    assert ledger.mail_figures.mailed_by_level(FACILITY, since=date(2026, 11, 3)) == []
    assert ledger.mail_figures.mailed_by_level("ELSEWHERE", since=AS_OF) == []
    return_piece(ledger)
    (count,) = ledger.mail_figures.mailed_by_level(FACILITY, since=AS_OF)
    assert count.documents == 1, "returned mail starts no clock"


def test_returned__lists_what_did_not_arrive_until_it_is_sent_again(ledger: Ledger) -> None:
    batch_id = hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    assert list(ledger.mail_figures.returned(FACILITY, since=AT)) == []
    return_piece(ledger)
    (found,) = ledger.mail_figures.returned(FACILITY, since=AT)
    assert (found.document_id, found.guarantor_id, found.returned_at) == (TWO[0].document_id, "G1", later(99))
    assert (found.was_sent_again, found.is_due_again, found.amount_cents) == (False, False, 10_00)
    assert list(ledger.mail_figures.returned(FACILITY, since=later(100))) == []
    assert ledger.mail_figures.count_sent(FACILITY, since=AT) == (2, 1)
    ledger.redeliveries.schedule(TWO[0].document_id, readdressed=False, actor="ana", at=later(120), why="asked")
    (found,) = ledger.mail_figures.returned(FACILITY, since=AT)
    assert found.is_due_again
    put_in_file(ledger, batch_id, (TWO[0],), f"{NAME}2", FinalVendorStatus.NOTHING)
    (found,) = ledger.mail_figures.returned(FACILITY, since=AT)
    assert (found.was_sent_again, found.is_due_again) == (True, False)


def test_volumes__are_pieces_sheets_and_emails_of_each_batch(ledger: Ledger) -> None:
    batch_id = make_batch(ledger, [*TWO, MAIL]).batch_id
    put_in_file(ledger, batch_id, TWO, NAME, FinalVendorStatus.NOTHING)
    assert ledger.mail_figures.volumes(FACILITY, since=AS_OF) == [MailVolume(batch_id=batch_id, letters=2, sheets=2)]
    (claim,) = ledger.emails.claim([MAIL.document_id], vendor="smtp", at=AT, read_by={})
    assert ledger.mail_figures.volumes(FACILITY, since=AS_OF)[0].emails == 0, "claimed, and not sent"
    mark_email(ledger, claim.delivery_id, S.SENT, at=AT, mailed_on=MAILED_ON)
    (volume,) = ledger.mail_figures.volumes(FACILITY, since=AS_OF)
    assert (volume.letters, volume.flats, volume.sheets, volume.emails) == (2, 0, 2, 1)


def test_reasons__an_amount_is_with_the_first_reason(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    second = Hold(code="DISPUTE", account_number="A1")
    candidates = [
        held("G1", balance=5_00, holds=(HOLD, second, Hold(code="DISPUTE", account_number="A2"))),
        selected("G2", amount=10_00, balance=25_00),
        faulty("G3"),
    ]
    pull(ledger, batch.batch_id, candidates)
    build(ledger, batch.batch_id, candidates, [TWO[1]])
    assert list(ledger.candidates.reasons(batch.batch_id)) == [
        ("G1", "MINBAL", 5_00),
        ("G1", "DISPUTE", 0),
        ("G2", "", 15_00),
    ]


def entries(ledger: Ledger, batch_id: str, limit: int = 100) -> list[WriteBackEntry]:
    return ledger.write_back.unwritten(batch_id, local_date=local_date, limit=limit)


def test_unwritten__mailings_returns_and_holds_until_a_file_has_them(ledger: Ledger) -> None:
    batch_id = hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    found = entries(ledger, batch_id)
    assert [(each.what, each.subject, each.number, each.day) for each in found] == [
        (WrittenBack.MAILED, TWO[0].document_id, 1, MAILED_ON),
        (WrittenBack.MAILED, TWO[1].document_id, 1, MAILED_ON),
    ]
    assert entries(ledger, batch_id, limit=1) == found[:1]
    file = ledger.write_back.claim("BILLING_1", batch_id=batch_id, number=1, entries=found, at=AT)
    assert file.state is S.CLAIMED
    assert ledger.write_back.entries("BILLING_1") == sorted(found, key=lambda each: each.subject)
    assert entries(ledger, batch_id) == []
    return_piece(ledger)
    (returned,) = entries(ledger, batch_id)
    assert (returned.what, returned.subject, returned.day) == (
        WrittenBack.RETURNED,
        TWO[0].document_id,
        later(99).date(),
    )


def test_claim__the_same_entry_twice_is_impossible(ledger: Ledger) -> None:
    batch_id = hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    found = entries(ledger, batch_id)
    ledger.write_back.claim("BILLING_1", batch_id=batch_id, number=1, entries=found, at=AT)
    with pytest.raises(InvariantError):
        ledger.write_back.claim("BILLING_2", batch_id=batch_id, number=2, entries=found[:1], at=AT)
    ledger.write_back.mark_delivered("BILLING_1", at=AT)
    ledger.write_back.mark_delivered("BILLING_1", at=AT)
    assert [file.state for file in ledger.write_back.for_batch(batch_id)] == [S.SENT]


def test_unwritten__has_the_holds_with_their_text(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    pull(ledger, batch.batch_id, [held("G1")])
    build(ledger, batch.batch_id, [held("G1")], [])
    (hold,) = entries(ledger, batch.batch_id)
    assert (hold.what, hold.subject, hold.day) == (WrittenBack.HELD, "G1", AS_OF)
    (found,) = ledger.write_back.holds(batch.batch_id, ["G1"]).items()
    assert (found[0], found[1].code) == (("G1", hold.number), "MINBAL")


def test_waiting_batches__open_recent_or_returned(ledger: Ledger) -> None:
    batch_id = hand_off(ledger, reports=FinalVendorStatus.NOTHING)
    assert ledger.write_back.waiting_batches(FACILITY, since=later(10_000)) == [batch_id]
    ledger.batches.set_state(batch_id, BatchState.CLOSED, actor="ana", at=AT)
    assert ledger.write_back.waiting_batches(FACILITY, since=AT) == [batch_id]
    assert ledger.write_back.waiting_batches(FACILITY, since=later(60)) == []
    return_piece(ledger)
    assert ledger.write_back.waiting_batches(FACILITY, since=later(60)) == [batch_id]
