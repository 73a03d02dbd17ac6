"""One household through a year, for a test and for the eye: first bill, payment plan, a miss, its cure, and a refund.

    python -m tests.household_year FOLDER

writes every page of the year in English and Spanish, as PDFs in FOLDER.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.hospital import Hospital, build_hospital

GUARANTOR, ACCOUNT, PLAN = "G900001", "A900001", "P900001"
BALANCE_CENTS, INSTALLMENT_CENTS, INSTALLMENTS = 600_00, 150_00, 4
DUE_ON = ("2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15")
EXTRA_CENTS = 25_00
"""What the last payment is too much."""
YEAR = {
    "2026-11-07": ("statement",),
    "2026-11-21": ("plan-agreement", "plan-reminder"),
    "2026-12-07": ("statement", "plan-agreement"),
    "2026-12-10": ("plan-reminder",),
    "2027-01-07": ("statement", "plan-missed"),
    "2027-01-10": ("plan-reminder",),
    "2027-01-20": ("plan-missed",),
    "2027-01-26": ("plan-missed", "plan-default"),
    "2027-02-07": ("statement", "plan-missed", "plan-default"),
    "2027-02-10": ("plan-reminder",),
    "2027-03-07": ("statement",),
    "2027-03-10": ("plan-reminder",),
    "2027-03-22": ("refund", "plan-agreement"),
    "2027-04-07": ("statement", "refund", "plan-reminder", "plan-missed", "plan-default"),
}
"""The batches of each day. What happened before them is in `_happen`."""
_TABLES = (
    *("guarantor", "patient", "coverage", "encounter", "contact", "charge", "insurance_transaction"),
    *("patient_payment", "patient_share", "correspondence", "payment_plan", "installment", "payroll_deduction", "hold"),
    *("assistance", "document_request", "estate", "ob_episode", "ob_deposit", "refund"),
)


class Piece(NamedTuple):
    """A document that left."""

    day: str
    kind: str
    document_id: str
    amount_cents: int


def live_a_year(home: Path, language: str) -> tuple[Hospital, list[Piece]]:
    """Run the batches of a year for a household of two, whose guarantor reads `language`. Returns what left, in
    order."""
    hospital = build_hospital(home, guarantors=1)
    for table in _TABLES:
        hospital.sql(f"DELETE FROM {table}")
    _move_in(hospital, language)
    pieces: list[Piece] = []
    for day, kinds in YEAR.items():
        _happen(hospital, day)
        _batches(hospital, pieces, day, kinds)
    return hospital, pieces


def read_pdf(hospital: Hospital, piece: Piece, path: Path) -> None:
    """Write the document as it was mailed."""
    hospital.statements("get", piece.document_id, "-o", str(path))


def _happen(hospital: Hospital, day: str) -> None:
    """What happened since the batches before: a plan, payments on time and late, one too large, a refund."""
    match day:
        case "2026-11-21":
            _open_plan(hospital, "2026-11-20")
        case "2027-01-07":
            _pay(hospital, 1, "2026-12-14")
        case "2027-02-07":
            _pay(hospital, 2, "2027-02-03")
        case "2027-03-07":
            _pay(hospital, 3, "2027-02-12")
        case "2027-03-22":
            _pay(hospital, 4, "2027-03-13", extra_cents=EXTRA_CENTS)
            hospital.sql("UPDATE payment_plan SET status = 'completed'")
            _approve_refund(hospital, "2027-03-20")


def _batches(hospital: Hospital, pieces: list[Piece], day: str, kinds: Sequence[str]) -> None:
    known = {piece.document_id for piece in pieces}
    today = hospital.on_day(day)
    for kind in kinds:
        batch = f"{day}-{kind}"
        if today.statements("run", kind, "--cycle", day, "--as-of", day, code=None).code:
            release = ("release", batch, "--reason", "checked")
            asked = re.findall(r"--accept ([A-Z]+)", today.statements(*release, code=None).err)
            if asked:
                today.statements(*release, *(option for check in asked for option in ("--accept", check)))
        counts = today.statements("show", batch, "--json").json["counts"]
        assert counts["handed_off"] == counts["rendered"], batch
        for document_id, cents in hospital.ledger(
            "SELECT document_id, amount_cents FROM document WHERE batch_id = ? AND state = 'handed_off'", batch
        ):
            if document_id not in known:
                pieces.append(Piece(day, kind, document_id, cents))


def _insert(hospital: Hospital, table: str, **values: object) -> None:
    marks = ", ".join("?" * len(values))
    hospital.sql(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values())


def _move_in(hospital: Hospital, language: str) -> None:
    _insert(
        hospital,
        "guarantor",
        guarantor_id=GUARANTOR,
        first_name="Elena",
        last_name="Ortiz",
        address_lines="48 Orchard Street",
        city="Concord",
        state="NH",
        postal_code="03301",
        language=language,
        large_print=0,
        delivery="paper",
        birth_on="1984-05-02",
    )
    for patient_id, first_name, born in (("PT1", "Elena", "1984-05-02"), ("PT2", "Mateo", "2017-09-12")):
        _insert(
            hospital,
            "patient",
            guarantor_id=GUARANTOR,
            patient_id=patient_id,
            first_name=first_name,
            last_name="Ortiz",
            birth_on=born,
        )
    _insert(
        hospital,
        "encounter",
        account_number=ACCOUNT,
        guarantor_id=GUARANTOR,
        patient_id="PT2",
        service_from="2026-10-02",
        service_to="2026-10-02",
        facility_name="Maple Valley Regional Hospital",
        description="Emergency visit, broken wrist",
        patient_class="emergency",
        financial_class="commercial",
        insurance_status="adjudicated",
        insurance_name="Granite Health Plan",
        insurance_pending_cents=0,
        final_billed=1,
        sensitive=0,
    )
    _insert(
        hospital,
        "charge",
        charge_id="C1",
        account_number=ACCOUNT,
        service_on="2026-10-02",
        posted_on="2026-10-05",
        description="Emergency room, level 3",
        code="99283",
        revenue_code="0450",
        quantity=1,
        amount_cents=2_400_00,
    )
    for number, (kind, cents) in enumerate((("contractual", 900_00), ("payment", 900_00)), start=1):
        _insert(
            hospital,
            "insurance_transaction",
            transaction_id=f"I{number}",
            account_number=ACCOUNT,
            posted_on="2026-10-25",
            kind=kind,
            payer="Granite Health Plan",
            amount_cents=cents,
        )
    _insert(
        hospital,
        "patient_share",
        account_number=ACCOUNT,
        adjudicated_on="2026-10-25",
        deductible_cents=BALANCE_CENTS,
        coinsurance_cents=0,
        copay_cents=0,
        noncovered_cents=0,
    )


def _open_plan(hospital: Hospital, day: str) -> None:
    _insert(
        hospital,
        "payment_plan",
        plan_id=PLAN,
        guarantor_id=GUARANTOR,
        status="active",
        opened_on=day,
        terms_on=day,
        method="manual",
        down_payment_cents=0,
        finance_charge_cents=0,
    )
    for sequence, due_on in enumerate(DUE_ON, start=1):
        _insert(
            hospital,
            "installment",
            plan_id=PLAN,
            sequence=sequence,
            due_on=due_on,
            amount_cents=INSTALLMENT_CENTS,
            paid_cents=0,
        )
    hospital.sql("UPDATE encounter SET plan_id = ?", PLAN)


def _pay(hospital: Hospital, sequence: int, day: str, *, extra_cents: int = 0) -> None:
    _insert(
        hospital,
        "patient_payment",
        payment_id=f"PAY{sequence}",
        guarantor_id=GUARANTOR,
        account_number=ACCOUNT,
        posted_on=day,
        method="check",
        amount_cents=INSTALLMENT_CENTS + extra_cents,
    )
    hospital.sql("UPDATE installment SET paid_cents = amount_cents WHERE sequence = ?", sequence)


def _approve_refund(hospital: Hospital, day: str) -> None:
    _insert(
        hospital,
        "refund",
        refund_id="R900001",
        guarantor_id=GUARANTOR,
        account_number=ACCOUNT,
        amount_cents=EXTRA_CENTS,
        reason="overpaid",
        status="approved",
        approved_on=day,
        approved_by="supervisor",
        method="check",
        send_on="2027-03-29",
        balances_reviewed=1,
    )


def main(folder: Path) -> None:
    for language in ("en", "es"):
        hospital, pieces = live_a_year(folder / f"hospital-{language}", language)
        for number, piece in enumerate(pieces, start=1):
            path = folder / f"{language}-{number:02d}-{piece.day}-{piece.kind}.pdf"
            read_pdf(hospital, piece, path)
            print(path.name, piece.amount_cents)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
