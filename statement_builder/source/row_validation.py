"""Rows as the database gives them → rows that the contract admits, or what is wrong with them.

A thousand rows are checked in one call. Only when that fails is each row looked at, so that clean data costs little
and dirty data costs only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec import ValidationError, convert

from statement_builder.billing.model import Fault
from statement_builder.errors import SourceError
from statement_builder.source.column_types import find_wrong
from statement_builder.source.contract import ResultSet
from statement_builder.source.faults import row_fault, show_key

Row = tuple[Any, ...]


@dataclass(frozen=True)
class BadRow:
    """A row that breaks the contract. Money and account are what can still be read of it."""

    faults: tuple[Fault, ...]
    account_number: str
    cents: int


def arrange_columns(result_set: ResultSet, returned: Sequence[str]) -> Callable[[Row], Row] | None:
    """How to bring a row into the contract's order; None when it is in it. `SourceError` names missing columns.

    Columns that the contract does not name are left alone: a query may well return more.
    """
    missing = [
        column.name for column in result_set.columns if column.name not in returned and not column.may_be_missing
    ]
    if missing:
        raise SourceError(
            f"{result_set.name}.sql does not return {_list(missing)}: add to the query what sql/contract.md says"
        )
    if tuple(returned) == result_set.names:
        return None
    places = [returned.index(name) if name in returned else None for name in result_set.names]
    if None in places:
        return lambda row: tuple(None if place is None else row[place] for place in places)
    return itemgetter(*places)


def check_rows(result_set: ResultSet, rows: list[Row], first_number: int) -> list[Row | BadRow]:
    """Each row checked and converted, in order; `first_number` is the first one's number in the result set, from 1.

    `SourceError` when a row has no usable mail_sort or guarantor_id, since then it cannot be put anywhere.
    """
    try:
        checked: list[Row | BadRow] = convert(rows, _rows_type(result_set))
    except ValidationError:
        if len(rows) == 1:
            return [_describe_bad_row(result_set, rows[0], first_number)]
        # Halving finds a bad row among a thousand in twenty looks, and each look is one call.
        half = len(rows) // 2
        return check_rows(result_set, rows[:half], first_number) + check_rows(
            result_set, rows[half:], first_number + half
        )
    return checked


def _describe_bad_row(result_set: ResultSet, row: Row, number: int) -> BadRow:
    for name, value in zip(result_set.names, row, strict=True):
        if name in ("mail_sort", "guarantor_id") and not isinstance(value, str):
            raise SourceError(
                f"{result_set.name}.sql, row {number}: {name} is not text. The query must give text, and '' where "
                f"there is none: COALESCE({name}, '')"
            )
    found = [
        (column.name, wrong)
        for column, value in zip(result_set.columns, row, strict=True)
        if not _is_sort(column.name) and (wrong := find_wrong(value, column.python_type, column.type))
    ]
    key = _row_key(result_set, row, number)
    faults = tuple(row_fault(result_set.name, name, key, wrong) for name, wrong in found)
    wrong_columns = {name for name, _ in found}
    return BadRow(faults, _read_account(result_set, row), _read_cents(result_set, row, wrong_columns))


def _is_sort(name: str) -> bool:
    """Mail_sort repeats a postal code, which has a column of its own to be wrong in."""
    return name == "mail_sort"


def _row_key(result_set: ResultSet, row: Row, number: int) -> str:
    values = [row[result_set.index(name)] for name in result_set.key]
    shown = [show_key(str(value)) for value in values if value not in (None, "")]
    return "/".join(shown) if shown else f"row {number}"


def _read_account(result_set: ResultSet, row: Row) -> str:
    if "account_number" not in result_set.names:
        return ""
    value = row[result_set.index("account_number")]
    return value if isinstance(value, str) else ""


def _read_cents(result_set: ResultSet, row: Row, wrong_columns: set[str]) -> int:
    if "amount_cents" not in result_set.names or "amount_cents" in wrong_columns:
        return 0
    cents: int = row[result_set.index("amount_cents")]
    return cents


@lru_cache
def _rows_type(result_set: ResultSet) -> Any:
    columns = tuple(str if _is_sort(column.name) else column.python_type for column in result_set.columns)
    return list[tuple.__class_getitem__(columns)]  # type: ignore[misc]


def _list(names: Sequence[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + ", ".join(names)
