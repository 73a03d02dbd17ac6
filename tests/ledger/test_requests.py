"""A request is answered once: by a document that was handed off and did not come back."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from statement_builder.billing.model import DocumentRequest, RequestFormat, RequestKind
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import Kind
from statement_builder.errors import ConfigError
from statement_builder.ledger import BatchState, DeliveryState, Ledger, RecordedRequest
from tests.ledger.world import AT, FACILITY, MAILED_ON, make_batch, print_file, rendered

ASKED_ON = AT.date() - timedelta(days=3)
Q1 = DocumentRequest(request_id="Q1", kind=RequestKind.INVOICE, asked_on=ASKED_ON)
INVOICE = msgspec.structs.replace(rendered("G1", kind=Kind.INVOICE, cycle="2026-11-02"), requests=(Q1,))
CYCLE = "2026-11-02"


def recorded(request_id: str = "R-1", account_number: str = "A-G1") -> RecordedRequest:
    return RecordedRequest(
        request_id=request_id,
        kind=RequestKind.INVOICE,
        account_number=account_number,
        asked_on=ASKED_ON,
        format=RequestFormat.STANDARD,
        recorded_by="ana",
        recorded_at=AT,
    )


def hand_off(ledger: Ledger, *, batch_id: str) -> None:
    ledger.print_files.claim(print_file(batch_id, [INVOICE]), at=AT)
    ledger.print_files.mark("STMT_001.pdf", DeliveryState.SENT, at=AT, mailed_on=MAILED_ON)


def answered(ledger: Ledger, *, excluding: str = "") -> set[tuple[str, str]]:
    return set(ledger.requests.answered(FACILITY, ["Q1", "Q2"], excluding_batch=excluding))


def test_answered__from_the_hand_off_and_not_before(ledger: Ledger) -> None:
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE)
    assert answered(ledger) == set()
    hand_off(ledger, batch_id=batch.batch_id)
    assert answered(ledger) == {("A-G1", "Q1")}
    assert answered(ledger, excluding=batch.batch_id) == set()
    assert ledger.requests.of_batch(batch.batch_id, RequestKind.INVOICE) == {"A-G1": (Q1,)}


def test_of_batch__keeps_what_was_asked_for_and_what_the_review_found(ledger: Ledger) -> None:
    """The billing system may have closed the request when the document is copied or corrected."""
    reviewed = DocumentRequest(
        request_id="Q2",
        kind=RequestKind.VERIFICATION,
        asked_on=ASKED_ON,
        format=RequestFormat.LARGE_PRINT,
        reviewed_on=AT.date(),
        corrected=(Correction.CHARGE_REMOVED, Correction.PAYMENT_POSTED),
    )
    answer = msgspec.structs.replace(rendered("G1", kind=Kind.VERIFICATION, cycle=CYCLE), requests=(reviewed,))
    batch = make_batch(ledger, [answer], kind=Kind.VERIFICATION, cycle=CYCLE)
    assert ledger.requests.of_batch(batch.batch_id, RequestKind.VERIFICATION) == {"A-G1": (reviewed,)}


def test_review__replaces_an_earlier_one_while_the_request_is_open(ledger: Ledger) -> None:
    ledger.requests.record(FACILITY, recorded())
    for obstacle in (RequestObstacle.CODING, RequestObstacle.IDENTITY):
        reviewed = msgspec.structs.replace(recorded().request, reviewed_on=AT.date(), obstacle=obstacle)
        ledger.requests.review(FACILITY, "R-1", reviewed, actor="ana", at=AT)
    (found,) = ledger.requests.recorded(FACILITY)
    assert (found.obstacle, found.reviewed_on) == (RequestObstacle.IDENTITY, AT.date())
    ledger.requests.withdraw(FACILITY, "R-1", reason="asked by mistake", actor="ana", at=AT)
    with pytest.raises(ConfigError, match="not an open request"):
        ledger.requests.review(FACILITY, "R-1", reviewed, actor="ana", at=AT)


def test_answered__not_by_a_piece_that_came_back(ledger: Ledger) -> None:
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE)
    hand_off(ledger, batch_id=batch.batch_id)
    with ledger._transactions.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'returned'")
    assert answered(ledger) == set()


def test_clocks__an_itemized_bill_moves_none(ledger: Ledger) -> None:
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE)
    hand_off(ledger, batch_id=batch.batch_id)
    history = ledger.mailing_history
    assert history.by_account(FACILITY, ["A-G1"]) == {}
    assert history.by_account(FACILITY, ["A-G1"], excluding_batch="2026-11-statement") == {}


def test_record__twice_is_once_and_withdrawn_is_over(ledger: Ledger) -> None:
    assert ledger.requests.record(FACILITY, recorded())
    assert not ledger.requests.record(FACILITY, recorded())
    assert ledger.requests.recorded(FACILITY) == [recorded()]
    assert ledger.requests.recorded("ELSEWHERE") == []
    ledger.requests.withdraw(FACILITY, "R-1", reason="no such account", actor="ana", at=AT)
    assert ledger.requests.recorded(FACILITY) == []
    with pytest.raises(ConfigError, match="not an open request"):
        ledger.requests.withdraw(FACILITY, "R-1", reason="again", actor="ana", at=AT)
    again = msgspec.structs.replace(recorded(), recorded_by="ben")
    assert ledger.requests.record(FACILITY, again)
    assert ledger.requests.recorded(FACILITY) == [again]
    with ledger._transactions.read() as connection:
        events = connection.exec_driver_sql("SELECT actor, what FROM event WHERE subject = 'R-1' ORDER BY 1, 2").all()
    assert events == [("ana", "requested"), ("ana", "withdrawn"), ("ben", "requested")]


def test_recorded__lists_what_is_not_answered(ledger: Ledger) -> None:
    for request_id in ("Q1", "R-2"):
        ledger.requests.record(FACILITY, recorded(request_id))
    ledger.requests.record("ELSEWHERE", recorded("Q1"))
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE)
    hand_off(ledger, batch_id=batch.batch_id)
    assert [each.request_id for each in ledger.requests.recorded(FACILITY)] == ["R-2"]
    others = ledger.requests.recorded(FACILITY, RequestKind.INVOICE, excluding_batch=batch.batch_id)
    assert [each.request_id for each in others] == ["Q1", "R-2"]
    assert [each.request_id for each in ledger.requests.recorded("ELSEWHERE")] == ["Q1"]
    assert ledger.requests.answered("ELSEWHERE", ["Q1"], excluding_batch="") == frozenset()


def test_recorded__another_account_may_use_the_same_id(ledger: Ledger) -> None:
    ledger.requests.record(FACILITY, recorded("Q1", account_number="A-G2"))
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE)
    hand_off(ledger, batch_id=batch.batch_id)
    assert [each.account_number for each in ledger.requests.recorded(FACILITY)] == ["A-G2"]
    ledger.requests.withdraw(FACILITY, "Q1", reason="recorded for another account", actor="ana", at=AT)


def test_reopen__a_shard_that_is_built_again_answers_again(ledger: Ledger) -> None:
    batch = make_batch(ledger, [INVOICE], kind=Kind.INVOICE, cycle=CYCLE, state=BatchState.BUILT)
    ledger.shards.reopen(batch.batch_id, 1, actor="ana", at=AT)
    assert ledger.requests.of_batch(batch.batch_id, RequestKind.INVOICE) == {}
