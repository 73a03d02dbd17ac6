"""Event texts are prose for people: with every `why` emptied, the commands do the same."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital

BATCH = f"{CYCLE}-statement"
MAILED = (AS_OF + timedelta(days=1)).isoformat()
pytestmark = pytest.mark.hospital("mailed", guarantors=40, final_vendor_status="mailed")


def empty_event_texts(hospital: Hospital) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute("UPDATE event SET why = ''")
    connection.close()


def drop(hospital: Hospital, name: str, *lines: str) -> None:
    inbox = hospital.home / "inbox"
    inbox.mkdir(exist_ok=True)
    (inbox / name).write_text("\r\n".join((*lines, "")), encoding="utf-8")


def test_kept_control_sheet__is_found_by_its_key(hospital: Hospital) -> None:
    rows = hospital.manifest_rows()
    mailed = [f"{row['document_id']},{row['pdf_file'].removesuffix('.pdf')},{MAILED},J-1" for row in rows]
    drop(hospital, "mailed.csv", "document_id,print_file,mailed_on,job_id", *mailed)
    hospital.statements("track", "--json")
    kept = hospital.statements("report", "control", BATCH, "--kept", "--json").json
    assert kept["state"] == "closed"
    empty_event_texts(hospital)
    assert hospital.statements("report", "control", BATCH, "--kept", "--json").json == kept


def test_address_change__is_recorded_once(hospital: Hospital) -> None:
    document = hospital.manifest_rows()[0]["document_id"]
    header = "document_id,move_type,effective_on,return_code,new_line_1,new_line_2,new_city,new_state,new_zip"
    for number, code in enumerate(("A", "B")):  # a different file with the same move
        drop(hospital, f"ncoa-{number}.csv", header, f"{document},I,2026-11-01,{code},99 New St,,Boston,MA,02110")
        hospital.statements("track", "--json", code=3 if number == 0 else None)
        empty_event_texts(hospital)
    events = hospital.ledger("SELECT why FROM event WHERE subject = ? AND what = 'address change'", document)
    assert len(events) == 1
