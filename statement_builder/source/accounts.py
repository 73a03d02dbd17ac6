"""All rows of one guarantor → a `GuarantorAccount`, or a `FaultyAccount` with everything that is wrong with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount
from statement_builder.source.consistency import find_inconsistencies
from statement_builder.source.contract import DETAILS, RESULT_SETS
from statement_builder.source.faults import account_fault, show_key
from statement_builder.source.guarantors import build_guarantor, find_guarantor_faults
from statement_builder.source.merge import Key
from statement_builder.source.record_builders import (
    build_encounter,
    build_episode,
    build_hold,
    build_patient,
    build_plan,
)
from statement_builder.source.row_validation import BadRow, Row

T = TypeVar("T")

_NAMES = tuple(result_set.name for result_set in DETAILS)
_SIGNS = {"charges": 1, "insurance_transactions": -1, "patient_payments": -1}
"""Which result sets carry the balance, and in which direction."""
_OBSTETRIC = ("ob_episodes", "ob_deposits")


def build_account(
    key: Key, found: Sequence[list[Row | BadRow]], *, as_of: date, languages: frozenset[str]
) -> GuarantorAccount | FaultyAccount:
    """One guarantor's account from its rows, which are given by result set in the order of `DETAILS`."""
    rows: dict[str, list[Row]] = {}
    bad: dict[str, list[BadRow]] = {}
    for name, mixed in zip(_NAMES, found, strict=True):
        wrong = [row for row in mixed if isinstance(row, BadRow)] if mixed else []
        if wrong:
            bad[name] = wrong
            rows[name] = [row for row in mixed if not isinstance(row, BadRow)]
        else:
            rows[name] = mixed  # type: ignore[assignment]
    if len(key) > 2:
        return _describe_orphans(key, rows, bad)
    faults = [fault for wrong in bad.values() for row in wrong for fault in row.faults]
    faults += _count_guarantors(key[1], rows["guarantors"], bad)
    for row in rows["guarantors"]:
        faults += find_guarantor_faults(row, as_of, languages)
    faults += find_inconsistencies(rows, set(bad), as_of)
    if faults:
        return _faulty(show_key(key[1]), faults, rows, bad)
    return _join(rows)


def _join(rows: dict[str, list[Row]]) -> GuarantorAccount:
    charges = _by(rows["charges"])
    insurance = _by(rows["insurance_transactions"])
    payments = _by(rows["patient_payments"])
    shares = _by(rows["patient_shares"])
    correspondence = _by(rows["correspondence"])
    installments = _by(rows["installments"])
    deposits = _by(rows["ob_deposits"])
    return GuarantorAccount(
        guarantor=build_guarantor(rows["guarantors"][0]),
        patients=_all(build_patient, rows["patients"]),
        encounters=tuple(
            build_encounter(
                row,
                charges=charges.get(row[2], ()),
                insurance=insurance.get(row[2], ()),
                payments=payments.get(row[2], ()),
                shares=shares.get(row[2], ()),
                correspondence=correspondence.get(row[2], ()),
            )
            for row in rows["encounters"]
        ),
        plans=tuple(build_plan(row, installments.get(row[2], ())) for row in rows["plans"]),
        holds=_all(build_hold, rows["holds"]),
        episodes=tuple(build_episode(row, deposits.get(row[2], ())) for row in rows["ob_episodes"]),
        unapplied_cents=sum(row[-1] for row in payments.get(None, ())),
    )


def _all(build: Callable[[Row], T], rows: Iterable[Row]) -> tuple[T, ...]:
    return tuple(build(row) for row in rows)


def _by(rows: list[Row]) -> dict[Any, list[Row]]:
    """Rows by their third column, which is what they belong to: an account, a plan, an episode."""
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[2]].append(row)
    return found


def _count_guarantors(guarantor_id: str, rows: list[Row], bad: dict[str, list[BadRow]]) -> Iterable[Fault]:
    count = len(rows) + len(bad.get("guarantors", ()))
    if count == 0:
        yield account_fault(
            "guarantors",
            "guarantor_id",
            guarantor_id,
            code="NOGUARANTOR",
            what="is named by other rows, but there is no such guarantor under this mail_sort",
            fix="Add the guarantor to the billing system, or correct who pays on those rows.",
        )
    elif count > 1:
        yield account_fault(
            "guarantors",
            "guarantor_id",
            guarantor_id,
            code="DUPLICATE_GUARANTOR",
            what=f"is there {count} times, where each guarantor may be there once",
            fix="Merge the records in the billing system.",
        )


def _describe_orphans(key: Key, rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]) -> FaultyAccount:
    """Rows that no guarantor is named on: one exception for each account, or for each row that has none."""
    account, name, number = key[2]
    subject = f"account:{show_key(account)}" if account else f"row:{name}:{number}"
    faults = [fault for wrong in bad.values() for row in wrong for fault in row.faults]
    for result_set in (RESULT_SETS[name] for name in _NAMES if rows[name] or name in bad):
        lost = len(rows[result_set.name]) + len(bad.get(result_set.name, ()))
        column = "account_number" if account and result_set.name != "encounters" else "guarantor_id"
        faults.append(
            account_fault(
                result_set.name,
                column,
                account or f"row {number}",
                code="ORPHAN",
                what=f"leads to no guarantor ({lost} {'row' if lost == 1 else 'rows'})",
                fix="Give the encounter of this account its one guarantor in the billing system, or correct the row."
                if account
                else "Name the guarantor on this row.",
            )
        )
    return _faulty(subject, faults, rows, bad)


def _faulty(
    subject: str, faults: Sequence[Fault], rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]
) -> FaultyAccount:
    return FaultyAccount(
        subject=subject,
        faults=tuple(faults),
        cents=sum(sign * _sum_cents(name, rows, bad) for name, sign in _SIGNS.items()),
        has_encounters=any(
            _names_an_account(name, rows[name]) or any(row.account_number for row in bad.get(name, ()))
            for name in _NAMES
        )
        or "encounters" in bad,
        has_episode=any(rows[name] or name in bad for name in _OBSTETRIC),
    )


def _names_an_account(name: str, rows: list[Row]) -> bool:
    return "account_number" in RESULT_SETS[name].names and any(row[2] is not None for row in rows)


def _sum_cents(name: str, rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]) -> int:
    """What the rows come to that are credited to an account; amounts that cannot be read count as nothing."""
    good: int = sum(row[-1] for row in rows[name] if row[2] is not None)
    return good + sum(row.cents for row in bad.get(name, ()) if row.account_number)
