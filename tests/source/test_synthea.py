"""Loading Synthea's CSV files: balances, placeholder rules and bad input, on our own export and a public one."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from statement_builder.billing.model import (
    FaultyAccount,
    FinancialClass,
    GuarantorAccount,
    InsuranceKind,
    InsuranceStatus,
)
from statement_builder.errors import SourceError
from statement_builder.source import load_synthea, open_source
from tests.shared_data import shared_data
from tests.source.extract import CYCLE, SQL_ROOT, balance_cents, only_fault
from tests.source.synthea_export import ADULT, DECEASED, JUST_18, MEDICARE, MINOR, UNINSURED, write_export

AS_OF = date(2026, 11, 20)
LOADED_AT = datetime(2026, 11, 20, 5, tzinfo=UTC)
EVERYTHING = date(1900, 1, 1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    write_export(folder)
    return folder


@pytest.fixture(params=["our-export", "public-export"])
def any_directory(request: pytest.FixtureRequest) -> Path:
    if request.param == "public-export":
        return shared_data("synthea-ma")
    folder: Path = request.getfixturevalue("directory")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'synthea.db'}"
    return str(request.getfixturevalue("postgres_url"))


def pull(url: str, *, as_of: date = AS_OF) -> list[GuarantorAccount | FaultyAccount]:
    with open_source("synthea", url, SQL_ROOT) as source:
        return list(source.accounts(as_of=as_of, cycle=CYCLE))


def pull_valid(url: str, *, as_of: date = AS_OF) -> dict[str, GuarantorAccount]:
    """The accounts by guarantor id; none may be faulty."""
    accounts = {}
    for account in pull(url, as_of=as_of):
        assert isinstance(account, GuarantorAccount)
        accounts[account.guarantor.guarantor_id] = account
    return accounts


def load(directory: Path, url: str, since: date | None = None) -> dict[str, GuarantorAccount]:
    load_synthea(directory, url, withhold_since=since, loaded_at=LOADED_AT)
    return pull_valid(url)


def read_transactions(directory: Path) -> Iterator[dict[str, str]]:
    with (directory / "claims_transactions.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def to_cents(dollars: str) -> int:
    return int(Decimal(dollars) * 100)


BALANCES = [
    # withheld since; balances in cents, summed by hand from the patient payments in `synthea_export.VISITS`
    pytest.param(
        None,
        {ADULT: 0, MINOR: 0, DECEASED: 0, UNINSURED: 0, MEDICARE: 0, JUST_18: 0},
        id="nothing-withheld",
    ),
    pytest.param(
        EVERYTHING,
        {ADULT: 141_32, MINOR: 37_15, DECEASED: 1150_08, UNINSURED: 455_29, MEDICARE: 70_00, JUST_18: 14_00},
        id="everything-withheld",
    ),
    pytest.param(
        date(2015, 1, 1),
        {ADULT: 117_30, MINOR: 37_15, DECEASED: 250_08, UNINSURED: 395_29, MEDICARE: 70_00, JUST_18: 14_00},
        id="since-a-day-with-a-payment",
    ),
    pytest.param(
        date(2023, 6, 15),
        {ADULT: 35_95, MINOR: 26_00, DECEASED: 0, UNINSURED: 219_99, MEDICARE: 50_00, JUST_18: 14_00},
        id="since-mid-2023",
    ),
    pytest.param(
        date(2026, 1, 21),
        {ADULT: 0, MINOR: 0, DECEASED: 0, UNINSURED: 0, MEDICARE: 0, JUST_18: 0},
        id="since-after-the-last-payment",
    ),
]


@pytest.mark.parametrize(("since", "balances"), BALANCES)
def test_load_synthea__balance_is_the_sum_withheld(
    directory: Path, url: str, since: date | None, balances: dict[str, int]
) -> None:
    accounts = load(directory, url, since)

    assert {patient: balance_cents(account) for patient, account in accounts.items()} == balances


@pytest.mark.parametrize(
    "since",
    [
        pytest.param(None, id="nothing-withheld"),
        pytest.param(EVERYTHING, id="everything-withheld"),
        pytest.param(date(2015, 1, 1), id="since-2015"),
        pytest.param(date(2023, 6, 15), id="since-mid-2023"),
    ],
)
def test_load_synthea__balances_match_the_file(any_directory: Path, url: str, since: date | None) -> None:
    expected: Counter[str] = Counter()
    for row in read_transactions(any_directory):
        is_own_payment = row["TYPE"] == "PAYMENT" and row["METHOD"] in ("CASH", "CHECK", "CC")
        if since and is_own_payment and date.fromisoformat(row["FROMDATE"][:10]) >= since:
            expected[row["PATIENTID"]] += to_cents(row["PAYMENTS"])

    accounts = load(any_directory, url, since)

    assert len(accounts) >= 6
    assert {patient: balance_cents(account) for patient, account in accounts.items()} == {
        patient: expected[patient] for patient in accounts
    }


def test_load_synthea__balance_is_what_claims_transfer_to_the_patient(any_directory: Path, tmp_path: Path) -> None:
    """An independent check: Synthea marks the patient's share with TRANSFERTYPE p, on transfers and on charges."""
    shares: Counter[str] = Counter()
    for row in read_transactions(any_directory):
        if row["TYPE"] in ("TRANSFERIN", "CHARGE") and row["TRANSFERTYPE"] == "p":
            shares[row["PATIENTID"]] += to_cents(row["AMOUNT"])

    accounts = load(any_directory, f"sqlite:///{tmp_path / 'synthea.db'}", EVERYTHING)

    assert sum(shares.values()) > 0
    assert {patient: balance_cents(account) for patient, account in accounts.items()} == {
        patient: shares[patient] for patient in accounts
    }


