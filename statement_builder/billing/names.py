"""The name of a person as documents print it."""

from __future__ import annotations

from statement_builder.billing.model import Guarantor, Patient
from statement_builder.billing.text import clean_text


def full_name(person: Guarantor | Patient) -> str:
    """First name, last name, and suffix."""
    suffix = person.suffix if isinstance(person, Guarantor) else ""
    parts = (clean_text(person.first_name), clean_text(person.last_name), clean_text(suffix))
    return " ".join(part for part in parts if part)
