"""Print vendors' delivery reports: files and events, parsed strictly. An unknown line is a problem, never a guess."""

from mail_house.inbound.delivery_reports import (
    Acknowledgement,
    AddressChange,
    DeliveryReport,
    JobMailed,
    PieceReport,
    PieceState,
    means_deceased,
)
from mail_house.inbound.fetching import fetch_bounces, fetch_vendor_reports
from mail_house.inbound.reading import ParsedReports, Problem, read_delivery_reports
from mail_house.inbound.tables import RETURN_REASONS, TABLES

__all__ = [
    "RETURN_REASONS",
    "TABLES",
    "Acknowledgement",
    "AddressChange",
    "DeliveryReport",
    "JobMailed",
    "ParsedReports",
    "PieceReport",
    "PieceState",
    "Problem",
    "fetch_bounces",
    "fetch_vendor_reports",
    "means_deceased",
    "read_delivery_reports",
]
