"""Whether a page is still addressed as its recipient is: a digest, so that no name or address need be kept."""

from __future__ import annotations

import hashlib

import msgspec

from statement_builder.billing.model import Guarantor

_encode = msgspec.json.Encoder(order="deterministic").encode


def address_digest(guarantor: Guarantor) -> str:
    """Changes when the mailing address does, and with nothing else: whether mail that came back may go out again."""
    return hashlib.sha256(_encode((guarantor.guarantor_id, guarantor.mailing_address))).hexdigest()


def recipient_digest(guarantor: Guarantor) -> str:
    """Changes when the name, the mailing address, the e-mail address, the language or the print size does."""
    parts = (
        guarantor.guarantor_id,
        guarantor.first_name,
        guarantor.last_name,
        guarantor.suffix,
        guarantor.mailing_address,
        guarantor.email,
        guarantor.language,
        guarantor.large_print,
    )
    return hashlib.sha256(_encode(parts)).hexdigest()
