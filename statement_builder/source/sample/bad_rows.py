"""Rows that are wrong on purpose, in the ways in which extracts are wrong. Each must end as an exception."""

from __future__ import annotations

from statement_builder.source.sample.cases import Case, named, new_statement
from statement_builder.source.sample.household import Household


def negative_charge(home: Household) -> None:
    new_statement(home)
    row = list(home.rows["charge"].pop())
    home.rows["charge"].append((*row[:-1], -row[-1]))


def service_in_the_future(home: Household) -> None:
    home.add_guarantor()
    home.add_visit(home.add_patient(), days_ago=-12)


def visit_without_guarantor(home: Household) -> None:
    new_statement(home)
    row = list(home.rows["encounter"].pop())
    home.rows["encounter"].append((row[0], None, *row[2:]))


def charge_without_visit(home: Household) -> None:
    new_statement(home)
    row = home.rows["charge"][-1]
    home.rows["charge"].append((f"{home.guarantor_id}-stray", f"{home.guarantor_id}-gone", *row[2:]))


def name_missing(home: Household) -> None:
    new_statement(home, last_name=None)


def guarantor_twice(home: Household) -> None:
    new_statement(home)
    home.rows["guarantor"].append(home.rows["guarantor"][-1])


WRONG: tuple[Case, ...] = (
    negative_charge,
    service_in_the_future,
    visit_without_guarantor,
    charge_without_visit,
    name_missing,
    guarantor_twice,
    named("Bell\x07", "Ringer"),
    named("Nine", "Lines", address_lines="\n".join(f"Line {number}" for number in range(1, 10))),
    named("Broken", "Mailbox", delivery="email", email="no-at-sign.example.com", email_consent_at=None),
)
