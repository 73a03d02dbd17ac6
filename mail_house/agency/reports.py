"""What an agency sends back: text with pipes, a header, a row for each thing that happened, and a trailer.

| column | value |
|---|---|
| `row` | `accepted`, `rejected`, `payment`, `closed`, `returned`, or `recalled` |
| `placement` | as in the placement file |
| `on` | the day, as 2026-12-18 |
| `amount` | `accepted`: the balance taken in. `payment`: what was collected, negative if it was taken back. |
| | Otherwise the balance that is left |
| `fee` | `payment`: what the agency keeps of it; otherwise 0.00 |
| `reference` | `payment`: the agency's number of the payment. Otherwise empty |
| `reason` | `rejected`, `closed`, `returned`: a word, such as `uncollectible`. Otherwise empty |

The trailer is `TRAILER`, the number of rows, and the sum of `amount`. A file without its header, or with another
trailer, is not read at all: it may be cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec

from mail_house.pipe_file import BadRow, PipeFormat, read_pipe_file

TRAILER = "TRAILER"
_AMOUNT = re.compile(r"-?[0-9]{1,9}\.[0-9]{2}")
_MUST_BE: Mapping[str, str] = {
    "row": "accepted, rejected, payment, closed, returned, or recalled",
    "placement": "the placement as in the placement file",
    "on": "a date, such as 2026-12-18",
    "amount": "dollars and cents, such as 50.00",
    "fee": "dollars and cents, such as 12.50",
    "reference": "up to 40 letters, digits, hyphens, and underscores",
    "reason": "a word of up to 32 letters, digits, hyphens, and underscores",
}


class AgencyRowType(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAYMENT = "payment"
    CLOSED = "closed"
    """The agency's work is done, and nothing is left to collect."""
    RETURNED = "returned"
    """The agency gives the account back."""
    RECALLED = "recalled"
    """The agency confirms a recall."""


_Amount = Annotated[str, msgspec.Meta(pattern=rf"\A{_AMOUNT.pattern}\Z")]


class AgencyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row."""

    line: int
    """In the file, from 1."""
    row: AgencyRowType
    placement: Annotated[str, msgspec.Meta(pattern=r"\A[!-{}~]{1,80}\Z")]
    on: date
    amount: _Amount
    fee: _Amount
    reference: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{0,40}\Z")]
    reason: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{0,32}\Z")]

    @property
    def cents(self) -> int:
        return _cents(self.amount)

    @property
    def fee_cents(self) -> int:
        return _cents(self.fee)


def read_agency_file(data: bytes) -> tuple[list[AgencyRow], list[BadRow]]:
    """The rows that can be read, and those that cannot. ValueError for a file that is not an agency's, or is cut; the
    message completes a sentence about the file."""
    file = read_pipe_file(data, _FORMAT)
    if not file.bad and sum(row.cents for row in file.rows) != _cents(file.totals[0]):
        raise ValueError("has amounts that do not add up to its last line: it may have been changed")
    return file.rows, file.bad


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def _check(row: AgencyRow) -> None:
    if (row.row is AgencyRowType.PAYMENT) != bool(row.reference):
        raise ValueError("reference must be filled for a payment, and empty otherwise")
    if row.row is not AgencyRowType.PAYMENT and (row.fee_cents or row.cents < 0):
        raise ValueError("only a payment has a fee, or an amount below zero")
    if row.row is AgencyRowType.PAYMENT and (not row.cents or not row.fee_cents * _sign(row.cents) >= 0):
        raise ValueError("a payment has an amount, and a fee of the same sign")


def _sign(cents: int) -> int:
    return 1 if cents > 0 else -1


_FORMAT = PipeFormat(
    row=AgencyRow, must_be=_MUST_BE, check=_check, trailer=TRAILER, unit="rows", totals={"sum of the amounts": _AMOUNT}
)
