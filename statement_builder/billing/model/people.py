"""Guarantors, patients, and other recipients: who they are, and how they are reached."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from statement_builder.billing.model.record import Record


class Delivery(StrEnum):
    """The guarantor's delivery preference. E-mail also requires a recorded consent."""

    PAPER = "paper"
    EMAIL = "email"


class AlternateFormat(StrEnum):
    """How a person asked to get documents, if not in print: a person makes them (45 CFR 92.202 and 84.52)."""

    BRAILLE = "braille"
    AUDIO = "audio"
    DATA_CD = "data-cd"


class Address(Record, kw_only=True):
    """A postal address."""

    lines: tuple[str, ...]
    """Delivery lines above the city line, 1 to 3."""
    city: str
    """City."""
    state: str
    """Two-letter state code. Abroad, a state or province, or empty."""
    postal_code: str
    """ZIP Code such as `01103` or `01103-1234`. Abroad, free text, or empty."""
    country: str = "US"
    """ISO 3166 two-letter code. `US` is not printed."""


class ContactKind(StrEnum):
    """Why mail goes to somebody else than the guarantor."""

    CONFIDENTIAL = "confidential"
    """The patient asked for an address of their own (45 CFR 164.522(b))."""
    ATTORNEY = "attorney"
    """An attorney represents the guarantor."""


class Contact(Record, kw_only=True):
    """Where a part of a guarantor's mail goes instead: all of it, one patient's, or one visit's."""

    contact_id: str
    kind: ContactKind
    account_number: str = ""
    """The only visit that it is about. Empty: all visits of the patient, or of the guarantor."""
    patient_id: str = ""
    name: str = ""
    """The attorney or law firm. Empty for a confidential address, where the patient's name is printed."""
    address: Address
    email: str = ""
    language: str = ""
    """Empty: the guarantor's, or English for an attorney."""
    other_language: str = ""
    """As of `Guarantor`."""
    large_print: bool = False
    delivery: Delivery = Delivery.PAPER
    email_consent_at: datetime | None = None
    email_consent_terms: str = ""
    """SHA-256 of the text that the consent was given to. Empty: not on record."""
    email_consent_source: str = ""
    """How the consent was given, such as `portal`. Empty: not on record."""
    email_consent_withdrawn_on: date | None = None


class Guarantor(Record, kw_only=True):
    """The person responsible for payment, who may not be the patient.

    In an account that was split off for another recipient, the person or firm that gets the mail instead.
    """

    guarantor_id: str
    """In a split-off account, the recipient id (`billing.identifiers`)."""
    first_name: str
    last_name: str
    suffix: str = ""
    address: Address
    confidential_address: Address | None = None
    """The address that the guarantor asked to use instead (45 CFR 164.522(b)). Always overrides `address`."""
    email: str = ""
    language: str = "en"
    """The language of documents: the recorded one, or English if there are none in it."""
    other_language: str = ""
    """The recorded language, if there are no documents in it: they have the notice of language assistance
    (45 CFR 92.11)."""
    large_print: bool = False
    delivery: Delivery = Delivery.PAPER
    email_consent_at: datetime | None = None
    email_consent_terms: str = ""
    """SHA-256 of the text that the consent was given to. Empty: not on record."""
    email_consent_source: str = ""
    """How the consent was given, such as `portal`. Empty: not on record."""
    email_consent_withdrawn_on: date | None = None
    email_secret: str = ""
    """The password that the guarantor chose for encrypted e-mail attachments. In memory only: no snapshot has it."""
    birth_on: date | None = None
    """None: not on file, and taken for an adult."""
    alternate_format: AlternateFormat | None = None
    """What the guarantor asked for in place of print. None: nothing."""
    alternate_format_requested_on: date | None = None
    contact_kind: ContactKind | None = None
    """None: the guarantor. Otherwise why the mail goes to this recipient instead."""
    client_name: str = ""
    """Of an attorney: the full name of the guarantor whom the attorney represents."""
    name_line_2: str = ""
    """Below the name, for whom the recipient acts, such as `Estate of Maria Lopez`. Empty: nothing is printed."""

    @property
    def mailing_address(self) -> Address:
        """The only address that mail to this guarantor may use."""
        return self.confidential_address or self.address


class Patient(Record, kw_only=True):
    patient_id: str
    first_name: str
    last_name: str
    birth_on: date
