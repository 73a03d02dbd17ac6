"""Three laws count 120 days from different events; each clock has its own start, end and citation."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from statement_builder.billing.clocks import ClockName, find_clocks
from statement_builder.billing.model import (
    Correspondence,
    Encounter,
    FinancialClass,
    InsuranceStatus,
    PatientClass,
    PatientPayment,
)
from statement_builder.operations.clocks import clock_rules
from statement_builder.policy.settings import Policy

FIRST = date(2026, 3, 2)
AS_OF = date(2026, 11, 7)
RULES = clock_rules(Policy())


def visit(*, mailed: bool = True, payments: tuple[tuple[date, int], ...] = (), **fields: Any) -> Encounter:
    mailing = Correspondence(first_statement_on=FIRST, statements_sent=2, last_level=0, last_mailed_on=FIRST)
    values: dict[str, Any] = {
        "account_number": "A1",
        "patient_id": "P1",
        "service_from": date(2026, 2, 1),
        "service_to": date(2026, 2, 1),
        "facility_name": "Lakeside",
        "description": "Visit",
        "patient_class": next(iter(PatientClass)),
        "financial_class": FinancialClass.SELF_PAY,
        "insurance_status": InsuranceStatus.NONE,
        "correspondence": mailing if mailed else None,
        "payments": tuple(
            PatientPayment(payment_id=f"PM{n}", posted_on=on, amount_cents=cents)
            for n, (on, cents) in enumerate(payments)
        ),
    }
    return Encounter(**{**values, **fields})


def starts(encounter: Encounter, as_of: date = AS_OF) -> dict[str, date]:
    return {clock.clock.value: clock.started_on for clock in find_clocks(encounter, RULES, as_of)}


def test_clocks__none_before_the_first_statement_is_mailed() -> None:
    assert find_clocks(visit(mailed=False, financial_class=FinancialClass.MEDICARE), RULES, AS_OF) == ()


def test_clocks__each_has_its_own_end_and_citation() -> None:
    found = find_clocks(visit(financial_class=FinancialClass.MEDICARE, good_faith_estimate_cents=1), RULES, AS_OF)
    assert {(each.clock, each.ends_on, each.citation) for each in found} == {
        (ClockName.ECA_WAIT, date(2026, 6, 30), "26 CFR 1.501(r)-6(c)(3)"),
        (ClockName.ASSISTANCE, date(2026, 10, 28), "26 CFR 1.501(r)-1(b)(3)"),
        (ClockName.MEDICARE, date(2026, 6, 30), "42 CFR 413.89(e)(2)(i)(A)"),
        (ClockName.DISPUTE, date(2026, 6, 30), "45 CFR 149.620(c)(1)"),
    }
    assert {each.account for each in found} == {"A1"}


PAID = date(2026, 4, 10)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        pytest.param((), FIRST, id="no-payment"),
        pytest.param(((PAID, 10_00), (PAID + DAY, 10_00)), PAID + DAY, id="each-payment"),
        pytest.param(((FIRST - DAY, 10_00),), FIRST, id="before-the-first-bill"),
        pytest.param(((PAID, 10_00), (PAID + DAY, -10_00)), PAID, id="returned-check-starts-nothing"),
        pytest.param(((AS_OF, 1),), AS_OF, id="today"),
        pytest.param(((AS_OF + DAY, 1),), FIRST, id="posted-ahead"),
    ],
)
def test_medicare__restarts_on_each_payment_and_the_others_do_not(
    payments: tuple[tuple[date, int], ...], expected: date
) -> None:
    """42 CFR 413.89(e)(2)(i)(A)"""
    encounter = visit(payments=payments, financial_class=FinancialClass.MEDICARE, good_faith_estimate_cents=1)
    assert starts(encounter) == {
        "501r_eca_wait": FIRST,
        "501r_assistance": FIRST,
        "medicare_collection": expected,
        "ppdr_dispute": FIRST,
    }


@pytest.mark.parametrize("financial_class", sorted(set(FinancialClass) - {FinancialClass.MEDICARE}))
def test_medicare__clock_of_original_medicare_only(financial_class: FinancialClass) -> None:
    assert "medicare_collection" not in starts(visit(financial_class=financial_class))


@pytest.mark.parametrize(("cents", "has_clock"), [(None, False), (0, True), (500_00, True)])
def test_dispute__clock_of_a_visit_with_an_estimate(cents: int | None, has_clock: bool) -> None:
    """45 CFR 149.620(c)(1)"""
    assert ("ppdr_dispute" in starts(visit(good_faith_estimate_cents=cents))) is has_clock
