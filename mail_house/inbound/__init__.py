"""Delivery reports of print vendors and the portal, parsed strictly. An unknown line is a problem, never a guess."""

from mail_house.inbound.completeness import has_settled, has_temporary_name
from mail_house.inbound.delivery_reports import (
    Acknowledgement,
    AddressChange,
    DeliveryReport,
    JobMailed,
    PieceReport,
    PieceState,
    Viewed,
    means_deceased,
)
from mail_house.inbound.fetching import fetch_bounces, fetch_vendor_reports
from mail_house.inbound.reading import LOB_EVENTS, ParsedReports, Problem, read_delivery_reports
from mail_house.inbound.tables import RETURN_REASONS, TABLES

__all__ = [
    "LOB_EVENTS",
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
    "Viewed",
    "fetch_bounces",
    "fetch_vendor_reports",
    "has_settled",
    "has_temporary_name",
    "means_deceased",
    "read_delivery_reports",
]
