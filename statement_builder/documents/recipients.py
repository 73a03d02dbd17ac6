"""The addressee of a document, as the lines in the address window."""

from __future__ import annotations

from statement_builder.billing.model import Address, Guarantor, Patient
from statement_builder.documents.content import Recipient
from statement_builder.documents.errors import CompositionError

DELIVERY_LINES_MAX = 3


def make_recipient(guarantor: Guarantor) -> Recipient:
    """The name and address as recorded, with a city line such as `Springfield, MA 01103`. A confidential address
    overrides the regular one.

    CompositionError ADDRESS if a part is missing or there are more lines than the window holds.
    """
    address = guarantor.mailing_address
    delivery = tuple(line for line in (each.strip() for each in address.lines) if line)
    if not delivery or not address.city.strip() or not address.state.strip() or not address.postal_code.strip():
        raise CompositionError(
            "ADDRESS",
            "The mailing address is incomplete.",
            "Enter the street, city, state, and ZIP Code in the billing system.",
        )
    if len(delivery) > DELIVERY_LINES_MAX:
        raise CompositionError(
            "ADDRESS",
            f"The mailing address has {len(delivery)} lines above the city. The window holds {DELIVERY_LINES_MAX}.",
            "Shorten the address in the billing system.",
        )
    return Recipient(
        name=full_name(guarantor),
        lines=(*delivery, city_line(address), *((address.country,) if address.country != "US" else ())),
        email=guarantor.email,
        email_secret=guarantor.email_secret,
    )


def city_line(address: Address) -> str:
    """`Springfield, MA 01103`."""
    return f"{address.city.strip()}, {address.state.strip()} {address.postal_code.strip()}"


def full_name(person: Guarantor | Patient) -> str:
    """First name, last name, and suffix, as recorded."""
    suffix = person.suffix if isinstance(person, Guarantor) else ""
    return " ".join(part for part in (person.first_name.strip(), person.last_name.strip(), suffix.strip()) if part)
