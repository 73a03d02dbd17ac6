"""Builds a hospital's extract in the reference schema row by row. A test passes only the columns it is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.source import Source, create_reference_schema, open_source

AS_OF = date(2026, 11, 20)
CYCLE = "2026-11"
SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"

_DEFAULTS: dict[str, dict[str, Any]] = {
    "guarantor": {
        "guarantor_id": "G1",
        "first_name": "Maria",
        "last_name": "Lopez",
        "address_lines": "12 Maple Street",
        "city": "Springfield",
        "state": "MA",
        "postal_code": "01103",
        "country": "US",
        "language": "en",
        "large_print": False,
        "delivery": "paper",
    },
    "patient": {
        "guarantor_id": "G1",
        "patient_id": "P1",
        "first_name": "Maria",
        "last_name": "Lopez",
        "birth_on": "1980-05-01",
    },
    "coverage": {
        "coverage_id": "V1",
        "guarantor_id": "G1",
        "patient_id": "P1",
        "kind": "qmb",
        "starts_on": "2026-07-01",
    },
    "contact": {
        "contact_id": "K1",
        "guarantor_id": "G1",
        "patient_id": "P1",
        "kind": "confidential",
        "address_lines": "PO Box 4471",
        "city": "Larchmere",
        "state": "MA",
        "postal_code": "01944",
        "large_print": False,
        "delivery": "paper",
    },
    "billing_entity": {
        "entity_id": "LP",
        "kind": "physician_group",
        "name": "Lakeside Emergency Physicians, P.C.",
        "tax_id": "04-7654321",
        "phone": "(413) 555-0199",
        "hospital_collects": True,
        "in_assistance_policy": False,
    },
    "encounter": {
        "account_number": "A1",
        "guarantor_id": "G1",
        "patient_id": "P1",
        "service_from": "2026-10-01",
        "service_to": "2026-10-01",
        "facility_name": "Imaging Center",
        "description": "MRI of the knee",
        "patient_class": "outpatient",
        "financial_class": "commercial",
        "insurance_status": "adjudicated",
        "insurance_pending_cents": 0,
        "final_billed": True,
        "sensitive": False,
    },
    "charge": {
        "charge_id": "C1",
        "account_number": "A1",
        "service_on": "2026-10-01",
        "posted_on": "2026-10-03",
        "description": "MRI of the knee",
        "quantity": 1,
        "amount_cents": 90_000,
    },
    "insurance_transaction": {
        "transaction_id": "T1",
        "account_number": "A1",
        "posted_on": "2026-10-20",
        "kind": "payment",
        "payer": "Blue Summit PPO",
        "amount_cents": 60_000,
    },
    "patient_payment": {
        "payment_id": "R1",
        "guarantor_id": "G1",
        "account_number": "A1",
        "posted_on": "2026-11-01",
        "method": "CHECK",
        "amount_cents": 5_000,
    },
    "patient_share": {
        "account_number": "A1",
        "adjudicated_on": "2026-10-20",
        "deductible_cents": 30_000,
        "coinsurance_cents": 0,
        "copay_cents": 0,
        "noncovered_cents": 0,
    },
    "correspondence": {
        "account_number": "A1",
        "first_statement_on": "2026-10-21",
        "statements_sent": 1,
        "last_level": 0,
        "last_mailed_on": "2026-10-21",
    },
    "payment_plan": {"plan_id": "L1", "guarantor_id": "G1", "status": "active", "opened_on": "2026-10-25"},
    "installment": {
        "plan_id": "L1",
        "sequence": 1,
        "due_on": "2026-12-01",
        "amount_cents": 5_000,
        "paid_cents": 0,
    },
    "hold": {"hold_id": "X1", "guarantor_id": "G1", "code": "DISPUTE", "placed_on": "2026-11-05"},
    "assistance": {
        "assistance_id": "N1",
        "guarantor_id": "G1",
        "kind": "oral_effort",
        "occurred_on": "2026-11-05",
    },
    "document_request": {
        "request_id": "Q1",
        "account_number": "A1",
        "kind": "verification",
        "asked_on": "2026-11-05",
    },
    "estate": {
        "estate_id": "T1",
        "guarantor_id": "G1",
        "died_on": "2026-08-14",
        "status": "unknown",
    },
    "ob_episode": {
        "episode_id": "E1",
        "guarantor_id": "G1",
        "patient_id": "P1",
        "status": "active",
        "expected_delivery_on": "2027-03-01",
        "estimate_cents": 240_000,
        "estimate_on": "2026-08-20",
        "financial_class": "commercial",
        "notices_sent": 0,
    },
    "ob_deposit": {"deposit_id": "D1", "episode_id": "E1", "posted_on": "2026-09-20", "amount_cents": 34_000},
    "refund": {
        "refund_id": "F1",
        "guarantor_id": "G1",
        "account_number": "A1",
        "amount_cents": 4_500,
        "reason": "overpaid",
        "status": "approved",
        "approved_on": "2026-11-18",
        "approved_by": "refund-queue",
        "method": "check",
        "send_on": "2026-11-27",
    },
    "feed": {"feed": "billing", "loaded_at": "2026-11-20T06:00:00Z"},
}


class Extract:
    """A reference database that a test fills. Dispose `engine` before the database is dropped."""

    def __init__(self, url: str) -> None:
        self.url = url
        create_reference_schema(url)
        self.engine: Engine = create_engine(url)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def add(self, table: str, **changes: Any) -> None:
        """Insert a valid row with `changes` applied."""
        row = _DEFAULTS[table] | changes
        columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self.engine.begin() as connection:
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)

    def add_account(self, number: str, *, postal_code: str = "01103", cents: int = 30_000) -> None:
        """Add a valid guarantor `G<number>` with one visit and a balance of `cents`."""
        self.add("guarantor", guarantor_id=f"G{number}", postal_code=postal_code)
        self.add("patient", guarantor_id=f"G{number}", patient_id=f"P{number}")
        self.add("encounter", account_number=f"A{number}", guarantor_id=f"G{number}", patient_id=f"P{number}")
        self.add("charge", charge_id=f"C{number}", account_number=f"A{number}", amount_cents=cents)

    @contextmanager
    def source(self, sql_root: Path = SQL_ROOT, *, languages: tuple[str, ...] = ("en", "es")) -> Iterator[Source]:
        with open_source("reference", self.url, sql_root, languages=frozenset(languages)) as source:
            yield source

    def pull(self, sql_root: Path = SQL_ROOT, *, as_of: date = AS_OF) -> list[GuarantorAccount | FaultyAccount]:
        """All accounts, in the order of the pull."""
        with self.source(sql_root) as source:
            return list(source.accounts(as_of=as_of, cycle=CYCLE))


def subjects(accounts: list[GuarantorAccount | FaultyAccount]) -> list[str]:
    """The subjects of the accounts; faulty ones start with an exclamation mark."""
    return [
        f"!{account.subject}" if isinstance(account, FaultyAccount) else account.guarantor.guarantor_id
        for account in accounts
    ]


def only_fault(accounts: list[GuarantorAccount | FaultyAccount]) -> FaultyAccount:
    """The only faulty account."""
    (faulty,) = [account for account in accounts if isinstance(account, FaultyAccount)]
    return faulty


def balance_cents(account: GuarantorAccount) -> int:
    """Charges minus insurance transactions and patient payments of all encounters."""
    return sum(
        sum(charge.amount_cents for charge in encounter.charges)
        - sum(transaction.amount_cents for transaction in encounter.insurance)
        - sum(payment.amount_cents for payment in encounter.payments)
        for encounter in account.encounters
    )
