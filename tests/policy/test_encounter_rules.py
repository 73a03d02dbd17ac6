"""Rules that hold one visit while the other visits go out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from statement_builder.billing.model import Coverage, CoverageKind, Encounter, FinancialClass, InsuranceStatus
from statement_builder.policy import Policy
from tests.builders import make_account, make_charge, make_patient
from tests.policy.candidates import codes, letter, mailed, recorded_hold, selected, statement, visit

SELF_PAY = {"financial_class": FinancialClass.SELF_PAY, "insurance": ()}

ANOTHER_MONTH = {"service_from": date(2026, 9, 30), "service_to": date(2026, 9, 30)}

ROWS = [
    pytest.param({"owed_cents": 0}, ["ZERO"], id="zero-balance"),
    pytest.param({"owed_cents": -1}, ["CREDIT"], id="one-cent-credit"),
    pytest.param({"insurance_status": InsuranceStatus.PENDING}, ["INS_PEND"], id="claim-open"),
    pytest.param({"insurance_status": InsuranceStatus.APPEAL}, ["INS_PEND"], id="appeal"),
    pytest.param({"insurance_status": InsuranceStatus.DENIED}, [], id="denied-is-final"),
    pytest.param({"insurance_status": InsuranceStatus.NONE}, [], id="no-insurance-is-final"),
    pytest.param({"owed_cents": 800, "insurance_pending_cents": 800}, ["INS_PEND"], id="insurance-expected-to-pay-all"),
    pytest.param({"owed_cents": 800, "insurance_pending_cents": 100}, [], id="insurance-expected-to-pay-part"),
    pytest.param({"final_billed": False}, ["NOT_FINAL"], id="charges-open"),
    pytest.param({"financial_class": FinancialClass.MEDICAID}, ["MCAID"], id="medicaid"),
    pytest.param({"financial_class": FinancialClass.MEDICAID_PENDING}, ["MCAID_PEND"], id="medicaid-pending"),
    pytest.param({"financial_class": FinancialClass.QMB}, ["QMB"], id="qmb"),
    pytest.param({"financial_class": FinancialClass.WORKERS_COMP}, ["WC"], id="workers-compensation"),
    pytest.param({"financial_class": FinancialClass.THIRD_PARTY}, ["TPL"], id="third-party"),
    pytest.param({"financial_class": FinancialClass.AUTO}, ["AUTO"], id="auto"),
    pytest.param({"financial_class": FinancialClass.CLIENT}, ["CLIENT"], id="client"),
    pytest.param({"financial_class": FinancialClass.CHARITY}, ["CHARITY100"], id="charity"),
    pytest.param({"financial_class": FinancialClass.SELF_PAY}, [], id="self-pay"),
    pytest.param({"financial_class": FinancialClass.COMMERCIAL}, [], id="commercial"),
    pytest.param({"financial_class": FinancialClass.MEDICARE}, [], id="medicare"),
    pytest.param({"financial_class": FinancialClass.MEDICARE_ADVANTAGE}, [], id="medicare-advantage"),
    pytest.param({"financial_class": FinancialClass.TRICARE}, [], id="tricare"),
    pytest.param({**SELF_PAY, "good_faith_estimate_cents": 80_001}, [], id="399.99-above-the-estimate"),
    pytest.param({**SELF_PAY, "good_faith_estimate_cents": 80_000}, ["GFE400"], id="400-above-the-estimate"),
    pytest.param({**SELF_PAY, "good_faith_estimate_cents": 0}, ["GFE400"], id="estimate-of-zero"),
    pytest.param({**SELF_PAY, "good_faith_estimate_cents": None}, [], id="no-estimate"),
    pytest.param({"good_faith_estimate_cents": 1_000}, [], id="insured-with-an-estimate"),
    pytest.param(
        {"final_billed": False, "financial_class": FinancialClass.MEDICAID}, ["NOT_FINAL", "MCAID"], id="both-reasons"
    ),
    pytest.param({"owed_cents": 0, "financial_class": FinancialClass.MEDICAID}, ["ZERO"], id="zero-balance-only"),
]


@pytest.mark.parametrize(("changes", "reasons"), ROWS)
def test_encounter_rules__hold_one_visit_and_bill_the_others(changes: dict[str, Any], reasons: list[str]) -> None:
    decision = statement(make_account(visit(account_number="A1", **changes), visit(2_000, "A2", **ANOTHER_MONTH)))
    assert codes(decision) == [f"{code}:A1" for code in reasons]
    assert selected(decision).account_numbers == (("A2",) if reasons else ("A2", "A1"))


@pytest.mark.parametrize(("changes", "reasons"), ROWS)
def test_encounter_rules__hold_letters_too(changes: dict[str, Any], reasons: list[str]) -> None:
    due = mailed(first=70, last=30, level=1)
    decision = letter(make_account(visit(account_number="A1", correspondence=due, **changes)))
    assert [code for code in codes(decision) if code != "MINBAL"] == [f"{code}:A1" for code in reasons]


def test_estimate__stricter_limit_in_the_policy() -> None:
    account = make_account(
        visit(
            charges=(make_charge(amount_cents=50_000),),
            insurance=(),
            financial_class=FinancialClass.SELF_PAY,
            good_faith_estimate_cents=30_000,
        )
    )
    number = Policy().estimate_excess_cents
    strict = Policy(
        estimate_excess_cents=type(number)(value=20_000, citation=number.citation, reviewed_on=number.reviewed_on)
    )
    assert codes(statement(account)) == []
    assert codes(statement(account, strict)) == ["GFE400:A1"]


# Coverage has dates

CHILD = make_patient(patient_id="P2", first_name="Leo")


def span(kind: CoverageKind, starts_on: date, ends_on: date | None, patient_id: str = "P1") -> Coverage:
    return Coverage(patient_id=patient_id, kind=kind, starts_on=starts_on, ends_on=ends_on)


def stay(first_on: date, last_on: date, account_number: str = "A1", **changes: Any) -> Encounter:
    return visit(account_number=account_number, service_from=first_on, service_to=last_on, **changes)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        pytest.param(CoverageKind.QMB, "QMB", id="qmb-42-usc-1396a-n-3-b"),
        pytest.param(CoverageKind.MEDICAID, "MCAID", id="medicaid-42-cfr-447.15"),
        pytest.param(CoverageKind.MEDICAID_PENDING, "MCAID_PEND", id="medicaid-pending"),
    ],
)
@pytest.mark.parametrize(
    ("starts_on", "ends_on", "held"),
    [
        pytest.param(date(2026, 10, 3), date(2026, 10, 3), True, id="one-day-of-the-stay"),
        pytest.param(date(2026, 10, 5), None, True, id="from-the-last-day-on"),
        pytest.param(date(2026, 10, 6), None, False, id="from-the-day-after"),
        pytest.param(date(2026, 1, 1), date(2026, 10, 1), True, id="until-the-first-day"),
        pytest.param(date(2026, 1, 1), date(2026, 9, 30), False, id="until-the-day-before"),
    ],
)
def test_coverage__holds_visits_inside_the_span(
    kind: CoverageKind, code: str, starts_on: date, ends_on: date | None, held: bool
) -> None:
    account = make_account(
        stay(date(2026, 10, 1), date(2026, 10, 5), correspondence=mailed(first=70, last=30, level=0)),
        coverages=(span(kind, starts_on, ends_on),),
    )
    assert codes(statement(account)) == ([f"{code}:A1"] if held else [])
    assert (f"{code}:A1" in codes(letter(account))) is held


def test_coverage__belongs_to_the_patient_not_to_the_family() -> None:
    day = date(2026, 10, 3)
    account = make_account(
        stay(day, day, "A1"),
        stay(day, day, "A2", patient_id="P2"),
        patients=(make_patient(), CHILD),
        coverages=(span(CoverageKind.MEDICAID, day, None, patient_id="P2"),),
    )
    decision = statement(account)
    assert codes(decision) == ["MCAID:A2"]
    assert selected(decision).account_numbers == ("A1",)


@pytest.mark.parametrize(
    ("day", "patient_id", "held"),
    [
        pytest.param(date(2026, 10, 1), "P1", True, id="first-of-the-month"),
        pytest.param(date(2026, 10, 31), "P1", True, id="last-of-the-month"),
        pytest.param(date(2026, 9, 30), "P1", False, id="day-before-the-month"),
        pytest.param(date(2026, 11, 1), "P1", False, id="day-after-the-month"),
        pytest.param(date(2026, 10, 15), "P2", False, id="another-patient"),
    ],
)
def test_coverage__a_visit_with_the_class_covers_its_month(day: date, patient_id: str, held: bool) -> None:
    """Without spans on file, as in an older extract: eligibility is by the month. A visit without a balance counts."""
    middle = date(2026, 10, 14)
    account = make_account(
        stay(middle, middle, "A1", financial_class=FinancialClass.QMB, owed_cents=0),
        stay(day, day, "A2", patient_id=patient_id),
        patients=(make_patient(), CHILD),
    )
    assert ("QMB:A2" in codes(statement(account))) is held


@pytest.mark.parametrize(
    ("birth_on", "sensitive", "reasons"),
    [
        pytest.param(date(2008, 10, 4), True, ["MINOR_SENS:A1"], id="day-before-the-birthday"),
        pytest.param(date(2008, 10, 3), True, [], id="on-the-birthday"),
        pytest.param(date(2015, 5, 5), False, [], id="not-sensitive"),
    ],
)
def test_minor__sensitive_visit_is_never_in_the_parents_mail(
    birth_on: date, sensitive: bool, reasons: list[str]
) -> None:
    """State minor consent law. The patient's age on the day of the visit decides, also after the birthday."""
    account = make_account(
        visit(sensitive=sensitive, correspondence=mailed(first=70, last=30, level=0)),
        patients=(make_patient(birth_on=birth_on),),
    )
    assert codes(statement(account)) == reasons
    assert [code for code in codes(letter(account)) if code != "STMT_FIRST:A1"] == reasons


def test_confidential_visit__holds_that_visit_and_bills_the_family() -> None:
    """45 CFR 164.522(b)."""
    account = make_account(
        visit(account_number="A1"),
        visit(2_000, "A2", patient_id="P2"),
        patients=(make_patient(), CHILD),
        holds=(recorded_hold("CONF", account_number="A2"),),
    )
    decision = statement(account)
    assert codes(decision) == ["CONF_VISIT:A2"]
    assert selected(decision).account_numbers == ("A1",)
