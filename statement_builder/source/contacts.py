"""Checks and builds the contacts of a guarantor: who gets a part of the mail instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date

from statement_builder.billing.languages import document_language, is_served
from statement_builder.billing.model import Contact, ContactKind, Fault
from statement_builder.source.contract import RESULT_SETS
from statement_builder.source.recipients import RecipientRow, build_address, consent_columns
from statement_builder.source.row_validation import Row

_ADDRESS = RESULT_SETS["contacts"].index("address_lines")
_EMAIL = RESULT_SETS["contacts"].index("email")
_ACCOUNT, _ID, _KIND, _PATIENT, _NAME = range(2, 7)
_PATIENT_OF_VISIT = RESULT_SETS["encounters"].index("patient_id")


def find_contact_faults(rows: Mapping[str, list[Row]], as_of: date) -> Iterator[Fault]:
    """Faults of the contacts of one guarantor that no single column shows."""
    contacts = rows["contacts"]
    scopes = Counter((row[_ACCOUNT], None if row[_ACCOUNT] else row[_PATIENT]) for row in contacts)
    for row in contacts:
        checked = RecipientRow("contacts", row[_ID])
        yield from _find_kind_faults(checked, row)
        yield from _find_scope_faults(checked, row, rows["encounters"])
        if scopes[row[_ACCOUNT], None if row[_ACCOUNT] else row[_PATIENT]] > 1:
            yield checked.fault(
                "account_number" if row[_ACCOUNT] else "patient_id",
                "TWO_CONTACTS",
                "has two contacts, and nobody knows which one gets the mail",
                "Keep one contact for this visit, patient or guarantor in the billing system.",
            )
        email, _, _, delivery, consent_at, *_ = row[_EMAIL:]
        yield from checked.find_address_faults(row[_ADDRESS:_EMAIL], lines_column="address_lines", prefix="")
        yield from checked.find_email_faults(email, delivery, consent_at, as_of)


def _find_kind_faults(checked: RecipientRow, row: Row) -> Iterator[Fault]:
    if row[_KIND] is ContactKind.ATTORNEY:
        if not row[_NAME]:
            yield checked.fault("name", "NULL", "is blank for an attorney", "Enter the attorney or the law firm.")
        return
    if row[_NAME]:
        yield checked.fault(
            "name",
            "CONTACT",
            "is not blank for a confidential address, where the patient's name is printed",
            "Remove the name. A line such as C/O belongs to the address.",
        )
    if not row[_ACCOUNT] and not row[_PATIENT]:
        yield checked.fault(
            "patient_id",
            "CONTACT",
            "is NULL for a confidential address",
            "Name the patient or the visit. The guarantor's own address is in guarantors.confidential_lines.",
        )


def _find_scope_faults(checked: RecipientRow, row: Row, encounters: Sequence[Row]) -> Iterator[Fault]:
    patients = [each[_PATIENT_OF_VISIT] for each in encounters if each[2] == row[_ACCOUNT]]
    if row[_ACCOUNT] and row[_PATIENT] and patients and row[_PATIENT] not in patients:
        yield checked.fault(
            "patient_id",
            "ORPHAN",
            "is not the patient of the visit in account_number",
            "Correct one of the two, or leave patient_id empty.",
        )


def build_contact(row: Row, languages: frozenset[str]) -> Contact:
    """The contact of a valid row. `languages`: codes that documents exist in."""
    email, language, large_print, delivery, consent_at, *consent = row[_EMAIL:]
    return Contact(
        contact_id=row[_ID],
        kind=row[_KIND],
        account_number=row[_ACCOUNT] or "",
        patient_id=row[_PATIENT] or "",
        name=row[_NAME] or "",
        address=build_address(row[_ADDRESS:_EMAIL]),
        email=email or "",
        language=document_language(language, languages) if language else "",
        other_language=language if language and not is_served(language, languages) else "",
        large_print=bool(large_print),
        delivery=delivery,
        email_consent_at=consent_at.astimezone(UTC) if consent_at is not None else None,
        **consent_columns(consent),
    )
