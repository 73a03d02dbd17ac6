"""Rules that hold one visit while the other visits go out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    Coverage,
    CoverageKind,
    Encounter,
    EstimateReview,
    FinancialClass,
    InsuranceKind,
    InsuranceStatus,
)
from statement_builder.kinds import recheck
from statement_builder.policy import Policy
from tests.builders import AS_OF, make_account, make_charge, make_insurance, make_patient
from tests.policy.candidates import POLICY, codes, days_ago, letter, mailed, recorded_hold, selected, statement, visit

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


# A reviewed estimate


def above_estimate(*charges: int, reviewed: int | None, **changes: Any) -> Encounter:
    """A self-pay visit $500 above its estimate, with charges of $400 posted so many days ago."""
    review = EstimateReview(reviewed_by="M. Ortega", reviewed_on=days_ago(reviewed or 0), note="Second implant")
    return visit(
        charges=tuple(make_charge(f"C{n}", amount_cents=40_000, on=days_ago(day)) for n, day in enumerate(charges)),
        good_faith_estimate_cents=40_000 * len(charges) - 50_000,
        estimate_review=None if reviewed is None else review,
        financial_class=FinancialClass.SELF_PAY,
        insurance=(),
        **changes,
    )


@pytest.mark.parametrize(
    ("charges", "reviewed", "reasons"),
    [
        pytest.param((20, 15), None, ["GFE400:A1"], id="not-reviewed-149.620-a-2"),
        pytest.param((20, 15), 10, [], id="reviewed-149.620-a-2"),
        pytest.param((20, 15), 15, [], id="reviewed-on-the-day-of-the-last-charge"),
        pytest.param((20, 15), 16, ["GFE400:A1"], id="charge-posted-after-the-review-149.620-a-2"),
        pytest.param((15, 20), 16, ["GFE400:A1"], id="charges-in-another-order"),
    ],
)
def test_estimate__a_review_of_the_charges_on_file_lets_the_bill_go(
    charges: tuple[int, ...], reviewed: int | None, reasons: list[str]
) -> None:
    new = make_account(above_estimate(*charges, reviewed=reviewed))
    due = make_account(above_estimate(*charges, reviewed=reviewed, correspondence=mailed(first=70, last=30, level=1)))
    assert codes(statement(new)) == reasons
    assert codes(letter(due)) == reasons


def test_estimate__a_dispute_holds_a_reviewed_bill_149_620_c() -> None:
    account = make_account(above_estimate(20, 15, reviewed=10), holds=(recorded_hold("PPDR", account_number="A1"),))
    assert codes(statement(account)) == ["PPDR:A1"]


@pytest.mark.parametrize(
    ("charge_days", "reviewed_days", "reasons"),
    [
        pytest.param(2, 1, ["GFE400:A1"], id="charge-after-the-review"),
        pytest.param(1, 2, [], id="review-after-the-charge"),
        pytest.param(2, 2, [], id="both-on-one-day"),
    ],
)
def test_estimate__recheck_compares_the_review_with_what_posted_since_rendering(
    charge_days: int, reviewed_days: int, reasons: list[str]
) -> None:
    """A charge and a discount of the same amount: the amount due is the same, the estimate is exceeded by more."""
    later = AS_OF + timedelta(days=5)
    before = make_account(above_estimate(20, 15, reviewed=10))
    (encounter,) = before.encounters
    assert encounter.estimate_review is not None
    after = replace(
        before,
        encounters=(
            replace(
                encounter,
                charges=(*encounter.charges, make_charge("C9", amount_cents=60_000, on=AS_OF + timedelta(charge_days))),
                insurance=(make_insurance("I9", kind=InsuranceKind.CONTRACTUAL, amount_cents=60_000, on=later),),
                estimate_review=replace(encounter.estimate_review, reviewed_on=AS_OF + timedelta(reviewed_days)),
            ),
        ),
    )
    assert codes(recheck(after, selected(statement(before)), POLICY, later, AS_OF)) == reasons


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
