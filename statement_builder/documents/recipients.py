"""The addressee of a document, as the lines in the address window."""

from __future__ import annotations

from statement_builder.billing.model import Address, Guarantor
from statement_builder.billing.names import full_name
from statement_builder.billing.postal import is_domestic, last_lines, normalize_address
from statement_builder.documents.content import Recipient
from statement_builder.documents.errors import CompositionError

DELIVERY_LINES_MAX = 3


def make_recipient(guarantor: Guarantor) -> Recipient:
    """The name and address, with last lines such as `Springfield, MA 01103` or `75008 Paris` and `FRANCE`. A
    confidential address overrides the regular one.

    CompositionError NAME if there is no name to print; ADDRESS if a part is missing or there are more lines than the
    window holds.
    """
    name = full_name(guarantor)
    if not name:
        raise CompositionError("NAME", "The name is blank.", "Enter the name in the billing system.")
    address = _one_form(guarantor.mailing_address)
    delivery = address.lines
    if not delivery or not address.city or (is_domestic(address) and not (address.state and address.postal_code)):
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
    name_line_2 = (guarantor.name_line_2,) if guarantor.name_line_2 else ()
    return Recipient(name=name, lines=(*name_line_2, *delivery, *last_lines(address)), email=guarantor.email)


def _one_form(address: Address) -> Address:
    """A snapshot from before intake normalized addresses may have another form."""
    try:
        return normalize_address(address)
    except ValueError as exc:
        raise CompositionError(
            "ADDRESS",
            "The country of the mailing address is not known.",
            "Enter its two-letter code (ISO 3166-1) in the billing system.",
        ) from exc
