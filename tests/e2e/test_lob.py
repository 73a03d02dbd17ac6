"""A batch through an API that takes one letter at a time."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.commands import call
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.kill_points import run_killed_at
from tests.services.fake_lob import FakeLob

BATCH = f"{CYCLE}-statement"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A rendered batch, not released yet."""
    hospital = build_hospital(tmp_path_factory.mktemp("lob") / "home", guarantors=20)
    hospital.statements("run", "statement", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), code=3)
    return hospital


@pytest.fixture
def hospital(waiting: Hospital, tmp_path: Path, fake_lob: FakeLob) -> Hospital:
    copy = waiting.copy_to(tmp_path / "home")
    return Hospital(copy.home, environ={"STATEMENTS_PRINT": fake_lob.url, **fake_lob.environ})


def printed(hospital: Hospital) -> list[str]:
    """Document ids of what has to be printed."""
    return [row[0] for row in hospital.ledger("SELECT document_id FROM document WHERE channel = 'print' ORDER BY 1")]


def test_every_document_is_one_letter_with_a_receipt_of_its_own(hospital: Hospital, fake_lob: FakeLob) -> None:
    summary = hospital.statements("release", BATCH, "--json").json
    assert summary["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)
    assert len(printed(hospital)) == summary["counts"]["print"] > 1
    receipts = {row[0] for row in hospital.ledger("SELECT json_extract(receipt, '$.reference') FROM print_file")}
    assert receipts == {letter["id"] for letter in fake_lob.letters}
    hospital.statements("rerun", BATCH, "--release")
    assert fake_lob.documents() == printed(hospital)


def test_one_letter_refused__the_others_go_and_a_rerun_tries_it_again(hospital: Hospital, fake_lob: FakeLob) -> None:
    fake_lob.refuse_once = "unembedded_fonts"
    answer = hospital.statements("release", BATCH, code=1)
    assert "unembedded_fonts" in answer.err
    assert "Traceback" not in answer.err
    before = fake_lob.documents()
    assert len(before) == len(printed(hospital)) - 1
    assert hospital.statements("show", BATCH, "--json").json["state"] == "handing_off"
    fake_lob.keys.clear()  # a day later Lob has forgotten our keys
    assert hospital.statements("rerun", BATCH, "--release", "--json").json["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)


def void(hospital: Hospital, document: str, code: int = 0) -> str:
    answer = call(hospital, "void", document, "--reason", "wrong insurance", code=code)
    return answer.err if code else answer.out


def test_void__inside_the_window_the_letter_is_cancelled_and_then_counts_nowhere(
    hospital: Hospital, fake_lob: FakeLob
) -> None:
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
    assert "held back already" in void(hospital, document, code=2)
    call(hospital, "rerun", BATCH, "--release")
    assert fake_lob.documents() == others


def test_void__outside_the_window_is_refused_and_nothing_is_recorded(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *_ = everybody = printed(hospital)
    fake_lob.cancellable = False
    assert "does not cancel it any more" in void(hospital, document, code=2)
    assert fake_lob.documents() == everybody
    assert hospital.ledger("SELECT state FROM document WHERE document_id = ?", document) == [("handed_off",)]
    assert hospital.ledger("SELECT state FROM delivery WHERE document_id = ?", document) == [("sent",)]


def test_void__vendor_does_not_answer__it_can_be_asked_again(hospital: Hospital, fake_lob: FakeLob) -> None:
    call(hospital, "release", BATCH)
    document, *others = printed(hospital)
    fake_lob.answers = [(401, "unauthorized", {})]
    assert "run `statements void` again" in void(hospital, document, code=1)
    assert hospital.ledger("SELECT state FROM document WHERE document_id = ?", document) == [("handed_off",)]
    void(hospital, document)
    assert fake_lob.documents() == others


def test_void__killed_around_the_cancelling_and_run_again(
    hospital: Hospital, fake_lob: FakeLob, tmp_path: Path
) -> None:
    call(hospital, "release", BATCH)
    first, *others = printed(hospital)
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, "void", first, "--reason", "wrong insurance") == 0
    moments = (whole.home / "moments").read_text(encoding="utf-8").split()
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


def test_void__lobs_own_word_of_it_changes_nothing(hospital: Hospital, fake_lob: FakeLob) -> None:
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


def test_account_closed_in_the_middle__a_rerun_goes_on_where_it_stopped(hospital: Hospital, fake_lob: FakeLob) -> None:
    fake_lob.open_for = 3
    answer = hospital.statements("release", BATCH, code=1)
    assert "STATEMENTS_LOB_KEY" in answer.err
    assert len(fake_lob.documents()) == 3
    fake_lob.open_for = None
    assert hospital.statements("rerun", BATCH, "--release", "--json").json["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)
