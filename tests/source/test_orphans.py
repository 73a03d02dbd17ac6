"""Rows without a guarantor are reported and counted. No join drops them."""

from __future__ import annotations

from typing import Any

import pytest

from statement_builder.billing.model import FaultyAccount
from tests.source.extract import Extract, subjects


@pytest.mark.parametrize(
    ("rows", "expected", "cents"),
    [
        pytest.param(
            [("encounter", {"guarantor_id": None}), ("charge", {}), ("charge", {"charge_id": "C2"})],
            ["!account:A1"],
            180_000,
            id="visit-without-guarantor",
        ),
        pytest.param([("encounter", {"guarantor_id": "G9"}), ("charge", {})], ["!G9"], 90_000, id="unknown-guarantor"),
        pytest.param([("charge", {"account_number": "A9"})], ["!account:A9"], 90_000, id="charge-without-visit"),
        pytest.param([("charge", {"account_number": None})], ["!row:charges:1"], 0, id="charge-without-account"),
        pytest.param(
            [("insurance_transaction", {"account_number": "A9"}), ("charge", {"account_number": "A9"})],
            ["!account:A9"],
            30_000,
            id="one-exception-per-account",
        ),
        pytest.param(
            [("patient_payment", {"guarantor_id": None, "account_number": None})],
            ["!row:patient_payments:1"],
            0,
            id="payment-without-guarantor",
        ),
        pytest.param([("installment", {})], ["!row:installments:1"], 0, id="installment-without-plan"),
        pytest.param([("ob_deposit", {})], ["!row:ob_deposits:1"], 0, id="deposit-without-pregnancy"),
        pytest.param([("hold", {"guarantor_id": None})], ["!row:holds:1"], 0, id="hold-without-guarantor"),
        pytest.param([("guarantor", {"guarantor_id": None})], ["!row:guarantors:1"], 0, id="guarantor-without-id"),
    ],
)
def test_orphans__become_exceptions(
    extract: Extract, rows: list[tuple[str, dict[str, Any]]], expected: list[str], cents: int
) -> None:
    for table, changes in rows:
        extract.add(table, **changes)

    accounts = extract.pull()

    assert subjects(accounts) == expected
    (faulty,) = accounts
    assert isinstance(faulty, FaultyAccount)
    assert faulty.faults
    assert faulty.cents == cents


def test_orphans__account_with_two_guarantors_is_billed_to_neither(extract: Extract) -> None:
    extract.add_account("1", cents=30_000)
    extract.add("guarantor", guarantor_id="G2", postal_code="01104")
    extract.add("patient", guarantor_id="G2")
    extract.add("encounter", account_number="A1", guarantor_id="G2")

    accounts = extract.pull()

    assert subjects(accounts) == ["!account:A1", "G1", "G2"]
    assert isinstance(accounts[0], FaultyAccount)
    assert accounts[0].cents == 30_000
    assert all(not encounter.charges for account in accounts[1:] for encounter in account.encounters)  # type: ignore[union-attr]


def test_orphans__each_account_is_a_separate_exception(extract: Extract) -> None:
    for number in range(30):
        extract.add("charge", charge_id=f"C{number}", account_number=f"A{number:02d}")
        extract.add("installment", plan_id=f"L{number:02d}")

    accounts = extract.pull()

    assert len(set(subjects(accounts))) == 60


def test_orphans__subjects_are_printable_short_and_unique(sqlite_extract: Extract) -> None:
    for account_number in ("A\x07", "A\x08", "B" * 100, "B" * 101):
        sqlite_extract.add("charge", account_number=account_number)

    shown = subjects(sqlite_extract.pull())

    assert len(set(shown)) == 4
    assert all(name.isprintable() and len(name) <= 80 for name in shown)
