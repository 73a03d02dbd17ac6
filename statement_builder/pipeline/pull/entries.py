"""An entry of the source: an account, or an exception in its place."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.model import (
    FaultyAccount,
    GuarantorAccount,
)
from statement_builder.billing.selection import Kind
from statement_builder.containment import contain, faulty_account
from statement_builder.kinds import candidate_cents, faulty_candidate_cents
from statement_builder.pipeline.pull.requests import requests_of

Entry = GuarantorAccount | FaultyAccount


def contain_entry(error: Exception, doing: str, entry: Entry) -> FaultyAccount:
    if isinstance(entry, FaultyAccount):
        raise error
    guarantor_id = entry.guarantor.guarantor_id
    return faulty_account(guarantor_id, contain(error, doing, guarantor_id), requests=requests_of(entry))


def entry_cents(entry: Entry, kind: Kind, as_of: date) -> int | None:
    """What the entry owes in total, in cents. None when it is not a candidate for this kind of batch."""
    if isinstance(entry, GuarantorAccount):
        return candidate_cents(entry, kind, as_of)
    return faulty_candidate_cents(entry, kind)
