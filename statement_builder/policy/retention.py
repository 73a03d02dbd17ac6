"""Which holds say that a matter about a guarantor's mail is not settled, so that its records must be kept."""

from __future__ import annotations

RECORD_KEEPING_HOLDS = frozenset(
    {
        "AGENCY",
        "ATTY",
        "BANKR_STAY",
        "COMPLAINT",
        "CONTEST",
        "DISPUTE",
        "ESTATE",
        "FAP_PENDING",
        "IDR",
        "JUDG",
        "LEGAL",
        "MCAID_PEND",
        "PPDR",
        "SUIT",
    }
)
"""Litigation, bankruptcy, disputes, complaints, open applications and estates: the mail may be evidence."""
