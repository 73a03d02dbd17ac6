"""Which Medicare bad debts may be claimed: a row a rule, at its limit and one day or cent beyond."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import MedicareBadDebt, PatientClass, WriteOff
from statement_builder.policy.cost_report.cost_report import CostReportPeriod, last_period
from statement_builder.policy.cost_report.medicare_bad_debts import (
    BillingFacts,
    allowable_cents,
    effort_ends_on,
    find_bad_debt_faults,
    first_billed_on,
    is_in_period,
    placed_on,
    returned_on,
)
from statement_builder.policy.cost_report.write_offs import (
    find_charity_faults,
    find_total_bad_debt_faults,
    is_bad_debt_in_period,
    is_charity_in_period,
)

PERIOD = CostReportPeriod(first_on=date(2025, 1, 1), last_on=date(2025, 12, 31))
REMITTED = date(2025, 2, 1)
BILLED = date(2025, 2, 20)
CEASED = BILLED + timedelta(days=120)
CLAIM = MedicareBadDebt(
    guarantor_id="G1",
    account_number="7001",
    ccn="300001",
    patient_class=PatientClass.INPATIENT,
    last_name="Hollis",
    service_from=date(2025, 1, 8),
    service_to=date(2025, 1, 12),
    mbi="1EG4TE5MK73",
    medicare_remitted_on=REMITTED,
    beneficiary_cents=167_600,
    written_off_on=CEASED,
    ceased_on=CEASED,
    medicare_written_off_on=CEASED,
    deductible_cents=167_600,
    coinsurance_cents=2_000,
    paid_cents=9_600,
)
DUAL = {"medicaid_number": "001", "medicaid_remitted_on": date(2025, 4, 1)}
RECOVERY = {
    "recovered_on": date(2025, 5, 5),
    "recovered_cents": 20_000,
    "recovered_year_ends_on": date(2024, 12, 31),
}


def codes(changes: dict[str, Any], mailed_on: tuple[date, ...] = (BILLED,), *, is_repeated: bool = False) -> list[str]:
    debt = replace(CLAIM, **changes)
    facts = BillingFacts(mailed_on=mailed_on, collection_days=120)
    found = find_bad_debt_faults(debt, facts, PERIOD, is_repeated=is_repeated)
    assert all(each.citation and each.what_to_do and each.reason for each in found)
    return [each.code for each in found]


def days(start: date, count: int) -> date:
    return start + timedelta(days=count)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="all-rules-met"),
        pytest.param({"is_medicare_advantage": True}, ["ADVANTAGE"], id="413.89(a)-advantage-plan"),
        pytest.param({"mbi": ""}, ["NO_MBI"], id="4004.2-no-identifier"),
        pytest.param({"claimed_cents": 160_000}, [], id="413.89(e)(1)-deductible-plus-coinsurance-less-payments"),
        pytest.param({"claimed_cents": 160_001}, ["AMOUNT"], id="413.89(e)(1)-one-cent-more"),
        pytest.param({"paid_cents": 169_600}, ["NOTHING_LEFT"], id="413.89(e)(1)-paid-in-full"),
        pytest.param({"medicare_remitted_on": None}, ["NO_REMITTANCE"], id="413.89(e)(1)-no-remittance"),
        pytest.param({"ceased_on": days(BILLED, 119)}, ["SHORT_EFFORT"], id="413.89(e)(2)(i)(A)(4)-119-days"),
        pytest.param({"last_paid_on": days(BILLED, 1)}, ["SHORT_EFFORT"], id="413.89(e)(2)(i)(A)(5)-payment-restarts"),
        pytest.param({"last_paid_on": days(BILLED, -1)}, [], id="413.89(e)(2)(i)(A)(5)-payment-before-the-bill"),
        pytest.param(
            {"ceased_on": days(BILLED, 119), "is_indigent": True}, [], id="413.89(e)(2)(ii)-indigent-needs-no-effort"
        ),
        pytest.param(
            {"ceased_on": days(BILLED, 119), **DUAL}, [], id="413.89(e)(2)(iii)-dual-eligible-needs-no-effort"
        ),
        pytest.param({"medicaid_number": "001"}, ["NO_MEDICAID"], id="413.89(e)(2)(iii)-no-medicaid-remittance"),
        pytest.param({"ceased_on": None}, ["NOT_CEASED"], id="413.89(e)(3)-effort-goes-on"),
        pytest.param({"placed_on": days(BILLED, 60)}, ["AT_AGENCY"], id="310.A-not-returned"),
        pytest.param(
            {"placed_on": days(BILLED, 60), "returned_on": CEASED}, [], id="310.A-returned-on-the-day-of-the-write-off"
        ),
        pytest.param(
            {"placed_on": days(BILLED, 60), "returned_on": days(CEASED, 1)}, ["AT_AGENCY"], id="310.A-returned-later"
        ),
        pytest.param(
            {
                "placed_on": days(BILLED, 60),
                "returned_on": days(CEASED, 9),
                **{name: days(CEASED, 9) for name in ("written_off_on", "medicare_written_off_on")},
            },
            ["NOT_CEASED"],
            id="413.89(e)(3)-ceased-while-an-agency-collected",
        ),
        pytest.param(
            {"placed_on": days(BILLED, 60), "returned_on": days(BILLED, 59)}, ["DATES"], id="310.A-returned-before"
        ),
        pytest.param({"returned_on": CEASED}, ["DATES"], id="310.A-returned-and-never-placed"),
        pytest.param({"medicare_written_off_on": date(2026, 1, 1)}, ["DATES"], id="413.89(f)-after-the-year"),
        pytest.param({"medicare_written_off_on": date(2025, 12, 31)}, [], id="413.89(f)-last-day-of-the-year"),
        pytest.param({"written_off_on": None}, ["DATES"], id="413.89(f)-still-in-receivables"),
        pytest.param({"written_off_on": days(CEASED, 1)}, ["DATES"], id="413.89(f)-in-receivables-at-the-claim"),
        pytest.param({"ceased_on": days(CEASED, 1)}, ["DATES"], id="413.89(f)-effort-after-the-claim"),
        pytest.param({"service_to": date(2025, 1, 7)}, ["DATES"], id="service-ends-before-it-begins"),
        pytest.param(RECOVERY, [], id="413.89(f)-recovery"),
        pytest.param({**RECOVERY, "recovered_cents": 160_000}, [], id="413.89(f)-all-recovered"),
        pytest.param({**RECOVERY, "recovered_cents": 160_001}, ["OVER_RECOVERED"], id="413.89(f)-more-than-claimed"),
        pytest.param({**RECOVERY, "recovered_cents": 0}, ["NOTHING_RECOVERED"], id="413.89(f)-no-amount"),
        pytest.param(
            {**RECOVERY, "recovered_year_ends_on": date(2025, 12, 31)}, ["RECOVERY_YEAR"], id="413.89(f)-same-year"
        ),
        pytest.param({**RECOVERY, "recovered_year_ends_on": None}, ["RECOVERY_YEAR"], id="413.89(f)-no-year"),
        pytest.param({**RECOVERY, "ceased_on": None}, [], id="413.89(f)-recovery-was-checked-with-its-claim"),
    ],
)
def test_claim__is_refused_with_every_reason(changes: dict[str, Any], expected: list[str]) -> None:
    assert codes(changes) == expected


@pytest.mark.parametrize(
    ("changes", "mailed_on", "expected"),
    [
        pytest.param({}, (days(REMITTED, 120),), "SHORT_EFFORT", id="120-days-is-in-time"),
        pytest.param({}, (days(REMITTED, 121),), "LATE_BILL SHORT_EFFORT", id="121-days"),
        pytest.param(
            {"secondary_remitted_on": days(REMITTED, 30)},
            (days(REMITTED, 150),),
            "NOT_CEASED SHORT_EFFORT",
            id="latest-remittance",
        ),
        pytest.param({}, (), "NO_BILL", id="no-bill"),
        pytest.param({"first_billed_on": BILLED}, (), "", id="bill-of-another-system"),
        pytest.param({"first_billed_on": BILLED}, (days(REMITTED, 130),), "", id="earlier-bill-of-another-system"),
        pytest.param({"is_indigent": True}, (days(REMITTED, 121),), "", id="413.89(e)(2)(ii)-indigent"),
        pytest.param(DUAL, (days(REMITTED, 121),), "", id="413.89(e)(2)(iii)-dual-eligible"),
        pytest.param({**DUAL, "is_qmb": True}, (), "", id="1396a(n)(3)(B)-qmb-not-billed"),
        pytest.param({**DUAL, "is_qmb": True}, (BILLED,), "QMB_BILLED", id="1396a(n)(3)(B)-qmb-billed"),
        pytest.param(
            {**DUAL, "is_qmb": True, "first_billed_on": BILLED}, (), "QMB_BILLED", id="1396a(n)(3)(B)-qmb-billed-before"
        ),
        pytest.param({"is_qmb": True}, (), "NO_MEDICAID", id="413.89(e)(2)(iii)-qmb-needs-medicaid-remittance"),
    ],
)
def test_first_bill__is_within_120_days_of_the_latest_remittance(
    changes: dict[str, Any], mailed_on: tuple[date, ...], expected: str
) -> None:
    assert " ".join(codes(changes, mailed_on)) == expected


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [
        pytest.param(CEASED, [], id="on-the-day"),
        pytest.param(days(CEASED, 1), ["NOT_CEASED"], id="the-day-after"),
    ],
)
def test_effort__has_not_ceased_before_the_last_letter_413_89_e_3(last_day: date, expected: list[str]) -> None:
    assert codes({}, (BILLED, last_day)) == expected


@pytest.mark.parametrize(
    ("changes", "sent_on", "back_on"),
    [
        pytest.param({}, days(BILLED, 70), CEASED, id="only-the-ledger-knows"),
        pytest.param({"placed_on": days(BILLED, 60)}, days(BILLED, 60), CEASED, id="placed-by-an-earlier-system-first"),
        pytest.param(
            {"placed_on": days(BILLED, 70), "returned_on": days(CEASED, -2)}, days(BILLED, 70), CEASED, id="both-know"
        ),
    ],
)
def test_agency__days_are_the_ledgers_and_the_billing_systems_310_a(
    changes: dict[str, Any], sent_on: date, back_on: date
) -> None:
    debt = replace(CLAIM, **changes)
    facts = BillingFacts(mailed_on=(BILLED,), placed_on=days(BILLED, 70), returned_on=CEASED, collection_days=120)
    assert (placed_on(debt, facts), returned_on(debt, facts)) == (sent_on, back_on)
    assert find_bad_debt_faults(debt, facts, PERIOD) == ()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="billing-system-does-not-know"),
        pytest.param({"placed_on": days(BILLED, 60), "returned_on": CEASED}, id="billing-system-says-returned"),
    ],
)
def test_claim__of_an_account_that_the_ledger_has_at_an_agency_is_refused(changes: dict[str, Any]) -> None:
    facts = BillingFacts(mailed_on=(BILLED,), placed_on=days(BILLED, 60), collection_days=120)
    found = find_bad_debt_faults(replace(CLAIM, **changes), facts, PERIOD)
    assert [each.code for each in found] == ["AT_AGENCY"]


def test_account__is_listed_once() -> None:
    assert codes({}, is_repeated=True) == ["TWICE"]


def test_faults__are_all_found_at_once() -> None:
    changes = {"mbi": "", "ceased_on": None, "placed_on": BILLED}
    assert codes(changes) == ["NO_MBI", "NOT_CEASED", "AT_AGENCY"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, BILLED, id="first-mailed"),
        pytest.param({"is_qmb": True}, None, id="qmb-is-blank"),
        pytest.param({"first_billed_on": days(BILLED, -3)}, days(BILLED, -3), id="earlier-one"),
    ],
)
def test_first_bill__column(changes: dict[str, Any], expected: date | None) -> None:
    facts = BillingFacts(mailed_on=(BILLED, days(BILLED, 30)), collection_days=120)
    assert first_billed_on(replace(CLAIM, **changes), facts) == expected


def test_effort__lasts_120_days_from_the_last_payment() -> None:
    facts = BillingFacts(mailed_on=(BILLED,), collection_days=120)
    assert effort_ends_on(replace(CLAIM, last_paid_on=date(2025, 6, 1)), facts) == date(2025, 9, 29)
    assert effort_ends_on(CLAIM, BillingFacts(collection_days=120)) is None


def test_recovery__reduces_the_year_of_the_money() -> None:
    recovery = replace(CLAIM, **RECOVERY)
    assert allowable_cents(CLAIM) == 160_000
    assert allowable_cents(recovery) == -20_000
    assert is_in_period(recovery, PERIOD)
    assert not is_in_period(replace(recovery, recovered_on=date(2026, 1, 1)), PERIOD)


@pytest.mark.parametrize(
    ("today", "month", "first_on", "last_on"),
    [
        pytest.param(date(2026, 11, 7), 12, date(2025, 1, 1), date(2025, 12, 31), id="calendar-year"),
        pytest.param(date(2026, 11, 7), 6, date(2025, 7, 1), date(2026, 6, 30), id="ends-in-june"),
        pytest.param(date(2026, 6, 30), 6, date(2024, 7, 1), date(2025, 6, 30), id="its-last-day-is-not-over"),
        pytest.param(date(2024, 3, 1), 2, date(2023, 3, 1), date(2024, 2, 29), id="leap-day"),
    ],
)
def test_last_period__is_the_year_that_ended(today: date, month: int, first_on: date, last_on: date) -> None:
    assert last_period(today, month) == CostReportPeriod(first_on=first_on, last_on=last_on)


CHARITY = WriteOff(
    guarantor_id="G2",
    account_number="7002",
    ccn="300001",
    patient_class=PatientClass.OUTPATIENT,
    last_name="Marsh",
    service_from=date(2025, 3, 3),
    service_to=date(2025, 3, 3),
    insurance_status="1",
    is_insured=False,
    charges_cents=10_000,
    uninsured_discount_cents=4_000,
    noncovered_charity_cents=3_000,
    other_charity_cents=2_000,
    charity_cents=9_000,
    charity_on=date(2025, 12, 31),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="adds-up"),
        pytest.param({"charity_cents": 9_001}, ["AMOUNT"], id="one-cent-more"),
        pytest.param({"patient_paid_cents": 1_000}, [], id="all-charges-accounted-for"),
        pytest.param({"insurer_paid_cents": 1_001}, ["OVER_CHARGES"], id="more-than-charged"),
        pytest.param({"professional_cents": 10_001}, ["PROFESSIONAL"], id="professional-above-all"),
        pytest.param({"service_to": date(2025, 3, 2)}, ["DATES"], id="ends-before-it-begins"),
    ],
)
def test_charity__is_refused_with_every_reason(changes: dict[str, Any], expected: list[str]) -> None:
    assert [each.code for each in find_charity_faults(replace(CHARITY, **changes))] == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"bad_debt_cents": 1_000}, [], id="all-that-is-left"),
        pytest.param({"bad_debt_cents": 1_001}, ["OVER_CHARGES"], id="one-cent-more"),
        pytest.param({"bad_debt_cents": 500, "contractual_cents": 501}, ["OVER_CHARGES"], id="allowance"),
    ],
)
def test_total_bad_debt__is_not_more_than_is_left(changes: dict[str, Any], expected: list[str]) -> None:
    assert [each.code for each in find_total_bad_debt_faults(replace(CHARITY, **changes))] == expected


def test_write_off__is_of_the_year_of_its_day() -> None:
    assert is_charity_in_period(CHARITY, PERIOD)
    assert not is_charity_in_period(replace(CHARITY, charity_on=date(2026, 1, 1)), PERIOD)
    assert not is_bad_debt_in_period(CHARITY, PERIOD)
    assert is_bad_debt_in_period(replace(CHARITY, bad_debt_cents=1, bad_debt_on=date(2025, 1, 1)), PERIOD)
