"""Estates of guarantors who have died."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from statement_builder.billing.model.people import Address
from statement_builder.billing.model.record import Record


class EstateStatus(StrEnum):
    """What is known of the estate of a guarantor who has died."""

    UNKNOWN = "unknown"
    """Nobody knows yet whether a court has opened it."""
    OPEN = "open"
    """A court has opened it."""
    CLOSED = "closed"
    NONE = "none"
    """No court will open one."""


class Estate(Record, kw_only=True):
    """The estate of the guarantor, who has died."""

    estate_id: str
    patient_id: str = ""
    """The guarantor as a patient. Empty: the guarantor was none, or it is not known."""
    decedent_name: str = ""
    """The guarantor's full name, in an account that is addressed to the estate (`policy.estates.recipient`)."""
    died_on: date
    status: EstateStatus
    representative_name: str = ""
    """The executor or administrator. Empty: not known."""
    attorney_name: str = ""
    """The attorney of the estate, who then gets its mail. Empty: none."""
    address: Address | None = None
    """Of the attorney, or else of the representative. None: the guarantor's last address is used."""
    language: str = ""
    """Empty: the guarantor's."""
    other_language: str = ""
    """As of `Guarantor`."""
    large_print: bool = False
    state: str = ""
    """Two-letter code of the court's state."""
    county: str = ""
    court: str = ""
    case_number: str = ""
    opened_on: date | None = None
    """When the court appointed the representative."""
    published_on: date | None = None
    """The first publication of the notice to creditors."""
    notice_on: date | None = None
    """When the notice to the hospital was mailed or delivered."""
    last_illness_on: date | None = None
    """When the last illness began. None: no visit is claimed as an expense of the last illness."""
    claim_filed_on: date | None = None
    """When the hospital presented its claim in another way, such as at the court."""
