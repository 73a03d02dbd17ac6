"""Reads a finished print file back, as a vendor's preflight would, before anybody gets it."""

from mail_house.preflight.preflight import SAMPLE_EVERY, find_faults, require_no_faults

__all__ = ["SAMPLE_EVERY", "find_faults", "require_no_faults"]
