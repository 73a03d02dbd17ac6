"""From what has been selected to what the document says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from statement_builder.billing.balance import FootingError
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import GuarantorAccount, Record
from statement_builder.billing.selection import Kind, Selection
from statement_builder.documents.content import Content, document_id
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.formats import format_cents
from statement_builder.documents.recipients import make_recipient
from statement_builder.documents.statement import state_facts
from statement_builder.documents.terms import Terms

_FACTS: dict[Kind, Callable[[GuarantorAccount, Selection, Terms, date], Record]] = {
    Kind.STATEMENT: state_facts,
}


def compose(
    account: GuarantorAccount,
    selection: Selection,
    facility: Facility,
    *,
    terms: Terms,
    batch_cycle: str,
    issued_on: date,
) -> Content:
    """The document that this selection is for, dated `issued_on` and with the balances of that day.

    CompositionError when it does not foot, when the address is not complete, or when the notice of financial
    assistance could not be printed in full (26 CFR 1.501(r)-4(b)(5)(i)(D)(2)).
    """
    _require_assistance(facility)
    guarantor = account.guarantor
    try:
        facts = _FACTS[selection.kind](account, selection, terms, issued_on)
    except FootingError as exc:
        raise CompositionError(
            "FOOTING",
            str(exc),
            "Look at the account's transactions in the billing system; report it if they are right.",
        ) from exc
    template, title = _shape(selection)
    try:
        amount_text = format_cents(selection.amount_cents, guarantor.language)
    except ValueError as exc:
        raise CompositionError("LANGUAGE", str(exc), "Correct the guarantor's language in the billing system.") from exc
    return Content(
        document_id=document_id(facility.facility_id, batch_cycle, selection.kind, guarantor.guarantor_id),
        kind=selection.kind,
        level=selection.level,
        template=template,
        language=guarantor.language,
        large_print=guarantor.large_print,
        title=title,
        issued_on=issued_on,
        recipient=make_recipient(guarantor),
        guarantor_id=guarantor.guarantor_id,
        account_numbers=selection.account_numbers,
        channel=selection.channel,
        amount_cents=selection.amount_cents,
        amount_text=amount_text,
        facility=facility,
        facts=facts,
    )


def _shape(selection: Selection) -> tuple[str, str]:
    """Template and title; the title is translated by the template."""
    if selection.kind is Kind.STATEMENT:
        return "statement/statement.html", "Hospital statement"
    if selection.kind is Kind.OB_NOTICE:
        return "ob_notice/ob_notice.html", "Estimate before your delivery"
    return "letter/letter.html", "Letter about your hospital bill"


def _require_assistance(facility: Facility) -> None:
    if not facility.assistance_phone.strip() or not facility.assistance_url.strip():
        raise CompositionError(
            "ASSISTANCE",
            "The notice of financial assistance has no phone number or no link.",
            "Set assistance_phone and assistance_url of the facility in the settings.",
        )
