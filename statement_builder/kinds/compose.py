"""Composes the content of a selected document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from statement_builder.billing.balance import FootingError
from statement_builder.billing.facility import Facility
from statement_builder.billing.model import GuarantorAccount, RequestFormat
from statement_builder.billing.scanline import scanline
from statement_builder.billing.selection import Selection
from statement_builder.documents.content import Content, Replaced, document_id
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import find_past_dates
from statement_builder.documents.formats import format_cents
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.recipients import make_recipient
from statement_builder.kinds.registry import definition_of


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
    definition, guarantor = definition_of(selection.kind), account.guarantor
    facility = facility.for_language(guarantor.language)
    _require_assistance(facility)
    try:
        facts = definition.facts(account, selection, terms, issued_on)
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
        shown_cents = facts.shown_cents(selection.amount_cents)
        amount_text = format_cents(shown_cents, guarantor.language) if definition.states_amount else ""
    except ValueError as exc:
        raise CompositionError("LANGUAGE", str(exc), "Correct the guarantor's language in the billing system.") from exc
    coupon_cents = selection.kind.coupon_cents(selection.amount_cents)
    own_id = document_id(facility.facility_id, batch_cycle, selection.kind, guarantor.guarantor_id, revision)
    return Content(
        document_id=own_id,
        kind=selection.kind,
        level=selection.level,
        template=definition.template,
        language=guarantor.language,
        other_language=guarantor.other_language,
        large_print=guarantor.large_print or _asked_for_large_print(selection),
        title=definition.title,
        issued_on=issued_on,
        recipient=make_recipient(guarantor),
        client_name=guarantor.client_name,
        guarantor_id=guarantor.guarantor_id,
        account_numbers=selection.account_numbers,
        channel=selection.channel,
        amount_cents=selection.amount_cents,
        amount_text=amount_text,
        scanline=scanline(facility.scanline, guarantor.guarantor_id, coupon_cents),
        payment_url=_fill_payment_url(facility.payment_url, own_id, payment_check) if coupon_cents else "",
        message=message,
        enrollment_code=enrollment_code,
        facility=facility,
        facts=facts,
        replaces=replaces,
    )


def _asked_for_large_print(selection: Selection) -> bool:
    return any(each.format is RequestFormat.LARGE_PRINT for each in selection.requests)


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
