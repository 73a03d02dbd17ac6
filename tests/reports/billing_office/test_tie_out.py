"""The tie-out: to the cent by payer class, and every difference on a line."""

from __future__ import annotations

import pytest

from statement_builder.billing.model import FinancialClass, Receivable, ReceivableLedger
from statement_builder.reports.billing_office import (
    ComparedAccount,
    Footing,
    PulledTotals,
    report_tie_out,
    report_tie_out_accounts,
)
from statement_builder.reports.billing_office.tie_out import explain_difference
from tests.builders import AS_OF

BILLING, GENERAL = ReceivableLedger.BILLING_SYSTEM, ReceivableLedger.GENERAL_LEDGER


def total(ledger: ReceivableLedger, cents: int, financial_class: str | None = "commercial") -> Receivable:
    return Receivable(
        ledger=ledger,
        financial_class=FinancialClass(financial_class) if financial_class else None,
        balance_cents=cents,
    )


def test_tie_out__ties_to_the_cent() -> None:
    pulled = PulledTotals(by_class={"commercial": 1_000, "self_pay": -50}, recorded_cents=950)
    theirs = [total(BILLING, 1_000), total(BILLING, -50, "self_pay"), total(GENERAL, 950, None)]
    report = report_tie_out(pulled, theirs, AS_OF)
    rows = Footing(report)
    assert list(rows) == [
        ("commercial", 1_000, 1_000, 0, None, None),
        ("self_pay", -50, -50, 0, None, None),
        ("not by class", 0, None, None, 950, 0),
    ]
    assert rows.totals == ("Total", 950, 950, 0, 950, 0)
    assert report.notes == [
        "The accounts of the batch add up to the same as the control total that was recorded at the pull.",
        "The billing system ties to the cent.",
        "The general ledger ties to the cent.",
    ]


@pytest.mark.parametrize(
    ("theirs", "note"),
    [
        pytest.param([total(BILLING, 999)], "The billing system does NOT tie.", id="one-cent-is-a-difference"),
        pytest.param([total(BILLING, 1_001, None)], "The billing system does NOT tie.", id="total-only"),
        pytest.param([], "There is no total of the billing system", id="no-total"),
    ],
)
def test_tie_out__says_what_does_not_tie(theirs: list[Receivable], note: str) -> None:
    report = report_tie_out(PulledTotals(by_class={"commercial": 1_000}), theirs, AS_OF)
    assert [each for each in report.notes if each.startswith(note)]


def test_tie_out__class_that_only_one_side_has() -> None:
    report = report_tie_out(PulledTotals(by_class={"exceptions": 30}), [total(BILLING, 30)], AS_OF)
    assert list(report.rows) == [("commercial", 0, 30, 30, None, None), ("exceptions", 30, 0, -30, None, None)]


def compared(**fields: object) -> ComparedAccount:
    same = {"pulled_class": "commercial", "pulled_cents": 500, "billing_class": "commercial", "billing_cents": 500}
    return ComparedAccount(guarantor_id="G1", account_number="A1", **(same | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        pytest.param(compared(), "", id="same"),
        pytest.param(compared(billing_cents=501), "another balance", id="one-cent"),
        pytest.param(compared(billing_class="self_pay"), "another payer class", id="class"),
        pytest.param(compared(billing_class="", billing_cents=0), "pulled, and not in the list", id="only-pulled"),
        pytest.param(compared(pulled_class="", pulled_cents=0), "in the list of the billing", id="only-in-billing"),
        pytest.param(compared(pulled_class="exceptions", billing_class="", billing_cents=0), "bad data", id="bad-data"),
        pytest.param(compared(billing_class="", pulled_cents=0, billing_cents=0), "", id="nothing-owed-and-not-listed"),
    ],
)
def test_explain_difference(account: ComparedAccount, reason: str) -> None:
    assert explain_difference(account).startswith(reason)
    assert bool(explain_difference(account)) is bool(reason)


def test_tie_out_accounts__add_up_to_the_difference() -> None:
    accounts = [compared(), compared(billing_cents=530), compared(pulled_class="", pulled_cents=0)]
    report = report_tie_out_accounts(accounts, {"commercial": 25, "self_pay": 0}, AS_OF)
    rows = Footing(report)
    assert [row[6] for row in rows] == [30, 500, 25]
    assert rows.totals is not None
    assert rows.totals[6] == 555
