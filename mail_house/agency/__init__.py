"""Collection agencies: the files that they get, the files that they send back, and the folder for both."""

from mail_house.agency.files import (
    AgencyControl,
    AgencyFile,
    build_agency_file,
    find_line_problem,
)
from mail_house.agency.lines import ChangeLine, FileHead, PlacementLine
from mail_house.agency.profile import AgencyProfile, load_agency_profile
from mail_house.agency.reports import AgencyRow, AgencyRowType, read_agency_file
from mail_house.agency.store import AgencyStore, open_agency

__all__ = [
    "AgencyControl",
    "AgencyFile",
    "AgencyProfile",
    "AgencyRow",
    "AgencyRowType",
    "AgencyStore",
    "ChangeLine",
    "FileHead",
    "PlacementLine",
    "build_agency_file",
    "find_line_problem",
    "load_agency_profile",
    "open_agency",
    "read_agency_file",
]