@pytest.mark.parametrize(
    ("since", "payments", "cents"),
    [
        pytest.param(None, 0, 0, id="nothing-withheld"),
        pytest.param(EVERYTHING, 17, 1867_84, id="everything-withheld"),
        pytest.param(date(2015, 1, 1), 14, 883_82, id="since-2015"),
        pytest.param(date(2023, 6, 15), 6, 345_94, id="since-mid-2023"),
    ],
)
def test_load_synthea__summary_counts_withheld_payments(
    directory: Path, tmp_path: Path, since: date | None, payments: int, cents: int
) -> None:
    summary = load_synthea(directory, f"sqlite:///{tmp_path / 'synthea.db'}", withhold_since=since, loaded_at=LOADED_AT)

    assert (summary.withheld_payments, summary.withheld_cents) == (payments, cents)
    assert (summary.rows["synthea_patients"], summary.rows["synthea_encounters"]) == (6, 20)


def test_load_synthea__new_load_replaces_the_previous_one(directory: Path, url: str) -> None:
    load(directory, url, EVERYTHING)

    assert {balance_cents(account) for account in load(directory, url).values()} == {0}


def test_load_synthea__guarantor_placeholder_rules(directory: Path, url: str) -> None:
    accounts = load(directory, url)
    minor, deceased, uninsured = accounts[MINOR], accounts[DECEASED], accounts[UNINSURED]

    assert minor.guarantor.first_name == "Parent or guardian of Emre303"
    assert minor.patients[0].first_name == "Emre303"
    assert minor.guarantor.last_name == "Kaya404"
    assert minor.guarantor.address.state == "MA"
    assert accounts[JUST_18].guarantor.first_name == "Ada121"
    assert deceased.guarantor.address.postal_code == "00000"
    assert [hold.code for hold in deceased.holds] == ["DECEASED"]
    assert uninsured.guarantor.first_name == "Tomás707"
    assert (uninsured.guarantor.address.state, uninsured.guarantor.address.postal_code) == ("PR", "")


def test_load_synthea__insurance_placeholder_rules(directory: Path, url: str) -> None:
    accounts = load(directory, url)
    statuses = {encounter.account_number: encounter.insurance_status for encounter in accounts[ADULT].encounters}
    secondary = accounts[MEDICARE].encounters[0].insurance

    assert statuses["E0E0E0E00004"] is InsuranceStatus.ADJUDICATED
    assert statuses["E0E0E0E00005"] is InsuranceStatus.PENDING
    assert {encounter.insurance_status for encounter in accounts[UNINSURED].encounters} == {InsuranceStatus.NONE}
    assert {patient: account.encounters[-1].financial_class for patient, account in accounts.items()} == {
        ADULT: FinancialClass.COMMERCIAL,
        MINOR: FinancialClass.COMMERCIAL,
        DECEASED: FinancialClass.MEDICAID,
        UNINSURED: FinancialClass.SELF_PAY,
        MEDICARE: FinancialClass.MEDICARE,
        JUST_18: FinancialClass.QMB,
    }
    assert sorted((each.kind, each.amount_cents) for each in secondary) == [
        (InsuranceKind.PAYMENT, 80_00),
        (InsuranceKind.PAYMENT, 400_00),
    ]
    assert [(each.kind, each.amount_cents) for each in accounts[MINOR].encounters[-1].insurance] == [
        (InsuranceKind.PAYMENT, 50_05),
        (InsuranceKind.CONTRACTUAL, 4_05),
    ]


