"""A disputed bill and a request that cannot be met get one answer each, and letters wait for it."""

from __future__ import annotations

import signal

import pytest

from tests.commands import call
from tests.hospital import AS_OF, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

pytestmark = pytest.mark.hospital("new", guarantors=80)
TOLD = "SELECT guarantor_id, cause_id FROM document WHERE kind = '{}' AND state = 'handed_off' ORDER BY 1"


def run(hospital: Hospital, kind: str, cycle: str = "2026-11-07", code: int | None = 0) -> None:
    call(hospital, "run", kind, "--cycle", cycle, "--as-of", AS_OF.isoformat(), "--release", code=code)


def told(hospital: Hospital, kind: str) -> list[tuple[str, str]]:
    return hospital.ledger(TOLD.format(kind))


def first_visit(hospital: Hospital, guarantor: str) -> str:
    ((account,),) = hospital.sql(
        "SELECT account_number FROM encounter WHERE guarantor_id = ? ORDER BY account_number LIMIT 1", guarantor
    )
    return str(account)


@pytest.mark.parametrize("kind", ["verification", "itemized-request-reply"])
def test_answers__each_is_given_once_and_moves_no_clock(hospital: Hospital, kind: str) -> None:
    run(hospital, kind)
    first = told(hospital, kind)
    assert first
    run(hospital, kind)
    run(hospital, kind, "2026-11-08")
    every = told(hospital, kind)
    assert set(first) <= set(every)
    assert len(set(every)) == len(every), "another visit of the same recipient is answered on the next day"
    assert hospital.ledger("SELECT * FROM correspondence") == []
    assert hospital.ledger("SELECT DISTINCT amount_cents FROM document") == [(0,)]


def test_dispute__recorded_by_an_operator_is_answered_after_its_review(hospital: Hospital) -> None:
    account = first_visit(hospital, "G100001")
    hospital.sql("DELETE FROM document_request")
    assert "letters about late payment of the visit wait" in call(hospital, "request", "verification", account).out
    (listed,) = call(hospital, "requests", "--json").json
    call(hospital, "run", "dunning", "--cycle", "2026-11", "--as-of", AS_OF.isoformat(), code=None)
    held = "SELECT code FROM candidate_hold WHERE batch_id = '2026-11-dunning' AND account_number = ?"
    assert ("VERIFY_OPEN",) in hospital.ledger(held, account)
    run(hospital, "verification")
    assert told(hospital, "verification") == []
    refused = call(hospital, "review", listed["request_id"], "--reviewed-on", "2027-01-01", code=2).err
    assert "from 2026-" in refused
    assert "is recorded" in call(hospital, "review", listed["request_id"], "--corrected", "payment_posted").out
    run(hospital, "verification", "2026-11-08")
    assert [guarantor for guarantor, _ in told(hospital, "verification")] == ["G100001"]
    assert call(hospital, "requests", "--json").json == []
    assert "not an open request" in call(hospital, "review", listed["request_id"], code=2).err


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param((), "--obstacle or --expected-on", id="nothing-found"),
        pytest.param(("--corrected", "charge_removed"), "without --corrected", id="of-a-dispute"),
        pytest.param(("--expected-on", "2020-01-01"), "must be after today", id="day-has-passed"),
    ],
)
def test_review__of_a_requested_itemized_bill_says_why_or_when(
    hospital: Hospital, options: tuple[str, ...], error: str
) -> None:
    call(hospital, "request", "invoice", first_visit(hospital, "G100001"))
    (listed,) = call(hospital, "requests", "--json").json
    assert error in call(hospital, "review", listed["request_id"], *options, code=2).err


def test_work_queue__lists_a_late_request_until_it_is_answered(hospital: Hospital) -> None:
    account = first_visit(hospital, "G100001")
    hospital.sql("DELETE FROM document_request")
    hospital.sql("UPDATE encounter SET final_billed = 0 WHERE account_number = ?", account)
    call(hospital, "request", "invoice", account, "--asked-on", "2026-09-01")
    run(hospital, "invoice")
    (row,) = [row for row in call(hospital, "queue", "list", "--json").json if row["code"] == "REQ_LATE"]
    assert "2026-09-01" in str(row)
    hospital.sql("UPDATE encounter SET final_billed = 1 WHERE account_number = ?", account)
    run(hospital, "invoice", "2026-11-08")
    assert [row for row in call(hospital, "queue", "list", "--json").json if row["code"] == "REQ_LATE"] == []


def test_correct__of_an_answer_after_the_billing_system_closed_the_request_keeps_the_review(hospital: Hospital) -> None:
    hospital.sql("UPDATE document_request SET corrected_items = 'charge_removed' WHERE kind = 'verification'")
    run(hospital, "verification")
    ((document,),) = hospital.ledger("SELECT document_id FROM document WHERE state = 'handed_off' ORDER BY 1 LIMIT 1")
    ((guarantor,),) = hospital.ledger("SELECT guarantor_id FROM document WHERE document_id = ?", document)
    hospital.sql("DELETE FROM document_request")
    hospital.sql("UPDATE guarantor SET last_name = 'Newname' WHERE guarantor_id = ?", guarantor)
    call(hospital, "correct", document, "--reason", "another name")
    query = "SELECT corrected_items FROM document_request JOIN document USING (document_id) WHERE revision_of = ?"
    assert hospital.ledger(query, document) == [("charge_removed",)]


@pytest.mark.parametrize("kind", ["verification", "itemized-request-reply"])
def test_killed_anywhere__every_answer_is_given_once(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    command = ("run", kind, "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat(), "--release")
    whole = hospital.copy_to(tmp_path_factory.mktemp("whole") / "home")
    assert run_killed_at(whole, 0, *command) == 0
    expected, moments = told(whole, kind), len(passed_moments(whole))
    assert expected
    for moment in moments_to_kill_at(moments):
        killed = hospital.copy_to(tmp_path_factory.mktemp("killed") / "home")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        run(killed, kind)
        assert told(killed, kind) == expected, f"killed at {moment}"
        printed = [row["document_id"] for row in killed.manifest_rows()]
        assert len(printed) == len(set(printed)), f"killed at {moment}"


def test_first_bill__of_a_texas_hospital_comes_with_an_itemized_bill_once(hospital: Hospital) -> None:
    """Tex. Health and Safety Code 185.002."""
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    assert 'state = "NH"' in text
    settings.write_text(text.replace('state = "NH"', 'state = "TX"'), encoding="utf-8")
    hospital.sql("DELETE FROM document_request")
    for day in range(7, 11):
        run(hospital, "invoice", f"2026-11-{day:02}", code=None)
    sent = hospital.ledger(
        "SELECT account_number, count(*) FROM document JOIN document_account USING (document_id)"
        " WHERE kind = 'invoice' AND state = 'handed_off' GROUP BY 1"
    )
    assert len(sent) > 10
    assert {count for _, count in sent} == {1}


def test_reprint__of_a_letter_about_a_request_that_was_closed(hospital: Hospital) -> None:
    run(hospital, "itemized-request-reply")
    query = "SELECT document_id FROM document WHERE channel = 'print' AND state = 'handed_off' ORDER BY 1 LIMIT 1"
    ((document,),) = hospital.ledger(query)
    hospital.sql("DELETE FROM document_request")
    assert "It was handed off." in call(hospital, "reprint", document, "--reason", "lost in the mail").out
    (copy,) = hospital.ledger("SELECT state FROM document WHERE is_copy = 1 AND revision_of = ?", document)
    assert copy == ("handed_off",)
