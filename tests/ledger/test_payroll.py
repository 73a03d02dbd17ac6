"""What payroll was told and answered: each change is claimed once, and the last answer decides."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import DeductionMiss
from statement_builder.billing.payroll import DeductionRow
from statement_builder.errors import InvariantError
from statement_builder.ledger import DeductionAnswer, DeliveryState, Ledger
from tests.ledger.world import AT, FACILITY

ROW = DeductionRow(
    authorization_id="W1",
    guarantor_id="G1",
    employee_id="E1",
    code="HOSPITAL",
    amount_cents=5_000,
    starts_on=date(2026, 12, 18),
    ends_on=date(2027, 5, 21),
    limit_cents=60_000,
    signed_on=date(2026, 11, 12),
)
OTHER = replace(ROW, authorization_id="W2", guarantor_id="G2", employee_id="E2")
END = replace(ROW, ends_on=date(2027, 1, 14))


def test_payroll_rows__the_last_one_stands(ledger: Ledger) -> None:
    claimed = ledger.payroll.claim(FACILITY, "F1", [ROW, OTHER], at=AT)
    assert (claimed.state, claimed.rows) == (DeliveryState.CLAIMED, (ROW, OTHER))
    assert ledger.payroll.claimed_files(FACILITY) == [claimed]
    assert ledger.payroll.rows_of_employee(FACILITY, "E1", "HOSPITAL") == [], "payroll does not have it yet"
    ledger.payroll.mark_delivered("F1", at=AT)
    ledger.payroll.mark_delivered("F1", at=AT + timedelta(hours=1))
    ledger.payroll.claim(FACILITY, "F2", [END], at=AT)
    assert ledger.payroll.latest_rows(FACILITY) == {"W1": END, "W2": OTHER}
    assert ledger.payroll.count_files(FACILITY) == 2
    assert ledger.payroll.rows_of_employee(FACILITY, "E1", "HOSPITAL") == [ROW]
    assert ledger.payroll.latest_rows("ELSEWHERE") == {}


@pytest.mark.parametrize("rows", [pytest.param([OTHER], id="name-is-taken"), pytest.param([], id="no-rows")])
def test_payroll_file__is_claimed_once(ledger: Ledger, rows: list[DeductionRow]) -> None:
    ledger.payroll.claim(FACILITY, "F1", [ROW], at=AT)
    with pytest.raises(InvariantError):
        ledger.payroll.claim(FACILITY, "F1", rows, at=AT)
    assert ledger.payroll.latest_rows(FACILITY) == {"W1": ROW}


def test_payroll_answers__the_last_payday_decides_whether_it_is_missed(ledger: Ledger) -> None:
    first, second = date(2026, 12, 18), date(2027, 1, 1)
    missed = DeductionAnswer(authorization_id="W1", pay_on=first, taken_cents=0, is_missed=True, reason="short_pay")
    taken = DeductionAnswer(authorization_id="W1", pay_on=second, taken_cents=5_000, is_missed=False)
    assert ledger.payroll.record_answer(FACILITY, missed, at=AT)
    assert not ledger.payroll.record_answer(FACILITY, replace(missed, taken_cents=5_000, is_missed=False), at=AT)
    assert ledger.payroll.answers(FACILITY, "W1") == [missed]
    assert ledger.payroll.misses(FACILITY, ["W1", "W2"]) == {"W1": DeductionMiss(authorization_id="W1", pay_on=first)}
    assert ledger.payroll.record_answer(FACILITY, taken, at=AT)
    assert ledger.payroll.misses(FACILITY, ["W1", "W2"]) == {}
