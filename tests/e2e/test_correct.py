"""A correction replaces a document with today's billing data. It is made once, and counts as the same mailing."""

from __future__ import annotations

import re
import signal
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import BATCH, call, error_message
from tests.e2e.test_reprint import clocks, found, pages_of, printed, reprint
from tests.faults.test_two_operators import run_at_once
from tests.hospital import Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

APOLOGY = "We are sorry for the trouble."
NOTICE = "Corrected. This replaces the one dated November 7, 2026, document {id}."
pytestmark = pytest.mark.hospital("mailed")


def correct(hospital: Hospital, document: str, code: int = 0) -> str:
    answer = call(hospital, "correct", document, "--reason", "insurance paid more", code=code)
    return answer.err if code else answer.out


def corrections(hospital: Hospital, document: str) -> list[str]:
    query = "SELECT document_id FROM document WHERE revision_of = ? AND NOT is_copy ORDER BY revision"
    return [row[0] for row in hospital.ledger(query, document)]


def pay_part(hospital: Hospital, document: str, cents: int = 1_000) -> None:
    """Post a payment with an earlier date."""
    account = found(hospital, document)["accounts"][0]
    hospital.sql(
        "INSERT INTO patient_payment (payment_id, account_number, posted_on, amount_cents, method) "
        "VALUES (?, ?, '2026-10-20', ?, 'check')",
        str(uuid.uuid4()),
        account,
        cents,
    )


def test_correct__names_the_original_and_asks_for_todays_balance(hospital: Hospital) -> None:
    document = printed(hospital)
    before = found(hospital, document)
    pay_part(hospital, document)
    assert "superseded" in correct(hospital, document)
    (correction,) = corrections(hospital, document)

    row = found(hospital, correction)
    assert row["amount_cents"] == before["amount_cents"] - 1_000
    assert [each["state"] for each in row["deliveries"]] == ["sent"]
    (printed_row,) = [each for each in hospital.manifest_rows() if each["document_id"] == correction]
    assert int(printed_row["amount_cents"]) == row["amount_cents"]
    assert NOTICE.format(id=document) in pages_of(hospital, correction)[0]
    assert APOLOGY in pages_of(hospital, correction)[0]
    assert "Corrected." not in pages_of(hospital, document)[0]


def test_correct__unchanged_document_is_refused(hospital: Hospital) -> None:
    document = printed(hospital)
    pieces = len(hospital.manifest_rows())
    assert "same amount, lines, name, address, and words" in correct(hospital, document, code=2)
    assert corrections(hospital, document) == []
    pay_part(hospital, document)
    assert "It changes the amount and the lines." in correct(hospital, document).replace("\n", " ")
    (correction,) = corrections(hospital, document)
    assert "same amount, lines, name, address, and words" in correct(hospital, correction, code=2)
    assert corrections(hospital, correction) == []
    assert len(hospital.manifest_rows()) == pieces + 1


def change_name(hospital: Hospital, guarantor: str) -> None:
    hospital.sql("UPDATE guarantor SET suffix = 'III' WHERE guarantor_id = ?", guarantor)


def change_address(hospital: Hospital, guarantor: str) -> None:
    hospital.sql("UPDATE guarantor SET address_lines = '1 Corrected Way' WHERE guarantor_id = ?", guarantor)


def change_lines(hospital: Hospital, guarantor: str) -> None:
    hospital.sql("UPDATE encounter SET description = 'A corrected service' WHERE guarantor_id = ?", guarantor)


def change_print_size(hospital: Hospital, guarantor: str) -> None:
    hospital.sql("UPDATE guarantor SET large_print = 1 WHERE guarantor_id = ?", guarantor)


def change_phone(hospital: Hospital, _guarantor: str) -> None:
    path = hospital.home / "statements.toml"
    text, count = re.subn(
        r'^assistance_phone = ".*"$', 'assistance_phone = "1-800-555-0199"', path.read_text(), flags=re.M
    )
    assert count == 1
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(change_name, "the name", id="name"),
        pytest.param(change_address, "the address", id="address"),
        pytest.param(change_lines, "the lines", id="description"),
        pytest.param(change_print_size, "the wording", id="print-size"),
        pytest.param(change_phone, "the wording", id="phone-number-in-the-settings"),
    ],
)
def test_correct__says_what_differs(hospital: Hospital, change: Callable[[Hospital, str], None], words: str) -> None:
    document = printed(hospital)
    change(hospital, found(hospital, document)["guarantor"])
    assert f"It changes {words}." in correct(hospital, document).replace("\n", " ")


