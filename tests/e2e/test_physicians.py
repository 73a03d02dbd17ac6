"""Hospital and physicians on one statement: mailed once, checked until the hand-off, and no letter about the groups."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path

import pytest

from statement_builder.source.sample.household import Mailed, Rows
from tests.commands import BATCH, RELEASE, RERUN, RUN, RUN_TO_GATES, call
from tests.e2e.test_recipients import document_of, holds_of, household, service, text_of
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.kill_points import moments_to_kill_at, passed_moments, run_killed_at

BOTH, LATE, OWN_BILL = "G100910", "G100911", "G100912"
HOSPITALS, PHYSICIANS, RADIOLOGISTS = "7000910001", "7000910002", "7000910003"


def add_patients(rows: Rows) -> None:
    """A visit of the hospital and of two groups; letters due for another; and a group that bills for itself."""
    both = household(rows, 910, "Theodora", "Oakheart")
    patient = both.add_patient(age=44)
    both.add_visit(patient, days_ago=30, service=service("Broken wrist"), owed_cents=40_000)
    for group, cents in (("LEP", 8_200), ("VRA", 4_300)):
        both.add_visit(patient, days_ago=30, service=service("Doctor"), owed_cents=cents, billing_entity_id=group)
    late = household(rows, 911, "Bartholomew", "Quince")
    patient = late.add_patient(age=51)
    mailed = Mailed(60, 30, 1, 2)
    late.add_visit(patient, days_ago=95, service=service("Knee scan"), owed_cents=30_000, mailed=mailed)
    late.add_visit(
        patient, days_ago=95, service=service("Doctor"), owed_cents=7_000, mailed=mailed, billing_entity_id="LEP"
    )
    own = household(rows, 912, "Ximena", "Vandersloot")
    patient = own.add_patient(age=33)
    own.add_visit(patient, days_ago=30, service=service("Blood test"), owed_cents=9_000)
    own.add_visit(patient, days_ago=30, service=service("Anesthesia"), owed_cents=6_000, billing_entity_id="NAP")


@pytest.fixture(scope="module")
def physicians(tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital of three sample guarantors and these patients, which shows physician balances. No command has run."""
    hospital = build_hospital(tmp_path_factory.mktemp("physicians") / "home", guarantors=3)
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("[policy]\n", "[policy]\nphysician_balances = true\n"), encoding="utf-8")
    rows: Rows = defaultdict(list)
    add_patients(rows)
    with sqlite3.connect(hospital.database) as connection:
        for table, added in rows.items():
            marks = ", ".join("?" * len(added[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", added)
    connection.close()
    return hospital


@pytest.fixture
def hospital(physicians: Hospital, tmp_path: Path) -> Hospital:
    return physicians.copy_to(tmp_path / "home")


def pieces_of(hospital: Hospital, recipient: str) -> list[dict[str, str]]:
    document = document_of(hospital, recipient)
    return [row for row in hospital.manifest_rows() if row["document_id"] == document]


def assert_foots(hospital: Hospital) -> None:
    shown = call(hospital, "show", BATCH, "--json").json
    assert shown["foots"] is True
    for figures in (shown["counts"], shown["cents"]):
        assert figures["pulled"] == figures["selected"] + figures["held"] + figures["exceptions"]


def test_statement__names_each_party_and_the_letter_the_hospital_only(hospital: Hospital) -> None:
    call(hospital, *RUN)
    assert_foots(hospital)
    text = text_of(hospital, document_of(hospital, BOTH))
    for words in (
        "Larchmere Emergency Physicians, P.C.",
        "Tax ID 04-5550101",
        "(978) 555-0161",
        "Valley Radiology Associates, LLC",
        "Tax ID 04-5550102",
        "$400.00",
        "$82.00",
        "$43.00",
        "$525.00",
    ):
        assert words in text
    assert holds_of(hospital, OWN_BILL) == ["GROUP_PAYEE"]
    assert "Anesthesia" not in text_of(hospital, document_of(hospital, OWN_BILL))
    assert sorted(holds_of(hospital, LATE)) == ["GROUP_DONE", "LADDER"]
    query = "SELECT guarantor_id, balance_cents, amount_cents FROM candidate"
    found = {row[0]: row[1:] for row in hospital.ledger(query) if row[0] in {BOTH, LATE, OWN_BILL}}
    assert found == {BOTH: (52_500, 52_500), LATE: (37_000, 0), OWN_BILL: (15_000, 9_000)}

    call(hospital, "run", "dunning", "--cycle", CYCLE, "--as-of", AS_OF.isoformat(), "--release", code=None)
    letters = f"{CYCLE}-dunning"
    assert holds_of(hospital, LATE, letters) == ["GROUP_BILLS"]
    text = text_of(hospital, document_of(hospital, LATE, letters))
    assert "$300.00" in text
    assert "Physicians" not in text


CHANGES = [
    pytest.param(
        "INSERT INTO hold VALUES ('X9', 'G100910', '7000910002', NULL, 'DISPUTE', '2026-11-01', NULL)",
        "DISPUTE",
        id="a-physicians-visit-is-disputed",
    ),
    pytest.param(
        "UPDATE encounter SET billing_entity_id = NULL WHERE account_number = '7000910002'",
        "GROUP_CHANGED",
        id="the-hospital-bills-it-now",
    ),
    pytest.param(
        "UPDATE billing_entity SET hospital_collects = 0 WHERE entity_id = 'VRA'",
        "GROUP_PAYEE",
        id="the-group-takes-its-own-payments-now",
    ),
]


@pytest.mark.parametrize(("change", "code"), CHANGES)
def test_recheck__one_visit_stops_the_whole_piece(hospital: Hospital, change: str, code: str) -> None:
    call(hospital, *RUN_TO_GATES, code=3)
    hospital.sql(change)
    call(hospital, *RELEASE, code=None)
    assert code in holds_of(hospital, BOTH)
    assert pieces_of(hospital, BOTH) == []
    assert_foots(hospital)


def test_killed_anywhere__nothing_twice_and_nothing_lost(hospital: Hospital, tmp_path: Path) -> None:
    whole = hospital.copy_to(tmp_path / "whole")
    assert run_killed_at(whole, 0, *RUN) == 0
    moments = passed_moments(whole)
    for moment in moments_to_kill_at(len(moments)):
        killed = hospital.copy_to(tmp_path / f"killed-{moment}")
        assert run_killed_at(killed, moment, *RUN) != 0
        call(killed, *RUN, code=None)
        call(killed, *RERUN, code=None)
        assert len(pieces_of(killed, BOTH)) == 1, moments[moment - 1]
        assert_foots(killed)


def test_next_cycle__the_reminder_counts_every_visit_once(hospital: Hospital) -> None:
    call(hospital, *RUN)
    call(hospital, "track", code=None)
    later = hospital.on_day("2026-12-15")
    call(later, "run", "statement", "--cycle", "2026-12", "--as-of", "2026-12-15", "--until", "build", code=None)
    text = text_of(later, document_of(later, BOTH, "2026-12-statement"))
    assert "Bill reminder" in text
    for account in (HOSPITALS, PHYSICIANS, RADIOLOGISTS):
        assert text.count(f"Account {account}") == 1
