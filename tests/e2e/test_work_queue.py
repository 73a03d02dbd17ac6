"""The work queue lists rejected mail and unreadable reports, with the fix, until a clerk has acted."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import BATCH, call
from tests.hospital import AS_OF, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

pytestmark = pytest.mark.hospital("mailed", final_vendor_status="acknowledged")


def print_files(hospital: Hospital) -> list[tuple[str, int]]:
    """Name and number of pieces of each print file, in the order of their claims."""
    rows = call(hospital, "show", BATCH, "--json").json["print_files"]
    return [(row["name"], row["documents"]) for row in rows]


def report(hospital: Hospital, status: str, reason: str, *files: str) -> None:
    known = {row["name"]: row for row in call(hospital, "show", BATCH, "--json").json["print_files"]}
    rows = [f"{name},{status},{known[name]['documents']},{known[name]['sha256']},{AS_OF},{reason}" for name in files]
    drop(hospital, f"{status}.csv", "print_file,status,records,pdf_sha256,received_on,reason", *rows)


def drop(hospital: Hospital, name: str, *lines: str) -> None:
    (hospital.home / "inbox").mkdir(exist_ok=True)
    (hospital.home / "inbox" / name).write_text("\r\n".join((*lines, "")), encoding="utf-8")
    call(hospital, "track", code=None)


def exceptions(hospital: Hospital, *batch: str) -> list[dict[str, Any]]:
    """The exceptions that concern a file, without those of the billing data."""
    return [row for row in call(hospital, "exceptions", *batch, "--json").json if row["file"]]


def test_rejected_file__is_listed_until_it_is_resent(hospital: Hospital) -> None:
    (file, pieces), *_ = print_files(hospital)
    documents = [row["document_id"] for row in hospital.manifest_rows()][:pieces]
    report(hospital, "rejected", "JOB-UNKNOWN", file)
    (row,) = exceptions(hospital, BATCH)
    assert (row["code"], row["file"], row["batch"]) == ("FILE_REJECTED", file, BATCH)
    assert "JOB-UNKNOWN" in row["message"]
    assert f"statements resend {file}" in row["fix"]
    assert exceptions(hospital) == [row]
    assert "FILE_REJECTED" in call(hospital, "show", BATCH).out

    output = call(hospital, "resend", file, "--reason", "job set up").out
    assert f"{pieces:,} pieces" in output
    assert exceptions(hospital) == []
    again = [row for row in hospital.manifest_rows() if row["pdf_file"].removesuffix(".pdf") != file]
    assert sorted(row["document_id"] for row in again) == sorted(documents)
    assert {len(attempts_of(hospital, document)) for document in documents} == {2}

    assert "has no rejected piece" in call(hospital, "resend", file, "--reason", "again", code=2).err
    assert len(hospital.manifest_rows()) == 2 * pieces
    report(hospital, "accepted", "", *(name for name, _ in print_files(hospital) if name != file))
    summary = call(hospital, "show", BATCH, "--json").json
    assert (summary["state"], summary["foots"]) == ("closed", True)


def attempts_of(hospital: Hospital, document: str) -> list[str]:
    rows = hospital.ledger("SELECT state FROM delivery WHERE document_id = ? ORDER BY attempt", document)
    return [state for (state,) in rows]


def test_rejected_file__resend_killed_and_repeated(hospital: Hospital, tmp_path: Path) -> None:
    (file, pieces), *_ = print_files(hospital)
    report(hospital, "rejected", "JOB-UNKNOWN", file)
    command = ("resend", file, "--reason", "job set up")
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *command) == 0
    moments = passed_moments(whole)
    for moment in moments_to_kill_at(len(moments), first=2):
        killed = hospital.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        call(killed, *command, code=None)
        assert len(killed.manifest_rows()) == 2 * pieces, moments[moment - 1]


def test_rejected_file__unknown_name(hospital: Hospital) -> None:
    assert "not one of ours" in call(hospital, "resend", "STMT_X_2026-11_1", "--reason", "x", code=2).err


def test_rejected_piece__is_listed_until_it_is_corrected(hospital: Hospital) -> None:
    (file, _), *_ = print_files(hospital)
    document = hospital.manifest_rows()[0]["document_id"]
    report(hospital, "accepted", "", file)
    drop(hospital, "r.csv", "document_id,print_file,rejected_on,reason", f"{document},{file},{AS_OF},ADDRESS")
    (row,) = exceptions(hospital, BATCH)
    assert (row["code"], row["document"]) == ("REJECTED", document)
    assert "ADDRESS" in row["message"]
    assert row["guarantor"] in call(hospital, "exceptions", BATCH).out
    guarantor = row["guarantor"]
    hospital.sql("UPDATE guarantor SET address_lines = '1 Corrected Way' WHERE guarantor_id = ?", guarantor)
    call(hospital, "correct", document, "--reason", "address corrected")
    assert exceptions(hospital, BATCH) == []


def test_quarantined_report__is_listed_with_its_lines_for_its_batch(hospital: Hospital) -> None:
    (file, pieces), *_ = print_files(hospital)
    header = "print_file,status,records,pdf_sha256,received_on,reason"
    drop(hospital, "ack.csv", header, f"{file},accepted,{pieces},{'0' * 64},{AS_OF},")
    (row,) = exceptions(hospital, BATCH)
    assert (row["code"], row["file"]) == ("QUARANTINE", "quarantine/ack.csv")
    assert "line 2: " in row["message"]
    assert "different bytes than were handed off" in row["message"]
    assert "quarantine.md" in row["fix"]
    for path in (hospital.home / "inbox" / "quarantine").iterdir():
        path.unlink()
    assert exceptions(hospital) == []


def test_unclear_message__is_listed_without_a_batch(hospital: Hospital) -> None:
    drop(hospital, "reply.eml", "From: ana@example.org", "Subject: Re: bill", "", "Who are you?")
    (row,) = exceptions(hospital)
    assert (row["code"], row["file"], row["batch"]) == ("UNCLEAR", "unclear/reply.eml", None)
    assert exceptions(hospital, BATCH) == []
    assert "ana@example.org" not in call(hospital, "exceptions").out
