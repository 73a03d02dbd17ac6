"""Writes the world into a billing database, as the hospital's own systems do: the reference schema on SQLite."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from statement_builder.source import create_reference_schema
from tests.simulation.households import Household, Posting, Visit, World, street_of

Row = dict[str, Any]
CONSENT_AT = "2025-01-01T00:00:00Z"
_BY_ACCOUNT = ("charge", "insurance_transaction", "patient_share", "document_request", "correspondence")
"""Tables without a guarantor: their rows belong to the account."""
_BY_PARENT = {"installment": ("plan_id", "payment_plan"), "ob_deposit": ("episode_id", "ob_episode")}
_BY_GUARANTOR = (
    "guarantor",
    "patient",
    "encounter",
    "patient_payment",
    "payment_plan",
    "hold",
    "assistance",
    "estate",
    "ob_episode",
    "refund",
    "payroll_deduction",
)


class BillingDatabase:
    """The hospital's database. `write` brings it up to date with a household, `load` with a day's feeds."""

    def __init__(self, path: Path) -> None:
        create_reference_schema(f"sqlite:///{path}")
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA synchronous = OFF")

    def write(self, world: World, numbers: Iterable[int], day: date) -> None:
        """Replace everything about these households with what is true at the end of the day."""
        with self._connection:
            for number in numbers:
                household = world.households[number]
                self._delete(household)
                for table, rows in _rows_of(household, day).items():
                    for row in rows:
                        marks = ", ".join("?" * len(row))
                        insert = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
                        self._connection.execute(insert, [_text(value) for value in row.values()])

    def load(self, feeds: dict[str, date]) -> None:
        """Record when each feed was loaded."""
        with self._connection:
            self._connection.execute("DELETE FROM feed")
            rows = [(feed, f"{day}T06:00:00Z") for feed, day in feeds.items()]
            self._connection.executemany("INSERT INTO feed VALUES (?, ?)", rows)

    def close(self) -> None:
        self._connection.close()

    def _delete(self, household: Household) -> None:
        guarantor = (household.guarantor_id,)
        for table in _BY_ACCOUNT:
            self._connection.execute(
                f"DELETE FROM {table} WHERE account_number IN"
                " (SELECT account_number FROM encounter WHERE guarantor_id = ?)",
                guarantor,
            )
        for table, (key, parent) in _BY_PARENT.items():
            self._connection.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {parent} WHERE guarantor_id = ?)", guarantor
            )
        for table in _BY_GUARANTOR:
            self._connection.execute(f"DELETE FROM {table} WHERE guarantor_id = ?", guarantor)


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _rows_of(household: Household, day: date) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    guarantor, patient = household.guarantor_id, f"P{100_000 + household.number}"
    rows["guarantor"].append(_guarantor(household))
    names = {"first_name": household.first_name, "last_name": household.last_name}
    rows["patient"].append({"guarantor_id": guarantor, "patient_id": patient, "birth_on": household.born_on, **names})
    for visit in household.visits:
        _add_visit(rows, household, visit, patient, day)
    for posting in household.unapplied:
        rows["patient_payment"].append(_payment(guarantor, None, posting))
    _add_plans(rows, household)
    for hold in household.holds:
        if hold.ended_on is None or hold.ended_on > day:
            rows["hold"].append(
                {
                    "hold_id": hold.hold_id,
                    "guarantor_id": guarantor,
                    "account_number": hold.visit.account if hold.visit else None,
                    "code": hold.code,
                    "placed_on": hold.placed_on,
                }
            )
    _add_assistance(rows, household)
    _add_deductions(rows, household)
    _add_estate(rows, household, patient)
    _add_pregnancies(rows, household, patient)
    for refund in household.refunds:
        rows["refund"].append(
            {
                "refund_id": refund.refund_id,
                "guarantor_id": guarantor,
                "account_number": refund.visit.account,
                "amount_cents": refund.cents,
                "reason": "overpaid",
                "status": "sent" if refund.sent_on else "approved",
                "approved_on": refund.approved_on,
                "approved_by": "refund-queue",
                "method": "check",
                "send_on": refund.send_on,
                "sent_on": refund.sent_on,
                "balances_reviewed": 1,
            }
        )
    for request_id, visit, asked_on in household.requests:
        rows["document_request"].append(
            {"request_id": request_id, "account_number": visit.account, "kind": "invoice", "asked_on": asked_on}
        )
    return rows


def _guarantor(household: Household) -> Row:
    row: Row = {
        "guarantor_id": household.guarantor_id,
        "first_name": household.first_name,
        "last_name": household.last_name,
        "address_lines": street_of(household, household.address),
        "city": "Ashford Mills",
        "state": "MA",
        "postal_code": f"013{household.number % 100:02}",
        "email": f"reader{household.number}@example.com" if household.delivery == "email" else None,
        "language": household.language,
        "large_print": 0,
        "delivery": household.delivery,
        "email_consent_at": CONSENT_AT if household.delivery == "email" else None,
        "birth_on": household.born_on,
    }
    if household.confidential:
        row |= {
            "confidential_lines": street_of(household, household.confidential),
            "confidential_city": "Larchmere",
            "confidential_state": "MA",
            "confidential_postal_code": "01944",
        }
    return row


def _payment(guarantor: str, account: str | None, posting: Posting) -> Row:
    return {
        "payment_id": posting.posting_id,
        "guarantor_id": guarantor,
        "account_number": account,
        "posted_on": posting.on,
        "method": posting.method,
        "amount_cents": -posting.cents,
    }


def _add_visit(rows: dict[str, list[Row]], household: Household, visit: Visit, patient: str, day: date) -> None:
    guarantor = household.guarantor_id
    status = "none" if not visit.is_insured else "adjudicated" if visit.is_decided else "pending"
    rows["encounter"].append(
        {
            "account_number": visit.account,
            "guarantor_id": guarantor,
            "patient_id": patient,
            "service_from": visit.service_on,
            "service_to": visit.service_on,
            "facility_name": "Main Campus",
            "description": "Outpatient visit",
            "patient_class": "outpatient",
            "financial_class": visit.financial_class,
            "insurance_status": status,
            "insurance_name": "Blue Summit PPO" if visit.is_insured else None,
            "insurance_pending_cents": 0 if visit.is_decided else visit.balance(day),
            "final_billed": int(day >= visit.final_on),
            "sensitive": 0,
            "plan_id": visit.plan.plan_id if visit.plan else None,
        }
    )
    if visit.earlier:
        levels = [level for level, _ in visit.earlier]
        rows["correspondence"].append(
            {
                "account_number": visit.account,
                "first_statement_on": visit.earlier[0][1],
                "statements_sent": sum(level < 2 for level in levels),
                "last_level": levels[-1],
                "last_mailed_on": visit.earlier[-1][1],
            }
        )
    for posting in visit.postings:
        if posting.kind == "charge":
            rows["charge"].append(
                {
                    "charge_id": posting.posting_id,
                    "account_number": visit.account,
                    "service_on": visit.service_on,
                    "posted_on": posting.on,
                    "description": "Hospital service",
                    "code": "99213",
                    "quantity": 1,
                    "amount_cents": posting.cents,
                }
            )
        elif posting.kind == "payment":
            rows["patient_payment"].append(_payment(guarantor, visit.account, posting))
        else:
            rows["insurance_transaction"].append(
                {
                    "transaction_id": posting.posting_id,
                    "account_number": visit.account,
                    "posted_on": posting.on,
                    "kind": "payment" if posting.kind == "insurance" else posting.kind,
                    "payer": None if posting.kind == "charity" else "Blue Summit PPO",
                    "amount_cents": -posting.cents,
                }
            )
    if visit.share_on is not None:
        rows["patient_share"].append(
            {
                "account_number": visit.account,
                "adjudicated_on": visit.share_on,
                "deductible_cents": visit.share_cents,
                "coinsurance_cents": 0,
                "copay_cents": 0,
                "noncovered_cents": 0,
            }
        )


def _add_plans(rows: dict[str, list[Row]], household: Household) -> None:
    for plan in household.plans:
        rows["payment_plan"].append(
            {
                "plan_id": plan.plan_id,
                "guarantor_id": household.guarantor_id,
                "status": plan.status,
                "opened_on": plan.opened_on,
            }
        )
        for sequence, each in enumerate(plan.installments, start=1):
            rows["installment"].append(
                {
                    "plan_id": plan.plan_id,
                    "sequence": sequence,
                    "due_on": each.due_on,
                    "amount_cents": each.cents,
                    "paid_cents": each.paid_cents,
                }
            )


def _add_assistance(rows: dict[str, list[Row]], household: Household) -> None:
    guarantor = household.guarantor_id
    for application in household.applications:
        rows["assistance"].append(
            {
                "assistance_id": application.application_id,
                "guarantor_id": guarantor,
                "kind": "application",
                "occurred_on": application.applied_on,
                "status": application.status,
                "missing_items": application.missing or None,
                "decided_on": application.decided_on,
                "basis": application.basis or None,
                "discount_percent": application.percent or None,
            }
        )
    for effort in household.efforts:
        rows["assistance"].append(
            {
                "assistance_id": effort.effort_id,
                "guarantor_id": guarantor,
                "kind": effort.kind,
                "occurred_on": effort.on,
            }
        )


def _add_deductions(rows: dict[str, list[Row]], household: Household) -> None:
    for each in household.deductions:
        dues = [installment.due_on for installment in each.plan.installments]
        rows["payroll_deduction"].append(
            {
                "authorization_id": each.authorization_id,
                "guarantor_id": household.guarantor_id,
                "plan_id": each.plan.plan_id,
                "employee_id": each.employee_id,
                "status": each.status,
                "asked_on": each.asked_on,
                "total_cents": each.total_cents,
                "per_pay_cents": each.per_pay_cents,
                "pay_count": len(dues),
                "frequency": "monthly",
                "first_pay_on": dues[0],
                "last_pay_on": dues[-1],
                "work_state": "MA",
                "signed_on": each.signed_on,
                "hospital_signed_on": each.signed_on,
                "ended_on": each.ended_on,
            }
        )


def _add_estate(rows: dict[str, list[Row]], household: Household, patient: str) -> None:
    estate = household.estate
    if estate is None:
        return
    row: Row = {
        "estate_id": estate.estate_id,
        "guarantor_id": household.guarantor_id,
        "patient_id": patient,
        "died_on": household.died_on,
        "status": "open" if estate.opened_on else "unknown",
    }
    if estate.opened_on:
        row |= {
            "representative_name": f"Carmen {household.last_name}",
            "address_lines": f"{household.number + 1} Alder Street",
            "city": "Fort Collins",
            "state": "CO",
            "postal_code": "80521",
            "court_state": "CO",
            "county": "Larimer",
            "court": "Larimer County District Court",
            "case_number": f"2026PR{household.number:06}",
            "opened_on": estate.opened_on,
            "published_on": estate.published_on,
        }
    rows["estate"].append(row)


def _add_pregnancies(rows: dict[str, list[Row]], household: Household, patient: str) -> None:
    for episode in household.episodes:
        rows["ob_episode"].append(
            {
                "episode_id": episode.episode_id,
                "guarantor_id": household.guarantor_id,
                "patient_id": patient,
                "status": episode.status,
                "expected_delivery_on": episode.expected_on,
                "estimate_cents": episode.estimate_cents,
                "estimate_on": episode.estimate_on,
                "estimated_delivery_on": episode.expected_on,
                "benefits_verified_on": episode.estimate_on,
                "estimate_basis": "Your plan's deductible and coinsurance",
                "financial_class": "commercial",
                "insurance_name": "Blue Summit PPO",
                "notices_sent": 0,
            }
        )
        for deposit_id, on, cents in episode.deposits:
            rows["ob_deposit"].append(
                {"deposit_id": deposit_id, "episode_id": episode.episode_id, "posted_on": on, "amount_cents": cents}
            )
