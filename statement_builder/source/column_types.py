"""Column types of the contract: what a value must be, and the fault text for a value that is not.

Each type is a msgspec annotation, so one call checks a thousand rows. Only a row that fails is checked value by value,
to describe the fault. Messages never repeat a value, because a shifted column could contain a name or an amount.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, ValidationError, convert

from statement_builder.billing.text import (
    DAMAGED,
    FORBIDDEN,
    INVISIBLE,
    LINE_ENDS,
    NORMAL_LINES,
    NORMAL_TEXT,
    SPACES,
    clean_lines,
    clean_text,
)

TEXT_CHARACTERS_MAX = 200
ID_CHARACTERS_MAX = 64
ADDRESS_CHARACTERS_MAX = 1000
CENTS_MAX = 9_999_999_999
"""$99,999,999.99. A larger amount is an error, such as a wrong scale or a shifted column."""

_FORBIDDEN = DAMAGED + FORBIDDEN + LINE_ENDS
_ONE_LINE = rf"\A[^{_FORBIDDEN}]*\Z"
_NOT_BLANK = rf"\A[{SPACES}]*[^{SPACES}{INVISIBLE}{_FORBIDDEN}][^{_FORBIDDEN}]*\Z"
_LINES = rf"\A[^{DAMAGED}{FORBIDDEN}]*\Z"
_EXACT = _FORBIDDEN + INVISIBLE + "\t"
"""What a key or an id may not contain: it is used exactly as recorded, so nothing in it may be invisible."""
_EXACT_NOT_BLANK = rf"\A[{SPACES}]*[^{SPACES}{_EXACT}][^{_EXACT}]*\Z"
_EXACT_TEXT = rf"\A(?:[{SPACES}]*[^{SPACES}{_EXACT}][^{_EXACT}]*)?\Z"
_EARLIEST_TIME, _LATEST_TIME = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Within these limits a time in any zone has a UTC time."""
_LANGUAGE = r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z"


@dataclass(frozen=True)
class ColumnType:
    """One type of the contract: its name in contract.md, its annotation, and a description of a valid value."""

    name: str
    annotation: Any
    must_be: str
    normalize: Callable[[str], str] | None = None
    """Brings a text into its one form, before it is checked. None if the value is used exactly as recorded."""
    normal_annotation: Any = None
    """Accepts only values that `normalize` would not change: most of them. Others are not wrong, only slower."""


_FORMAT_VIOLATIONS = {
    "date": ("DATE", "is not a valid date"),
    "past date": ("DATE", "is not a valid date"),
    "time": ("DATE", "is not a time with a time zone"),
    "language": ("LANGUAGE", "is not a valid language code"),
    "sha256": ("SHA256", "is not a SHA-256"),
    "one of": ("CHOICE", "is not one of the allowed values"),
    "cents": ("TYPE", "is text"),
    "cents, not negative": ("TYPE", "is text"),
    "count": ("TYPE", "is text"),
    "quantity": ("TYPE", "is text"),
    "level": ("TYPE", "is text"),
    "flag": ("TYPE", "is text"),
}
"""Fault of a text that does not have the format of its column type: (code, problem)."""


@dataclass(frozen=True)
class Violation:
    """Fault of one value. `problem` completes a sentence that starts with the column name; `fix` says what to do."""

    code: str
    problem: str
    fix: str


def _join_clean_lines(text: str) -> str:
    return "\n".join(clean_lines(text))


KEY = ColumnType(
    "key",
    Annotated[str, Meta(max_length=ID_CHARACTERS_MAX, pattern=_EXACT_TEXT)],
    f"text of at most {ID_CHARACTERS_MAX} characters; '' if there is none, never NULL",
)
ID = ColumnType(
    "id",
    Annotated[str, Meta(max_length=ID_CHARACTERS_MAX, pattern=_EXACT_NOT_BLANK)],
    f"text of 1 to {ID_CHARACTERS_MAX} characters",
)
TEXT = ColumnType(
    "text",
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=_ONE_LINE)],
    f"one line of text of at most {TEXT_CHARACTERS_MAX} characters",
    clean_text,
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=rf"\A{NORMAL_TEXT}\Z")],
)
SECRET = ColumnType(
    "secret",
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=rf"\A[^{_FORBIDDEN}\t]*\Z")],
    f"one line of text of at most {TEXT_CHARACTERS_MAX} characters, used exactly as recorded",
)
SHA256 = ColumnType(
    "sha256",
    Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")],
    "the SHA-256 of a text: 64 lowercase hexadecimal digits",
)
REQUIRED_TEXT = ColumnType(
    "required text",
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=_NOT_BLANK)],
    f"one line of text of 1 to {TEXT_CHARACTERS_MAX} characters, not blank",
    clean_text,
    Annotated[str, Meta(min_length=1, max_length=TEXT_CHARACTERS_MAX, pattern=rf"\A{NORMAL_TEXT}\Z")],
)
ADDRESS_LINES = ColumnType(
    "address lines",
    Annotated[str, Meta(max_length=ADDRESS_CHARACTERS_MAX, pattern=_LINES)],
    "the delivery lines of an address, separated by line feeds",
    _join_clean_lines,
    Annotated[str, Meta(max_length=ADDRESS_CHARACTERS_MAX, pattern=rf"\A{NORMAL_LINES}\Z")],
)
CENTS = ColumnType("cents", Annotated[int, Meta(ge=-CENTS_MAX, le=CENTS_MAX)], "a whole number of cents (bigint)")
CENTS_NOT_NEGATIVE = ColumnType(
    "cents, not negative", Annotated[int, Meta(ge=0, le=CENTS_MAX)], "a whole number of cents (bigint), 0 or more"
)
COUNT = ColumnType("count", Annotated[int, Meta(ge=0, le=2**53)], "a whole number, 0 or more")
QUANTITY = ColumnType("quantity", Annotated[int, Meta(ge=1, le=1_000_000)], "a whole number, 1 or more")
LEVEL = ColumnType("level", Annotated[int, Meta(ge=0, le=4)], "a dunning level, 0 to 4")
DATE = ColumnType("date", date, "a date, or text such as 2026-11-07")
PAST_DATE = ColumnType("past date", date, "a date not after the as-of date, or text such as 2026-11-07")
TIMESTAMP = ColumnType(
    "time", Annotated[datetime, Meta(tz=True)], "a time with a time zone, or text such as 2026-11-07T06:00:00Z"
)
FLAG = ColumnType("flag", Annotated[int, Meta(ge=0, le=1)] | bool, "true or false, or 1 or 0")
LANGUAGE = ColumnType(
    "language", Annotated[str, Meta(max_length=35, pattern=_LANGUAGE)], "a language code such as en or es (BCP 47)"
)


