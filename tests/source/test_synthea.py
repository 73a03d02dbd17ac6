"""Synthea's files: every patient owes exactly what was withheld; what it lacks is filled by the written rules."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from statement_builder.billing.model import FinancialClass, GuarantorAccount, InsuranceStatus
from statement_builder.errors import SourceError
from statement_builder.source import load_synthea, open_source
from tests.source.extract import CYCLE, SQL_ROOT
from tests.source.test_sample import owed

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "synthea-ma"
AS_OF = date(2026, 11, 20)
LOADED_AT = datetime(2026, 11, 20, 5, tzinfo=UTC)

FILES = {
    "patients.csv": """Id,BIRTHDATE,DEATHDATE,FIRST,LAST,SUFFIX,ADDRESS,CITY,STATE,ZIP
p-1,2010-11-21,,Temika453,Wuckert783,,676 Kirlin Village,Walpole,Massachusetts,02081
p-2,1983-09-20,2022-09-07,Cameron381,Reilly981,,1 Westwood Rd,Westwood,Massachusetts,00000
p-3,2008-11-20,,José871,Ortiz1,,2 Elm St,Lowell,Puerto Rico,
""",
    "encounters.csv": """Id,START,STOP,PATIENT,ORGANIZATION,PAYER,ENCOUNTERCLASS,DESCRIPTION
aaaaaaaa-0000-0000-0000-000000000001,2024-01-01T22:00:00Z,2024-01-02T01:00:00Z,p-1,o-1,y-1,wellness,Well child visit
bbbbbbbb-0000-0000-0000-000000000002,2020-02-01T10:00:00Z,2020-02-04T10:00:00Z,p-2,o-1,y-2,inpatient,Hospital stay
cccccccc-0000-0000-0000-000000000003,2021-03-01T10:00:00Z,2021-03-01T11:00:00Z,p-3,o-1,,ambulatory,Check up
""",
    "claims.csv": """Id,APPOINTMENTID,STATUS1,SECONDARYPATIENTINSURANCEID
c-1,aaaaaaaa-0000-0000-0000-000000000001,BILLED,
c-2,bbbbbbbb-0000-0000-0000-000000000002,CLOSED,
""",
    "payers.csv": "Id,NAME\ny-1,Humana\ny-2,Medicaid\n",
    "organizations.csv": "Id,NAME\no-1,Fitchburg Clinic\n",
    "claims_transactions.csv": "ID,CLAIMID,TYPE,METHOD,FROMDATE,APPOINTMENTID,PROCEDURECODE,NOTES,UNITS,"
    """AMOUNT,PAYMENTS,ADJUSTMENTS