def test_correct__links_both_documents_and_records_the_user(hospital: Hospital) -> None:
    document = printed(hospital)
    pay_part(hospital, document)
    correct(hospital, document)
    (correction,) = corrections(hospital, document)
    assert found(hospital, document)["replaced_by"] == correction
    row = found(hospital, correction)
    assert (row["revision_of"], row["is_copy"], row["replaced_by"]) == (document, False, "")
    assert f"REPLACED by {correction}" in call(hospital, "find", document).out
    assert f"corrects and replaces {document}" in call(hospital, "show", BATCH).out
    ((actor, why),) = hospital.ledger("SELECT actor, why FROM event WHERE what = 'corrected' AND subject = ?", document)
    assert actor
    assert why == "insurance paid more"


def test_correct__counts_as_the_same_mailing(hospital: Hospital) -> None:
    document, before, moved = printed(hospital), call(hospital, "show", BATCH, "--json").json, clocks(hospital)
    pay_part(hospital, document)
    correct(hospital, document)
    after = call(hospital, "show", BATCH, "--json").json
    assert after["counts"].pop("extra") == 1
    before["counts"].pop("extra")
    assert after["counts"] == before["counts"]
    assert after["foots"] is True
    assert clocks(hospital) == moved


def test_correct__second_request_names_the_existing_correction(hospital: Hospital) -> None:
    document = printed(hospital)
    pay_part(hospital, document)
    correct(hospital, document)
    (correction,) = corrections(hospital, document)
    assert f"correct it: statements correct {correction}" in correct(hospital, document).replace("\n", " ")
    assert corrections(hospital, document) == [correction]
    pay_part(hospital, document)
    assert "superseded" in correct(hospital, correction)
    (second,) = corrections(hospital, correction)
    assert NOTICE.format(id=correction) in pages_of(hospital, second)[0]
    assert len(hospital.ledger("SELECT 1 FROM correspondence WHERE mailed_count > 2")) == 0


def test_correct__original_cannot_be_reprinted_or_resent(hospital: Hospital) -> None:
    document = printed(hospital)
    pay_part(hospital, document)
    correct(hospital, document)
    (correction,) = corrections(hospital, document)
    assert f"replaced by {correction}" in reprint(hospital, document, code=2)
    answer = call(hospital, "resend", document, "--reason", "x", code=2)
    assert f"replaced by {correction}" in answer.err
    assert "It was handed off." in reprint(hospital, correction)


def test_correct__held_account_makes_nothing(hospital: Hospital) -> None:
    document = printed(hospital)
    hospital.sql(
        "INSERT INTO hold (hold_id, guarantor_id, code, placed_on) VALUES ('H-1', ?, 'BANKR_STAY', '2026-11-07')",
        found(hospital, document)["guarantor"],
    )
    message = correct(hospital, document, code=2)
    assert "the rules hold it now" in message
    assert "BANKR_STAY" in message
    assert corrections(hospital, document) == []
    assert found(hospital, document)["replaced_by"] == ""


@pytest.mark.hospital("waiting")
def test_correct__before_release_voids_the_original_and_joins_the_batch(hospital: Hospital) -> None:
    document = hospital.ledger("SELECT document_id FROM document WHERE channel = 'print' LIMIT 1")[0][0]
    pay_part(hospital, document)
    output = correct(hospital, document)
    assert "is void" in output
    assert "is not handed off yet" in output
    (correction,) = corrections(hospital, document)
    assert found(hospital, document)["state"] == "withheld"
    assert "CORRECTED" in call(hospital, "holds", BATCH).out

    call(hospital, "release", BATCH)
    mailed = [row["document_id"] for row in hospital.manifest_rows()]
    assert mailed.count(correction) == 1
    assert document not in mailed
    assert APOLOGY not in pages_of(hospital, correction)[0]  # nobody got the wrong one
    summary = call(hospital, "show", BATCH, "--json").json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert summary["counts"]["withheld"] == 1
    accounts = found(hospital, correction)["accounts"]
    counted = hospital.ledger("SELECT mailed_count FROM correspondence WHERE subject_id = ?", accounts[0])
    assert counted == [(1,)]