def one_of(choices: type[StrEnum]) -> ColumnType:
    """The type of a column with exactly the values of `choices`."""
    return ColumnType("one of", choices, "one of " + ", ".join(choice.value for choice in choices))


def try_convert(value: Any, annotation: Any) -> Any:
    """The value as `annotation`; `ValidationError` if it does not fit.

    msgspec itself raises `UnicodeEncodeError` for damaged text where it expects no text.
    """
    try:
        return convert(value, annotation)
    except UnicodeError as exc:
        raise ValidationError("damaged text") from exc


def is_possible_time(value: datetime | None) -> bool:
    """Whether the time, in any zone, is within the calendar in every zone. NULL is."""
    return value is None or _EARLIEST_TIME <= value <= _LATEST_TIME


def find_violation(value: object, annotation: Any, column_type: ColumnType) -> Violation | None:
    """The fault of `value`, or None if it is valid. `annotation` is the column's, which may also allow NULL."""
    try:
        converted = try_convert(value, annotation)
    except ValidationError:
        return _describe(value, column_type)
    if column_type is TIMESTAMP and not is_possible_time(converted):
        return Violation("DATE", "is not a possible time", "Correct the time in the billing system.")
    return None


def _describe(value: object, column_type: ColumnType) -> Violation:
    must_be = f"It must be {column_type.must_be}."
    if value is None:
        return Violation("NULL", "is NULL, which is not allowed", f"Enter a value. {must_be}")
    if isinstance(value, str):
        return _describe_text(value, column_type, must_be)
    if isinstance(value, int) and column_type in (CENTS, CENTS_NOT_NEGATIVE, COUNT, QUANTITY, LEVEL, FLAG):
        return _describe_number(value, must_be)
    return Violation("TYPE", f"is {_describe_type(value)}", f"Change the query or the extract. {must_be}")


def _describe_text(value: str, column_type: ColumnType, must_be: str) -> Violation:
    if re.search(f"[{DAMAGED}]", value):
        return Violation(
            "ENCODING", "has a damaged character", "Re-enter it in the billing system and export as UTF-8."
        )
    if re.search(f"[{FORBIDDEN}]", value) or (column_type.normalize is None and re.search(f"[{_EXACT}]", value)):
        return Violation("CONTROL", "has an invisible control character", "Retype it in the billing system.")
    if column_type is not ADDRESS_LINES and re.search(f"[{LINE_ENDS}]", value):
        return Violation("CONTROL", "has an invisible control character: a line end", "Retype it on one line.")
    if column_type.name in _FORMAT_VIOLATIONS:
        code, problem = _FORMAT_VIOLATIONS[column_type.name]
        return Violation(code, problem, f"Correct it, or map it in the query. {must_be}")
    if not clean_text(value):
        return Violation("NULL", "is blank, which is not allowed", f"Enter a value. {must_be}")
    return Violation("LONG", "is too long", f"Shorten it. {must_be}")


def _describe_number(value: int, must_be: str) -> Violation:
    if isinstance(value, bool):
        return Violation("TYPE", "is true or false, not a number", f"Change the query or the extract. {must_be}")
    if value < 0:
        return Violation(
            "NEGATIVE", "is negative", f"Correct it; enter a correction as a separate adjustment. {must_be}"
        )
    return Violation("RANGE", "is out of range", f"Correct it. {must_be}")


def _describe_type(value: object) -> str:
    names = {float: "a number with decimals", bytes: "binary data", int: "a number", datetime: "a date with a time"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
