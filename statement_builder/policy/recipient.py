"""Digests that show whether a recipient changed, so that no name or address needs to be stored."""

from __future__ import annotations

import hashlib

import msgspec

from statement_builder.billing.model import Guarantor
from statement_builder.billing.selection import Channel

_encode = msgspec.json.Encoder(order="deterministic").encode


def address_digest(guarantor: Guarantor) -> str:
    """SHA-256 of the mailing address only. Returned mail may go out again only after it changes."""
    return hashlib.sha256(_encode((guarantor.guarantor_id, guarantor.mailing_address))).hexdigest()


def recipient_digest(guarantor: Guarantor, channel: Channel) -> str:
    """SHA-256 of the name, mailing address, languages, and print size, and of an attorney's client; for e-mail also of
    the e-mail address, which paper does not go to."""
    parts: tuple[object, ...] = (
        guarantor.guarantor_id,
        guarantor.first_name,
        guarantor.last_name,
        guarantor.suffix,
        guarantor.mailing_address,
        guarantor.email if channel is Channel.EMAIL else "",
        guarantor.language,
        guarantor.large_print,
    )
    if guarantor.other_language:
        parts = (*parts, {"other_language": guarantor.other_language})
    if guarantor.client_name:
        parts = (*parts, guarantor.client_name)
    if guarantor.name_line_2:
        parts = (*parts, {"name_line_2": guarantor.name_line_2})
    return hashlib.sha256(_encode(parts)).hexdigest()
