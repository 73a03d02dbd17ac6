"""Checks of the settings of collection agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator

from statement_builder.policy.placement import Agency, Takes
from statement_builder.policy.settings import Policy
from statement_builder.settings.folders import find_folder_faults
from statement_builder.settings.model import PlacementSettings

_AGENCY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_SHARE_MAX = 1_000
_BALANCE_MAX_CENTS = 100_000_00


def find_placement_faults(placement: PlacementSettings, policy: Policy) -> Iterator[str]:
    """Agencies that cannot be told apart, or that a final notice does not name."""
    ids = [agency.agency_id.casefold() for agency in placement.agencies]
    if len(set(ids)) < len(ids):
        yield "placement.agencies must have a different agency_id each"
    for agency in placement.agencies:
        yield from _find_agency_faults(agency, policy)
    if placement.agencies and not any(agency.takes is Takes.FIRST for agency in placement.agencies):
        yield "placement.agencies must have one that takes first placements (takes = 'first')"
    yield from find_folder_faults("placement.inbox", placement.inbox, must_exist=False)


def _find_agency_faults(agency: Agency, policy: Policy) -> Iterator[str]:
    what = "placement.agencies"
    if not _AGENCY_ID.fullmatch(agency.agency_id):
        yield f"{what}: agency_id must be 1 to 20 letters, digits, and hyphens"
        return
    if not _CLIENT_ID.fullmatch(agency.client_id):
        yield f"{what}: client_id of {agency.agency_id} must be 1 to 20 letters, digits, and hyphens"
    if not agency.name.strip() or not agency.name.isprintable():
        yield f"{what}: name of {agency.agency_id} must be the agency's legal name"
    elif agency.takes is Takes.FIRST and agency.name not in policy.agency_name:
        yield (
            f"policy.agency_name must contain the name of the agency {agency.agency_id}, because final notices tell "
            "patients which agency will contact them"
        )
    if not 1 <= agency.share <= _SHARE_MAX:
        yield f"{what}: share of {agency.agency_id} must be from 1 to {_SHARE_MAX}"
    if not 0 <= agency.balance_min_cents <= _BALANCE_MAX_CENTS:
        yield f"{what}: balance_min_cents of {agency.agency_id} must be from 0 to {_BALANCE_MAX_CENTS}"
