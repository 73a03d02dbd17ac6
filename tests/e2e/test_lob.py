"""A batch handed off to Lob, which takes one letter per request."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.commands import BATCH, call
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
