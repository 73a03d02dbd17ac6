"""Estates from rows: every column reaches its field, and an estate on file holds everything to the guarantor."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from statement_builder.billing.model import Address, ContactKind, Estate, EstateStatus, FaultyAccount, GuarantorAccount
from statement_builder.policy import split_account
from tests.source.extract import SQL_ROOT, Extract, only_fault

COMPLETE = {
    "patient_id": "P1",
    "status": "open",
    "representative_name": "Carmen Núñez",
    "attorney_name": "Reyes & Cole LLP",
    "address_lines": "88 Alder Street\nSuite 2",
    "city": "Fort Collins",
    "state": "CO",
    "postal_code": "80521",
    "language": "es-MX",
    "large_print": True,
    "court_state": "co",
    "county": "Larimer",
    "court": "Larimer County District Court",
    "case_number": "2026PR030042",
    "opened_on": "2026-09-02",
    "published_on": "2026-09-10",
    "notice_on": "2026-09-15",
    "last_illness_on": "2026-07-30",
    "claim_filed_on": "2026-10-01",
}


def pull_one(extract: Extract, sql_root: Path = SQL_ROOT) -> GuarantorAccount:
    (account,) = extract.pull(sql_root)
    assert isinstance(account, GuarantorAccount)
    return account


def test_estate__every_column_reaches_its_field(extract: Extract) -> None:
    extract.add_account("1")
    extract.add("estate", **COMPLETE)
    (estate,) = pull_one(extract).estates
    assert estate == Estate(
        estate_id="T1",
        patient_id="P1",
        died_on=date(2026, 8, 14),
        status=EstateStatus.OPEN,
        representative_name="Carmen Núñez",
        attorney_name="Reyes & Cole LLP",
        address=Address(lines=("88 Alder Street", "Suite 2"), city="Fort Collins", state="CO", postal_code="80521"),
        language="es",
        large_print=True,
        state="CO",
        county="Larimer",
        court="Larimer County District Court",
        case_number="2026PR030042",
        opened_on=date(2026, 9, 2),
        published_on=date(2026, 9, 10),
        notice_on=date(2026, 9, 15),
        last_illness_on=date(2026, 7, 30),
        claim_filed_on=date(2026, 10, 1),
    )


def test_estate__a_death_and_nothing_else(extract: Extract) -> None:
    extract.add_account("1")
    extract.add("estate")
    (estate,) = pull_one(extract).estates
    assert (estate.address, estate.representative_name, estate.state) == (None, "", "")


def test_estate__is_a_death_for_every_recipient(extract: Extract) -> None:
    extract.add_account("1")
    extract.add("patient", patient_id="P2")
    extract.add("encounter", account_number="A2", patient_id="P2")
    extract.add("contact", patient_id="P2", kind=ContactKind.CONFIDENTIAL)
    extract.add("estate")
    parts = split_account(pull_one(extract))
    assert [[hold.code for hold in each.holds] for each in parts] == [["DECEASED"], ["DECEASED"]]
    assert [len(each.estates) for each in parts] == [1, 0]


FAULTS = [
    pytest.param({"died_on": "2026-11-21"}, ("FUTURE", "died_on"), id="death-in-the-future"),
    pytest.param({"opened_on": "2026-08-13"}, ("DATEORDER", "opened_on"), id="opened-before-the-death"),
    pytest.param({"notice_on": "2026-01-02"}, ("DATEORDER", "notice_on"), id="notice-before-the-death"),
    pytest.param({"status": "pending"}, ("CHOICE", "status"), id="unknown-status"),
    pytest.param({"patient_id": "P9"}, ("ORPHAN", "patient_id"), id="a-patient-who-is-not-on-file"),
    pytest.param({"address_lines": "a\nb\nc\nd"}, ("ADDRLINES", "address_lines"), id="four-address-lines"),
    pytest.param({"country": "Narnia"}, ("COUNTRY", "country"), id="unknown-country"),
]


@pytest.mark.parametrize(("changes", "fault"), FAULTS)
def test_estate__bad_row_costs_its_guarantor_only(
    extract: Extract, changes: dict[str, str], fault: tuple[str, str]
) -> None:
    extract.add_account("1")
    extract.add_account("2", postal_code="01104")
    extract.add("estate", **changes)
    accounts = extract.pull()
    faulty = only_fault(accounts)
    assert isinstance(faulty, FaultyAccount)
    assert [(each.code, each.column) for each in faulty.faults] == [fault]
    assert faulty.has_rows_in("estates")
    assert len(accounts) == 2


def test_estate__a_hospital_without_the_query_loses_nothing(extract: Extract, tmp_path: Path) -> None:
    extract.add_account("1")
    folder = tmp_path / "sql" / "reference"
    copytree(SQL_ROOT / "reference", folder)
    (folder / "estates.sql").unlink()
    assert pull_one(extract, tmp_path / "sql").estates == ()
