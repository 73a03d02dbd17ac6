"""What the ledger keeps of placements. Money is whole cents."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from statement_builder.billing.model import Record
from statement_builder.ledger.states import DeliveryState, PlacementBatchState, PlacementEntryType, PlacementState

PLACEMENT = "placement"
"""The name of the lock that keeps two runs from overlapping, and the subject of events without a list."""


class PlacementBatch(Record, kw_only=True, omit_defaults=False):
    """A list of visits, which a second person approves."""

    batch_id: str
    facility_id: str
    cycle: str
    number: int
    """In its cycle, from 1."""
    as_of: date
    state: PlacementBatchState
    proposed_by: str
    proposed_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    decided_why: str = ""
    refused: int
    """Visits whose final notice was mailed, and that did not pass the gates."""
    refused_cents: int
    not_due: int
    """Visits whose letters go on."""
    not_due_cents: int
    unreadable: int
    """Accounts with bad rows."""


class NewPlacement(Record, kw_only=True):
    """A visit that passed every gate."""

    account_number: str
    number: int
    """Counts the placements of the visit, from 1."""
    guarantor_id: str
    agency_id: str
    placed_cents: int
    charged_cents: int
    direct_cents: int

    @property
    def placement_id(self) -> str:
        """Names the placement at the agency, and in messages: it says nothing about the account."""
        digest = hashlib.sha256(f"{self.account_number}|{self.number}".encode()).hexdigest()
        return f"P{digest[:16].upper()}"


class Placement(NewPlacement, kw_only=True):
    """One placement of a visit."""

    batch_id: str
    state: PlacementState
    state_on: date
    placed_on: date | None
    left_cents: int | None
    """What was left when it ended. None before."""
    reason: str
    """Of the end: a hold code, or the agency's word."""


class Refusal(Record, kw_only=True, omit_defaults=False):
    """One reason why a visit was not placed."""

    account_number: str
    guarantor_id: str
    code: str
    until: date | None = None
    late: bool = False
    """Whether it arose after the approval."""


class PlacementChange(Record, kw_only=True):
    """What the agency is told about a placed visit, or reported."""

    placement_id: str
    what: PlacementEntryType
    reference: str
    day: date
    cents: int
    fee_cents: int = 0


class PlacementTotals(Record, kw_only=True):
    """What happened to the balance of one placement so far, in cents."""

    direct_cents: int = 0
    adjusted_cents: int = 0
    collected_cents: int = 0
    fee_cents: int = 0
    told: int = 0
    """Changes that the agency was told, to number the next one."""

    @property
    def lowered_cents(self) -> int:
        return self.direct_cents + self.adjusted_cents + self.collected_cents


class AgencyFileRow(Record, kw_only=True):
    """A file for an agency."""

    name: str
    facility_id: str
    agency_id: str
    number: int
    file_type: str
    batch_id: str
    archive_key: str
    file: str
    sha256: str
    records: int
    cents: int
    state: DeliveryState = DeliveryState.CLAIMED
