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
from typing import Annotated, Literal

import msgspec

from mail_house.payroll.deductions import TRAILER
from mail_house.pipe_file import BadRow, PipeFormat, read_pipe_file

_AMOUNT = re.compile(r"[0-9]{1,7}\.[0-9]{2}")
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


def read_answers(data: bytes) -> tuple[list[Answer], list[BadRow]]:
    """The lines that can be read, and those that cannot. ValueError for a file that is not one of answers, or is cut;
    the message completes a sentence about the file."""
    file = read_pipe_file(data, _FORMAT)
    return file.rows, file.bad


def _check(answer: Answer) -> None:
    if (answer.status == "not_taken") != (not answer.taken_cents):
        raise ValueError("status and amount contradict each other")


_FORMAT = PipeFormat(row=Answer, must_be=_MUST_BE, check=_check, trailer=TRAILER, unit="lines")
