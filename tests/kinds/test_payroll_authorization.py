"""The form for a payroll deduction: who gets one, and what holds it, a row a rule."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from statement_builder.billing.model import (
    CausedLetter,
    DeductionMiss,
    DeductionStatus,
    GuarantorAccount,
    PayFrequency,
    RecordedHold,
)
from statement_builder.billing.payroll import authorization_cause
from statement_builder.billing.selection import Channel, Decision, Kind
from statement_builder.kinds import candidate_cents, decide, definition_of
from statement_builder.policy import Policy
from statement_builder.policy.candidate import open_candidate
from statement_builder.policy.payroll.payroll import current_plans
from statement_builder.policy.states.wage_deductions import WAGE_DEDUCTION_RULES
from tests.builders import AS_OF, make_guarantor
from tests.payroll import SIGNED, make_authorization, make_deduction, on_payroll
from tests.plan_letters import make_plan
from tests.policy.candidates import codes, selected

KIND = Kind.PAYROLL_AUTHORIZATION
CURRENT = make_deduction(**SIGNED)


def decision_of(account: GuarantorAccount, policy: Policy | None = None) -> Decision:
    return decide(account, KIND, policy or Policy(), AS_OF)


def with_hold(account: GuarantorAccount, code: str, **hold: Any) -> GuarantorAccount:
    return replace(account, holds=(RecordedHold(hold_id="H1", code=code, placed_on=AS_OF, **hold),))


@pytest.mark.parametrize(
    ("terms", "held"),
    [
        pytest.param({}, [], id="asked"),
        pytest.param({"per_pay_cents": 5_500, "pay_count": 11, "last_pay_on": date(2027, 5, 7)}, [], id="last-is-less"),
        pytest.param({"per_pay_cents": 4_999}, ["PAYROLL_TERMS"], id="last-would-be-more-nc-95-25.8"),
        pytest.param({"per_pay_cents": 5_500}, ["PAYROLL_TERMS"], id="nothing-left-for-the-last-nc-95-25.8"),
        pytest.param({"per_pay_cents": 0}, ["PAYROLL_TERMS"], id="no-amount"),
        pytest.param({"last_pay_on": date(2027, 5, 28)}, [], id="last-payday-a-week-later-for-a-holiday"),
        pytest.param({"last_pay_on": date(2027, 5, 29)}, ["PAYROLL_TERMS"], id="last-payday-does-not-fit"),
        pytest.param({"frequency": PayFrequency.WEEKLY}, ["PAYROLL_TERMS"], id="other-frequency-than-the-last-payday"),
        pytest.param(
            {
                "frequency": PayFrequency.SEMIMONTHLY,
                "first_pay_on": date(2026, 12, 15),
                "last_pay_on": date(2027, 5, 28),
            },
            [],
            id="twice-a-month",
        ),
        pytest.param({"frequency": PayFrequency.MONTHLY, "last_pay_on": date(2027, 11, 18)}, [], id="every-month"),
        pytest.param({"employee_id": "123-45-6789"}, ["PAYROLL_TERMS"], id="social-security-number"),
        pytest.param({"employee_id": "123456789"}, ["PAYROLL_TERMS"], id="social-security-number-without-hyphens"),
        pytest.param({"employee_id": "E1|E2"}, ["PAYROLL_TERMS"], id="delimiter-in-the-employee-number"),
        pytest.param({"work_state": "N.C."}, ["PAYROLL_TERMS"], id="no-state-code"),
        pytest.param({"work_state": "NY"}, ["PAYROLL_STATE"], id="ny-labor-law-193"),
        pytest.param({"work_state": "CA"}, [], id="cal-labor-code-224"),
        pytest.param({"work_state": "TX"}, [], id="tex-labor-code-61.018"),
        pytest.param({"work_state": "AZ"}, [], id="ariz-rev-stat-23-352"),
        pytest.param({"work_state": "VT"}, [], id="state-without-a-rule-29-cfr-531.35"),
        pytest.param({"total_cents": 59_999, "per_pay_cents": 5_000}, ["PAYROLL_TOTAL"], id="less-than-the-plan"),
        pytest.param(
            {"first_pay_on": AS_OF + timedelta(days=21), "last_pay_on": AS_OF + timedelta(days=21 + 11 * 14)},
            [],
            id="first-payday-in-21-days",
        ),
        pytest.param(
            {"first_pay_on": AS_OF + timedelta(days=20), "last_pay_on": AS_OF + timedelta(days=20 + 11 * 14)},
            ["PAYROLL_LATE"],
            id="first-payday-in-20-days",
        ),
        pytest.param(SIGNED, [], id="signed-copy"),
        pytest.param(SIGNED | {"hospital_signed_on": None}, ["PAYROLL_UNSIGNED"], id="signed-by-the-employee-alone"),
        pytest.param(SIGNED | {"signed_on": None}, ["PAYROLL_UNSIGNED"], id="signed-by-the-hospital-alone"),
        pytest.param(
            SIGNED | {"first_pay_on": date(2026, 11, 6), "last_pay_on": date(2027, 4, 9)},
            ["PAYROLL_UNSIGNED"],
            id="signed-after-the-payday-nc-95-25.8",
        ),
        pytest.param(
            SIGNED | {"signed_on": AS_OF - timedelta(days=61), "hospital_signed_on": AS_OF - timedelta(days=61)},
            ["PAYROLL_OLD"],
            id="signed-before-this-service-knew",
        ),
    ],
)
def test_select_authorization__by_its_terms(terms: dict[str, Any], held: list[str]) -> None:
    decision = decision_of(on_payroll(make_deduction(**terms)))
    assert codes(decision) == [f"{code}:A70001" for code in held]
    assert (decision.selection is None) == bool(held)


@pytest.mark.parametrize("status", [DeductionStatus.REVOKED, DeductionStatus.ENDED])
def test_select_authorization__nobody_is_asked_again(status: DeductionStatus) -> None:
    assert candidate_cents(on_payroll(make_deduction(status=status)), KIND, AS_OF) is None


def test_select_authorization__a_finance_charge_is_not_called_interest_free__12_cfr_1026_18() -> None:
    plan = make_plan(next_on=date(2026, 12, 18), finance_charge_cents=600, apr_basis_points=500)
    assert codes(decision_of(on_payroll(plan=plan))) == ["PAYROLL_CHARGE:A70001"]


def test_select_authorization__goes_out_once_for_its_terms_and_once_signed() -> None:
    form = make_deduction()
    sent = CausedLetter(kind=KIND.value, cause_id=authorization_cause(form), mailed_on=None)
    assert codes(decision_of(on_payroll(form, letters=(sent,)))) == ["PLAN_SENT:A70001"]
    other = make_deduction(employee_id="E20418")
    assert selected(decision_of(on_payroll(other, letters=(sent,)))).cause_id == authorization_cause(other)
    copy = selected(decision_of(on_payroll(CURRENT, letters=(sent,))))
    assert copy.cause_id == authorization_cause(CURRENT) != sent.cause_id


def test_select_authorization__asks_for_nothing_and_goes_on_paper() -> None:
    selection = selected(decision_of(on_payroll()))
    assert (selection.amount_cents, selection.channel) == (0, Channel.PRINT)
    assert KIND not in Policy().email_kinds


@pytest.mark.parametrize(
    ("code", "hold", "held"),
    [
        pytest.param("BANKR_STAY", {}, "BANKR_STAY", id="11-usc-362"),
        pytest.param("BANKR_DISCH", {}, "BANKR_DISCH", id="11-usc-524"),
        pytest.param("DECEASED", {}, "DECEASED", id="deceased"),
        pytest.param("ATTY", {}, "ATTY", id="attorney"),
        pytest.param("CHARITY100", {}, "CHARITY100", id="26-cfr-1.501r-4"),
        pytest.param("RETMAIL", {}, "RETMAIL", id="returned-mail"),
        pytest.param("FORMAT_BRAILLE", {}, "FORMAT_BRAILLE", id="45-cfr-92.202"),
        pytest.param("DV", {"account_number": "A70001"}, "DV:A70001", id="safety-risk"),
        pytest.param("MYSTERY", {}, "UNKNOWN_HOLD", id="unknown-code"),
        pytest.param("EMPLOYEE", {}, "", id="employee-holds-only-dunning"),
        pytest.param("VIP", {}, "", id="vip-holds-only-dunning"),
    ],
)
def test_select_authorization__recorded_holds(code: str, hold: dict[str, Any], held: str) -> None:
    decision = decision_of(with_hold(on_payroll(), code, **hold))
    assert (held in codes(decision)) if held else not codes(decision)


@pytest.mark.parametrize(
    ("person", "held"),
    [
        pytest.param({"birth_on": AS_OF - timedelta(days=17 * 365)}, "MINOR_GUAR", id="minor"),
        pytest.param({"confidential_address": None, "address_lines": ()}, "BADADDR", id="no-address"),
    ],
)
def test_select_authorization__person(person: dict[str, Any], held: str) -> None:
    guarantor = make_guarantor(**{key: value for key, value in person.items() if key == "birth_on"})
    if "address_lines" in person:
        guarantor = replace(guarantor, address=replace(guarantor.address, lines=()))
    assert held in codes(decision_of(replace(on_payroll(), guarantor=guarantor)))


@pytest.mark.parametrize(
    ("now", "found"),
    [
        pytest.param({}, [], id="nothing-changed"),
        pytest.param({"status": DeductionStatus.REVOKED}, ["PAYROLL_NONE:A70001"], id="revoked"),
        pytest.param(
            {"per_pay_cents": 6_000, "pay_count": 10, "last_pay_on": date(2027, 4, 23)},
            ["PAYROLL_CHANGED"],
            id="other-terms",
        ),
        pytest.param(SIGNED, ["PAYROLL_CHANGED"], id="signed-meanwhile"),
        pytest.param({"work_state": "NY"}, ["PAYROLL_STATE:A70001", "PAYROLL_CHANGED"], id="moved-to-new-york"),
    ],
)
def test_recheck_authorization(now: dict[str, Any], found: list[str]) -> None:
    selection = selected(decision_of(on_payroll()))
    candidate = open_candidate(on_payroll(make_deduction(**now)), KIND, Policy(), AS_OF)
    holds = definition_of(KIND).recheck(candidate, selection, AS_OF)
    assert [f"{each.code}:{each.account_number}".rstrip(":") for each in holds] == found


def test_authorization_facts__add_up_and_name_no_care() -> None:
    facts: Any = make_authorization(
        make_deduction(per_pay_cents=5_500, pay_count=11, last_pay_on=date(2027, 5, 7))
    ).facts
    assert (facts.equal_count, facts.equal_cents, facts.last_pay_cents) == (10, 55_000, 5_000)
    assert facts.equal_cents + facts.last_pay_cents == facts.total_cents == facts.sale_price_cents == 60_000
    assert not hasattr(facts, "visits")


@pytest.mark.parametrize(
    ("terms", "required"),
    [
        pytest.param({"per_pay_cents": 15_000, "pay_count": 4, "last_pay_on": date(2027, 1, 29)}, False, id="four"),
        pytest.param({"per_pay_cents": 12_000, "pay_count": 5, "last_pay_on": date(2027, 2, 12)}, True, id="five"),
    ],
)
def test_authorization_facts__disclosures_from_five_deductions_on__12_cfr_1026_2_a_17(
    terms: dict[str, Any], required: bool
) -> None:
    facts: Any = make_authorization(make_deduction(**terms)).facts
    assert facts.has_disclosure == required


@pytest.mark.parametrize(
    ("state", "offered"),
    [("NC", True), ("TX", True), ("AZ", True), pytest.param("CA", False, id="cal-labor-code-224"), ("VT", False)],
)
def test_authorization_facts__final_pay_only_where_it_is_lawful(state: str, offered: bool) -> None:
    facts: Any = make_authorization(make_deduction(work_state=state)).facts
    assert facts.takes_final_pay == offered


def test_wage_deduction_rules__each_has_its_source() -> None:
    assert WAGE_DEDUCTION_RULES.keys() == {"AZ", "CA", "NC", "NY", "TX"}
    assert all(rule.citation and rule.note for rule in WAGE_DEDUCTION_RULES.values())


MISS = DeductionMiss(authorization_id="W70001", pay_on=date(2026, 11, 13))
MISSED_PLAN = make_plan(10_000, 0, next_on=date(2026, 11, 28))


@pytest.mark.parametrize(
    ("account", "is_current"),
    [
        pytest.param(on_payroll(CURRENT), True, id="signed-by-both"),
        pytest.param(on_payroll(), False, id="asked"),
        pytest.param(on_payroll(CURRENT, deduction_misses=(MISS,)), False, id="last-deduction-missed"),
        pytest.param(
            on_payroll(CURRENT, deduction_misses=(replace(MISS, authorization_id="W1"),)), True, id="another-one-missed"
        ),
        pytest.param(on_payroll(CURRENT, plan=make_plan(0, next_on=date(2026, 12, 5))), False, id="installment-missed"),
    ],
)
def test_current_plans(account: GuarantorAccount, is_current: bool) -> None:
    candidate = open_candidate(account, Kind.DUNNING, Policy(), AS_OF)
    assert current_plans(candidate) == ({"PL70001"} if is_current else frozenset())


@pytest.mark.parametrize(
    ("account", "holds_letters"),
    [
        pytest.param(on_payroll(CURRENT), True, id="current"),
        pytest.param(on_payroll(CURRENT, deduction_misses=(MISS,)), False, id="missed"),
        pytest.param(on_payroll(make_deduction(status=DeductionStatus.REVOKED)), False, id="revoked"),
        pytest.param(on_payroll(make_deduction(status=DeductionStatus.ENDED)), False, id="employment-ended"),
        pytest.param(on_payroll(), True, id="form-asked-for-and-hold-recorded"),
        pytest.param(replace(on_payroll(), deductions=()), True, id="billing-system-without-authorizations"),
    ],
)
def test_recorded_employee_hold__holds_letters_while_current(account: GuarantorAccount, holds_letters: bool) -> None:
    held = {
        hold.code
        for hold in decide(with_hold(account, "EMPLOYEE"), Kind.DUNNING, Policy(), AS_OF).holds
        if not hold.account_number
    }
    assert ("EMPLOYEE" in held) == holds_letters


def test_plan_reminder__payroll_pays_and_nobody_is_reminded() -> None:
    soon = make_plan(next_on=AS_OF + timedelta(days=3))
    reminded = decide(on_payroll(plan=soon), Kind.PLAN_REMINDER, Policy(), AS_OF)
    assert reminded.selection is not None
    deduction = make_deduction(**SIGNED)
    assert codes(decide(on_payroll(deduction, plan=soon), Kind.PLAN_REMINDER, Policy(), AS_OF)) == ["EMPLOYEE:A70001"]


def test_statement__goes_on_while_payroll_pays() -> None:
    account = with_hold(on_payroll(CURRENT), "EMPLOYEE")
    assert "EMPLOYEE" not in {hold.code for hold in decide(account, Kind.STATEMENT, Policy(), AS_OF).holds}
