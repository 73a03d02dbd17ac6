"""The types that a column of the contract can have: what a value must be, and how to say that it is not.

Each type is a msgspec annotation, so a thousand rows are checked in one call; only a row that fails is looked at value
by value, to word what is wrong. No message repeats a value: a shifted column could hold a name or an amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, ValidationError, convert

TEXT_CHARACTERS_MAX = 200
ID_CHARACTERS_MAX = 64
ADDRESS_CHARACTERS_MAX = 1000
CENTS_MAX = 9_999_999_999
"""$99,999,999.99: above this an amount is a mistake (a scale, a shifted column), not a hospital bill."""

_DAMAGED = "\ud800-\udfff\ufffd"
"""Bytes that were not UTF-8 (they arrive as lone surrogates), and the replacement character of an earlier damage."""
_INVISIBLE = "\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff"
"""Control characters, line separators, reading-direction overrides, private-use characters. Without LF and CR."""
_FORBIDDEN = _DAMAGED + _INVISIBLE + "\n\r"
_ONE_LINE = rf"\A[^{_FORBIDDEN}]*\Z"
_ONE_LINE_NOT_BLANK = rf"\A *[^ {_FORBIDDEN}][^{_FORBIDDEN}]*\Z"
_LINES = rf"\A[^{_DAMAGED}{_INVISIBLE}]*\Z"
_LANGUAGE = r"\A[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z"


@dataclass(frozen=True)
class ColumnType:
    """One type of the contract: its name there, its annotation, and in words what a value must be."""

    name: str
    annotation: Any
    must_be: str


_NOT_IN_FORM = {
    "date": ("DATE", "is not a date that exists"),
    "past date": ("DATE", "is not a date that exists"),
    "time": ("DATE", "is not a time with its zone"),
    "language": ("LANGUAGE", "is not a language code"),
    "one of": ("CHOICE", "is not a value that the contract knows"),
    "cents": ("TYPE", "is text"),
    "cents, not negative": ("TYPE", "is text"),
    "count": ("TYPE", "is text"),
    "quantity": ("TYPE", "is text"),
    "level": ("TYPE", "is text"),
    "flag": ("TYPE", "is text"),
}
"""What to call a text that is none of what its column's type takes: (code, words)."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one value: a fault code, `what` follows the column's name, and what to do."""

    code: str
    what: str
    fix: str


KEY = ColumnType(
    "key",
    Annotated[str, Meta(max_length=ID_CHARACTERS_MAX, pattern=_ONE_LINE)],
    f"text of at most {ID_CHARACTERS_MAX} characters; '' where there is none, never NULL",
)
ID = ColumnType(
    "id",
    Annotated[str, Meta(max_length=ID_CHARACTERS_MAX, pattern=_ONE_LINE_NOT_BLANK)],
    f"text of 1 to {ID_CHARACTERS_MAX} characters",
)
TEXT = ColumnType(
    "text",
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=_ONE_LINE)],
    f"one line of text of at most {TEXT_CHARACTERS_MAX} characters",
)
REQUIRED_TEXT = ColumnType(
    "required text",
    Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX, pattern=_ONE_LINE_NOT_BLANK)],
    f"one line of text of 1 to {TEXT_CHARACTERS_MAX} characters, not blank",
)
ADDRESS_LINES = ColumnType(
    "address lines",
    Annotated[str, Meta(max_length=ADDRESS_CHARACTERS_MAX, pattern=_LINES)],
    "the delivery lines of an address, parted by line feeds",
)
CENTS = ColumnType("cents", Annotated[int, Meta(ge=-CENTS_MAX, le=CENTS_MAX)], "a whole number of cents (bigint)")
CENTS_NOT_NEGATIVE = ColumnType(
    "cents, not negative", Annotated[int, Meta(ge=0, le=CENTS_MAX)], "a whole number of cents (bigint), 0 or more"
)
COUNT = ColumnType("count", Annotated[int, Meta(ge=0, le=2**53)], "a whole number, 0 or more")
QUANTITY = ColumnType("quantity", Annotated[int, Meta(ge=1, le=1_000_000)], "a whole number, 1 or more")
LEVEL = ColumnType("level", Annotated[int, Meta(ge=0, le=4)], "a rung of the ladder, 0 to 4")
DATE = ColumnType("date", date, "a date, or text such as 2026-11-07")
PAST_DATE = ColumnType("past date", date, "a date that is not after the as-of date, or text such as 2026-11-07")
TIMESTAMP = ColumnType(
    "time", Annotated[datetime, Meta(tz=True)], "a time with its zone, or text such as 2026-11-07T06:00:00Z"
)
FLAG = ColumnType("flag", Annotated[int, Meta(ge=0, le=1)] | bool, "true or false, or 1 or 0")
LANGUAGE = ColumnType(
    "language", Annotated[str, Meta(max_length=35, pattern=_LANGUAGE)], "a language code such as en or es (BCP 47)"
)


def one_of(choices: type[StrEnum]) -> ColumnType:
    """A column whose values are exactly those of `choices`."""
    return ColumnType("one of", choices, "one of " + ", ".join(choice.value for choice in choices))


def find_wrong(value: object, annotation: Any, column_type: ColumnType) -> Wrong | None:
    """What is wrong with `value`, or None. `annotation` is the column's, which may admit NULL as well."""
    try:
        convert(value, annotation)
    except ValidationError:
        return _word(value, column_type)
    return None


def _word(value: object, column_type: ColumnType) -> Wrong:
    must_be = f"It must be {column_type.must_be}."
    if value is None:
        return Wrong("NULL", "is empty (NULL), which is not allowed here", f"Fill it in. {must_be}")
    if isinstance(value, str):
        return _word_text(value, column_type, must_be)
    if isinstance(value, int) and column_type in (CENTS, CENTS_NOT_NEGATIVE, COUNT, QUANTITY, LEVEL, FLAG):
        return _word_number(value, must_be)
    return Wrong("TYPE", f"is {_name_type(value)}", f"Change the query or the extract. {must_be}")


def _word_text(value: str, column_type: ColumnType, must_be: str) -> Wrong:
    if re.search(f"[{_DAMAGED}]", value):
        return Wrong("ENCODING", "has a damaged character", "Enter it again in the billing system; export as UTF-8.")
    if re.search(f"[{_INVISIBLE}]", value) or (column_type is not ADDRESS_LINES and re.search(r"[\n\r]", value)):
        return Wrong("CONTROL", "has an invisible control character in it", "Type it again in the billing system.")
    if column_type.name in _NOT_IN_FORM:
        code, what = _NOT_IN_FORM[column_type.name]
        return Wrong(code, what, f"Correct it, or map it in the query. {must_be}")
    if not value.strip():
        return Wrong("NULL", "is blank, which is not allowed here", f"Fill it in. {must_be}")
    return Wrong("LONG", "is too long", f"Shorten it. {must_be}")


def _word_number(value: int, must_be: str) -> Wrong:
    if isinstance(value, bool):
        return Wrong("TYPE", "is true or false, not a number", f"Change the query or the extract. {must_be}")
    if value < 0:
        return Wrong("NEGATIVE", "is negative", f"Correct it; a correction is an adjustment of its own. {must_be}")
    return Wrong("RANGE", "is out of range", f"Correct it. {must_be}")


def _name_type(value: object) -> str:
    names = {float: "a number with decimals", bytes: "binary data", int: "a number", datetime: "a date with a time"}
    return names.get(type(value), f"of the type {type(value).__name__}")
