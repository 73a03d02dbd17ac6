"""A batch through an API that takes one letter at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
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


def test_account_closed_in_the_middle__a_rerun_goes_on_where_it_stopped(hospital: Hospital, fake_lob: FakeLob) -> None:
    fake_lob.open_for = 3
    answer = hospital.statements("release", BATCH, code=1)
    assert "STATEMENTS_LOB_KEY" in answer.err
    assert len(fake_lob.documents()) == 3
    fake_lob.open_for = None
    assert hospital.statements("rerun", BATCH, "--release", "--json").json["state"] == "closed"
    assert fake_lob.documents() == printed(hospital)
