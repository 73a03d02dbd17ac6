"""Reads a finished print file back, as a vendor's preflight would, before anybody gets it."""

from mail_house.lint.lint import CHECK_EVERY, find_faults, require_fit

__all__ = ["CHECK_EVERY", "find_faults", "require_fit"]
