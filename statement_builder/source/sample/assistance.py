"""Applications for financial assistance of the sample hospital, and what was decided about them."""

from __future__ import annotations

from typing import Any

from statement_builder.billing.assistance_terms import DecisionBasis
from statement_builder.billing.model import ApplicationStatus, AssistanceKind
from statement_builder.source.sample.household import Household, Mailed
from statement_builder.source.sample.scenarios import Scenario, new_statement

_APPLIED_DAYS_AGO, _DECIDED_DAYS_AGO = 20, 8


def incomplete(household: Household) -> None:
    """The letter about what is missing is due."""
    _add_visit(household)
    household.add_assistance(
        AssistanceKind.APPLICATION,
        days_ago=6,
        status=ApplicationStatus.INCOMPLETE,
        missing_items="income signature",
    )


def incomplete_too_late(household: Household) -> None:
    """The day to answer by leaves no time for the mail."""
    _add_visit(household)
    household.add_assistance(
        AssistanceKind.APPLICATION,
        days_ago=30,
        status=ApplicationStatus.INCOMPLETE,
        missing_items="tax_return",
        respond_by=household.day(-5),
    )


def approved_in_full(household: Household) -> None:
    """Everything is taken off, and what was paid before is due back."""
    account, owed = _add_visit(household)
    household.add_payment(account, 4_500, days_ago=25)
    household.add_charity(account, owed, days_ago=_DECIDED_DAYS_AGO)
    _decide(household, DecisionBasis.INCOME, discount_percent=100, valid_until=household.day(-170))


def approved_in_part(household: Household) -> None:
    account, owed = _add_visit(household)
    household.add_charity(account, owed * 60 // 100, days_ago=_DECIDED_DAYS_AGO)
    _decide(household, DecisionBasis.HARDSHIP, discount_percent=60)


def approved_without_application(household: Household) -> None:
    """Public records show a low income: half is taken off, and the guarantor can apply for more."""
    account, owed = _add_visit(household)
    household.add_charity(account, owed // 2, days_ago=_DECIDED_DAYS_AGO)
    _decide(household, DecisionBasis.PUBLIC_RECORDS, kind=AssistanceKind.PRESUMPTIVE, discount_percent=50)


def approved_and_not_posted(household: Household) -> None:
    """Nobody has posted the discount yet."""
    _add_visit(household)
    _decide(household, DecisionBasis.PROGRAM, discount_percent=100)


def denied(household: Household) -> None:
    """A letter about late payment would be due, and waits for the one about the decision."""
    _add_visit(household, mailed=Mailed(70, 30, 1, 2))
    _decide(household, DecisionBasis.INCOME_TOO_HIGH, status=ApplicationStatus.DENIED)


def denied_without_notice(household: Household) -> None:
    """Denied for missing papers, and no letter said which."""
    _add_visit(household)
    _decide(household, DecisionBasis.NO_ANSWER, status=ApplicationStatus.DENIED)


def decided_without_basis(household: Household) -> None:
    """The reason is not on file, so no letter can tell it."""
    _add_visit(household)
    _decide(household, None, status=ApplicationStatus.DENIED)


def told_by_the_office(household: Household) -> None:
    """The billing office wrote about the decision itself."""
    _add_visit(household)
    _decide(household, DecisionBasis.OUTSIDE_AREA, status=ApplicationStatus.DENIED, notified_on=household.day(4))


ASSISTANCE: tuple[Scenario, ...] = (
    incomplete,
    incomplete_too_late,
    approved_in_full,
    approved_in_part,
    approved_without_application,
    approved_and_not_posted,
    denied,
    denied_without_notice,
    decided_without_basis,
    told_by_the_office,
)
_EVERY = 50


def add_applications(household: Household, scenario: Scenario) -> None:
    """Add an application to some ordinary households that get a first bill. It draws no random number and posts no
    money, so that it changes nothing else."""
    if scenario is not new_statement:
        return
    if household.number % _EVERY == 0:
        household.add_assistance(
            AssistanceKind.APPLICATION, days_ago=6, status=ApplicationStatus.INCOMPLETE, missing_items="income form"
        )
    elif household.number % _EVERY == _EVERY // 2:
        _decide(household, DecisionBasis.OTHER_COVERAGE, status=ApplicationStatus.DENIED)


def _add_visit(household: Household, mailed: Mailed | None = None) -> tuple[str, int]:
    """One visit of $480.00. Returns the account number and the patient's part in cents."""
    household.add_guarantor(language="en", delivery="paper")
    return household.add_visit(
        household.add_patient(), days_ago=75, owed_cents=48_000, mailed=mailed or Mailed(40, 40, 0, 1)
    )


def _decide(
    household: Household,
    basis: DecisionBasis | None,
    *,
    kind: AssistanceKind = AssistanceKind.APPLICATION,
    status: ApplicationStatus = ApplicationStatus.APPROVED,
    **decision: Any,
) -> None:
    household.add_assistance(
        kind,
        days_ago=_APPLIED_DAYS_AGO,
        status=status,
        decided_on=household.day(_DECIDED_DAYS_AGO),
        basis=basis,
        **decision,
    )
