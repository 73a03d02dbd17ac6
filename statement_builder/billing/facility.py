"""The hospital as documents print it. The settings provide it."""

from __future__ import annotations

from msgspec.structs import replace

from statement_builder.billing.model import Address, Record
from statement_builder.billing.scanline import Scanline


class FacilityTexts(Record, kw_only=True):
    """What documents in another language print of the facility. An empty text: the same as in English."""

    language: str
    """A language of `render.languages` other than English."""
    phone_hours: str
    """When the billing office answers the phone, in this language."""
    phone: str = ""
    """Billing office phone number where this language is spoken."""
    portal_url: str = ""
    """Where patients sign in to pay, in this language. Starts with `https://`."""
    assistance_phone: str = ""
    """Phone number for help with financial assistance in this language."""
    assistance_url: str = ""
    """Financial assistance policy, application, and summary in this language (26 CFR 1.501(r)-4(b)(5)(ii))."""


class Facility(Record, kw_only=True):
    """One billing facility. Anything that a patient acts on is required: there is no default to print by mistake."""

    facility_id: str
    """Short, stable id; part of every document id. 1 to 32 letters, digits, and hyphens."""
    name: str
    """The hospital's name, as printed."""
    return_address: Address
    """Shows in the envelope's upper window. It must not name a department that reveals a condition."""
    remit_name: str
    """Payee for payments by mail."""
    remit_address: Address
    """Where payments by mail go (lockbox)."""
    phone: str
    """Billing office phone number."""
    phone_hours: str
    """When the billing office answers the phone."""
    portal_url: str
    """Where patients sign in to pay. Starts with `https://`; e-mails link to it."""
    assistance_url: str
    """Financial assistance policy, application, and plain-language summary (26 CFR 1.501(r)-4(b)(5))."""
    assistance_phone: str
    """Phone number for help with financial assistance."""
    assistance_address: Address
    """Street address of the financial assistance office, where people get the policy and the form and can ask for help
    (26 CFR 1.501(r)-1(b)(24)(iii) and (v)). A post office box is not a location."""
    assistance_free_max_percent: int
    """Care is free up to this household income, in percent of the federal poverty level; 0: there is no free care
    (26 CFR 1.501(r)-1(b)(24)(i))."""
    assistance_discount_max_percent: int
    """Care is discounted up to this household income, in percent of the federal poverty level; 0: care is free or not
    discounted (26 CFR 1.501(r)-1(b)(24)(i))."""
    tax_id: str
    """The hospital's federal tax id."""
    time_zone: str = "America/New_York"
    """IANA time zone. Dates on documents are in this zone."""
    scanline: Scanline = Scanline()
    """The lockbox bank's layout of the scanline on the payment coupon."""
    doctors_bill_separately: bool = True
    """Whether doctors, laboratories, and ambulances send bills of their own. Statements then say so."""
    payment_url: str = ""
    """Where a patient pays one document. `{document}` stands for the document id, `{check}` for a code of 16 characters
    by which the payment page tells an id that was printed from a guessed one. Empty: no payment code is printed."""
    enrollment_url: str = ""
    """Where a guarantor signs up for e-mail with the code that paper statements then print. Empty: none is printed."""
    logo_svg: str = ""
    """Inline SVG of the logo. Empty: the name only."""
    in_language: tuple[FacilityTexts, ...] = ()
    """The texts for documents in other languages, one table for each language of `render.languages`."""

    def for_language(self, language: str) -> Facility:
        """The facility as a document in this language prints it."""
        for texts in self.in_language:
            if texts.language == language:
                names = (name for name in FacilityTexts.__struct_fields__ if name != "language")
                own = {name: text for name in names if (text := getattr(texts, name))}
                return replace(self, **own, in_language=())
        return replace(self, in_language=()) if self.in_language else self
