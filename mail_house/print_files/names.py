"""Names of print files and feed files. The same batch and number give the same name, so a rerun finds the first."""

from __future__ import annotations

import re
from datetime import date

PRINT_FILE_PREFIX = "STMT_"
FEED_FILE_PREFIX = "PORTAL_"
DEDUCTION_FILE_PREFIX = "DEDUCT_"
WRITE_BACK_PREFIX = "BILLING_"
AGENCY_FILE_PREFIX = "AGENCY_"
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def print_file_name(
    *, facility_id: str, cycle: str, created_on: date, batch_id: str, number: int, prefix: str = PRINT_FILE_PREFIX
) -> str:
    """Return `STMT_<FAC>_<CYCLE>_<YYYYMMDD>_<BATCH>_<NNN>`, without a suffix; `PORTAL_…` with that
    `prefix`.

    `created_on` must be the same in a rerun, such as the batch's as-of date: a file with a new name would be mailed
    again. Raises ValueError if a part contains anything but letters, digits and hyphens.
    """
    for field, part in (("facility id", facility_id), ("cycle", cycle), ("batch id", batch_id)):
        if not _PART.fullmatch(part):
            raise ValueError(f"{field} {part!r} cannot be part of a file name: use letters, digits and hyphens")
    if number < 1:
        raise ValueError(f"print files of a batch are numbered from 1, not {number}")
    return f"{prefix}{facility_id.upper()}_{cycle}_{created_on:%Y%m%d}_{batch_id}_{number:03d}"


def deduction_file_name(*, facility_id: str, created_on: date, number: int) -> str:
    """Return `DEDUCT_<FAC>_<YYYYMMDD>_<NNNN>`, without a suffix. The number counts the facility's deduction files."""
    if not _PART.fullmatch(facility_id):
        raise ValueError(f"facility id {facility_id!r} cannot be part of a file name: use letters, digits and hyphens")
    return f"{DEDUCTION_FILE_PREFIX}{facility_id.upper()}_{created_on:%Y%m%d}_{number:04d}"


def agency_file_name(*, facility_id: str, agency_id: str, created_on: date, number: int) -> str:
    """Return `AGENCY_<FAC>_<AGENCY>_<YYYYMMDD>_<NNNN>`, without a suffix. The number counts the agency's files."""
    for field, part in (("facility id", facility_id), ("agency id", agency_id)):
        if not _PART.fullmatch(part):
            raise ValueError(f"{field} {part!r} cannot be part of a file name: use letters, digits and hyphens")
    return f"{AGENCY_FILE_PREFIX}{facility_id.upper()}_{agency_id.upper()}_{created_on:%Y%m%d}_{number:04d}"
