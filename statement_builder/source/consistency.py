"""Checks across the rows of one guarantor: references, duplicate keys, and dates.

The contract defines the rules: which columns reference other rows, which keys are unique, which dates are in the past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import itemgetter
from typing import Any

from statement_builder.billing.assistance_terms import MissingItem
from statement_builder.billing.model import WITHOUT_STATUS, ApplicationStatus, AssistanceKind, Fault
from statement_builder.billing.request_terms import Correction
from statement_builder.source.column_types import PAST_DATE
from statement_builder.source.contract import DETAILS, RESULT_SETS, ResultSet
from statement_builder.source.faults import account_fault
from statement_builder.source.row_validation import Row

_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True)
class Reference:
    """`column` of `result_set` must match a `target_column` in `target`."""

    result_set: ResultSet
    column: str
    index: int
    target: str
    target_column: str


_PAST_DATE_COLUMNS = {
    result_set.name: tuple(
        (column.name, index) for index, column in enumerate(result_set.columns) if column.type is PAST_DATE
    )
    for result_set in DETAILS
}
_COLUMN_INDEX = {
    (result_set.name, name): index for result_set in DETAILS for index, name in enumerate(result_set.names)
}
_REFERENCES = {
    result_set.name: references
    for result_set in DETAILS
    if (
        references := tuple(
            Reference(result_set, column.name, index, *column.references.split("."))
            for index, column in enumerate(result_set.columns)
            if column.references
        )
    )
}
"""Only of result sets that have any."""
_KEY_GETTERS: dict[str, Callable[[Row], Any]] = {
    result_set.name: itemgetter(*(result_set.index(name) for name in result_set.key)) for result_set in DETAILS
}
_DATE_ORDER = (
    ("encounters", "service_from", "service_to"),
    ("correspondence", "first_statement_on", "last_mailed_on"),
    ("coverages", "starts_on", "ends_on"),
    ("deductions", "first_pay_on", "last_pay_on"),
)
"""Pairs of date columns; the second must not be before the first."""


_REVIEW_COLUMNS = ("estimate_reviewed_by", "estimate_reviewed_on", "estimate_review_note")
_REVIEW = itemgetter(*(_COLUMN_INDEX["encounters", name] for name in _REVIEW_COLUMNS))
_ASSISTANCE = itemgetter(*(_COLUMN_INDEX["assistance", name] for name in ("kind", "status")))
_NAMED_ITEMS: tuple[tuple[str, str, type[StrEnum]], ...] = (
    ("assistance", "missing_items", MissingItem),
    ("requests", "corrected_items", Correction),
)
"""Columns that name several values of a list, with blanks between them."""


def find_inconsistencies(rows: Mapping[str, list[Row]], incomplete: set[str], as_of: date) -> Iterator[Fault]:
    """Faults across the rows of one guarantor. References to a result set in `incomplete`, which has unreadable rows,
    are not checked."""
    filled = {name: found for name, found in rows.items() if found}
    for name, found in filled.items():
        if len(found) > 1 and name != "guarantors":  # the caller counts the guarantor's rows
            yield from _find_duplicates(RESULT_SETS[name], found)
        if _has_impossible_date(name, found, as_of):
            yield from _find_impossible_dates(name, found, as_of)
    yield from _find_orphans(filled, rows, incomplete)
    for name, first, second in _DATE_ORDER:
        if name in filled:
            yield from _find_reversed_dates(name, first, second, filled[name])
    yield from _find_partial_reviews(rows["encounters"])
    if "assistance" in filled:
        yield from _find_wrong_statuses(filled["assistance"])
    for name, column, items in _NAMED_ITEMS:
        if name in filled:
            yield from _find_unknown_items(name, column, items, filled[name])


def _find_duplicates(result_set: ResultSet, rows: list[Row]) -> Iterator[Fault]:
    key_of = _KEY_GETTERS[result_set.name]
    if len(set(map(key_of, rows))) == len(rows):
        return
    for key, count in Counter(map(key_of, rows)).items():
        if count > 1:
            yield account_fault(
                result_set.name,
                result_set.key[-1],
                _format_row_key(key),
                code="DUPLICATE",
                problem=f"appears {count} times; it must be unique",
                fix="Remove or renumber the duplicate rows in the billing system or the extract.",
            )


def _has_impossible_date(name: str, rows: list[Row], as_of: date) -> bool:
    for _, index in _PAST_DATE_COLUMNS[name]:
        for row in rows:
            day = row[index]
            if day is not None and not _EARLIEST <= day <= as_of:
                return True
    return False


def _find_impossible_dates(name: str, rows: list[Row], as_of: date) -> Iterator[Fault]:
    for column, index in _PAST_DATE_COLUMNS[name]:
        for row in rows:
            day = row[index]
            if day is None or _EARLIEST <= day <= as_of:
                continue
            is_future = day > as_of
            yield account_fault(
                name,
                column,
                _format_row_key(_KEY_GETTERS[name](row)),
                code="FUTURE" if is_future else "DATE",
                problem="is after the as-of date" if is_future else "is before 1900",
                fix="Correct the date in the billing system.",
            )


def _find_orphans(
    filled: Mapping[str, list[Row]], rows: Mapping[str, list[Row]], incomplete: set[str]
) -> Iterator[Fault]:
    known: dict[tuple[str, str], set[Any]] = {}
    for name, found in filled.items():
        for reference in _REFERENCES.get(name, ()):
            if reference.target in incomplete:
                continue
            target = (reference.target, reference.target_column)
            if target not in known:
                index = _COLUMN_INDEX[target]
                known[target] = {None, *[row[index] for row in rows[reference.target]]}
            if not known[target].issuperset([row[reference.index] for row in found]):
                yield from _find_dangling_references(reference, found, known[target])


def _find_dangling_references(reference: Reference, rows: Iterable[Row], known: set[Any]) -> Iterator[Fault]:
    name, target = reference.result_set.name, reference.target
    for row in rows:
        if row[reference.index] not in known:
            yield account_fault(
                name,
                reference.column,
                _format_row_key(_KEY_GETTERS[name](row)),
                code="ORPHAN",
                problem=f"has no matching row in {target} for this guarantor",
                fix=f"Add the missing row to {target}, or correct {reference.column} in {name}.",
            )


def _find_reversed_dates(name: str, first: str, second: str, rows: Iterable[Row]) -> Iterator[Fault]:
    for row in rows:
        last_on = row[_COLUMN_INDEX[name, second]]
        if last_on is not None and last_on < row[_COLUMN_INDEX[name, first]]:
            yield account_fault(
                name,
                second,
                _format_row_key(_KEY_GETTERS[name](row)),
                code="DATEORDER",
                problem=f"is before {first}",
                fix="Correct one of the two dates in the billing system.",
            )


def _find_partial_reviews(rows: Iterable[Row]) -> Iterator[Fault]:
    """A review of an estimate counts only with its reviewer, date and note."""
    for row in rows:
        review = _REVIEW(row)
        if any(review) and not all(review):
            yield account_fault(
                "encounters",
                next(name for name, value in zip(_REVIEW_COLUMNS, review, strict=True) if not value),
                _format_row_key(_KEY_GETTERS["encounters"](row)),
                code="INCOMPLETE",
                problem="is missing, and other columns of the review are filled",
                fix=f"Enter {', '.join(_REVIEW_COLUMNS)}, or leave all of them empty.",
            )


def _find_wrong_statuses(rows: Iterable[Row]) -> Iterator[Fault]:
    """An application has a status; an oral effort, a screening, and a check of coverage have none. A decision without
    an application is an approval."""
    for row in rows:
        kind, status = _ASSISTANCE(row)
        if kind is AssistanceKind.PRESUMPTIVE and status not in (None, ApplicationStatus.APPROVED):
            yield account_fault(
                "assistance",
                "status",
                _format_row_key(_KEY_GETTERS["assistance"](row)),
                code="CHOICE",
                problem="is not approved on a decision without an application",
                fix="Enter approved, or correct kind.",
            )
        if (kind not in WITHOUT_STATUS) != (status is not None):
            missing = status is None
            yield account_fault(
                "assistance",
                "status",
                _format_row_key(_KEY_GETTERS["assistance"](row)),
                code="INCOMPLETE" if missing else "CHOICE",
                problem="is missing on an application" if missing else "is filled, and this kind has none",
                fix="Enter how far the application is." if missing else "Leave it empty, or correct kind.",
            )


def _find_unknown_items(name: str, column: str, items: type[StrEnum], rows: Iterable[Row]) -> Iterator[Fault]:
    """What a letter lists is named by known values, or the letter would leave it out."""
    index, known = _COLUMN_INDEX[name, column], frozenset(item.value for item in items)
    for row in rows:
        if not set((row[index] or "").split()) <= known:
            yield account_fault(
                name,
                column,
                _format_row_key(_KEY_GETTERS[name](row)),
                code="CHOICE",
                problem="names something that is not one of the allowed values",
                fix=f"Map it in the query, with blanks between the values: {', '.join(items)}.",
            )


def _format_row_key(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return "/".join(str(part) for part in parts if part is not None)
