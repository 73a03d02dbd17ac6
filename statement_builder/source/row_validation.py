"""Validates database rows against the contract: converts valid rows, describes the faults of bad ones.

One call checks a thousand rows. Only if that fails are they halved, until a few rows are left that need their text
normalized or have faults, so clean data is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec import ValidationError

from statement_builder.billing.model import Fault
from statement_builder.errors import QueryError
from statement_builder.source.column_types import TIMESTAMP, find_violation, is_possible_time, try_convert
from statement_builder.source.contract import ResultSet
from statement_builder.source.faults import format_key, row_fault

Row = tuple[Any, ...]

_NORMALIZED_ROWS_MAX = 16
"""Rows that are normalized together: a check of half of them takes no longer than normalizing these few."""


@dataclass(frozen=True)
class BadRow:
    """A row that breaks the contract, with its account number and amount if they are readable (else `''` and 0)."""

    faults: tuple[Fault, ...]
    account_number: str
    cents: int


def make_column_reorderer(result_set: ResultSet, returned: Sequence[str]) -> Callable[[Row], Row] | None:
    """A function that puts a row's columns into the contract's order; None if they already are.

    Extra columns are ignored. `QueryError` lists missing columns.
    """
    missing = [
        column.name for column in result_set.columns if column.name not in returned and not column.may_be_missing
    ]
    if missing:
        raise QueryError(
            result_set.name,
            f"{result_set.name}.sql does not return {_list_columns(missing)}. Add what sql/contract.md requires",
        )
    if tuple(returned) == result_set.names:
        return None
    positions = [returned.index(name) if name in returned else None for name in result_set.names]
    if None in positions:
        return lambda row: tuple(None if position is None else row[position] for position in positions)
    return itemgetter(*positions)


def check_rows(result_set: ResultSet, rows: list[Row], first_number: int) -> list[Row | BadRow]:
    """Normalize, validate and convert the rows, in order. `first_number` is the first row's number in the result set,
    from 1.
    """
    try:
        checked: list[Row | BadRow] = _convert_rows(result_set, rows, normal=True)
    except ValidationError:
        if len(rows) <= _NORMALIZED_ROWS_MAX:
            return _check_normalized(result_set, _normalize_rows(result_set, rows), first_number)
        return _check_halves(check_rows, result_set, rows, first_number)
    return checked


def _check_halves(
    check: Callable[[ResultSet, list[Row], int], list[Row | BadRow]],
    result_set: ResultSet,
    rows: list[Row],
    first_number: int,
) -> list[Row | BadRow]:
    """Check the halves one after the other: so one row among a thousand is found in about twenty calls."""
    half = len(rows) // 2
    return check(result_set, rows[:half], first_number) + check(result_set, rows[half:], first_number + half)


def _check_normalized(result_set: ResultSet, rows: list[Row], first_number: int) -> list[Row | BadRow]:
    try:
        checked: list[Row | BadRow] = _convert_rows(result_set, rows)
    except ValidationError:
        if len(rows) == 1:
            return [_describe_bad_row(result_set, rows[0], first_number)]
        return _check_halves(_check_normalized, result_set, rows, first_number)
    return checked


def _convert_rows(result_set: ResultSet, rows: list[Row], *, normal: bool = False) -> Any:
    """The converted rows; `ValidationError` if any of them is not valid."""
    converted = try_convert(rows, _rows_type(result_set, normal=normal))
    for at in _time_columns(result_set):
        if not all(is_possible_time(row[at]) for row in converted):
            raise ValidationError("time outside the calendar")
    return converted


@lru_cache
def _time_columns(result_set: ResultSet) -> tuple[int, ...]:
    return tuple(at for at, column in enumerate(result_set.columns) if column.type is TIMESTAMP)


def _normalize_rows(result_set: ResultSet, rows: list[Row]) -> list[Row]:
    """The rows with each text in its one form. Values of another type are left to the check."""
    texts = [(at, each.type.normalize) for at, each in enumerate(result_set.columns) if each.type.normalize]
    if not texts:
        return rows
    normalized = []
    for row in rows:
        values = list(row)
        for at, normalize in texts:
            if isinstance(value := values[at], str):
                values[at] = normalize(value)
        normalized.append(tuple(values))
    return normalized


def _describe_bad_row(result_set: ResultSet, row: Row, number: int) -> BadRow:
    found = [
        (column.name, violation)
        for column, value in zip(result_set.columns, row, strict=True)
        if not (_is_mail_sort(column.name) and isinstance(value, str))
        and (violation := find_violation(value, column.python_type, column.type))
    ]
    key = _row_key(result_set, row, number)
    faults = tuple(row_fault(result_set.name, name, key, violation) for name, violation in found)
    invalid_columns = {name for name, _ in found}
    return BadRow(faults, _read_account(result_set, row), _read_cents(result_set, row, invalid_columns))


def _is_mail_sort(name: str) -> bool:
    """mail_sort repeats a postal code that is validated in its own column. It only has to be text."""
    return name == "mail_sort"


def _row_key(result_set: ResultSet, row: Row, number: int) -> str:
    values = [row[result_set.index(name)] for name in result_set.key]
    shown = [format_key(str(value)) for value in values if value not in (None, "")]
    return "/".join(shown) if shown else f"row {number}"


def _read_account(result_set: ResultSet, row: Row) -> str:
    if "account_number" not in result_set.names:
        return ""
    value = row[result_set.index("account_number")]
    return value if isinstance(value, str) else ""


def _read_cents(result_set: ResultSet, row: Row, invalid_columns: set[str]) -> int:
    if "amount_cents" not in result_set.names or "amount_cents" in invalid_columns:
        return 0
    cents: int = row[result_set.index("amount_cents")]
    return cents


@lru_cache
def _rows_type(result_set: ResultSet, *, normal: bool = False) -> Any:
    columns = tuple(
        str if _is_mail_sort(each.name) else each.normal_python_type if normal else each.python_type
        for each in result_set.columns
    )
    return list[tuple.__class_getitem__(columns)]  # type: ignore[misc]


def _list_columns(names: Sequence[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + ", ".join(names)
