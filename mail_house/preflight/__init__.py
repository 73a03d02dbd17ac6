"""Preflight of a finished print file: reads it back, as a vendor's preflight would, before the hand-off."""

from mail_house.preflight.preflight import SAMPLE_EVERY, find_faults, require_no_faults

__all__ = ["SAMPLE_EVERY", "find_faults", "require_no_faults"]