t-1,c-1,CHARGE,,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,100.10,0.00,0.00
t-2,c-1,PAYMENT,ECHECK,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,,50.05,0.00
t-3,c-1,TRANSFEROUT,,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,,0.00,4.05
t-4,c-1,TRANSFERIN,,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,46.00,0.00,0.00
t-5,c-1,PAYMENT,COPAY,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,,20.00,0.00
t-6,c-1,PAYMENT,CC,2024-01-01T22:00:00Z,aaaaaaaa-0000-0000-0000-000000000001,99392,Well child visit,1,,26.00,0.00
t-7,c-2,CHARGE,,2020-02-01T10:00:00Z,bbbbbbbb-0000-0000-0000-000000000002,1,Hospital stay,2,900.00,0.00,0.00
t-8,c-2,PAYMENT,CHECK,2020-02-01T10:00:00Z,bbbbbbbb-0000-0000-0000-000000000002,1,Hospital stay,1,,900.00,0.00
""",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'synthea.db'}"
    return str(request.getfixturevalue("postgres_url"))


def pull(url: str, *, as_of: date = AS_OF) -> dict[str, GuarantorAccount]:
    with open_source("synthea", url, SQL_ROOT) as source:
        accounts = list(source.accounts(as_of=as_of, cycle=CYCLE))
    assert all(isinstance(account, GuarantorAccount) for account in accounts)
    return {account.guarantor.guarantor_id: account for account in accounts}  # type: ignore[union-attr]


def load(directory: Path, url: str, since: date | None = None) -> dict[str, GuarantorAccount]:
    load_synthea(directory, url, withhold_since=since, loaded_at=LOADED_AT)
    return pull(url)


def test_load_synthea__everybody_has_paid(directory: Path, url: str) -> None:
    assert {patient: owed(account) for patient, account in load(directory, url).items()} == {
        "p-1": 0,
        "p-2": 0,
        "p-3": 0,
    }


def test_load_synthea__what_is_withheld_is_owed(directory: Path, url: str) -> None:
    accounts = load(directory, url, date(2024, 1, 1))

    assert owed(accounts["p-1"]) == 2_600
    assert owed(accounts["p-2"]) == 0


def test_load_synthea__says_what_it_withheld(directory: Path, url: str) -> None:
    summary = load_synthea(directory, url, withhold_since=date(2020, 2, 1), loaded_at=LOADED_AT)

    assert (summary.withheld_payments, summary.withheld_cents) == (2, 92_600)


def test_load_synthea__loading_again_replaces(directory: Path, url: str) -> None:
    load(directory, url, date(2020, 1, 1))

    assert {owed(account) for account in load(directory, url).values()} == {0}


def test_load_synthea__placeholder_rules(directory: Path, url: str) -> None:
    accounts = load(directory, url)
    minor, deceased, adult = accounts["p-1"], accounts["p-2"], accounts["p-3"]

    assert minor.guarantor.first_name == "Parent or guardian of Temika453"
    assert minor.patients[0].first_name == "Temika453"
    assert minor.guarantor.address.state == "MA"
    assert minor.encounters[0].account_number == "AAAAAAAA0000"
    assert minor.encounters[0].insurance_status is InsuranceStatus.PENDING
    assert deceased.guarantor.address.postal_code == "00000"
    assert [hold.code for hold in deceased.holds] == ["DECEASED"]
    assert deceased.encounters[0].financial_class is FinancialClass.MEDICAID
    assert adult.guarantor.first_name == "José871"
    assert adult.guarantor.address.postal_code == ""
    assert adult.encounters[0].financial_class is FinancialClass.SELF_PAY


def test_load_synthea__an_earlier_day_sees_less(directory: Path, url: str) -> None:
    load(directory, url)

    accounts = pull(url, as_of=date(2020, 2, 10))

    assert [len(accounts[patient].encounters) for patient in ("p-1", "p-2", "p-3")] == [0, 1, 0]
    assert accounts["p-2"].holds == ()


def test_load_synthea__feeds_are_as_fresh_as_the_load(directory: Path, url: str) -> None:
    load(directory, url)

    with open_source("synthea", url, SQL_ROOT) as source:
        assert source.feeds() == {"billing": LOADED_AT, "obstetric": LOADED_AT}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param("payers.csv", None, None, "payers.csv is not in", id="file-missing"),
        pytest.param("payers.csv", "NAME", "TITLE", "payers.csv has no column NAME", id="column-missing"),
        pytest.param(
            "claims_transactions.csv", "50.05", "5o.05", "claims_transactions.csv, row 3: an amount is", id="no-number"
        ),
        pytest.param(
            "claims_transactions.csv", "50.05", "50.055", "row 3: an amount has fractions of a cent", id="fractions"
        ),
        pytest.param(
            "encounters.csv", "cccccccc-0000-0000", "bbbbbbbb-0000-1111", "the account number BBBBBBBB0000", id="shared"
        ),
    ],
)
def test_load_synthea__refuses_bad_files_and_keeps_what_was_there(
    directory: Path, tmp_path: Path, file: str, old: str | None, new: str | None, message: str
) -> None:
    url = f"sqlite:///{tmp_path / 'synthea.db'}"
    before = load(directory, url, date(2020, 1, 1))
    path = directory / file
    if old is None or new is None:
        path.unlink()
    else:
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(SourceError) as raised:
        load_synthea(directory, url, withhold_since=None, loaded_at=LOADED_AT)

    assert message in str(raised.value)
    assert pull(url) == before


@pytest.mark.skipif(not REAL.is_dir(), reason="the public Synthea files are not beside this checkout")
@pytest.mark.parametrize(
    "since",
    [
        pytest.param(None, id="nothing-withheld"),
        pytest.param(date(1900, 1, 1), id="everything-withheld"),
        pytest.param(date(2015, 1, 1), id="since-2015"),
        pytest.param(date(2023, 6, 15), id="since-mid-2023"),
    ],
)
def test_load_synthea__real_balances_are_what_was_withheld(url: str, since: date | None) -> None:
    expected: Counter[str] = Counter()
    with (REAL / "claims_transactions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            own = row["TYPE"] == "PAYMENT" and row["METHOD"] in ("CASH", "CHECK", "CC")
            if since and own and date.fromisoformat(row["FROMDATE"][:10]) >= since:
                expected[row["PATIENTID"]] += int(Decimal(row["PAYMENTS"]) * 100)

    accounts = load(REAL, url, since)

    assert len(accounts) == 11
    assert {patient: owed(account) for patient, account in accounts.items()} == {
        patient: expected[patient] for patient in accounts
    }
    assert sum(account.guarantor.address.postal_code == "00000" for account in accounts.values()) == 3
