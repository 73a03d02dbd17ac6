"""Placement with collection agencies: what may be placed, with whom, and what the agency is told. Pure."""

from statement_builder.policy.placement.agencies import Agency, Takes, choose_agency
from statement_builder.policy.placement.changes import ELSEWHERE, RECALL_CODES, PlacedAmounts, find_amounts, find_recall
from statement_builder.policy.placement.gates import PlacementHistory, Visit, find_refusals, is_considered
from statement_builder.policy.placement.itemization import Itemization, ItemizationDate, itemize

__all__ = [
    "ELSEWHERE",
    "RECALL_CODES",
    "Agency",
    "Itemization",
    "ItemizationDate",
    "PlacedAmounts",
    "PlacementHistory",
    "Takes",
    "Visit",
    "choose_agency",
    "find_amounts",
    "find_recall",
    "find_refusals",
    "is_considered",
    "itemize",
]
