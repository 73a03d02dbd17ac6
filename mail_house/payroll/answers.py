"""Payroll's answer file: text with pipes, one line for each deduction that was due on a payday, and a trailer.

| column | value |
|---|---|
| `employee_id`, `code` | as in the deduction file |
| `pay_date` | the payday, as 2026-12-18 |
| `status` | `taken` or `not_taken` |
| `amount` | what was taken, as 50.00; 0.00 if nothing was |
| `reason` | a word for a deduction that was not taken in full, such as `short_pay`; otherwise empty |

A file without its header, or whose trailer does not give the number of its lines, is not read at all: it may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, NamedTuple

import msgspec

from mail_house.payroll.deductions import TRAILER

COLUMNS = ("employee_id", "code", "pay_date", "status", "amount", "reason")
LINES_MAX = 200_000
_AMOUNT = re.compile(r"[0-9]{1,7}\.[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,7}")
_MUST_BE: Mapping[str, str] = {
    "employee_id": "an employee number as in the deduction file",
    "code": "the deduction code",
    "pay_date": "a date, such as 2026-12-18",
    "status": "taken or not_taken",
    "amount": "dollars and cents, such as 50.00",
    "reason": "a word of up to 32 letters, digits, hyphens, and underscores",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What payroll did for one employee on one payday."""

    line: int
    """In the file, from 1."""
    employee_id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9.-]{0,19}\Z")]
    code: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9-]{1,12}\Z")]
    pay_date: date
    status: Literal["taken", "not_taken"]
    amount: Annotated[str, msgspec.Meta(pattern=rf"\A{_AMOUNT.pattern}\Z")]
    reason: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{0,32}\Z")]

    @property
    def taken_cents(self) -> int:
        return int(self.amount.replace(".", ""))


class BadAnswer(NamedTuple):
    """A line that cannot be read, in words that quote nothing of it."""

    line: int
    problem: str


def read_answers(data: bytes) -> tuple[list[Answer], list[BadAnswer]]:
    """The lines that can be read, and those that cannot. ValueError for a file that is not one of answers, or is cut;
    the message completes a sentence about the file."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        raise ValueError("is not UTF-8 text") from exc
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > LINES_MAX:
        raise ValueError(f"has more than {LINES_MAX:,} lines")
    if not lines or tuple(lines[0].split("|")) != COLUMNS:
        raise ValueError(f"has another header than {'|'.join(COLUMNS)}")
    trailer = lines[-1].split("|")
    if len(lines) < 2 or len(trailer) != 2 or trailer[0] != TRAILER or not _COUNT.fullmatch(trailer[1]):
        raise ValueError(f"has no last line {TRAILER}|number of lines: it may be cut")
    if int(trailer[1]) != len(lines) - 2:
        raise ValueError(f"has {len(lines) - 2:,} lines, and its last line says {int(trailer[1]):,}: it may be cut")
    answers, bad = [], []
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            answers.append(_read_line(number, line))
        except ValueError as exc:
            bad.append(BadAnswer(number, str(exc)))
    return answers, bad


def _read_line(number: int, line: str) -> Answer:
    cells = line.split("|")
    if len(cells) != len(COLUMNS):
        raise ValueError(f"it has {len(cells)} columns, not {len(COLUMNS)}")
    values = dict(zip(COLUMNS, cells, strict=True))
    for field in msgspec.structs.fields(Answer)[1:]:
        try:
            msgspec.convert(values[field.name], field.type)
        except msgspec.ValidationError as exc:
            raise ValueError(f"{field.name} is not valid: it must be {_MUST_BE[field.name]}") from exc
    answer = msgspec.convert({"line": number, **values}, Answer)
    if (answer.status == "not_taken") != (not answer.taken_cents):
        raise ValueError("status and amount contradict each other")
    return answer
