"""Balances: sums that a clerk can check by hand, and footing for any account that meets the contract."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statement_builder.billing.balance import FootingError, balance, encounter_balance, owed_cents
from statement_builder.billing.model import Correspondence, GuarantorAccount, InsuranceKind
from tests.billing.strategies import accounts
from tests.builders import AS_OF, make_account, make_charge, make_encounter, make_insurance, make_payment


def mailed(first_on: date, last_on: date | None = None) -> Correspondence:
    return Correspondence(
        first_statement_on=first_on, statements_sent=1, last_level=0, last_mailed_on=last_on or first_on
    )


def test_encounter_balance__adds_each_transaction_to_its_own_total() -> None:
    encounter = make_encounter(
        charges=(make_charge("C1", amount_cents=100_000), make_charge("C2", amount_cents=20_000)),
        insurance=(
            make_insurance("I1", amount_cents=60_000),
            make_insurance("I2", kind=InsuranceKind.CONTRACTUAL, amount_cents=25_000),
            make_insurance("I3", kind=InsuranceKind.WRITE_OFF, amount_cents=1_000),
            make_insurance("I4", kind=InsuranceKind.OTHER, amount_cents=500),
            make_insurance("I5", kind=InsuranceKind.CHARITY, amount_cents=3_500),
        ),
        payments=(make_payment("M1", amount_cents=5_000), make_payment("M2", amount_cents=-1_000)),
        insurance_pending_cents=6_000,
    )
    owed = encounter_balance(encounter, AS_OF)
    assert (owed.charges_cents, owed.insurance_paid_cents, owed.adjustments_cents) == (120_000, 60_000, 26_500)
    assert (owed.charity_cents, owed.patient_paid_cents) == (3_500, 4_000)
    assert (owed.balance_cents, owed.insurance_pending_cents, owed.patient_cents) == (26_000, 6_000, 20_000)


@pytest.mark.parametrize(
    ("owed_cents", "pending_cents", "patient_cents"),
    [
        pytest.param(10_000, 0, 10_000, id="nothing-pending"),
        pytest.param(10_000, 9_999, 1, id="all-but-one-cent-pending"),
        pytest.param(10_000, 10_000, 0, id="all-pending"),
        pytest.param(10_000, 15_000, 0, id="pending-above-the-balance-is-not-a-credit"),
        pytest.param(0, 5_000, 0, id="nothing-owed"),
        pytest.param(-2_500, 5_000, -2_500, id="credit-is-unchanged"),
    ],
)
def test_encounter_balance__pending_insurance(owed_cents: int, pending_cents: int, patient_cents: int) -> None:
    encounter = make_encounter(owed_cents=owed_cents, insurance_pending_cents=pending_cents)
    assert encounter_balance(encounter, AS_OF).patient_cents == patient_cents


def test_balance__ignores_later_postings() -> None:
    tomorrow = AS_OF + timedelta(days=1)
    encounter = make_encounter(
        charges=(make_charge("C1", amount_cents=9_000, on=AS_OF), make_charge("C2", amount_cents=70, on=tomorrow)),
        insurance=(make_insurance(amount_cents=600, on=tomorrow),),
        payments=(make_payment(amount_cents=5_000, on=tomorrow),),
    )
    assert balance(make_account(encounter), AS_OF).balance_cents == 9_000
    assert balance(make_account(encounter), tomorrow).balance_cents == 9_000 + 70 - 600 - 5_000


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        pytest.param(None, "current_cents", id="no-statement-yet"),
        pytest.param(-3, "current_cents", id="statement-after-as-of"),
        pytest.param(0, "current_cents", id="day-0"),
        pytest.param(30, "current_cents", id="day-30"),
        pytest.param(31, "days_31_60_cents", id="day-31"),
        pytest.param(60, "days_31_60_cents", id="day-60"),
        pytest.param(61, "days_61_90_cents", id="day-61"),
        pytest.param(90, "days_61_90_cents", id="day-90"),
        pytest.param(91, "days_91_120_cents", id="day-91"),
        pytest.param(120, "days_91_120_cents", id="day-120"),
        pytest.param(121, "over_120_cents", id="day-121"),
        pytest.param(4_000, "over_120_cents", id="eleven-years"),
    ],
)
def test_aging__counts_from_the_first_statement(days: int | None, bucket: str) -> None:
    letters = None if days is None else mailed(AS_OF - timedelta(days=days))
    # The date of service is years ago, but only the first statement counts.
    encounter = make_encounter(owed_cents=8_000, service_from=date(2019, 1, 1), correspondence=letters)
    aging = balance(make_account(encounter), AS_OF).aging
    assert getattr(aging, bucket) == 8_000
    assert aging.total_cents == 8_000


def test_aging__excludes_pending_insurance() -> None:
    encounter = make_encounter(owed_cents=8_000, insurance_pending_cents=3_000)
    assert balance(make_account(encounter), AS_OF).aging.total_cents == 5_000


def test_roll_forward__from_the_last_statement() -> None:
    last_on = date(2026, 10, 20)
    encounter = make_encounter(
        charges=(make_charge("C1", amount_cents=50_000), make_charge("C2", amount_cents=700, on=date(2026, 11, 1))),
        insurance=(
            make_insurance("I1", amount_cents=30_000, on=date(2026, 10, 25)),
            make_insurance("I2", kind=InsuranceKind.CONTRACTUAL, amount_cents=9_000, on=date(2026, 10, 25)),
            make_insurance("I3", kind=InsuranceKind.CHARITY, amount_cents=1_000, on=date(2026, 10, 26)),
        ),
        payments=(make_payment("M1", amount_cents=2_000, on=last_on), make_payment("M2", amount_cents=500)),
        correspondence=mailed(last_on),
    )
    roll = balance(make_account(encounter), AS_OF).roll_forward
    assert roll.since == last_on
    # The last statement already included a payment posted on its date.
    assert roll.previous_cents == 48_000
    assert (roll.charges_cents, roll.insurance_cents, roll.adjustments_cents) == (700, 30_000, 10_000)
    assert (roll.payments_cents, roll.current_cents) == (500, 8_200)


def test_roll_forward__visit_without_an_earlier_statement_is_entirely_new() -> None:
    old = make_encounter("A1", owed_cents=10_000, correspondence=mailed(date(2026, 11, 1)))
    new = make_encounter("A2", owed_cents=4_000)
    roll = balance(make_account(old, new), AS_OF).roll_forward
    assert roll.previous_cents == 10_000
    assert roll.charges_cents == 120_000
    assert roll.current_cents == 14_000


def test_roll_forward__from_a_given_date() -> None:
    encounter = make_encounter(payments=(make_payment(amount_cents=1_500, on=date(2026, 11, 5)),))
    roll = balance(make_account(encounter), AS_OF, since=date(2026, 11, 1)).roll_forward
    assert (roll.previous_cents, roll.payments_cents, roll.current_cents) == (34_500, 1_500, 33_000)


def test_balance__uses_the_given_encounters_in_order() -> None:
    account = make_account(
        make_encounter("A1", owed_cents=100), make_encounter("A2", owed_cents=20), make_encounter("A3")
    )
    taken = balance(account, AS_OF, account_numbers=("A2", "A1"))
    assert [each.account_number for each in taken.encounters] == ["A2", "A1"]
    assert taken.balance_cents == 120


def test_balance__refuses_an_unknown_account_number() -> None:
    with pytest.raises(FootingError, match="no encounter A9"):
        balance(make_account(make_encounter("A1")), AS_OF, account_numbers=("A1", "A9"))


@given(accounts, st.integers(-150, 10))
def test_balance__foots_for_any_account(account: GuarantorAccount, offset: int) -> None:
    as_of = AS_OF + timedelta(days=offset)
    result = balance(account, as_of)
    for each, encounter in zip(result.encounters, account.encounters, strict=True):
        lines = [one.amount_cents for one in encounter.charges if one.posted_on <= as_of]
        lines += [-one.amount_cents for one in encounter.insurance if one.posted_on <= as_of]
        lines += [-one.amount_cents for one in encounter.payments if one.posted_on <= as_of]
        assert sum(lines) == each.balance_cents == each.patient_cents + each.insurance_pending_cents
        assert each.insurance_pending_cents >= 0
    assert sum(each.balance_cents for each in result.encounters) == result.balance_cents == owed_cents(account, as_of)
    aging = result.aging
    buckets = (
        aging.current_cents
        + aging.days_31_60_cents
        + aging.days_61_90_cents
        + aging.days_91_120_cents
        + aging.over_120_cents
    )
    assert buckets == aging.total_cents == result.patient_cents


@given(accounts, st.integers(-100, 0))
def test_roll_forward__foots_and_starts_from_the_same_balance(account: GuarantorAccount, offset: int) -> None:
    since = AS_OF + timedelta(days=offset)
    roll = balance(account, AS_OF, since=since).roll_forward
    rolled = (
        roll.previous_cents + roll.charges_cents - roll.payments_cents - roll.insurance_cents - roll.adjustments_cents
    )
    assert rolled == roll.current_cents == owed_cents(account, AS_OF)
    assert roll.previous_cents == owed_cents(account, since)
