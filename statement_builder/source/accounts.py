"""Builds one guarantor's `GuarantorAccount` from its rows, or a `FaultyAccount` that lists every fault."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount
from statement_builder.containment import contain
from statement_builder.source.consistency import find_inconsistencies
from statement_builder.source.contacts import build_contact, find_contact_faults
from statement_builder.source.contract import DETAILS, RESULT_SETS
from statement_builder.source.estates import build_estate, find_estate_faults, hold_for_death
from statement_builder.source.faults import account_fault, format_key
from statement_builder.source.guarantors import build_guarantor, find_guarantor_faults
from statement_builder.source.merge import Key
from statement_builder.source.record_builders import (
    build_assistance,
    build_billing_entity,
    build_coverage,
    build_deduction,
    build_encounter,
    build_episode,
    build_hold,
    build_patient,
    build_plan,
    build_refund,
    build_request,
)
from statement_builder.source.row_validation import BadRow, Row

T = TypeVar("T")

_RESULT_SET_NAMES = tuple(result_set.name for result_set in DETAILS)
_BALANCE_SIGNS = {"charges": 1, "insurance_transactions": -1, "patient_payments": -1}
"""Result sets that make up the balance, with the sign of their amounts."""
_NO_GROUPS: Mapping[Any, list[Row]] = MappingProxyType({})
"""Most result sets have no rows for most guarantors."""


def try_build_account(
    key: Key,
    rows_by_set: Sequence[list[Row | BadRow]],
    *,
    as_of: date,
    languages: frozenset[str],
    unread: Collection[str] = (),
) -> GuarantorAccount | FaultyAccount:
    """As `build_account`. An account that our own program fails on is an exception, too."""
    try:
        return build_account(key, rows_by_set, as_of=as_of, languages=languages, unread=unread)
    except Exception as exc:  # noqa: BLE001 - one account's error must not stop the others
        subject = _orphan_subject(key) if len(key) > 2 else format_key(str(key[1]))
        problem = contain(exc, "reading this account", subject)
        fault = Fault(code=problem.code, result_set="guarantors", message=problem.message, fix=problem.fix)
        return FaultyAccount(subject=subject, faults=(fault,))


def build_account(
    key: Key,
    rows_by_set: Sequence[list[Row | BadRow]],
    *,
    as_of: date,
    languages: frozenset[str],
    unread: Collection[str] = (),
) -> GuarantorAccount | FaultyAccount:
    """The account of the guarantor `key`. `rows_by_set` has its rows per result set, in the order of `DETAILS`.

    `languages` are the language codes that documents exist in. `unread` are the result sets that could not be read:
    without them, the faults of the others are found, and no account is built.
    """
    rows: dict[str, list[Row]] = dict(zip(_RESULT_SET_NAMES, rows_by_set, strict=True))  # type: ignore[arg-type]
    bad: dict[str, list[BadRow]] = {}
    for name, mixed in zip(_RESULT_SET_NAMES, rows_by_set, strict=True):
        if mixed and (bad_rows := [row for row in mixed if isinstance(row, BadRow)]):
            bad[name] = bad_rows
            rows[name] = [row for row in mixed if not isinstance(row, BadRow)]
    if len(key) > 2:
        return _describe_orphans(key, rows, bad)
    faults = [fault for bad_rows in bad.values() for row in bad_rows for fault in row.faults]
    if "guarantors" not in unread:
        faults += _find_guarantor_count_faults(str(key[1]), rows["guarantors"], bad)
    for row in rows["guarantors"]:
        faults += find_guarantor_faults(row, as_of)
    if rows["contacts"]:
        faults += find_contact_faults(rows, as_of)
    if rows["estates"]:
        faults += find_estate_faults(rows["estates"])
    faults += find_inconsistencies(rows, {*bad, *unread}, as_of)
    if faults or bad or unread:
        return _make_faulty_account(format_key(str(key[1])), faults, rows, bad)
    return _assemble_account(rows, languages)


def _assemble_account(rows: dict[str, list[Row]], languages: frozenset[str]) -> GuarantorAccount:
    charges = _group_by_owner(rows["charges"])
    insurance = _group_by_owner(rows["insurance_transactions"])
    payments = _group_by_owner(rows["patient_payments"])
    shares = _group_by_owner(rows["patient_shares"])
    correspondence = _group_by_owner(rows["correspondence"])
    requests = _group_by_owner(rows["requests"])
    installments = _group_by_owner(rows["installments"])
    deposits = _group_by_owner(rows["ob_deposits"])
    return GuarantorAccount(
        guarantor=build_guarantor(rows["guarantors"][0], languages),
        patients=_build_all(build_patient, rows["patients"]),
        encounters=tuple(
            build_encounter(
                row,
                charges=charges.get(row[2], ()),
                insurance=insurance.get(row[2], ()),
                payments=payments.get(row[2], ()),
                shares=shares.get(row[2], ()),
                correspondence=correspondence.get(row[2], ()),
                requests=requests.get(row[2], ()),
            )
            for row in rows["encounters"]
        ),
        plans=tuple(build_plan(row, installments.get(row[2], ())) for row in rows["plans"]),
        holds=(*_build_all(build_hold, rows["holds"]), *_build_all(hold_for_death, rows["estates"])),
        deductions=_build_all(build_deduction, rows["deductions"]),
        coverages=_build_all(build_coverage, rows["coverages"]),
        assistance=_build_all(build_assistance, rows["assistance"]),
        episodes=tuple(build_episode(row, deposits.get(row[2], ())) for row in rows["ob_episodes"]),
        refunds=_build_all(build_refund, rows["refunds"]),
        unapplied_cents=sum(row[-1] for row in payments.get(None, ())),
        billing_entities=_build_all(build_billing_entity, rows["billing_entities"]),
        contacts=tuple(build_contact(row, languages) for row in rows["contacts"]),
        estates=tuple(build_estate(row, languages) for row in rows["estates"]),
    )


def _build_all(build: Callable[[Row], T], rows: Sequence[Row]) -> tuple[T, ...]:
    return tuple([build(row) for row in rows]) if rows else ()


def _group_by_owner(rows: list[Row]) -> Mapping[Any, list[Row]]:
    """Rows by their third column, the id of their owner: an account, a plan or an episode."""
    if not rows:
        return _NO_GROUPS
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[2]].append(row)
    return groups


def _find_guarantor_count_faults(guarantor_id: str, rows: list[Row], bad: dict[str, list[BadRow]]) -> Iterable[Fault]:
    count = len(rows) + len(bad.get("guarantors", ()))
    if count == 0:
        yield account_fault(
            "guarantors",
            "guarantor_id",
            guarantor_id,
            code="NOGUARANTOR",
            problem="is used by other rows, but guarantors has no row with this guarantor_id and mail_sort",
            fix="Add the guarantor to the billing system, or correct guarantor_id or mail_sort on those rows.",
        )
    elif count > 1:
        yield account_fault(
            "guarantors",
            "guarantor_id",
            guarantor_id,
            code="DUPLICATE_GUARANTOR",
            problem=f"appears {count} times; each guarantor must appear once",
            fix="Merge the duplicate records in the billing system.",
        )


def _describe_orphans(key: Key, rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]) -> FaultyAccount:
    """One exception for rows without a guarantor: per account number, or per row if there is none."""
    account, name, number = key[2]
    account = "" if name else str(account)
    faults = [fault for bad_rows in bad.values() for row in bad_rows for fault in row.faults]
    for result_set in (RESULT_SETS[name] for name in _RESULT_SET_NAMES if rows[name] or name in bad):
        count = len(rows[result_set.name]) + len(bad.get(result_set.name, ()))
        column = "account_number" if account and result_set.name != "encounters" else "guarantor_id"
        faults.append(
            account_fault(
                result_set.name,
                column,
                account or f"row {number}",
                code="ORPHAN",
                problem=f"does not lead to a guarantor ({count} {'row' if count == 1 else 'rows'})",
                fix="Assign this account's encounter to one guarantor in the billing system, or correct the row."
                if account
                else "Enter the guarantor on this row.",
            )
        )
    return _make_faulty_account(_orphan_subject(key), faults, rows, bad)


def _orphan_subject(key: Key) -> str:
    account, name, number = key[2]
    return f"row:{name}:{number}" if name else f"account:{format_key(str(account))}"


def _make_faulty_account(
    subject: str, faults: Sequence[Fault], rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]
) -> FaultyAccount:
    return FaultyAccount(
        subject=subject,
        faults=tuple(faults),
        cents=sum(sign * _sum_cents(name, rows, bad) for name, sign in _BALANCE_SIGNS.items()),
        has_encounters=any(
            _has_account_number(name, rows[name]) or any(row.account_number for row in bad.get(name, ()))
            for name in _RESULT_SET_NAMES
        )
        or "encounters" in bad,
        result_sets=tuple(name for name in _RESULT_SET_NAMES if rows[name] or name in bad),
        requests=tuple((row[2], build_request(row)) for row in rows["requests"]),
    )


def _has_account_number(name: str, rows: list[Row]) -> bool:
    return "account_number" in RESULT_SETS[name].names and any(row[2] is not None for row in rows)


def _sum_cents(name: str, rows: dict[str, list[Row]], bad: dict[str, list[BadRow]]) -> int:
    """Sum in cents of the rows that belong to an account. Invalid amounts count as 0."""
    good: int = sum(row[-1] for row in rows[name] if row[2] is not None)
    return good + sum(row.cents for row in bad.get(name, ()) if row.account_number)