def test_load_synthea__visits_with_similar_ids_keep_separate_accounts(directory: Path, url: str) -> None:
    accounts = load(directory, url)

    assert {patient: [each.account_number for each in account.encounters] for patient, account in accounts.items()} == {
        ADULT: [f"E0E0E0E0000{n}" for n in range(1, 6)],
        MINOR: [f"E0E0E0E0000{n}" for n in range(6, 9)],
        DECEASED: ["E0E0E0E00009", "E0E0E0E00010", "E0E0E0E00011"],
        UNINSURED: [f"E0E0E0E000{n}" for n in range(12, 16)],
        MEDICARE: [f"E0E0E0E000{n}" for n in range(16, 19)],
        JUST_18: ["E0E0E0E00019", "E0E0E0E00020"],
    }


def test_load_synthea__earlier_as_of_date_has_fewer_rows(directory: Path, url: str) -> None:
    load(directory, url)

    accounts = pull_valid(url, as_of=date(2020, 2, 10))

    assert {patient: len(account.encounters) for patient, account in accounts.items()} == {
        ADULT: 3,
        MINOR: 1,
        DECEASED: 1,
        UNINSURED: 2,
        MEDICARE: 1,
        JUST_18: 1,
    }
    assert accounts[DECEASED].holds == ()


def test_load_synthea__feeds_have_the_load_time(directory: Path, url: str) -> None:
    load(directory, url)

    with open_source("synthea", url, SQL_ROOT) as source:
        assert source.feeds() == {"billing": LOADED_AT, "obstetric": LOADED_AT}


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        pytest.param("2 Chapel Ln", "2 Chapel Ln " + "x" * 200, "LONG", "address_lines", id="address-too-long"),
        pytest.param("2 Chapel Ln", "2 Chapel\x07 Ln", "CONTROL", "address_lines", id="address-with-control-character"),
        pytest.param("2 Chapel Ln", "2 Chapel \ufffd Ln", "ENCODING", "address_lines", id="damaged-address"),
        pytest.param("Larchmere", "Larchmere" * 30, "LONG", "city", id="city-too-long"),
        pytest.param(",00000,", f",{'0' * 201},", "LONG", "postal_code", id="zip-too-long"),
    ],
)
def test_load_synthea__bad_address_is_an_exception(
    directory: Path, tmp_path: Path, old: str, new: str, code: str, column: str
) -> None:
    url = f"sqlite:///{tmp_path / 'synthea.db'}"
    replace_in(directory / "patients.csv", old, new)
    load_synthea(directory, url, withhold_since=EVERYTHING, loaded_at=LOADED_AT)

    accounts = pull(url)
    faulty = only_fault(accounts)

    assert len(accounts) == 6
    assert (faulty.subject, faulty.cents) == (DECEASED, 1150_08)
    assert [(fault.code, fault.result_set, fault.column) for fault in faulty.faults] == [(code, "guarantors", column)]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param("payers.csv", None, None, "payers.csv is not in", id="file-missing"),
        pytest.param("payers.csv", "NAME", "TITLE", "payers.csv has no column NAME", id="column-missing"),
        pytest.param(
            "claims_transactions.csv", "50.05", "5o.05", "claims_transactions.csv, row 44: an amount is", id="no-number"
        ),
        pytest.param(
            "claims_transactions.csv", "50.05", "50.055", "row 44: an amount has fractions of a cent", id="fractions"
        ),
        pytest.param(
            "encounters.csv", "e0e0e0e0-0003", "e0e0e0e0-0002", "share account number E0E0E0E00002", id="shared-account"
        ),
    ],
)
def test_load_synthea__bad_file_is_rejected_and_keeps_the_previous_load(
    directory: Path, tmp_path: Path, file: str, old: str | None, new: str | None, message: str
) -> None:
    url = f"sqlite:///{tmp_path / 'synthea.db'}"
    before = load(directory, url, EVERYTHING)
    if old is None or new is None:
        (directory / file).unlink()
    else:
        replace_in(directory / file, old, new)

    with pytest.raises(SourceError) as raised:
        load_synthea(directory, url, withhold_since=None, loaded_at=LOADED_AT)

    assert message in str(raised.value)
    assert pull_valid(url) == before


def test_load_synthea__public_export_has_placeholder_zips(tmp_path: Path) -> None:
    accounts = load(shared_data("synthea-ma"), f"sqlite:///{tmp_path / 'synthea.db'}")

    assert len(accounts) == 11
    assert sum(account.guarantor.address.postal_code == "00000" for account in accounts.values()) == 3


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
