"""Whether the rows of one guarantor fit together: the rules that no single row can break.

Every rule is read from the contract: what must be found elsewhere, what may be there once, which dates are past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from statement_builder.billing.model import Fault
from statement_builder.source.column_types import PAST_DATE
from statement_builder.source.contract import DETAILS, ResultSet
from statement_builder.source.faults import account_fault
from statement_builder.source.row_validation import Row

_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True)
class Reference:
    """Column `column` of `result_set` names a row of `target` by its `target_column`."""

    result_set: ResultSet
    column: str
    index: int
    target: str
    target_column: str


_PAST = {
    result_set.name: tuple(
        (column.name, index) for index, column in enumerate(result_set.columns) if column.type is PAST_DATE
    )
    for result_set in DETAILS
}
_INDEX = {(result_set.name, name): index for result_set in DETAILS for index, name in enumerate(result_set.names)}
_REFERENCES = tuple(
    Reference(result_set, column.name, index, *column.references.split("."))
    for result_set in DETAILS
    for index, column in enumerate(result_set.columns)
    if column.references
)
_KEYS: dict[str, Callable[[Row], Any]] = {
    result_set.name: itemgetter(*(result_set.index(name) for name in result_set.key)) for result_set in DETAILS
}
_IN_ORDER = (
    ("encounters", "service_from", "service_to"),
    ("correspondence", "first_statement_on", "last_mailed_on"),
)
"""Pairs of dates of which the second may not be before the first."""


def find_inconsistencies(rows: Mapping[str, list[Row]], incomplete: set[str], as_of: date) -> Iterator[Fault]:
    """Faults between the rows of one guarantor. `incomplete` names result sets of which some rows could not be read:
    what refers to those is not reported again."""
    for result_set in DETAILS:
        if found := rows[result_set.name]:
            if result_set.name != "guarantors" and len(found) > 1:  # the caller counts the guarantor's rows
                yield from _find_repeated(result_set, found)
            if _has_impossible_date(result_set, found, as_of):
                yield from _find_impossible_dates(result_set, found, as_of)
    known: dict[tuple[str, str], set[Any]] = {}
    for reference in _REFERENCES:
        if (found := rows[reference.result_set.name]) and reference.target not in incomplete:
            target = (reference.target, reference.target_column)
            if target not in known:
                index = _INDEX[target]
                known[target] = {None, *[row[index] for row in rows[reference.target]]}
            if not known[target].issuperset([row[reference.index] for row in found]):
                yield from _find_dangling(reference, found, known[target])
    for name, first, second in _IN_ORDER:
        yield from _find_reversed(name, first, second, rows[name])


def _find_repeated(result_set: ResultSet, rows: list[Row]) -> Iterator[Fault]:
    key_of = _KEYS[result_set.name]
    if len(set(map(key_of, rows))) == len(rows):
        return
    for key, count in Counter(map(key_of, rows)).items():
        if count > 1:
            yield account_fault(
                result_set.name,
                result_set.key[-1],
                _show(key),
                code="DUPLICATE",
                what=f"is there {count} times, where each may be there once",
                fix="Remove or renumber the extra rows in the billing system or the extract.",
            )


def _has_impossible_date(result_set: ResultSet, rows: list[Row], as_of: date) -> bool:
    for _, index in _PAST[result_set.name]:
        for row in rows:
            day = row[index]
            if day is not None and not _EARLIEST <= day <= as_of:
                return True
    return False


def _find_impossible_dates(result_set: ResultSet, rows: list[Row], as_of: date) -> Iterator[Fault]:
    for column, index in _PAST[result_set.name]:
        for row in rows:
            day = row[index]
            if day is None or _EARLIEST <= day <= as_of:
                continue
            late = day > as_of
            yield account_fault(
                result_set.name,
                column,
                _show(_KEYS[result_set.name](row)),
                code="FUTURE" if late else "DATE",
                what="is after the as-of date" if late else "is before 1900",
                fix="Correct the date in the billing system.",
            )


def _find_dangling(reference: Reference, rows: Iterable[Row], known: set[Any]) -> Iterator[Fault]:
    name, target = reference.result_set.name, reference.target
    for row in rows:
        if row[reference.index] not in known:
            yield account_fault(
                name,
                reference.column,
                _show(_KEYS[name](row)),
                code="ORPHAN",
                what=f"names something that {target} does not have for this guarantor",
                fix=f"Add the missing row to {target}, or correct {reference.column} in {name}.",
            )


def _find_reversed(name: str, first: str, second: str, rows: Iterable[Row]) -> Iterator[Fault]:
    for row in rows:
        if row[_INDEX[name, second]] < row[_INDEX[name, first]]:
            yield account_fault(
                name,
                second,
                _show(_KEYS[name](row)),
                code="DATEORDER",
                what=f"is before {first}",
                fix="Correct one of the two dates in the billing system.",
            )


def _show(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return "/".join(str(part) for part in parts if part is not None)
