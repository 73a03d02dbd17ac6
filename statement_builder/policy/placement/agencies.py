"""The collection agencies, and which of them gets a guarantor's visits."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from enum import StrEnum

from statement_builder.billing.model import Record


class Takes(StrEnum):
    """Which visits an agency gets."""

    FIRST = "first"
    """Visits that no agency had before."""
    RETURNED = "returned"
    """Visits that another agency returned."""


class Agency(Record, kw_only=True):
    """One collection agency."""

    agency_id: str
    """Letters, digits and hyphens. It is part of file names, and never changes."""
    name: str
    """The agency's legal name."""
    client_id: str
    """The hospital's number at the agency."""
    url: str = ""
    """Folder from which the agency takes in its files: a `file:` or `sftp:` URL. Empty: below the outbox."""
    pgp_key: str = ""
    """File with the agency's OpenPGP public key. Files are encrypted to it. Required over SFTP."""
    profile: str = "pipe"
    """Format of the files: `pipe`, `csv`, `fixed`, or the path of a `.toml` file."""
    takes: Takes = Takes.FIRST
    """`first`: visits that no agency had before. `returned`: visits that another agency returned."""
    share: int = 1
    """Its share of the guarantors, among the agencies that take the same visits: 2 gets twice as many as 1."""
    balance_min_cents: int = 0
    """A smaller balance is not placed with it. `policy.placement_min_cents` counts if it is larger."""
    reports_url: str = ""
    """Where the agency leaves its files: a `file:` or `sftp:` URL. Empty: they are placed in its folder of
    `placement.inbox`."""


def choose_agency(
    guarantor_id: str, agencies: Iterable[Agency], *, holding: str = "", had_by: Collection[str] = ()
) -> Agency | None:
    """The agency for a guarantor's visit, always the same one. None: no agency takes it.

    `holding` is the agency that has another visit of the guarantor now: one person hears from one agency. `had_by` are
    the agencies that returned this visit. The guarantor's id decides, by the shares, so that nobody can choose.
    """
    takes = Takes.RETURNED if had_by else Takes.FIRST
    able = [each for each in agencies if each.takes is takes and each.agency_id not in had_by and each.share > 0]
    if not able:
        return None
    if same := [each for each in able if each.agency_id == holding]:
        return same[0]
    digest = hashlib.sha256(f"{takes}|{guarantor_id}".encode()).digest()
    point = int.from_bytes(digest[:8]) % sum(each.share for each in able)
    for agency in able:
        if point < agency.share:
            return agency
        point -= agency.share
    return able[-1]
