"""A sample hospital with two collection agencies, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from statement_builder.source.sample.distribution import ONE_OF_EACH
from tests.hospital import Hospital, build_hospital

LIST = "2026-11-placement-1"
SECOND_PERSON = 4242
HEADER = "row|placement|on|amount|fee|reference|reason"
READY = ("G100003", "G100006", "G100061")
"""Guarantors with a visit that passes every gate."""


def build_placing_hospital(home: Path) -> Hospital:
    """Three visits pass every gate, and one lacks the screening and the check of coverage."""
    hospital = build_hospital(home, guarantors=len(ONE_OF_EACH))
    hospital.sql(
        "UPDATE correspondence SET first_statement_on = '2026-05-21', last_level = 4, last_mailed_on = '2026-09-23'"
        " WHERE last_level = 3"
    )
    for guarantor in READY[:2]:
        for kind, day in (("oral_effort", "2026-10-03"), ("screening", "2026-10-26"), ("coverage_check", "2026-10-29")):
            hospital.sql(
                "INSERT INTO assistance (assistance_id, guarantor_id, kind, occurred_on) VALUES (?, ?, ?, ?)",
                f"N{guarantor}{kind}",
                guarantor,
                kind,
                day,
            )
    return hospital


def folder_of(hospital: Hospital, agency: str = "granite") -> Path:
    """From which the agency takes in its files."""
    return hospital.home / "outbox" / "agencies" / agency


def approve(hospital: Hospital, list_id: str = LIST) -> None:
    hospital.as_user(SECOND_PERSON).statements("placement", "approve", list_id)


def sent_records(hospital: Hospital, agency: str, file_type: str) -> list[list[str]]:
    """The records of every file that an agency may take in: with its control file, and as it says."""
    records = []
    for control in sorted(folder_of(hospital, agency).glob("*.ctl")):
        facts: dict[str, Any] = json.loads(control.read_text(encoding="utf-8"))
        if facts["file_type"] != file_type:
            continue
        (file,) = facts["files"]
        lines = (control.parent / file["file"]).read_text(encoding="utf-8").splitlines()
        head, *body, trailer = [line.split("|") for line in lines]
        assert head[:4] == ["H", file_type, "MVRH", agency]
        assert trailer[:2] == ["T", str(len(body))] == ["T", str(facts["records"])]
        assert round(float(trailer[2]) * 100) == facts["cents"]
        records += body
    return records


def placements(hospital: Hospital) -> dict[str, tuple[str, str, int]]:
    """Guarantor → placement id, account, and cents of the visits that were sent."""
    rows = hospital.ledger(
        "SELECT guarantor_id, placement_id, account_number, placed_cents FROM placement WHERE placed_on IS NOT NULL"
    )
    return {guarantor: (placement, account, cents) for guarantor, placement, account, cents in rows}


def dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def report(hospital: Hospital, name: str, *rows: str, agency: str = "granite", total: int | None = None) -> None:
    """Leave an agency's file in its inbox."""
    cents = sum(round(float(row.split("|")[3]) * 100) for row in rows) if total is None else total
    text = "\n".join((HEADER, *rows, f"TRAILER|{len(rows)}|{dollars(cents)}", ""))
    inbox = hospital.home / "agency-reports" / agency
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / name).write_text(text, encoding="utf-8")
