"""Rows for the sample hospital's database: a guarantor with one ordinary visit, in which a test can change a value."""

from __future__ import annotations

from typing import Any

from tests.hospital import Hospital

_ORDINARY: dict[str, dict[str, Any]] = {
    "guarantor": {
        "first_name": "Maria",
        "last_name": "Lopez",
        "address_lines": "12 Maple Street",
        "city": "Springfield",
        "state": "MA",
        "postal_code": "01103",
        "country": "US",
        "language": "en",
        "large_print": 0,
        "delivery": "paper",
    },
    "patient": {"first_name": "Maria", "last_name": "Lopez", "birth_on": "1980-05-01"},
    "encounter": {
        "service_from": "2026-09-01",
        "service_to": "2026-09-01",
        "facility_name": "Imaging Center",
        "description": "MRI of the knee",
        "patient_class": "outpatient",
        "financial_class": "self_pay",
        "insurance_status": "none",
        "insurance_pending_cents": 0,
        "final_billed": 1,
        "sensitive": 0,
    },
    "charge": {
        "service_on": "2026-09-01",
        "posted_on": "2026-09-03",
        "description": "MRI of the knee",
        "quantity": 1,
        "amount_cents": 30_000,
    },
}
_KEYS = {
    "guarantor": ("guarantor_id",),
    "patient": ("guarantor_id", "patient_id"),
    "encounter": ("guarantor_id", "patient_id", "account_number"),
    "charge": ("account_number", "charge_id"),
}


def add_row(hospital: Hospital, table: str, **values: Any) -> None:
    """Add one row with exactly these values."""
    placeholders = ", ".join("?" for _ in values)
    hospital.sql(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({placeholders})", *values.values())


def account_rows(guarantor_id: str) -> dict[str, dict[str, Any]]:
    """By table, the row of a guarantor who owes $300 for one visit."""
    ids = {
        "guarantor_id": guarantor_id,
        "patient_id": f"P-{guarantor_id}",
        "account_number": f"A-{guarantor_id}",
        "charge_id": f"C-{guarantor_id}",
    }
    return {table: {key: ids[key] for key in _KEYS[table]} | ordinary for table, ordinary in _ORDINARY.items()}


def add_account(hospital: Hospital, guarantor_id: str, **changes: dict[str, Any]) -> None:
    """Add a guarantor who owes $300 for one visit. `changes` overrides values by table."""
    for table, row in account_rows(guarantor_id).items():
        add_row(hospital, table, **(row | changes.get(table, {})))
