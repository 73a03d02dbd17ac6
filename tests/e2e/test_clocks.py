"""`statements find ACCOUNT --clocks` shows the legal clocks of the account, from what was mailed and paid."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.hospital import AS_OF, Hospital

pytestmark = pytest.mark.hospital("mailed", guarantors=40)
ASSUMED_ON = date(2026, 11, 12)
"""Three business days after the hand-off on Saturday, 7 November 2026; the 11th is Veterans Day."""


def mailed_account(hospital: Hospital) -> str:
    """An account on a printed first statement."""
    accounts = hospital.ledger(
        "SELECT a.account_number FROM document_account a JOIN document d USING (document_id)"
        " JOIN correspondence c ON c.subject_id = a.account_number WHERE d.channel = 'print' AND c.mailed_count = 1"
        " ORDER BY 1"
    )
    for (account,) in accounts:
        if hospital.sql("SELECT 1 FROM correspondence WHERE account_number = ?", account) == []:
            return str(account)
    raise AssertionError("no account with a first statement")


def test_find__account_shows_its_clocks(hospital: Hospital) -> None:
    account = mailed_account(hospital)
    hospital.sql(
        "UPDATE encounter SET financial_class = 'medicare', good_faith_estimate_cents = 100 WHERE account_number = ?",
        account,
    )
    documents = hospital.statements("find", account, "--clocks", "--json").json
    clocks = {clock["clock"]: clock for document in documents for clock in document["clocks"]}
    start = ASSUMED_ON.isoformat()
    assert {clock["account"] for clock in clocks.values()} == {account}
    assert {name: clock["started_on"] for name, clock in clocks.items()} == {
        "501r_eca_wait": start,
        "501r_assistance": start,
        "medicare_collection": start,
        "ppdr_dispute": start,
    }
    assert clocks["medicare_collection"]["ends_on"] == (ASSUMED_ON + timedelta(days=120)).isoformat()
    assert clocks["ppdr_dispute"]["citation"].startswith("45 CFR 149.620")
    shown = hospital.statements("find", account, "--clocks").out
    assert "medicare_collection" in shown
    assert start in shown


def test_find__other_searches_have_no_clocks(hospital: Hospital) -> None:
    documents = hospital.statements("find", f"{AS_OF:%Y-%m}-statement", "--clocks", "--json").json
    assert {tuple(document["clocks"]) for document in documents} == {()}


def test_find__without_the_option_does_not_read_the_billing_system(hospital: Hospital) -> None:
    account = mailed_account(hospital)
    (hospital.home / "hospital.db").unlink()
    documents = hospital.statements("find", account, "--json").json
    assert {tuple(document["clocks"]) for document in documents} == {()}
    refused = hospital.statements("find", account, "--clocks", code=None)
    assert refused.code in {1, 2}
    assert refused.err.strip()


def test_control_sheet__says_that_clocks_run_on_an_assumption(hospital: Hospital) -> None:
    sheet = hospital.statements("report", "control", f"{AS_OF:%Y-%m}-statement", "--json").json
    assert "3 business days after hand-off" in sheet["clock_basis"]
