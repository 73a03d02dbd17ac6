"""Somebody asks for an itemized bill, and gets it once, whatever the operator repeats and whenever a process dies."""

from __future__ import annotations

import signal
import sqlite3

import pytest

from tests.commands import call
from tests.hospital import AS_OF, Hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at
from tests.pdf_text import page_texts

pytestmark = pytest.mark.hospital("new", guarantors=80)


def run(hospital: Hospital, cycle: str, code: int | None = 0) -> None:
    call(hospital, "run", "invoice", "--cycle", cycle, "--as-of", AS_OF.isoformat(), "--release", code=code)


def answers(hospital: Hospital) -> list[tuple[str, str]]:
    """Request id and batch of each answer that was handed off."""
    query = (
        "SELECT request_id, batch_id FROM document_request JOIN document USING (document_id)"
        " WHERE state = 'handed_off' ORDER BY 1, 2"
    )
    return hospital.ledger(query)


def test_requests__each_is_answered_once(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    first = answers(hospital)
    assert len(first) > 5
    run(hospital, "2026-11-07")
    assert answers(hospital) == first
    run(hospital, "2026-11-08")
    every = answers(hospital)
    assert {request for request, batch in every if batch == "2026-11-08-invoice"}.isdisjoint(
        request for request, _ in first
    )
    assert len({request for request, _ in every}) == len(every)
    printed = [row["document_id"] for row in hospital.manifest_rows()]
    assert len(printed) == len(set(printed))


def test_requests__of_two_accounts_with_the_same_id_are_both_answered(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A billing system may number the requests of each account from 1."""
    trial = hospital.copy_to(tmp_path_factory.mktemp("trial") / "home")
    run(trial, "2026-11-07")
    first, second = [request_id for request_id, _ in answers(trial)][:2]
    (other,) = hospital.sql("SELECT * FROM document_request WHERE request_id = ?", second)
    hospital.sql("DELETE FROM document_request WHERE request_id <> ?", first)
    hospital.sql("UPDATE document_request SET request_id = '1'")
    run(hospital, "2026-11-07")
    hospital.sql("DELETE FROM document_request")
    hospital.sql(f"INSERT INTO document_request VALUES ({', '.join('?' * len(other))})", "1", *other[1:])
    run(hospital, "2026-11-08")
    assert answers(hospital) == [("1", "2026-11-07-invoice"), ("1", "2026-11-08-invoice")]


def test_requests__move_no_dunning_clock(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    assert answers(hospital)
    assert hospital.ledger("SELECT * FROM correspondence") == []


def test_request__recorded_by_an_operator_is_answered_and_listed_until_then(hospital: Hospital) -> None:
    ((account,),) = hospital.sql(
        "SELECT account_number FROM encounter WHERE guarantor_id = 'G100000' ORDER BY account_number LIMIT 1"
    )
    assert "is recorded" in call(hospital, "request", "invoice", account).out
    assert "was recorded before" in call(hospital, "request", "invoice", account).out
    (listed,) = call(hospital, "requests", "--json").json
    assert (listed["account_number"], listed["kind"]) == (account, "invoice")
    run(hospital, "2026-11-07")
    assert call(hospital, "requests", "--json").json == []
    assert (listed["request_id"], "2026-11-07-invoice") in answers(hospital)
    assert "answered already" in call(hospital, "request", "invoice", account).out


def test_withdraw__nobody_answers(hospital: Hospital) -> None:
    call(hospital, "request", "invoice", "no-such-account")
    (listed,) = call(hospital, "requests", "--json").json
    assert "is withdrawn" in call(hospital, "withdraw", listed["request_id"], "--reason", "no such account").out
    assert "No recorded request" in call(hospital, "requests").out
    assert "is recorded" in call(hospital, "request", "invoice", "no-such-account").out
    assert call(hospital, "requests", "--json").json == [listed]
    call(hospital, "withdraw", listed["request_id"], "--reason", "no such account")
    assert "not an open request" in call(hospital, "withdraw", listed["request_id"], "--reason", "x", code=2).err


def test_withdraw__stops_a_bill_that_waits_for_its_release(hospital: Hospital) -> None:
    hospital.sql("DELETE FROM document_request")
    ((account,),) = hospital.sql(
        "SELECT account_number FROM encounter WHERE guarantor_id = 'G100000' ORDER BY account_number LIMIT 1"
    )
    call(hospital, "request", "invoice", account)
    call(hospital, "run", "invoice", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat(), code=None)
    assert hospital.ledger("SELECT state FROM document") == [("rendered",)]
    (listed,) = call(hospital, "requests", "--json").json
    call(hospital, "withdraw", listed["request_id"], "--reason", "asked by mistake")
    run(hospital, "2026-11-07", code=None)
    assert answers(hospital) == []
    assert hospital.ledger("SELECT state FROM document") == [("withheld",)]


def test_correct__of_a_bill_that_came_back_and_was_answered_again_is_refused(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    query = "SELECT document_id FROM document WHERE channel = 'print' AND state = 'handed_off' ORDER BY 1 LIMIT 1"
    ((document,),) = hospital.ledger(query)
    with sqlite3.connect(hospital.home / "ledger.db") as connection:
        connection.execute("UPDATE delivery SET state = 'returned' WHERE document_id = ?", (document,))
    run(hospital, "2026-11-08")
    assert "2026-11-08-invoice" in {batch for _, batch in answers(hospital)}
    refused = call(hospital, "correct", document, "--reason", "wrong name", code=2).err
    assert "no longer in the billing system" in refused


def test_correct__does_not_become_the_bill_of_another_visit(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    query = (
        "SELECT document_id, document_account.account_number FROM document JOIN document_account USING (document_id)"
        " JOIN candidate_hold ON subject = guarantor_id"
        " WHERE code = 'REQ_NEXT' AND state = 'handed_off' ORDER BY 1 LIMIT 1"
    )
    ((document, account),) = hospital.ledger(query)
    hospital.sql("UPDATE encounter SET final_billed = 0 WHERE account_number = ?", account)
    assert "about another visit" in call(hospital, "correct", document, "--reason", "wrong charge", code=2).err
    assert hospital.ledger("SELECT document_id FROM document WHERE revision_of <> ''") == []


def test_request__in_the_future_is_refused(hospital: Hospital) -> None:
    assert "in the future" in call(hospital, "request", "invoice", "7", "--asked-on", "2027-01-01", code=2).err


def test_reprint__says_that_it_is_a_copy_also_when_the_request_is_closed(hospital: Hospital) -> None:
    run(hospital, "2026-11-07")
    query = "SELECT document_id FROM document WHERE channel = 'print' AND state = 'handed_off' ORDER BY 1 LIMIT 1"
    ((document,),) = hospital.ledger(query)
    hospital.sql("DELETE FROM document_request")
    before = answers(hospital)
    assert "It was handed off." in call(hospital, "reprint", document, "--reason", "lost in the mail").out
    (row,) = [
        row
        for row in hospital.manifest_rows()
        if row["document_id"] not in {document}
        and "COPY" in "".join(page_texts((hospital.home / "outbox" / "print" / row["pdf_file"]).read_bytes()))
    ]
    assert row["document_id"] != document
    assert answers(hospital) == before


def test_empty_day__needs_no_approval(hospital: Hospital) -> None:
    hospital.sql("DELETE FROM document_request")
    call(hospital, "run", "invoice", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat())
    assert hospital.ledger("SELECT state FROM batch") == [("closed",)]


def test_killed_anywhere__every_request_is_answered_once(
    hospital: Hospital, tmp_path_factory: pytest.TempPathFactory
) -> None:
    command = ("run", "invoice", "--cycle", "2026-11-07", "--as-of", AS_OF.isoformat(), "--release")
    whole = hospital.copy_to(tmp_path_factory.mktemp("whole") / "home")
    assert run_killed_at(whole, 0, *command) == 0
    expected, moments = answers(whole), len(passed_moments(whole))
    assert len(expected) > 5
    for moment in moments_to_kill_at(moments):
        killed = hospital.copy_to(tmp_path_factory.mktemp("killed") / "home")
        assert run_killed_at(killed, moment, *command) == -signal.SIGKILL
        run(killed, "2026-11-07")
        assert answers(killed) == expected, f"killed at {moment}"
        printed = [row["document_id"] for row in killed.manifest_rows()]
        assert len(printed) == len(set(printed)), f"killed at {moment}"
