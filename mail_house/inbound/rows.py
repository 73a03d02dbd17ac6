"""Splits a vendor's CSV file (RFC 4180) into rows. A broken row does not affect the others.

Spreadsheets and transfer programs leave artifacts that mean nothing: blank lines, lines of commas, spaces around
values, empty columns after the last one, a Ctrl-Z at the end. They are removed here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mail_house.limits import LimitExceeded

LINES_MAX = 500_000
LINE_CHARACTERS_MAX = 4_000
"""Of a table. A longer line makes the file one that is not safe to parse."""
VALUE_LINES_MAX = 8
"""Lines of one quoted value with line breaks in it."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_SPACE_AFTER_QUOTE = re.compile(r'"[ \t]+(?=[,\n])')
_AFTER_THE_END = "\x1a\x00\r\n\t "


class CsvRow(NamedTuple):
    """One row that is not blank."""

    line: int
    """The number of its first line, from 1."""
    lines: int
    values: tuple[str, ...]
    """Without the spaces around them. Empty if the row is not valid CSV."""


def split_lines(text: str) -> list[str]:
    """The lines of a text file, whatever ends them. Raises LimitExceeded for a file that has too many."""
    lines = _LINE_END.split(text.rstrip(_AFTER_THE_END))
    if len(lines) > LINES_MAX:
        raise LimitExceeded(f"has more than {LINES_MAX:,} lines: ask the vendor for smaller files")
    return lines


def require_short_lines(lines: Sequence[str]) -> None:
    """Raise LimitExceeded for lines that are no table's."""
    if max(map(len, lines)) > LINE_CHARACTERS_MAX:
        raise LimitExceeded(
            f"has a line of more than {LINE_CHARACTERS_MAX:,} characters: ask the vendor for CSV with one row a line"
        )


def read_rows(lines: Sequence[str]) -> Iterator[CsvRow]:
    """Yield every row that is not blank. A value in quotes may contain line breaks if the row has as many values as
    the first one then; otherwise its first line alone is the row that is not valid."""
    columns, index = 0, 0
    while index < len(lines):
        values, used = _parse(lines[index : index + 1]), 1
        if values is None:
            values, used = _join(lines, index, columns)
        if values is None or any(values):
            yield CsvRow(line=index + 1, lines=used, values=values or ())
        columns = columns or len(values or ())
        index += used


def _join(lines: Sequence[str], index: int, columns: int) -> tuple[tuple[str, ...] | None, int]:
    for used in range(2, VALUE_LINES_MAX + 1):
        values = _parse(lines[index : index + used])
        if values is not None:
            return (values, used) if len(values) == columns else (None, 1)
    return None, 1


def _parse(lines: Sequence[str]) -> tuple[str, ...] | None:
    """The values of one row that spans these lines; None if it does not end with them or is not valid CSV."""
    text = [f"{line}\n" for line in lines]
    rows = _read_strictly(text) or _read_strictly([_SPACE_AFTER_QUOTE.sub('"', line) for line in text])
    if rows is None or len(rows) > 1:
        return None
    return tuple(value.strip() for value in rows[0]) if rows else ()


def _read_strictly(lines: list[str]) -> list[list[str]] | None:
    try:
        return list(csv.reader(lines, strict=True, skipinitialspace=True))
    except csv.Error:
        return None
