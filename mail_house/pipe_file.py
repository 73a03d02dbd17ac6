"""Text with pipes that others send: a header, a row for each thing, and a trailer that counts the rows.

A file without its header, or whose trailer is missing or does not count its rows, is not read at all: it may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

LINES_MAX = 200_000
_COUNT = re.compile(r"[0-9]{1,7}")
_Row = TypeVar("_Row", bound=msgspec.Struct)


class BadRow(NamedTuple):
    """A row that cannot be read, in words that quote nothing of it."""

    line: int
    problem: str


class PipeFile(NamedTuple, Generic[_Row]):
    """The rows that can be read, those that cannot, and what the trailer says besides the number of rows."""

    rows: list[_Row]
    bad: list[BadRow]
    totals: list[str]


class PipeFormat(NamedTuple, Generic[_Row]):
    """The form of one kind of file."""

    row: type[_Row]
    """A struct whose first field is `line`, the line in the file from 1. The others are the columns, in order."""
    must_be: Mapping[str, str]
    """What each column must be, in words."""
    check: Callable[[_Row], None]
    """Raises ValueError for columns that contradict each other."""
    trailer: str
    """The first cell of the last line."""
    unit: str
    """What the trailer counts: `rows`, or `lines`."""
    totals: Mapping[str, re.Pattern[str]] = {}
    """What the trailer has after the number of rows, in words, and how it is written."""


def read_pipe_file(data: bytes, form: PipeFormat[_Row]) -> PipeFile[_Row]:
    """Read a file of this form. ValueError for a file of another form, or one that is cut; the message completes a
    sentence about the file."""
    columns = [field.name for field in msgspec.structs.fields(form.row)[1:]]
    lines = _lines(data)
    if not lines or lines[0].split("|") != columns:
        raise ValueError(f"has another header than {'|'.join(columns)}")
    totals = _totals(lines, form)
    rows, bad = [], []
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            rows.append(_read_row(number, line, columns, form))
        except ValueError as exc:
            bad.append(BadRow(number, str(exc)))
    return PipeFile(rows, bad, totals)


def _lines(data: bytes) -> list[str]:
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        raise ValueError("is not UTF-8 text") from exc
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > LINES_MAX:
        raise ValueError(f"has more than {LINES_MAX:,} lines")
    return lines


def _totals(lines: Sequence[str], form: PipeFormat[_Row]) -> list[str]:
    tag, *cells = lines[-1].split("|")
    patterns = [_COUNT, *form.totals.values()]
    is_trailer = len(lines) > 1 and tag == form.trailer and len(cells) == len(patterns)
    if not is_trailer or not all(pattern.fullmatch(cell) for pattern, cell in zip(patterns, cells, strict=True)):
        shown = "|".join((form.trailer, f"number of {form.unit}", *form.totals))
        raise ValueError(f"has no last line {shown}: it may be cut")
    found, told = len(lines) - 2, int(cells[0])
    if found != told:
        raise ValueError(f"has {found:,} {form.unit}, and its last line says {told:,}: it may be cut")
    return cells[1:]


def _read_row(number: int, line: str, columns: Sequence[str], form: PipeFormat[_Row]) -> _Row:
    cells = line.split("|")
    if len(cells) != len(columns):
        raise ValueError(f"it has {len(cells)} columns, not {len(columns)}")
    values = dict(zip(columns, cells, strict=True))
    for field in msgspec.structs.fields(form.row)[1:]:
        try:
            msgspec.convert(values[field.name], field.type)
        except msgspec.ValidationError as exc:
            raise ValueError(f"{field.name} is not valid: it must be {form.must_be[field.name]}") from exc
    row = msgspec.convert({"line": number, **values}, form.row)
    form.check(row)
    return row
