"""Deliberately bad rows of the kinds that real extracts contain. Each must become an exception."""

from __future__ import annotations

from statement_builder.source.sample.household import Household
from statement_builder.source.sample.scenarios import Scenario, new_statement, with_name


def negative_charge(household: Household) -> None:
    new_statement(household)
    row = list(household.rows["charge"].pop())
    household.rows["charge"].append((*row[:-1], -row[-1]))


def service_in_the_future(household: Household) -> None:
    household.add_guarantor()
    household.add_visit(household.add_patient(), days_ago=-12)


def visit_without_guarantor(household: Household) -> None:
    new_statement(household)
    row = list(household.rows["encounter"].pop())
    household.rows["encounter"].append((row[0], None, *row[2:]))


def charge_without_visit(household: Household) -> None:
    new_statement(household)
    row = household.rows["charge"][-1]
    household.rows["charge"].append((f"{household.guarantor_id}-stray", f"{household.guarantor_id}-gone", *row[2:]))


def missing_name(household: Household) -> None:
    new_statement(household, last_name=None)


def duplicate_guarantor(household: Household) -> None:
    new_statement(household)
    household.rows["guarantor"].append(household.rows["guarantor"][-1])


BAD_ROW_SCENARIOS: tuple[Scenario, ...] = (
    negative_charge,
    service_in_the_future,
    visit_without_guarantor,
    charge_without_visit,
    missing_name,
    duplicate_guarantor,
    with_name("Bell\x07", "Ringer"),
    with_name("Nine", "Lines", address_lines="\n".join(f"Line {number}" for number in range(1, 10))),
    with_name("Broken", "Mailbox", delivery="email", email="no-at-sign.example.com", email_consent_at=None),
)
