"""A reprint is a marked copy on paper. It is made once, and counts in no figure of its cycle."""

from __future__ import annotations

import csv
import io
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import BATCH, call
from tests.hospital import Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at
from tests.pdf_text import page_texts

pytestmark = pytest.mark.hospital("mailed")


def printed(hospital: Hospital) -> str:
    query = "SELECT document_id FROM document WHERE channel = 'print' AND state = 'handed_off'"
    return str(hospital.ledger(query)[0][0])


def reprint(hospital: Hospital, document: str, code: int = 0) -> str:
    answer = call(hospital, "reprint", document, "--reason", "lost in the mail", code=code)
    return answer.err if code else answer.out


def found(hospital: Hospital, document: str) -> dict[str, Any]:
    return next(row for row in call(hospital, "find", document, "--json").json if row["document"] == document)


def copies(hospital: Hospital, document: str) -> list[str]:
    """The ids of its copies."""
    query = "SELECT document_id FROM document WHERE revision_of = ? AND is_copy ORDER BY revision"
    return [row[0] for row in hospital.ledger(query, document)]


def pages_of(hospital: Hospital, document: str) -> list[str]:
    call(hospital, "get", document, "-o", "page.pdf")
    return page_texts((hospital.home / "page.pdf").read_bytes())


def clocks(hospital: Hospital) -> list[tuple[Any, ...]]:
    return hospital.ledger("SELECT * FROM correspondence ORDER BY 1, 2, 3")


def test_reprint__copy_is_marked_and_not_counted(hospital: Hospital) -> None:
    document, before = printed(hospital), call(hospital, "show", BATCH, "--json").json
    moved = clocks(hospital)
    assert "It was handed off." in reprint(hospital, document)
    (copy,) = copies(hospital, document)

    (row,) = [row for row in hospital.manifest_rows() if row["document_id"] == copy]
    original = next(row for row in hospital.manifest_rows() if row["document_id"] == document)
    for same in ("address_1", "address_2", "amount_cents", "pages", "scanline"):
        assert row[same] == original[same]
    for page in page_texts((hospital.home / "outbox" / "print" / row["pdf_file"]).read_bytes())[: int(row["pages"])]:
        assert "COPY" in page
        assert copy in page
        assert document in page
    original_pages = pages_of(hospital, document)
    assert [page.partition(" COPY We sent")[0] for page in pages_of(hospital, copy)] == original_pages

    after = call(hospital, "show", BATCH, "--json").json
    assert after["counts"].pop("extra") == before["counts"].pop("extra") + 1 == 1
    assert after["cents"].pop("extra") == found(hospital, document)["amount_cents"]
    before["cents"].pop("extra")
    for what in ("state", "counts", "cents", "holds", "foots"):
        assert after[what] == before[what]
    assert clocks(hospital) == moved
    assert hospital.ledger("SELECT mailed_on FROM document WHERE document_id = ?", copy) == [(None,)]


def test_reprint__links_both_documents_and_records_the_user(hospital: Hospital) -> None:
    document = printed(hospital)
    reprint(hospital, document)
    (copy,) = copies(hospital, document)
    row = found(hospital, copy)
    assert (row["revision_of"], row["is_copy"], row["replaced_by"]) == (document, True, "")
    assert found(hospital, document)["replaced_by"] == ""
    assert f"a copy of {document}" in call(hospital, "find", copy).out
    assert f"{copy} a copy of {document}: handed off" in call(hospital, "show", BATCH).out
    ((actor, why),) = hospital.ledger("SELECT actor, why FROM event WHERE what = 'reprinted' AND subject = ?", document)
    assert actor
    assert why == "lost in the mail"


def test_reprint__two_requests_in_a_day_make_one_copy(hospital: Hospital) -> None:
    document = printed(hospital)
    reprint(hospital, document)
    assert "less than a day ago" in reprint(hospital, document)
    assert len(copies(hospital, document)) == 1
    next_days = hospital.on_day("2026-11-09")
    assert "It was handed off." in reprint(next_days, document)
    assert len(copies(hospital, document)) == 2


