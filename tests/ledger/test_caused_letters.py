"""A letter that an event caused counts from its hand-off, so that no later batch repeats it."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from statement_builder.billing.model import CausedLetter
from statement_builder.billing.selection import FinalVendorStatus, Kind
from statement_builder.ledger import DeliveryState, Ledger
from tests.ledger.world import AT, FACILITY, MAILED_ON, later, make_batch, print_file, rendered

LETTER = rendered("G1", kind=Kind.DUNNING, cause="PL1:2:2026-10-15")
OTHER = rendered("G2", kind=Kind.DUNNING)
FILE = "LTR_001.pdf"


def letters(ledger: Ledger, *, excluding_batch: str = "", facility: str = FACILITY) -> dict[str, date | None]:
    found = ledger.documents.caused_letters(facility, ["G1", "G2", "G3"], excluding_batch=excluding_batch)
    return {guarantor: each.mailed_on for guarantor, mailed in found.items() for each in mailed}


def hand_off(ledger: Ledger, reports: FinalVendorStatus = FinalVendorStatus.MAILED) -> str:
    batch = make_batch(ledger, [LETTER, OTHER], kind=Kind.DUNNING)
    file = print_file(batch.batch_id, [LETTER, OTHER], name=FILE)
    ledger.print_files.claim(msgspec.structs.replace(file, reports=reports), at=AT)
    assert letters(ledger) == {}
    ledger.print_files.mark(FILE, DeliveryState.SENT, at=AT, mailed_on=MAILED_ON)
    return batch.batch_id


def test_caused_letters__counts_from_the_hand_off_before_the_mailing_is_reported(ledger: Ledger) -> None:
    hand_off(ledger)
    assert letters(ledger) == {"G1": None}
    ledger.delivery_reports.record_print_file(FILE, DeliveryState.MAILED, on=MAILED_ON, at=later(9), why="mailed.csv")
    assert ledger.documents.caused_letters(FACILITY, ["G1"], excluding_batch="")["G1"] == (
        CausedLetter(kind=Kind.DUNNING.value, cause_id="PL1:2:2026-10-15", mailed_on=MAILED_ON),
    )


@pytest.mark.parametrize("end", [DeliveryState.REJECTED, DeliveryState.RETURNED])
def test_caused_letters__one_that_nobody_got_does_not_count(ledger: Ledger, end: DeliveryState) -> None:
    hand_off(ledger)
    on = MAILED_ON + timedelta(days=5)
    ledger.delivery_reports.record_piece(LETTER.document_id, end, digest="d1", on=on, at=later(60), why="reports.csv")
    assert letters(ledger) == {}


def test_caused_letters__without_the_batch_that_is_decided_again(ledger: Ledger) -> None:
    batch_id = hand_off(ledger, FinalVendorStatus.NOTHING)
    assert letters(ledger) == {"G1": MAILED_ON}
    assert letters(ledger, excluding_batch=batch_id) == {}
    assert letters(ledger, facility="OTHER") == {}
