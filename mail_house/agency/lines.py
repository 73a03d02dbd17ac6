"""The records of an agency's files: what header and trailer say, a placed account, and a change of one."""

from __future__ import annotations

from datetime import date

import msgspec


class FileHead(msgspec.Struct, frozen=True, kw_only=True):
    """What header and trailer say of the file."""

    file: str
    file_type: str
    """`placement` or `changes`."""
    client_id: str
    """The hospital's number at the agency."""
    agency_id: str
    creditor: str
    """The hospital's legal name (12 CFR 1006.34(c)(2)(iii))."""
    batch: str
    created_on: date
    records: int
    cents: int


class PlacementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One placed account, with what a validation notice needs (12 CFR 1006.34(c)). It has no diagnosis and no
    description of the service (45 CFR 164.502(b))."""

    placement: str
    """Names this placement in every later file, in both directions."""
    placed_on: date
    account: str
    guarantor: str
    first_name: str
    last_name: str
    suffix: str
    birth_on: date | None
    language: str
    address_1: str
    address_2: str
    city: str
    state: str
    postal_code: str
    country: str
    patient_first_name: str
    patient_last_name: str
    patient_is_guarantor: str
    """`Y`, or `N`."""
    service_from: date
    service_to: date
    facility: str
    financial_class: str
    insurance: str
    is_medicare: str
    """`Y`: keep the evidence that Medicare asks for (42 CFR 413.89). `N`."""
    charges_cents: int
    insurance_paid_cents: int
    adjustments_cents: int
    patient_paid_cents: int
    balance_cents: int
    itemized_on: date
    itemized_cents: int
    interest_since_cents: int = 0
    fees_since_cents: int = 0
    charges_since_cents: int
    payments_since_cents: int
    credits_since_cents: int
    last_payment_on: date | None
    last_payment_cents: int
    first_statement_on: date
    last_statement_on: date
    statements: int
    final_notice_on: date
    actions_not_before: date
    """No extraordinary collection action before this day (26 CFR 1.501(r)-6(c)(3))."""
    assistance: str
    """`screened`, or `denied` or `approved` for a part."""
    earlier_agency: str
    """The last agency that had it. Empty: none."""


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one placed account since the last file."""

    placement: str
    account: str
    change: str
    """`paid_direct`, `adjustment`, or `recall`."""
    on: date
    amount_cents: int
    """Lowers the balance at the agency; negative if a payment was taken back. 0 for a recall."""
    balance_cents: int
    """The balance after it."""
    reason: str
    """Of a recall: a code."""


Line = PlacementLine | ChangeLine
FIELDS = {
    "header": frozenset(FileHead.__struct_fields__),
    "trailer": frozenset(FileHead.__struct_fields__),
    "placement": frozenset(PlacementLine.__struct_fields__),
    "changes": frozenset(ChangeLine.__struct_fields__),
}
"""The fields that a profile can name, by record."""


def cents_of(line: Line) -> int:
    """What a line adds to the trailer's total."""
    return line.balance_cents if isinstance(line, PlacementLine) else line.amount_cents
