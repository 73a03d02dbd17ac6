"""Placement with collection agencies: the lists, what was placed, and the files."""

from statement_builder.ledger.placement.agency_files import AgencyFileRepository
from statement_builder.ledger.placement.lists import PlacementListRepository
from statement_builder.ledger.placement.placements import PlacementRepository
from statement_builder.ledger.placement.records import (
    PLACEMENT,
    AgencyFileRow,
    NewPlacement,
    Placement,
    PlacementBatch,
    PlacementChange,
    PlacementTotals,
    Refusal,
)

__all__ = [
    "PLACEMENT",
    "AgencyFileRepository",
    "AgencyFileRow",
    "NewPlacement",
    "Placement",
    "PlacementBatch",
    "PlacementChange",
    "PlacementListRepository",
    "PlacementRepository",
    "PlacementTotals",
    "Refusal",
]
