"""Composes the content of a selected document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from statement_builder.billing.balance import FootingError
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import GuarantorAccount
from statement_builder.billing.scanline import scanline
from statement_builder.billing.selection import Kind, Selection
from statement_builder.documents.content import Content, Replaced, document_id
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import Facts, find_past_dates
from statement_builder.documents.formats import format_cents
from statement_builder.documents.letter import letter_facts
from statement_builder.documents.ob_notice import notice_facts
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.recipients import make_recipient
from statement_builder.documents.statement import statement_facts

TEMPLATES = {
    Kind.STATEMENT: "statement/statement.html",
    Kind.OB_NOTICE: "ob_notice/ob_notice.html",
    Kind.DUNNING: "letter/letter.html",
}


def N_(message: str) -> str:  # noqa: N802 - gettext's usual name for a message that is translated later
    """Mark a message for extraction into the translation catalog."""
    return message


TITLES = {
    Kind.STATEMENT: N_("Hospital statement"),
    Kind.OB_NOTICE: N_("Cost estimate"),
    Kind.DUNNING: N_("Letter about your hospital bill"),
}
"""The title in the PDF metadata and at the top of continuation pages: the kind of document, never the person."""

_FACTS: dict[Kind, Callable[[GuarantorAccount, Selection, PrintedTerms, date], Facts]] = {
    Kind.STATEMENT: statement_facts,
    Kind.OB_NOTICE: notice_facts,
    Kind.DUNNING: letter_facts,
}


def compose(
    account: GuarantorAccount,
    selection: Selection,
    facility: Facility,
    *,
    terms: PrintedTerms,
    batch_cycle: str,
    issued_on: date,
    payment_check: Callable[[str], str] | None = None,
    revision: int = 1,
    replaces: Replaced | None = None,
    message: str = "",
    enrollment_code: str = "",
) -> Content:
    """The selected document, dated `issued_on`, with the balances as of that date. A correction has its own `revision`
    and names the document that it `replaces`. `payment_check` makes the keyed check of a document id, for `{check}` in
    the payment code. `message` is the sentence of the month; `enrollment_code` the code to sign up for e-mail.

    CompositionError if the amounts do not foot, a date ahead has passed, the address is incomplete, or the financial
    assistance notice cannot be printed in full (26 CFR 1.501(r)-4(b)(5)(i)(D)(2)).
    """
    _require_assistance(facility)
    guarantor = account.guarantor
    try:
        facts = _FACTS[selection.kind](account, selection, terms, issued_on)
    except FootingError as exc:
        raise CompositionError(
            "FOOTING",
            str(exc),
            "Check the account's transactions in the billing system. If they are correct, report this as a bug.",
        ) from exc
    if past := find_past_dates(facts, issued_on):
        raise CompositionError(
            "PAST_DATE",
            f"The document would print a date that has passed as if it lay ahead: {', '.join(past)}.",
            "Correct the date in the billing system. If it is correct there, report this as a bug.",
        )
    try:
        amount_text = format_cents(selection.amount_cents, guarantor.language)
    except ValueError as exc:
        raise CompositionError("LANGUAGE", str(exc), "Correct the guarantor's language in the billing system.") from exc
    own_id = document_id(facility.facility_id, batch_cycle, selection.kind, guarantor.guarantor_id, revision)
    return Content(
        document_id=own_id,
        kind=selection.kind,
        level=selection.level,
        template=TEMPLATES[selection.kind],
        language=guarantor.language,
        large_print=guarantor.large_print,
        title=TITLES[selection.kind],
        issued_on=issued_on,
        recipient=make_recipient(guarantor),
        client_name=guarantor.client_name,
        guarantor_id=guarantor.guarantor_id,
        account_numbers=selection.account_numbers,
        channel=selection.channel,
        amount_cents=selection.amount_cents,
        amount_text=amount_text,
        scanline=scanline(facility.scanline, guarantor.guarantor_id, selection.amount_cents),
        payment_url=_fill_payment_url(facility.payment_url, own_id, payment_check),
        message=message,
        enrollment_code=enrollment_code,
        facility=facility,
        facts=facts,
        replaces=replaces,
    )


def _fill_payment_url(url: str, own_id: str, payment_check: Callable[[str], str] | None) -> str:
    if "{check}" in url:
        if payment_check is None:
            raise ValueError("the payment code needs a check, and no key for it was passed")
        url = url.replace("{check}", payment_check(own_id))
    return url.replace("{document}", own_id)


def _require_assistance(facility: Facility) -> None:
    if not facility.assistance_phone.strip() or not facility.assistance_url.strip():
        raise CompositionError(
            "ASSISTANCE",
            "The financial assistance notice has no phone number or no link.",
            "Set facility.assistance_phone and facility.assistance_url in the settings.",
        )