def test_reprint__copy_of_a_copy_names_the_original(hospital: Hospital) -> None:
    document = printed(hospital)
    reprint(hospital, document)
    (copy,) = copies(hospital, document)
    assert f"reprint {document}" in reprint(hospital, copy, code=2)


def test_reprint__new_address_adds_a_cover_sheet(hospital: Hospital) -> None:
    document = printed(hospital)
    guarantor = found(hospital, document)["guarantor"]
    hospital.sql("UPDATE guarantor SET address_lines = '99 New Street' WHERE guarantor_id = ?", guarantor)
    assert "It was handed off." in reprint(hospital, document)
    row = hospital.manifest_rows()[-1]
    assert row["document_id"] == copies(hospital, document)[0]
    assert row["address_2"] == "99 New Street"
    first = page_texts((hospital.home / "outbox" / "print" / row["pdf_file"]).read_bytes())[0]
    assert "99 New Street" in first


def test_reprint__recorded_hold_makes_nothing(hospital: Hospital) -> None:
    document = printed(hospital)
    guarantor = found(hospital, document)["guarantor"]
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('H-1', ?, 'BANKR_STAY', '2026-11-07')",
        guarantor,
    )
    message = reprint(hospital, document, code=2)
    assert "BANKR_STAY" in message
    assert "Send nothing" in message
    assert copies(hospital, document) == []


def test_reprint__emailed_document_is_printed(hospital: Hospital) -> None:
    document, *_ = hospital.emailed()
    reprint(hospital, document)
    assert hospital.manifest_rows()[-1]["document_id"] == copies(hospital, document)[0]
    assert hospital.emailed().count(document) == 1


@pytest.mark.hospital("waiting")
def test_reprint__before_hand_off_is_refused(hospital: Hospital) -> None:
    (document, *_), *_ = hospital.ledger("SELECT document_id FROM document WHERE state = 'rendered'")
    assert "is not handed off yet" in reprint(hospital, document, code=2)
    call(hospital, "void", document, "--reason", "disputed")
    assert "never mailed" in reprint(hospital, document, code=2)


def test_reprint__killed_at_any_moment_and_repeated_makes_one_copy(hospital: Hospital, tmp_path: Path) -> None:
    document = printed(hospital)
    command = ("reprint", document, "--reason", "lost in the mail")
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *command) == 0
    moments = passed_moments(whole)
    assert {"commit-", "ctl-", "zip-"} <= set(moments)
    for moment in moments_to_kill_at(len(moments)):
        killed = hospital.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        call(killed, *command)
        call(killed, "track")
        (copy,) = copies(killed, document)
        mailed = [row["document_id"] for row in killed.manifest_rows()]
        assert mailed.count(copy) == mailed.count(document) == 1, moments[moment - 1]
        assert call(killed, "show", BATCH, "--json").json["foots"] is True
        assert found(killed, copy)["sha256"] == found(whole, copy)["sha256"]


def test_reprint__late_hold_withholds_the_copy_only(hospital: Hospital, tmp_path: Path) -> None:
    document = printed(hospital)
    command = ("reprint", document, "--reason", "lost in the mail")
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *command) == 0
    moments = passed_moments(whole)
    recorded = moments.index("commit+", moments.index("zip+"))
    killed = hospital.copy_to(tmp_path / "killed")
    assert run_killed_at(killed, recorded + 1, *command) == -signal.SIGKILL
    (copy,) = copies(killed, document)
    killed.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('H-1', ?, 'DECEASED', '2026-11-07')",
        found(killed, document)["guarantor"],
    )
    assert "It was not sent" in reprint(killed, document)
    assert found(killed, copy)["state"] == "withheld"
    assert found(killed, document)["state"] == "handed_off"
    assert copy not in {row["document_id"] for row in killed.manifest_rows()}


def test_reprint__print_file_is_complete(hospital: Hospital) -> None:
    reprint(hospital, printed(hospital))
    newest = sorted((hospital.home / "outbox" / "print").glob("*.ctl"))[-1]
    control = json.loads(newest.read_text(encoding="utf-8"))
    rows = list(csv.DictReader(io.StringIO(newest.with_suffix(".csv").read_text(encoding="utf-8"))))
    assert control["records"] == len(rows) == 1
