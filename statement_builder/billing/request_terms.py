"""What a review of a bill can correct, and why an itemized bill cannot be sent yet.

A billing system names both by these values (`sql/contract.md`). The templates have the words.
"""

from __future__ import annotations

from enum import StrEnum


class Correction(StrEnum):
    """What a review of a visit's bill corrected, in the order of the letter."""

    CHARGE_REMOVED = "charge_removed"
    """A service that the patient did not get."""
    CHARGE_REPEATED = "charge_repeated"
    """A service that was charged twice."""
    CHARGE_CHANGED = "charge_changed"
    """A charge with the wrong amount, code or quantity."""
    INSURANCE_BILLED = "insurance_billed"
    """Insurance that had not been billed, or not correctly."""
    INSURANCE_POSTED = "insurance_posted"
    """A payment or discount of insurance that was missing."""
    PAYMENT_POSTED = "payment_posted"
    """A payment by the patient that was missing."""
    DISCOUNT_POSTED = "discount_posted"
    """A discount of the hospital that was missing."""


class RequestObstacle(StrEnum):
    """Why a request for an itemized bill is not answered with one."""

    CODING = "coding"
    """The charges are not complete yet."""
    IDENTITY = "identity"
    """It is not certain that the person who asked may have it (45 CFR 164.514(h))."""
    NOT_OURS = "not_ours"
    """Another provider bills for the care that the person means."""
    SENT = "sent"
    """The billing office sent one itself, on the day of the review."""


def read_corrections(text: str | None) -> tuple[Correction, ...]:
    """The corrections that a text names by their values, with blanks between them. Other words are ignored."""
    named = (text or "").split()
    return tuple(each for each in Correction if each in named)


def write_corrections(corrections: tuple[Correction, ...]) -> str:
    """The text that `read_corrections` reads."""
    return " ".join(corrections)
