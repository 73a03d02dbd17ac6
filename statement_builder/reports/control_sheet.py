"""The control sheet of a batch: what a supervisor releases by, and what an auditor finds again years later.

Plain data. The JSON of a control sheet is this, field by field: money in cents, times in UTC, and nobody's name,
address or account.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from statement_builder.billing.model import Record


class GateLine(Record, kw_only=True):
    """One equation, both ways of counting. `open` is one that need not hold yet: something is still on its way."""

    name: str
    documents_in: int
    documents_out: int
    cents_in: int
    cents_out: int
    verdict: Literal["foots", "open", "broken"]


class ClassLine(Record, kw_only=True):
    """One way out of the building: `letter`, `flat` or `e-mail`. Figures by name, as in the whole sheet."""

    name: str
    pages: int
    counts: dict[str, int]
    cents: dict[str, int]


class CycleLine(Record, kw_only=True):
    """One cycle in a line. `average_cents` is what a rendered document asks for, rounded down."""

    batch: str
    as_of: date
    pulled: int
    held: int
    exceptions: int
    rendered: int
    rendered_cents: int
    average_cents: int
    handed_off: int


class HoldLine(Record, kw_only=True):
    """One reason, and on how many candidates it was found."""

    code: str
    title: str
    count: int
    last_count: int | None
    """In the cycle before; None where there is none."""


class ExceptionGroup(Record, kw_only=True):
    """What a clerk has to mend, by code. `since` is when the oldest of them was first found, in an unbroken row of
    cycles up to this one."""

    code: str
    count: int
    since: date
    age_days: int
    fix: str
    """What to do about the oldest of them."""


class PrintFileLine(Record, kw_only=True):
    """One print file as its control file says, and where its hand-off stands."""

    name: str
    envelope_class: str
    documents: int
    pages: int
    sheets: int
    cents: int
    sha256: str
    state: str
    changed_at: datetime


class HistoryLine(Record, kw_only=True):
    """Who did what to the batch, when and why."""

    at: datetime
    actor: str
    what: str
    why: str


class OpenEnd(Record, kw_only=True):
    """What is not done yet, and what to do about it."""

    what: str
    to_do: str


class ControlSheet(Record, kw_only=True):
    batch: str
    facility: str
    kind: str
    cycle: str
    as_of: date
    source: str
    limit: int | None
    state: str
    drawn_up_at: datetime
    opened_by: str
    opened_at: datetime
    released_by: str
    released_at: datetime | None
    closed_at: datetime | None
    foots: bool
    """No gate is broken."""
    counts: dict[str, int]
    cents: dict[str, int]
    gates: tuple[GateLine, ...]
    classes: tuple[ClassLine, ...]
    cycles: tuple[CycleLine, ...]
    """This one, then those before it, newest first."""
    holds: tuple[HoldLine, ...]
    exceptions: tuple[ExceptionGroup, ...]
    print_files: tuple[PrintFileLine, ...]
    questions: tuple[str, ...]
    """What a person has to decide before hand-off."""
    still_open: tuple[OpenEnd, ...]
    history: tuple[HistoryLine, ...]
