"""Records of a batch's control sheet, for supervisors who release batches and for auditors.

The JSON of a control sheet has the same fields, with money in cents and times in UTC. It contains no name, address or
account number.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from msgspec import field

from statement_builder.billing.model import Record
from statement_builder.reports.event_seal import EventSeal


class GateLine(Record, kw_only=True):
    """One gate in documents and cents. `open`: it does not foot yet because work is still in progress."""

    name: str
    documents_in: int
    documents_out: int
    cents_in: int
    cents_out: int
    verdict: Literal["foots", "open", "broken"]


class ClassLine(Record, kw_only=True):
    """One delivery class: `letter`, `flat` or `e-mail`. `counts` and `cents` by figure, as in `ControlSheet`."""

    name: str
    pages: int
    counts: dict[str, int]
    cents: dict[str, int]


class CycleLine(Record, kw_only=True):
    """Figures of one batch, to compare cycles. `average_cents` is the average amount due per document, rounded down."""

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
    """One hold code and the number of candidates held for it."""

    code: str
    title: str
    count: int
    last_count: int | None
    """In the previous cycle; None if there is none."""


class ExceptionGroup(Record, kw_only=True):
    """Exceptions with the same code. `since` is the as-of date of the earliest cycle from which the oldest exception
    has been open without a gap."""

    code: str
    count: int
    since: date
    age_days: int
    fix: str
    """How to fix the oldest of them."""


class PrintFileLine(Record, kw_only=True):
    """One print file, as in its control file, with the state of its hand-off."""

    name: str
    envelope_class: str
    documents: int
    pages: int
    sheets: int
    cents: int
    sha256: str
    state: str
    changed_at: datetime


class PortalFileLine(Record, kw_only=True):
    """One file of the portal feed."""

    name: str
    documents: int
    withdrawn: int
    cents: int
    sha256: str
    """Of its lines; empty before they were first written."""
    state: str
    changed_at: datetime


class HistoryLine(Record, kw_only=True):
    """One event of the batch: who did what, when and why."""

    at: datetime
    actor: str
    what: str
    why: str


class OpenItem(Record, kw_only=True):
    """Unfinished work, and the next step."""

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
    prepared_at: datetime = field(name="drawn_up_at")
    """Its name in JSON is the one in control sheets that are already archived."""
    opened_by: str
    opened_at: datetime
    released_by: str
    released_at: datetime | None
    closed_at: datetime | None
    foots: bool
    """Whether no gate is broken."""
    counts: dict[str, int]
    cents: dict[str, int]
    gates: tuple[GateLine, ...]
    classes: tuple[ClassLine, ...]
    cycles: tuple[CycleLine, ...]
    """This batch, then previous ones, newest first."""
    holds: tuple[HoldLine, ...]
    exceptions: tuple[ExceptionGroup, ...]
    print_files: tuple[PrintFileLine, ...]
    portal_files: tuple[PortalFileLine, ...] = ()
    questions: tuple[str, ...]
    """Decisions that a person must make before hand-off."""
    clock_basis: str = ""
    """The assumption that legal clocks run on. Empty: the vendor reports every mailing."""
    still_open: tuple[OpenItem, ...]
    history: tuple[HistoryLine, ...]
    event_seal: EventSeal | None = None
    """The end of the event log when the batch closed. None: it is not closed, or was before seals existed."""