def test_correct__emailed_document_is_emailed(hospital: Hospital) -> None:
    document, *_ = hospital.emailed()
    pay_part(hospital, document)
    correct(hospital, document)
    assert corrections(hospital, document)[0] in hospital.emailed()


def test_correct__large_print_names_the_original(hospital: Hospital) -> None:
    document = printed(hospital)
    guarantor = found(hospital, document)["guarantor"]
    hospital.sql("UPDATE guarantor SET large_print = 1 WHERE guarantor_id = ?", guarantor)
    correct(hospital, document)
    assert NOTICE.format(id=document) in pages_of(hospital, corrections(hospital, document)[0])[0]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param('statement = "person"', 'statement = "dual-control"', id="kind"),
        pytest.param("amount_max_cents = 25000000", "amount_max_cents = 100", id="amount"),
    ],
)
def test_correct__dual_control_applies(hospital: Hospital, setting: str, value: str) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    assert setting in text
    settings.write_text(text.replace(setting, value), encoding="utf-8")
    document = printed(hospital)
    assert "requires a user other than" in correct(hospital, document, code=2)
    assert corrections(hospital, document) == []


def test_correct__two_at_once_make_one_correction(hospital: Hospital) -> None:
    document = printed(hospital)
    pay_part(hospital, document)
    answers = run_at_once(hospital, *[("correct", document, "--reason", "insurance paid more")] * 2)
    assert 0 in [answer.code for answer in answers]
    for answer in answers:
        assert answer.code == 0 or "is locked by" in error_message(answer)
    (correction,) = corrections(hospital, document)
    call(hospital, "track")
    assert [row["document_id"] for row in hospital.manifest_rows()].count(correction) == 1


def mark_error(hospital: Hospital, document: str) -> None:
    """Mark a document as failed, so that a rerun builds its shard again."""
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        connection.execute("UPDATE document SET state = 'error', error_code = 'X' WHERE document_id = ?", (document,))
    connection.close()


@pytest.mark.hospital("waiting")
def test_correct__voids_survive_a_rebuild_of_the_shard(hospital: Hospital) -> None:
    first, second, other = [
        row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'print' LIMIT 3")
    ]
    pay_part(hospital, first)
    correct(hospital, first)
    call(hospital, "void", second, "--reason", "disputed by phone")
    mark_error(hospital, other)
    call(hospital, "rerun", BATCH, "--release")
    mailed = [row["document_id"] for row in hospital.manifest_rows()]
    assert not {first, second} & set(mailed)
    assert mailed.count(corrections(hospital, first)[0]) == 1
    assert {code for (code,) in hospital.ledger("SELECT code FROM candidate_hold WHERE late")} == {
        "CORRECTED",
        "VOIDED",
    }


@pytest.mark.parametrize(
    "mailed",
    [
        pytest.param(True, id="original-mailed", marks=pytest.mark.hospital("mailed")),
        pytest.param(False, id="original-not-mailed", marks=pytest.mark.hospital("waiting")),
    ],
)
def test_correct__killed_at_any_moment_and_repeated_makes_one_revision(
    mailed: bool, hospital: Hospital, tmp_path: Path
) -> None:
    document = hospital.ledger("SELECT document_id FROM document WHERE channel = 'print' ORDER BY 1 LIMIT 1")[0][0]
    pay_part(hospital, document)
    command = ("correct", document, "--reason", "insurance paid more")
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *command) == 0
    moments = passed_moments(whole)
    assert "commit-" in moments
    for moment in moments_to_kill_at(len(moments)):
        killed = hospital.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        call(killed, *command)
        if not mailed:
            call(killed, "release", BATCH)
        call(killed, "track")
        (correction,) = corrections(killed, document)
        out = [row["document_id"] for row in killed.manifest_rows()]
        assert (out.count(correction), out.count(document)) == (1, int(mailed)), moments[moment - 1]
        summary: dict[str, Any] = call(killed, "show", BATCH, "--json").json
        assert (summary["foots"], summary["state"]) == (True, "closed")
