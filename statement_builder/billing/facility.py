"""The hospital as it appears on paper. Settings fill it; documents print it."""

from __future__ import annotations

from statement_builder.billing.model import Address, Record
from statement_builder.billing.scanline import Scanline


class Facility(Record, kw_only=True):
    """One billing facility. Every field is printed somewhere, so none may be a guess: there are no defaults
    for what a patient would act on."""

    facility_id: str
    """Short and stable: part of every document id. Letters, digits and hyphens."""
    name: str
    return_address: Address
    """Shows in the envelope's upper window: no department in it that would reveal a condition."""
    remit_name: str
    remit_address: Address
    """Where payments by mail go (lockbox)."""
    phone: str
    phone_hours: str
    portal_url: str
    assistance_url: str
    """Financial assistance policy, application and plain-language summary (26 CFR 1.501(r)-4(b)(5))."""
    assistance_phone: str
    tax_id: str
    time_zone: str = "America/New_York"
    scanline: Scanline = Scanline()
    """As the bank that keeps the lockbox wants it."""
    payment_url: str = ""
    """Where one document can be paid: `{document}` in it stands for the document's id. Empty: no code is printed."""
    logo_svg: str = ""
    """Inline SVG text; empty prints the name alone."""
