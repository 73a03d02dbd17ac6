"""Rules that hold one visit while the other visits go out."""

from __future__ import annotations

from typing import Any

import pytest

from statement_builder.billing.model import FinancialClass, InsuranceStatus
from statement_builder.policy import Policy
from tests.builders import make_account, make_charge
from tests.policy.candidates import codes, letter, mailed, selected, statement, visit

SELF_PAY = {"financial_class": FinancialClass.SELF_PAY, "insurance": ()}

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
    decision = statement(make_account(visit(account_number="A1", **changes), visit(2_000, "A2")))
    assert codes(decision) == [f"{code}:A1" for code in reasons]
    assert selected(decision).account_numbers == (("A2",) if reasons else ("A1", "A2"))


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
