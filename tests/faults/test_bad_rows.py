"""A batch of a billing database with invalid rows.

An invalid row costs its guarantor's document and nothing else. A clerk gets the row, the column, and what to do. All of
them go through one batch, so that none can hide another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pypdf
import pytest

from tests.commands import BATCH, RUN, call, run_accepting_everything
from tests.faults.account_rows import add_account, add_row
from tests.fixtures.hospitals import SampleHospitals
from tests.hospital import AS_OF, Hospital

Rows = dict[str, list[dict[str, Any]]]
"""Exceptions by guarantor."""


class InvalidValue(NamedTuple):
    """An ordinary account with one invalid value, how it is reported, and part of what a clerk is to do."""

    id: str
    table: str
    column: str
    value: object
    code: str
    row: str
    to_do: str


CHARGE = "charges, row A-{0}/C-{0}"
VISIT = "encounters, row A-{0}"
PATIENT = "patients, row P-{0}"
PAYER = "guarantors, row {0}"

INVALID_VALUES = [
    InvalidValue("dollars", "charge", "amount_cents", "12.50", "TYPE", CHARGE, "a whole number of cents"),
    InvalidValue("decimals", "charge", "amount_cents", 12.5, "TYPE", CHARGE, "a whole number of cents"),
    InvalidValue("count-in-words", "charge", "quantity", "two", "TYPE", CHARGE, "a whole number"),
    InvalidValue("no-amount", "charge", "amount_cents", None, "NULL", CHARGE, "Enter a value"),
    InvalidValue("no-name", "guarantor", "last_name", None, "NULL", PAYER, "Enter a value"),
    InvalidValue("blank-name", "guarantor", "last_name", "   ", "NULL", PAYER, "Enter a value"),
    InvalidValue("no-birthday", "patient", "birth_on", None, "NULL", PATIENT, "Enter a value"),
    InvalidValue("no-visit-date", "encounter", "service_from", None, "NULL", VISIT, "Enter a value"),
    InvalidValue("negative-charge", "charge", "amount_cents", -100, "NEGATIVE", CHARGE, "a separate adjustment"),
    InvalidValue("absurd-charge", "charge", "amount_cents", 10**10, "RANGE", CHARGE, "Correct it"),
    InvalidValue("service-tomorrow", "charge", "service_on", "2026-11-08", "FUTURE", CHARGE, "Correct the date"),
    InvalidValue("posted-next-year", "charge", "posted_on", "2027-01-01", "FUTURE", CHARGE, "Correct the date"),
    InvalidValue("born-in-the-future", "patient", "birth_on", "2062-05-01", "FUTURE", PATIENT, "Correct the date"),
    InvalidValue("no-such-day", "charge", "posted_on", "2026-02-30", "DATE", CHARGE, "2026-11-07"),
    InvalidValue("day-in-american", "charge", "posted_on", "09/03/2026", "DATE", CHARGE, "2026-11-07"),
    InvalidValue("left-before-arrival", "encounter", "service_to", "2026-08-01", "DATEORDER", VISIT, "the two dates"),
    InvalidValue("bell-in-name", "guarantor", "last_name", "Lo\x07pez", "CONTROL", PAYER, "Retype it"),
    InvalidValue("nul-in-name", "guarantor", "last_name", "Lo\x00pez", "CONTROL", PAYER, "Retype it"),
    InvalidValue("name-on-two-lines", "guarantor", "first_name", "Ma\nria", "CONTROL", PAYER, "Retype it"),
    InvalidValue("name-in-reverse", "guarantor", "first_name", "A\u202eB", "CONTROL", PAYER, "Retype it"),
    InvalidValue("terminal-escape", "charge", "description", "X\x1b[2Jray", "CONTROL", CHARGE, "Retype it"),
    InvalidValue("damaged-name", "guarantor", "last_name", "L\ufffdpez", "ENCODING", PAYER, "UTF-8"),
    InvalidValue("overlong-name", "guarantor", "last_name", "x" * 201, "LONG", PAYER, "Shorten it"),
    InvalidValue("overlong-service", "charge", "description", "y" * 5000, "LONG", CHARGE, "Shorten it"),
    InvalidValue("nine-lines", "guarantor", "address_lines", "\n".join("123456789"), "ADDRLINES", PAYER, "to 3 lines"),
    InvalidValue("language-no-code", "guarantor", "language", "Spanish", "LANGUAGE", PAYER, "such as en or es"),
    InvalidValue("unknown-delivery", "guarantor", "delivery", "fax", "CHOICE", PAYER, "paper, email"),
    InvalidValue("unknown-class", "encounter", "financial_class", "SELF", "CHOICE", VISIT, "self_pay"),
    InvalidValue("unknown-patient", "encounter", "patient_id", "P-nobody", "ORPHAN", VISIT, "missing row to patients"),
    InvalidValue("unknown-plan", "encounter", "plan_id", "L-nothing", "ORPHAN", VISIT, "missing row to plans"),
]

INCONSISTENT = [
    # valid rows that match no other row, or two: subject of the exception, code, row, what to do
    pytest.param("BAD-email", "EMAIL", "guarantors, row BAD-email: email ", "set delivery to paper", id="email"),
    pytest.param(
        "BAD-twice",
        "DUPLICATE_GUARANTOR",
        "guarantors, row BAD-twice: ",
        "Merge the duplicate records",
        id="guarantor-twice",
    ),
    pytest.param(
        "BAD-same-charge",
        "DUPLICATE",
        "charges, row A-BAD-same-charge/C-BAD-same-charge: charge_id ",
        "Remove or renumber",
        id="charge-twice",
    ),
    pytest.param(
        "BAD-unnamed", "NOGUARANTOR", "guarantors, row BAD-unnamed: ", "Add the guarantor", id="guarantor-missing"
    ),
    pytest.param(
        "account:A-unnamed",
        "ORPHAN",
        "encounters, row A-unnamed: guarantor_id ",
        "Assign this account's encounter to one guarantor",
        id="encounter-without-guarantor",
    ),
    pytest.param(
        "account:A-of-no-visit",
        "ORPHAN",
        "charges, row A-of-no-visit: account_number ",
        "correct the row",
        id="charge-of-no-encounter",
    ),
    pytest.param(
        "BAD-paid-elsewhere",
        "ORPHAN",
        "patient_payments, row A-of-nobody/R-2: account_number ",
        "missing row to encounters",
        id="payment-on-no-encounter",
    ),
]

HELD = [
    # valid accounts that get no document: hold code, part of what a clerk is to do
    pytest.param("HELD-overpaid", "CREDIT", "refund", id="payment-larger-than-the-charges"),
    pytest.param("HELD-no-visits", "NO_ENCOUNTERS", "visits are missing", id="guarantor-without-encounters"),
    pytest.param("HELD-no-street", "BADADDR", "Correct the address", id="no-street"),
    pytest.param("HELD-no-zip", "NOZIP", "Look up the ZIP Code", id="no-zip"),
    pytest.param("HELD-strange-hold", "UNKNOWN_HOLD", "Change the hold", id="unknown-hold-code"),
]

UNPRINTABLE = {
    "PAGE-letters": {"last_name": "李小龙"},
    "PAGE-window": {"last_name": "Wolfeschlegelstein" * 11, "address_lines": "\n".join(["Building 1 " * 18] * 3)},
}
"""Names and addresses that the fonts cannot show, or that do not fit the window."""

AS_TYPED = {
    "ODD-html": "<b>Bold</b> & <script>alert(1)</script>",
    "ODD-comment": "Mc<!--Lean",
    "ODD-braces": "{{ 7 * 7 }} {% if x %}",
    "ODD-percent": "%(name)s %s 100%",
    "ODD-entity": "Mc&lt;Lean&amp;Sons",
    "ODD-quotes": 'O\'Brien-"Bob"',
    "ODD-formula": "=SUM(A1:A9)",
    "ODD-accents": "Núñez-Đặng Łukasz",
}
"""Names that look like code, or are only unusual. They are printed unchanged."""


@pytest.fixture(scope="module")
def baseline(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of the same hospital without the rows of this module."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("baseline") / "home")
    figures: dict[str, Any] = call(hospital, *RUN, "--dry-run").json
    return figures


@pytest.fixture(scope="module")
def hospital(sample_hospitals: SampleHospitals, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """A hospital with every row of this module, after its batch."""
    hospital = sample_hospitals.copy_to(tmp_path_factory.mktemp("bad-rows") / "home")
    for case in INVALID_VALUES:
        add_account(hospital, f"BAD-{case.id}", **{case.table: {case.column: case.value}})
    _add_inconsistent(hospital)
    _add_held(hospital)
    for guarantor, changes in UNPRINTABLE.items():
        add_account(hospital, guarantor, guarantor=changes)
    for guarantor, last_name in AS_TYPED.items():
        add_account(hospital, guarantor, guarantor={"first_name": "", "last_name": last_name})
    run_accepting_everything(hospital)
    return hospital


def _add_inconsistent(hospital: Hospital) -> None:
    consent = {"email_consent_at": "2026-01-01T00:00:00Z"}
    add_account(hospital, "BAD-email", guarantor={"delivery": "email", "email": "jane@@example", **consent})
    add_account(hospital, "BAD-twice")
    add_row(hospital, "guarantor", guarantor_id="BAD-twice", last_name="Lopez", large_print=0, delivery="paper")
    add_account(hospital, "BAD-same-charge")
    _add_charge(hospital, "C-BAD-same-charge", "A-BAD-same-charge")
    _add_charge(hospital, "C-lost", "A-of-no-visit")
    add_row(hospital, "patient", guarantor_id="BAD-unnamed", patient_id="P-1", last_name="Lopez", birth_on="1980-05-01")
    add_row(hospital, "encounter", account_number="A-unnamed", patient_id="P-1", service_from="2026-09-01")
    add_account(hospital, "BAD-paid-elsewhere")
    _add_payment(hospital, "R-2", "BAD-paid-elsewhere", "A-of-nobody")


def _add_held(hospital: Hospital) -> None:
    add_account(hospital, "HELD-overpaid")
    _add_payment(hospital, "R-1", "HELD-overpaid", "A-HELD-overpaid")
    add_account(hospital, "HELD-no-visits")
    hospital.sql("DELETE FROM encounter WHERE guarantor_id = 'HELD-no-visits'")
    hospital.sql("DELETE FROM charge WHERE account_number = 'A-HELD-no-visits'")
    add_account(hospital, "HELD-no-street", guarantor={"address_lines": None})
    add_account(hospital, "HELD-no-zip", guarantor={"postal_code": "00000"})
    add_account(hospital, "HELD-strange-hold")
    add_row(hospital, "hold", hold_id="X-1", guarantor_id="HELD-strange-hold", code="ASK-BETTY", placed_on="2026-11-01")


def _add_charge(hospital: Hospital, charge_id: str, account_number: str) -> None:
    values = {"service_on": "2026-09-01", "posted_on": "2026-09-03", "description": "X-ray", "quantity": 1}
    add_row(hospital, "charge", charge_id=charge_id, account_number=account_number, amount_cents=1_234, **values)


def _add_payment(hospital: Hospital, payment_id: str, guarantor_id: str, account_number: str) -> None:
    values = {"guarantor_id": guarantor_id, "account_number": account_number, "posted_on": "2026-10-01"}
    add_row(hospital, "patient_payment", payment_id=payment_id, method="CHECK", amount_cents=90_000, **values)


@pytest.fixture(scope="module")
def exceptions(hospital: Hospital) -> Rows:
    rows: Rows = {}
    for row in call(hospital, "exceptions", BATCH, "--json").json:
        rows.setdefault(row["guarantor"], []).append(row)
    return rows


@pytest.mark.parametrize("case", INVALID_VALUES, ids=lambda case: case.id)
def test_invalid_value__is_an_exception_with_row_column_and_fix(exceptions: Rows, case: InvalidValue) -> None:
    guarantor = f"BAD-{case.id}"
    (row,) = exceptions[guarantor]
    assert row["code"] == case.code
    assert row["message"].startswith(f"{case.row.format(guarantor)}: {case.column} ")
    assert case.to_do in row["fix"]
    if isinstance(case.value, str) and case.value.strip():
        assert case.value not in row["message"] + row["fix"], (
            "the value may be a name, and the message is stored and logged"
        )


@pytest.mark.parametrize(("subject", "code", "where", "to_do"), INCONSISTENT)
def test_inconsistent_row__is_an_exception(exceptions: Rows, subject: str, code: str, where: str, to_do: str) -> None:
    row = next(row for row in exceptions[subject] if row["message"].startswith(where))
    assert row["code"] == code
    assert to_do in row["fix"]


@pytest.mark.parametrize(("guarantor", "code", "to_do"), HELD)
def test_valid_account_without_a_document__is_held(hospital: Hospital, guarantor: str, code: str, to_do: str) -> None:
    rows = [row for row in call(hospital, "holds", BATCH, "--json").json if row["guarantor"] == guarantor]
    assert [row["code"] for row in rows] == [code]
    assert to_do in rows[0]["why"] + rows[0]["what_to_do"]


@pytest.mark.parametrize("guarantor", UNPRINTABLE)
def test_unprintable_name__is_an_exception_and_not_a_wrong_page(
    hospital: Hospital, exceptions: Rows, guarantor: str
) -> None:
    (row,) = exceptions[guarantor]
    assert row["message"]
    assert row["fix"]
    named = [f"U+{ord(letter):04X}" for letter in UNPRINTABLE[guarantor]["last_name"]]
    assert not any(code_point in row["message"] for code_point in named), "the code points spell the name"
    (found,) = call(hospital, "find", guarantor, "--json").json
    assert (found["state"], found["deliveries"]) == ("error", [])


@pytest.mark.parametrize("guarantor", AS_TYPED)
def test_unusual_name__is_printed_unchanged(hospital: Hospital, guarantor: str, tmp_path: Path) -> None:
    (found,) = call(hospital, "find", guarantor, "--json").json
    assert found["state"] == "handed_off"
    call(hospital, "get", found["document"], "-o", str(tmp_path / "page.pdf"))
    text = pypdf.PdfReader(tmp_path / "page.pdf").pages[0].extract_text()
    assert _without_spaces(AS_TYPED[guarantor]) in _without_spaces(text)


def test_manifest__escapes_a_name_that_looks_like_a_formula(hospital: Hospital) -> None:
    names = [row["address_1"] for row in hospital.manifest_rows() if "SUM" in row["address_1"]]
    assert names == ["'=SUM(A1:A9)"]


def test_other_guarantors__are_unaffected(hospital: Hospital, baseline: dict[str, Any]) -> None:
    summary = call(hospital, "show", BATCH, "--json").json
    counts, before = summary["counts"], baseline["counts"]
    exceptions = len(INVALID_VALUES) + len({param.values[0] for param in INCONSISTENT})
    assert counts["exceptions"] == before["exceptions"] + exceptions
    assert counts["held"] == before["held"] + len(HELD)
    assert counts["selected"] == before["selected"] + len(UNPRINTABLE) + len(AS_TYPED)
    assert counts["errors"] == len(UNPRINTABLE)
    assert counts["handed_off"] == before["selected"] + len(AS_TYPED)


@pytest.mark.parametrize("unit", ["counts", "cents"])
def test_figures__foot(hospital: Hospital, unit: str) -> None:
    summary = call(hospital, "show", BATCH, "--json").json
    figures = summary[unit]
    assert summary["state"] == "closed"
    assert figures["pulled"] == figures["selected"] + figures["held"] + figures["exceptions"]
    assert figures["selected"] == figures["rendered"] + figures["errors"]
    assert figures["rendered"] == figures["print"] + figures["email"] == figures["handed_off"]
    assert figures["held"] < figures["pulled"]


def test_source_check__reports_the_same_faults(hospital: Hospital, exceptions: Rows) -> None:
    result = call(hospital, "source", "check", "reference", "--as-of", AS_OF.isoformat(), "--json", code=1)
    reported = {(fault["code"], fault["message"]) for fault in result.json["faults"]}
    from_rows = {
        (row["code"], row["message"]) for rows in exceptions.values() for row in rows if row["document"] is None
    }
    assert len(reported) > len(INVALID_VALUES)
    assert reported == from_rows


def _without_spaces(text: str) -> str:
    return "".join(text.split())
