"""The exhibits of a cost report from the sample hospital: header, labels, totals, and what is left out."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from tests.commands import call, error_message
from tests.e2e.test_clocks import ASSUMED_ON, mailed_account
from tests.hospital import Hospital

pytestmark = pytest.mark.hospital("mailed", guarantors=40)


def read(hospital: Hospital, name: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = call(hospital, "report", name, "--json", *arguments).json
    return found


def heading(report: dict[str, Any]) -> dict[str, Any]:
    return {line["label"]: line["value"] for line in report["heading"]}


def test_exhibit_2a__lists_inpatient_and_outpatient_apart(hospital: Hospital) -> None:
    inpatient, outpatient = read(hospital, "exhibit-2a"), read(hospital, "exhibit-2a", "--service", "outpatient")
    assert [row["last_name"] for row in inpatient["rows"]] == ["Hollis", "Okafor", "Reyes"]
    assert [row["last_name"] for row in outpatient["rows"]] == ["Varga"]
    assert [row["allowable_cents"] for row in inpatient["rows"]] == [167_600, 167_600, -20_000]
    assert inpatient["totals"]["allowable_cents"] == 315_200
    assert outpatient["totals"]["allowable_cents"] == 25_700 + 11_840 - 5_000
    above = heading(inpatient)
    assert (above["Total Column 23"], above["Total Dual Eligible"]) == (315_200, 167_600)
    assert (above["Provider Number (CCN)"], above["Inpatient / Outpatient"]) == ("300001", "Inpatient")
    assert (above["FYB"], above["FYE"]) == ("2025-01-01", "2025-12-31")
    assert "1 left out" in inpatient["notes"][0]


def test_exhibit_2a__never_shows_a_bill_to_a_qmb(hospital: Hospital) -> None:
    row = read(hospital, "exhibit-2a")["rows"][1]
    assert (row["last_name"], row["medicaid_number"], row["first_billed_on"]) == ("Okafor", "00123456789", None)


def test_exhibit_2a__file_has_header_labels_and_numbers_before_the_rows(hospital: Hospital) -> None:
    lines = list(csv.reader(io.StringIO(call(hospital, "report", "exhibit-2a", "--csv").out)))
    assert lines[0] == ["Supporting Exhibit", "Medicare Bad Debt Listing"]
    place = next(number for number, line in enumerate(lines) if line[0] == "Patient Name - Last")
    assert ["Total Column 23", "3152.00"] in lines[:place]
    labels = dict(zip(lines[place], lines[place + 1], strict=True))
    assert labels["Date First Bill Sent to Bene"] == "13"
    assert labels["Sent to Collection Agency (Y/N)"] == "15a"
    assert labels["Allowable Bad Debts Amount"] == "23"
    assert len(lines) == place + 2 + 3 + 1


def set_numbers(hospital: Hospital, label: str, number: str) -> None:
    settings = hospital.home / "statements.toml"
    text = settings.read_text(encoding="utf-8")
    more = f'[[cost_report.column_numbers]]\nexhibit = "2A"\nlabel = "{label}"\nnumber = "{number}"\n'
    settings.write_text(f"{text}\n{more}", encoding="utf-8")


def test_exhibit_2a__numbers_follow_the_setting(hospital: Hospital) -> None:
    set_numbers(hospital, "Allowable Bad Debts Amount", "24")
    report = read(hospital, "exhibit-2a")
    assert "Total Column 24" in heading(report)
    assert {each["title"]: each["number"] for each in report["columns"]}["Allowable Bad Debts Amount"] == "24"


def test_exhibit_2a__an_unknown_label_is_refused(hospital: Hospital) -> None:
    set_numbers(hospital, "Allowable", "24")
    assert "2A: Allowable" in error_message(call(hospital, "report", "exhibit-2a", code=2))


def test_exhibit_checks__say_why_each_row_is_left_out(hospital: Hospital) -> None:
    report = read(hospital, "exhibit-checks")
    found = [(row["exhibit"], row["account"], row["check"]) for row in report["rows"]]
    assert found == [
        ("2A", "7100000003", "SHORT_EFFORT"),
        ("2A", "7100000004", "AT_AGENCY"),
        ("3C", "7200000002", "OVER_CHARGES"),
    ]
    assert all(row["citation"] and row["what_to_do"] for row in report["rows"])
    assert report["totals"]["amount_cents"] == 167_600 + 32_540 + 120_001


def test_exhibits__every_row_of_the_year_is_listed_or_left_out(hospital: Hospital) -> None:
    ((rows, cents),) = hospital.sql(
        "SELECT count(*), sum(CASE WHEN recovered_on IS NULL THEN deductible_cents + coinsurance_cents - paid_cents "
        "ELSE -recovered_cents END) FROM medicare_bad_debt"
    )
    lists = [read(hospital, "exhibit-2a", "--service", service) for service in ("inpatient", "outpatient")]
    left_out = [row for row in read(hospital, "exhibit-checks")["rows"] if row["exhibit"] == "2A"]
    assert sum(len(each["rows"]) for each in lists) + len({row["account"] for row in left_out}) == rows
    listed = sum(each["totals"]["allowable_cents"] for each in lists)
    assert listed + sum(row["amount_cents"] for row in left_out) == cents


def test_exhibit_3b_and_3c__have_their_totals(hospital: Hospital) -> None:
    charity, bad_debt = read(hospital, "exhibit-3b"), read(hospital, "exhibit-3c")
    assert (heading(charity)["Uninsured Column 20"], heading(charity)["Insured Column 20"]) == (820_000, 0)
    assert [row["account"] for row in bad_debt["rows"]] == ["7200000001"]
    assert (heading(bad_debt)["Total Column 17"], bad_debt["rows"][0]["service"]) == (120_000, "OP")


def test_first_bill__is_the_one_that_the_ledger_mailed(hospital: Hospital) -> None:
    account = mailed_account(hospital)
    hospital.sql(
        "UPDATE medicare_bad_debt SET account_number = ?, first_billed_on = NULL, medicare_remitted_on = ?, "
        "ceased_on = ?, written_off_on = ?, medicare_written_off_on = ? WHERE last_name = 'Hollis'",
        account,
        (ASSUMED_ON - timedelta(days=20)).isoformat(),
        *[(ASSUMED_ON + timedelta(days=120)).isoformat()] * 3,
    )
    hospital.sql("DELETE FROM medicare_bad_debt WHERE last_name <> 'Hollis'")
    later = Hospital(hospital.home, {"STATEMENTS_CLOCK": "2027-08-20T15:00:00+00:00"})
    (row,) = read(later, "exhibit-2a", "--from", "2026-07-01", "--to", "2027-06-30")["rows"]
    assert row["first_billed_on"] == ASSUMED_ON.isoformat()
    late = (ASSUMED_ON - timedelta(days=121)).isoformat()
    hospital.sql("UPDATE medicare_bad_debt SET medicare_remitted_on = ?", late)
    checks = read(later, "exhibit-checks", "--from", "2026-07-01", "--to", "2027-06-30")["rows"]
    assert [row["check"] for row in checks] == ["LATE_BILL"]


def test_bad_row__costs_that_row_and_is_in_the_checks(hospital: Hospital) -> None:
    hospital.sql("UPDATE medicare_bad_debt SET deductible_cents = -5 WHERE last_name = 'Hollis'")
    assert [row["last_name"] for row in read(hospital, "exhibit-2a")["rows"]] == ["Okafor", "Reyes"]
    checks = read(hospital, "exhibit-checks")["rows"]
    assert [row["check"] for row in checks if row["account"] == "7100000000"] == ["NEGATIVE"]


def test_exhibit__is_a_view_of_everybody_on_it(hospital: Hospital) -> None:
    call(hospital, "report", "exhibit-2a", "--purpose", "audit")
    ((what, purpose),) = hospital.ledger("SELECT what, purpose FROM access ORDER BY access_id DESC LIMIT 1")
    assert (what, purpose) == ("report exhibit-2a", "audit")
    seen = {row[0] for row in hospital.ledger("SELECT guarantor_id FROM access_subject")}
    assert {"G-MBD0", "G-MBD2", "G-MBD5"} <= seen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--from", "2025-01-01"), "both --from and --to", id="half-a-year"),
        pytest.param(("--from", "2025-12-31", "--to", "2025-01-01"), "is after", id="backwards"),
    ],
)
def test_exhibit__refuses_with_one_sentence(hospital: Hospital, arguments: tuple[str, ...], message: str) -> None:
    assert message in error_message(call(hospital, "report", "exhibit-2a", *arguments, code=2))


def test_exhibit__of_another_provider_or_year_is_empty(hospital: Hospital) -> None:
    assert read(hospital, "exhibit-2a", "--ccn", "300002")["rows"] == []
    year = date(2024, 12, 31).isoformat()
    assert read(hospital, "exhibit-2a", "--from", "2024-01-01", "--to", year)["rows"] == []
