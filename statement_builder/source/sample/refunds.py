"""Refunds and credits of the sample hospital: every reason, and everything that holds the letter about a refund.

The refunds of ordinary households with a credit are added after their other rows, and draw no random number, so that
they change nothing else.
"""

from __future__ import annotations

from typing import Any

from statement_builder.billing.model import (
    EpisodeStatus,
    FinancialClass,
    InsuranceStatus,
    RefundMethod,
    RefundReason,
    RefundStatus,
)
from statement_builder.source.sample import scenarios
from statement_builder.source.sample.household import Household
from statement_builder.source.sample.name_pools import COUNSELING
from statement_builder.source.sample.scenarios import Scenario

CREDIT_CENTS = 4_500
"""As of `scenarios.credit`."""


def refund_sent(household: Household) -> None:
    """The insurer paid later; the money went back to the card, and is posted."""
    account = _overpay(household, 12_000)
    household.add_payment(account, -12_000, days_ago=3)
    household.add_refund(
        12_000,
        account=account,
        reason=RefundReason.INSURER_PAID,
        status=RefundStatus.SENT,
        method=RefundMethod.CARD,
        sent_on=household.day(3),
    )


def refund_of_duplicate(household: Household) -> None:
    """In Spanish, for a visit that must not be described, to the bank account."""
    account = _overpay(household, 8_000, language="es", sensitive=True)
    household.add_refund(8_000, account=account, reason=RefundReason.DUPLICATE, method=RefundMethod.ACCOUNT)


def refund_of_deposit(household: Household) -> None:
    """The insurer has decided about a birth, and the deposits were more than the mother's part."""
    episode = _add_pregnancy(household, EpisodeStatus.DELIVERED)
    household.add_refund(30_000, episode=episode, reason=RefundReason.DEPOSIT)


def refund_after_loss(household: Household) -> None:
    """The deposits of a lost pregnancy go back, and a person writes."""
    episode = _add_pregnancy(household, EpisodeStatus.LOST)
    household.add_refund(30_000, episode=episode, reason=RefundReason.DEPOSIT)


def refund_above_credit(household: Household) -> None:
    account = _overpay(household, CREDIT_CENTS)
    household.add_refund(CREDIT_CENTS + 1, account=account)


def refund_with_open_claim(household: Household) -> None:
    """The insurer has not decided, so nobody knows what the patient's part is."""
    household.add_guarantor(language="en", delivery="paper")
    account, _ = household.add_visit(household.add_patient(), days_ago=60, status=InsuranceStatus.APPEAL)
    household.add_payment(account, 2_000_000, days_ago=9)
    household.add_refund(CREDIT_CENTS, account=account)


def refund_with_balance(household: Household) -> None:
    """The guarantor owes on another visit, which nobody has looked at."""
    account = _overpay(household, CREDIT_CENTS)
    household.add_visit(household.add_patient(), days_ago=40)
    household.add_refund(CREDIT_CENTS, account=account, balances_reviewed=None)


def refund_incomplete(household: Household) -> None:
    """Approved, and nobody has said how it is paid."""
    account = _overpay(household, CREDIT_CENTS)
    household.add_refund(CREDIT_CENTS, account=account, method=None)


def medicare_credit(household: Household) -> None:
    """A Medicare patient paid too much, and nobody has asked for the refund."""
    _overpay(household, CREDIT_CENTS, financial_class=FinancialClass.MEDICARE)


REFUND_SCENARIOS: tuple[Scenario, ...] = (
    refund_sent,
    refund_of_duplicate,
    refund_of_deposit,
    refund_after_loss,
    refund_above_credit,
    refund_with_open_claim,
    refund_with_balance,
    refund_incomplete,
    medicare_credit,
)


def add_refunds(household: Household, scenario: Scenario) -> None:
    """Of the households with an ordinary credit, two in three have an approved refund, and the others a requested
    one."""
    if scenario is scenarios.credit:
        status = RefundStatus.REQUESTED if household.number % 3 == 0 else RefundStatus.APPROVED
        household.add_refund(CREDIT_CENTS, account=household.accounts[0], status=status)


def _overpay(household: Household, credit_cents: int, *, language: str = "en", **visit: Any) -> str:
    """An adult on whose visit more was paid than the patient's part. Returns the account number."""
    household.add_guarantor(language=language, delivery="paper")
    if visit.get("sensitive"):
        visit["service"] = COUNSELING
    account, owed = household.add_visit(household.add_patient(age=40), days_ago=70, **visit)
    household.add_payment(account, owed + credit_cents, days_ago=9)
    return account


def _add_pregnancy(household: Household, status: EpisodeStatus) -> str:
    """A pregnancy that ended 70 days ago, with its stay after a delivery, and $300.00 left of the deposits. Returns the
    episode id."""
    household.add_guarantor(language="en", delivery="paper")
    patient = household.add_patient(age=31)
    if status is EpisodeStatus.DELIVERED:
        account, owed = household.add_visit(patient, days_ago=70)
        household.add_payment(account, owed, days_ago=20)
    episode = household.next_id("E")
    due_on = household.day(70)
    household.rows["ob_episode"].append(
        (
            episode,
            household.guarantor_id,
            patient,
            status,
            due_on,
            150_000,
            household.day(270),
            due_on,
            household.day(270),
            "Your plan's deductible and coinsurance for hospital care at birth",
            FinancialClass.COMMERCIAL,
            "Harborlight Health Plan",
            None,
            None,
            None,
            0,
            None,
        )
    )
    household.rows["ob_deposit"].append((household.next_id("D"), episode, household.day(150), 30_000))
    return episode
