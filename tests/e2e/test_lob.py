"""A batch handed off to Lob, which takes one letter per request."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.commands import BATCH, RELEASE, RUN, RUN_TO_GATES, call
from tests.faults.account_rows import add_account
from tests.hospital import Hospital
from tests.kill_points import passed_moments, run_killed_at
from tests.services.fake_lob import FakeLob

pytestmark = pytest.mark.hospital("waiting")


@pytest.fixture
def hospital(hospital: Hospital, fake_lob: FakeLob) -> Hospital:
    return Hospital(hospital.home, environ={"STATEMENTS_PRINT": fake_lob.url, **fake_lob.environ})


def printed(hospital: Hospital) -> list[str]:
    """The ids of the documents to print."""
    return [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'print' ORDER BY 1")]


def test_release__one_letter_and_receipt_per_document(hospital: Hospital, fake_lob: FakeLob) -> None:
    summary = hospital.statements("release", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)
    assert len(printed(hospital)) == summary["counts"]["print"] > 1
    receipts = {row[0] for row in hospital.ledger("SELECT json_extract(receipt, '$.reference') FROM print_file")}
    assert receipts == {letter["id"] for letter in fake_lob.letters}
    hospital.statements("rerun", BATCH, "--release")
    assert fake_lob.documents() == printed(hospital)


def test_refused_letter__others_are_sent_and_a_rerun_retries_it(hospital: Hospital, fake_lob: FakeLob) -> None:
    fake_lob.refuse_once = "unembedded_fonts"
    answer = hospital.statements("release", BATCH, code=1)
    assert "unembedded_fonts" in answer.err
    assert "Traceback" not in answer.err
    before = fake_lob.documents()
    assert len(before) == len(printed(hospital)) - 1
    assert hospital.statements("show", BATCH, "--json").json["state"] == "handing_off"
    fake_lob.keys.clear()  # Lob forgets idempotency keys after a day
    assert hospital.statements("rerun", BATCH, "--release", "--json").json["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)


def void(hospital: Hospital, document: str, code: int = 0) -> str:
    answer = call(hospital, "void", document, "--reason", "wrong insurance", code=code)
    return answer.err if code else answer.out


def test_void__within_the_cancellation_window(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *others = printed(hospital)
    assert "the vendor cancelled it" in void(hospital, document)
    assert fake_lob.documents() == others
    ((state,),) = hospital.ledger("SELECT state FROM delivery WHERE document_id = ?", document)
    assert state == "recalled"
    summary = call(hospital, "show", BATCH, "--json").json
    assert (summary["state"], summary["foots"], summary["counts"]["withheld"]) == ("closed", True, 1)
    assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] - 1
    accounts = hospital.ledger("SELECT account_number FROM document_account WHERE document_id = ?", document)
    assert accounts
    for (account,) in accounts:
        assert hospital.ledger("SELECT 1 FROM correspondence WHERE subject_id = ?", account) == []
    assert "is already withheld" in void(hospital, document, code=2)
    call(hospital, "rerun", BATCH, "--release")
    assert fake_lob.documents() == others


def test_void__after_the_cancellation_window_is_refused(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *_ = everything = printed(hospital)
    fake_lob.cancellable = False
    assert "can no longer cancel it" in void(hospital, document, code=2)
    assert fake_lob.documents() == everything
    assert hospital.ledger("SELECT state FROM document WHERE document_id = ?", document) == [("handed_off",)]
    assert hospital.ledger("SELECT state FROM delivery WHERE document_id = ?", document) == [("sent",)]


def test_void__vendor_unreachable_can_be_retried(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *others = printed(hospital)
    fake_lob.answers = [(401, "unauthorized", {})]
    assert "run `statements void` again" in void(hospital, document, code=1)
    assert hospital.ledger("SELECT state FROM document WHERE document_id = ?", document) == [("handed_off",)]
    void(hospital, document)
    assert fake_lob.documents() == others


def test_void__killed_around_the_cancellation_and_repeated(
    hospital: Hospital, fake_lob: FakeLob, tmp_path: Path
) -> None:
    call(hospital, "release", BATCH)
    first, *others = printed(hospital)
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, "void", first, "--reason", "wrong insurance") == 0
    moments = passed_moments(whole)
    act = moments.index("lob-")
    deaths = {act: True, act + 1: False, moments.index("commit-", act): False, moments.index("commit+", act): False}
    assert len(others) >= len(deaths)
    for document, (moment, at_lob) in zip(others, deaths.items(), strict=False):
        assert run_killed_at(hospital, moment + 1, "void", document, "--reason", "wrong insurance") == -signal.SIGKILL
        assert (document in fake_lob.documents()) is at_lob
        call(hospital, "void", document, "--reason", "wrong insurance", code=None)
        assert document not in fake_lob.documents()
        assert hospital.ledger("SELECT state FROM document WHERE document_id = ?", document) == [("withheld",)]
    assert call(hospital, "show", BATCH, "--json").json["foots"] is True


def test_void__event_from_lob_changes_nothing(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *_ = printed(hospital)
    void(hospital, document)
    (letter,) = [each for each in fake_lob.letters if each["metadata"]["document_id"] == document]
    event = {
        "id": "evt_1",
        "object": "event",
        "event_type": {"id": "letter.deleted"},
        "date_created": "2026-11-07T15:01:00Z",
        "body": {"metadata": letter["metadata"]},
    }
    (hospital.home / "inbox").mkdir(exist_ok=True)
    (hospital.home / "inbox" / "event.json").write_text(json.dumps(event), encoding="utf-8")
    tracked = call(hospital, "track", "--json", code=None).json
    assert [(file["news"], file["put_in"]) for file in tracked["files"]] == [(0, "done")]


def test_account_closed_midway__rerun_continues(hospital: Hospital, fake_lob: FakeLob) -> None:
    fake_lob.closes_after = 3
    answer = hospital.statements("release", BATCH, code=1)
    assert "STATEMENTS_LOB_KEY" in answer.err
    assert len(fake_lob.documents()) == 3
    fake_lob.closes_after = None
    assert hospital.statements("rerun", BATCH, "--release", "--json").json["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)


ABROAD = {"address_lines": "48 rue des Tilleuls", "city": "Lyon", "state": "", "postal_code": "69003", "country": "FR"}
LONG = {
    "first_name": "Maximiliana Bartholomea",
    "last_name": "Featherstonehaugh",
    "address_lines": "c/o Riverside Assisted Living\nBuilding 14\n12345 Northwest Boulevard",
}


def move_to(hospital: Hospital, guarantor: str, facts: dict[str, str]) -> None:
    columns = ", ".join(f"{name} = ?" for name in facts)
    hospital.sql(f"UPDATE guarantor SET {columns} WHERE guarantor_id = ?", *facts.values(), guarantor)


@pytest.mark.hospital("new")
def test_address_abroad__is_an_exception_before_anything_is_handed_off(hospital: Hospital, fake_lob: FakeLob) -> None:
    add_account(hospital, "G-ABROAD")
    move_to(hospital, "G-ABROAD", ABROAD)
    summary = call(hospital, *RUN_TO_GATES, code=3).json
    assert (summary["counts"]["errors"], summary["foots"]) == (1, True)
    (row,) = [each for each in call(hospital, "exceptions", BATCH, "--json").json if each["guarantor"] == "G-ABROAD"]
    assert row["code"] == "MAIL_ABROAD"
    assert "United States only" in row["message"]
    summary = call(hospital, *RELEASE, "--accept", "ERRORS", "--reason", "Mailed by hand.").json
    assert summary["state"] == "closed"
    assert len(fake_lob.documents()) == summary["counts"]["print"] > 1


@pytest.mark.hospital("new")
def test_address_abroad__goes_by_email(hospital: Hospital, fake_lob: FakeLob) -> None:
    add_account(hospital, "G-ABROAD")
    consent = {"delivery": "email", "email": "a@example.org", "email_consent_at": "2026-01-01T00:00:00Z"}
    move_to(hospital, "G-ABROAD", ABROAD | consent)
    assert call(hospital, *RUN).json["counts"]["errors"] == 0
    (document,) = hospital.ledger("SELECT document_id FROM document WHERE guarantor_id = 'G-ABROAD'")[0]
    assert any(document in name for name in hospital.emailed())


@pytest.mark.hospital("new")
@pytest.mark.parametrize(
    "facts", [pytest.param(ABROAD, id="abroad"), pytest.param(LONG, id="name-and-building-too-long")]
)
def test_piece_that_lob_does_not_take__is_withheld_and_the_others_are_sent(
    hospital: Hospital, fake_lob: FakeLob, facts: dict[str, str]
) -> None:
    """The batch was built for another vendor."""
    add_account(hospital, "G-REFUSED")
    move_to(hospital, "G-REFUSED", facts)
    by_hand = Hospital(hospital.home)
    before = call(by_hand, *RUN_TO_GATES, code=3).json["counts"]
    assert before["errors"] == 0
    summary = call(hospital, *RELEASE).json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    assert (summary["counts"]["withheld"], summary["counts"]["handed_off"]) == (1, before["rendered"] - 1)
    late = [row for row in call(hospital, "holds", BATCH, "--json").json if row["late"]]
    assert [(row["guarantor"], row["code"]) for row in late] == [("G-REFUSED", "VENDOR_REFUSES")]
    (document,) = hospital.ledger("SELECT document_id FROM document WHERE guarantor_id = 'G-REFUSED'")[0]
    assert document not in fake_lob.documents()
    sent = fake_lob.documents()
    call(hospital, "rerun", BATCH, "--release")
    assert fake_lob.documents() == sent
