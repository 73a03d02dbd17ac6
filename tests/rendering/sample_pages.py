"""Sample documents: every kind and level in both print sizes, the odd cases, and the sheets around them.

The accessibility checker and the reference pictures read this list. A new kind or an odd case is one more line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from statement_builder.billing.assistance_terms import DecisionBasis, MissingItem
from statement_builder.billing.languages import SOURCE_LANGUAGE
from statement_builder.billing.model import (
    Deposit,
    Encounter,
    FinancialClass,
    InsuranceStatus,
    PayFrequency,
    PlanMethod,
    RefundMethod,
    RefundReason,
)
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.billing.selection import Kind, PlanLetterMode
from statement_builder.documents import Content, Recipient
from statement_builder.documents.content import Replaced
from statement_builder.policy import Policy
from statement_builder.rendering import Engine, make_copy
from statement_builder.rendering.cover_sheet import render_cover_sheet
from statement_builder.reports import ControlSheet
from statement_builder.reports.control_sheet import (
    ClassLine,
    CycleLine,
    ExceptionGroup,
    GateLine,
    HistoryLine,
    HoldLine,
    OpenItem,
    PrintFileLine,
)
from statement_builder.reports.control_sheet_pdf import render_control_sheet
from statement_builder.resources import languages
from tests.answers import make_asked, make_dispute, make_disputed, make_reply, make_verification
from tests.assistance_letters import (
    make_denied,
    make_full,
    make_helped_plan,
    make_incomplete,
    make_partial,
    make_presumptive,
)
from tests.builders import (
    AS_OF,
    make_address,
    make_encounter,
    make_episode,
    make_facility,
    make_insurance,
    make_payment,
)
from tests.contents import (
    BEFORE_PLACEMENT,
    BILLED,
    TEMPLATES,
    make_combined_statement,
    make_group_invoice,
    make_invoice,
    make_letter,
    make_ob_notice,
    make_plan_statement,
    make_statement,
    make_stay,
)
from tests.estate_letters import SIGNED, make_claim, make_estate, make_inquiry, make_visit
from tests.payroll import SIGNED as SIGNED_DEDUCTION
from tests.payroll import make_authorization, make_deduction
from tests.plan_letters import make_agreement, make_default, make_missed, make_plan, make_reminder
from tests.refund_letters import make_deposit_letter, make_overpaid, make_refund, make_refund_letter, make_sent

_FOUR_UNEQUAL: dict[str, Any] = {
    "work_state": "CA",
    "frequency": PayFrequency.SEMIMONTHLY,
    "per_pay_cents": 16_000,
    "pay_count": 4,
    "first_pay_on": date(2026, 12, 15),
    "last_pay_on": date(2027, 1, 29),
}
"""No more than four deductions, the last one smaller, and no final pay (Cal. Labor Code 224)."""
_LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><title>Riverbend</title>'
    '<circle cx="10" cy="10" r="9" fill="#0b4a6f"/><path d="M22 4h36v4H22zM22 12h28v4H22z" fill="#0b4a6f"/></svg>'
)
_PAYABLE = make_facility(payment_url="https://pay.riverbend.example/d/{document}", logo_svg=_LOGO)
_LONG_NAME: dict[str, Any] = {
    "first_name": "Maximiliana-Bartholomea Annunziata",
    "last_name": "O’Brien-Wolfeschlegelstein",
    "address": make_address(
        "c/o Riverside Assisted Living", "Building 14, Apartment 1207-B", "12345 Northwest Boulevard"
    ),
}
_ABROAD = msgspec.structs.replace(
    make_address("Calle de Alcalá 45, 3º B", city="Madrid", state="", postal_code="28014"), country="ES"
)


def _visits(count: int, **changes: Any) -> tuple[Encounter, ...]:
    """Visits of $345.00, $355.00, and so on, with alternating descriptions."""
    descriptions = ("Emergency room visit", "MRI scan of the knee", "Physical therapy", "Blood test")
    return tuple(
        make_encounter(
            f"A7{number:04}",
            owed_cents=34_500 + 1_000 * number,
            description=descriptions[number % len(descriptions)],
            **changes,
        )
        for number in range(count)
    )


def _uninsured() -> Encounter:
    return make_encounter(
        owed_cents=120_000, insurance=(), insurance_name="", insurance_status=InsuranceStatus.NONE, share=None
    )


def _above_estimate() -> Encounter:
    """The statement tells the right to dispute the charges."""
    return msgspec.structs.replace(
        _uninsured(), financial_class=FinancialClass.SELF_PAY, good_faith_estimate_cents=60_000
    )


def _denied() -> Encounter:
    return make_encounter(owed_cents=120_000, insurance=(), insurance_status=InsuranceStatus.DENIED, share=None)


def _pending() -> Encounter:
    return make_encounter(
        owed_cents=34_500,
        insurance=(make_insurance(amount_cents=50_000),),
        insurance_status=InsuranceStatus.ADJUDICATED,
        insurance_pending_cents=35_500,
    )


def _pending_stay() -> Encounter:
    return make_stay(insurance_status=InsuranceStatus.PENDING, insurance_pending_cents=20_000)


def _billed_before(**changes: Any) -> Encounter:
    """First billed in October; a payment has arrived since."""
    return make_encounter(correspondence=BILLED, payments=(make_payment(amount_cents=5_000),), **changes)


def _correction(**guarantor: Any) -> Content:
    issued_on = AS_OF - timedelta(days=10)
    replaced = Replaced(document_id="6b1f3c52-6a0e-5d2b-9a41-1f0b7c5d8e90", issued_on=issued_on, has_left=True)
    return msgspec.structs.replace(make_statement(**guarantor), replaces=replaced)


_MESSAGES = {
    "en": "Our billing office is open on Saturdays in November. Come in with your bill and your insurance card.",
    "es": "Nuestra oficina de facturación abre los sábados de noviembre. Venga con su factura y su tarjeta del seguro.",
}


def _with_notes(language: str = "en", **guarantor: Any) -> Content:
    """With the sentence of the month, and the code to sign up for e-mail."""
    facility = make_facility(enrollment_url="https://mychart.riverbend.example/paperless")
    return msgspec.structs.replace(
        make_statement(facility=facility, language=language, **guarantor),
        message=_MESSAGES[language],
        enrollment_code="K7QM-2XWA-PDRE",
    )


def _courtesy(**guarantor: Any) -> Content:
    """Enrolled after week 32: one notice, no installments."""
    born_on = date(2027, 1, 5)
    episode = make_episode(
        expected_delivery_on=born_on, estimated_delivery_on=born_on, estimate_on=born_on - timedelta(weeks=6)
    )
    return make_ob_notice(episode, **guarantor)


def _uninsured_estimate(**guarantor: Any) -> Content:
    return make_ob_notice(
        make_episode(
            insurance_name="",
            estimate_basis="Price list of 2026",
            good_faith_estimate_id="GFE-1001",
            plan_year_ends_on=date(2026, 12, 31),
            deposits=(Deposit(deposit_id="D1", posted_on=date(2026, 10, 1), amount_cents=123_456),),
        ),
        **guarantor,
    )


def _denied_without_answer(**guarantor: Any) -> Content:
    """The papers that the letter of October 10 asked for did not arrive."""
    return make_denied(DecisionBasis.NO_ANSWER, **guarantor)


_AUTOMATIC = make_plan(10_000, 10_000, 0, next_on=date(2026, 12, 5), method=PlanMethod.AUTOMATIC)


def _with_finance_charge(**guarantor: Any) -> Content:
    """New terms: $100.00 down, then 12 payments with $18.00 of interest among them; the last payment is the rest."""
    plan = make_plan(
        next_on=date(2026, 12, 5),
        payments=12,
        cents=61_800,
        opened_on=date(2026, 8, 1),
        terms_on=date(2026, 11, 10),
        down_payment_cents=10_000,
        finance_charge_cents=1_800,
        apr_basis_points=544,
    )
    return make_agreement(plan, make_encounter("A70001", owed_cents=60_000, correspondence=BILLED), **guarantor)


def _partly_refunded(**guarantor: Any) -> Content:
    """A part of the credit is still open, and the refund was sent to the bank account."""
    refund = make_sent(reason=RefundReason.INSURER_PAID, method=RefundMethod.ACCOUNT)
    return make_refund_letter(refund, visits=(make_overpaid(7_000),), **guarantor)


def _sensitive_refund(**guarantor: Any) -> Content:
    refund = make_refund(reason=RefundReason.ASSISTANCE, method=RefundMethod.CARD)
    return make_refund_letter(refund, visits=(make_overpaid(sensitive=True),), **guarantor)


_IN_BOTH_SIZES: dict[str, Callable[..., Content]] = {
    "statement": make_statement,
    "statement-of-1-visit": partial(make_statement, make_encounter()),
    "statement-of-20-visits": partial(make_statement, *_visits(20)),
    "statement-with-physicians": make_combined_statement,
    "statement-with-plan": make_plan_statement,
    "statement-with-pending-insurance": partial(make_statement, _pending()),
    "statement-above-estimate": partial(make_statement, _above_estimate()),
    "statement-with-changes": partial(make_statement, _billed_before(), *_visits(1)),
    "statement-to-long-name": partial(make_statement, **_LONG_NAME),
    "statement-with-payment-code": partial(make_statement, facility=_PAYABLE),
    "statement-with-notes": _with_notes,
    "reminder": partial(make_statement, level=1),
    "past-due": partial(make_letter, 2),
    "second-letter": partial(make_letter, 3),
    "final-notice": partial(make_letter, 4),
    "final-notice-of-9-visits": partial(make_letter, 4, *_visits(9, correspondence=BILLED)),
    "final-notice-before-placement": partial(make_letter, 4, terms=BEFORE_PLACEMENT),
    "estimate": make_ob_notice,
    "estimate-without-insurance": _uninsured_estimate,
    "estimate-courtesy": _courtesy,
    "itemized": make_invoice,
    "itemized-with-pending-insurance": partial(make_invoice, _pending_stay(), asks=False),
    "itemized-of-90-lines": partial(make_invoice, make_stay(90)),
    "verification": make_verification,
    "verification-corrected": partial(make_verification, make_dispute(corrected=tuple(Correction))),
    "itemized-reply": make_reply,
    "itemized-reply-identity": partial(make_reply, make_asked(obstacle=RequestObstacle.IDENTITY)),
    "assistance-incomplete": make_incomplete,
    "assistance-incomplete-of-all-items": partial(make_incomplete, *MissingItem),
    "assistance-denied": make_denied,
    "assistance-denied-without-answer": _denied_without_answer,
    "assistance-full": make_full,
    "assistance-partial": make_partial,
    "assistance-presumptive": make_presumptive,
    "plan-agreement": make_agreement,
    "plan-agreement-with-finance-charge": _with_finance_charge,
    "plan-agreement-courtesy": partial(make_agreement, policy=Policy(plan_letter_mode=PlanLetterMode.COURTESY)),
    "plan-default": make_default,
    "plan-missed": make_missed,
    "plan-missed-automatic": partial(make_missed, _AUTOMATIC),
    "plan-reminder": make_reminder,
    "estate-inquiry": make_inquiry,
    "estate-claim": make_claim,
    "estate-claim-of-5-visits": partial(
        make_claim,
        *(make_visit(f"A7000{number}", owed_cents=34_500 + 1_000 * number) for number in range(5)),
        estate=make_estate(attorney_name="Reyes & Cole LLP"),
    ),
    "payroll-form": make_authorization,
    "payroll-form-without-final-pay": partial(make_authorization, make_deduction(**_FOUR_UNEQUAL)),
    "payroll-signed-copy": partial(make_authorization, make_deduction(**SIGNED_DEDUCTION)),
    "refund": make_refund_letter,
    "refund-deposit": make_deposit_letter,
    "refund-sent": partial(make_refund_letter, make_sent(check_number="100482")),
    "refund-in-part": _partly_refunded,
}
_IN_STANDARD_PRINT: dict[str, Callable[..., Content]] = {
    "assistance-on-plan": make_helped_plan,
    "assistance-small-excess": partial(make_full, 400),
    "statement-uninsured": partial(make_statement, _uninsured()),
    "statement-denied": partial(make_statement, _denied()),
    "statement-sensitive": partial(make_statement, make_encounter(sensitive=True)),
    "statement-abroad": partial(make_statement, address=_ABROAD),
    "statement-corrected": _correction,
    "itemized-sensitive": partial(make_invoice, make_stay(sensitive=True, correspondence=BILLED)),
    "itemized-of-physicians": make_group_invoice,
    "itemized-with-credit": partial(make_invoice, make_stay(owed_cents=-4_500), asks=False),
    "itemized-with-payment-code": partial(make_invoice, facility=_PAYABLE),
    "estate-inquiry-to-long-name": partial(make_inquiry, **_LONG_NAME),
    "estate-claim-certified": partial(
        make_claim,
        estate=make_estate(state="MT", county="Gallatin", last_illness_on=None),
        policy=msgspec.structs.replace(SIGNED, certified_kinds=(Kind.ESTATE_CLAIM,)),
    ),
    "estate-claim-sensitive": partial(make_claim, make_visit(sensitive=True)),
    "refund-sensitive": _sensitive_refund,
    "itemized-reply-not-ours": partial(make_reply, make_asked(obstacle=RequestObstacle.NOT_OURS)),
    "itemized-reply-sent": partial(
        make_reply, make_asked(obstacle=RequestObstacle.SENT, reviewed_on=date(2026, 11, 18))
    ),
    "verification-sensitive": partial(
        make_verification, visit=make_disputed(sensitive=True, insurance_status=InsuranceStatus.PENDING)
    ),
    "verification-to-long-name": partial(make_verification, **_LONG_NAME),
    "refund-to-long-name": partial(make_refund_letter, **_LONG_NAME),
}


def _in_language(language: str) -> dict[str, Content]:
    """Every sample in one language; the names of all but the English ones end in the language."""
    end = "" if language == SOURCE_LANGUAGE else f"-{language}"
    large = {"large_print": True, "language": language}
    return (
        {f"{name}{end}": make(language=language) for name, make in _IN_BOTH_SIZES.items()}
        | {f"{name}-large-print{end}": make(**large) for name, make in _IN_BOTH_SIZES.items()}
        | {f"{name}{end}": make(language=language) for name, make in _IN_STANDARD_PRINT.items()}
    )


def _with_notice() -> dict[str, Content]:
    """English for readers of other languages: the national notice of language assistance, and a state's."""
    dover = make_facility(return_address=make_address("1 Elm Street", city="Dover", state="NH", postal_code="03820"))
    return {
        "statement-with-notice": make_statement(other_language="fa"),
        "statement-with-notice-large-print": make_statement(other_language="fa", large_print=True),
        "final-notice-with-notice-of-a-state": make_letter(4, facility=dover, other_language="ne"),
    }


CONTENTS: dict[str, Content] = {
    name: content for language in languages(TEMPLATES) for name, content in _in_language(language).items()
} | _with_notice()
"""Documents by name, in every language. Either engine renders them."""


@dataclass(frozen=True)
class Sheet:
    """A PDF that is not a patient's document. `make` is given an engine for the documents inside it."""

    name: str
    make: Callable[[Engine], bytes]
    language: str = "en"


def _cover_sheet(language: str, _engine: Engine) -> bytes:
    recipient = Recipient(name="Maria Nunez", lines=("99 New Street Apt 4", "Boston MA 02110"))
    return render_cover_sheet(
        "3f1c9a52-6a0e-5d2b-9a41-1f0b7c5d8e90",
        recipient,
        facility=make_facility(),
        language=language,
        templates=TEMPLATES,
    ).pdf


def _copy(language: str, engine: Engine) -> bytes:
    original = engine.render(make_statement(language=language)).pdf
    return make_copy(
        original, document_id="ffb3c6f1-0f3c-5d0e-9a43-0d3c6f1b7a10", language=language, templates=TEMPLATES
    ).pdf


def _control_sheet(sheet: ControlSheet, _engine: Engine) -> bytes:
    return render_control_sheet(sheet, facility=make_facility(), templates=TEMPLATES)


_OPENED_AT = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
_COUNTS = {
    "pulled": 12,
    "selected": 8,
    "held": 3,
    "exceptions": 1,
    "rendered": 8,
    "errors": 0,
    "print": 6,
    "email": 2,
    "handed_off": 7,
    "withheld": 1,
    "acknowledged": 7,
    "mailed": 6,
    "rejected": 0,
    "returned": 1,
    "bounced": 0,
    "uncertain": 0,
}
_CENTS = {figure: 10_000 * count for figure, count in _COUNTS.items()}


def _cycle(batch: str, as_of: date) -> CycleLine:
    return CycleLine(
        batch=batch,
        as_of=as_of,
        pulled=12,
        held=3,
        exceptions=1,
        rendered=8,
        rendered_cents=80_000,
        average_cents=10_000,
        handed_off=7,
    )


_CLOSED = ControlSheet(
    batch="2026-11-statement",
    facility="RIVERBEND",
    kind="statement",
    cycle="2026-11",
    as_of=AS_OF,
    source="reference",
    limit=None,
    state="closed",
    prepared_at=_OPENED_AT + timedelta(hours=3),
    opened_by="ana",
    opened_at=_OPENED_AT,
    released_by="ben",
    released_at=_OPENED_AT + timedelta(hours=1),
    closed_at=_OPENED_AT + timedelta(hours=2),
    foots=True,
    counts=_COUNTS,
    cents=_CENTS,
    gates=(
        GateLine(
            name="pulled = selected + held + exceptions",
            documents_in=12,
            documents_out=12,
            cents_in=120_000,
            cents_out=120_000,
            verdict="foots",
        ),
        GateLine(
            name="rendered = handed off + withheld",
            documents_in=8,
            documents_out=8,
            cents_in=80_000,
            cents_out=80_000,
            verdict="foots",
        ),
    ),
    classes=(
        ClassLine(name="letter", pages=9, counts=_COUNTS, cents=_CENTS),
        ClassLine(name="e-mail", pages=2, counts=_COUNTS, cents=_CENTS),
    ),
    cycles=(_cycle("2026-11-statement", AS_OF), _cycle("2026-10-statement", date(2026, 10, 20))),
    holds=(HoldLine(code="MINBAL", title="The balance is below the minimum.", count=3, last_count=2),),
    exceptions=(
        ExceptionGroup(code="DATE", count=1, since=date(2026, 10, 20), age_days=31, fix="Correct the date of service."),
    ),
    print_files=(
        PrintFileLine(
            name="STMT_RIVERBEND_2026-11_20261120_2026-11-statement_001.pdf",
            envelope_class="letter",
            documents=5,
            pages=9,
            sheets=5,
            cents=50_000,
            sha256="ab" * 32,
            state="acknowledged",
            changed_at=_OPENED_AT + timedelta(hours=2),
        ),
    ),
    questions=(),
    still_open=(),
    history=(
        HistoryLine(at=_OPENED_AT, actor="ana", what="opened", why=""),
        HistoryLine(at=_OPENED_AT + timedelta(hours=1), actor="ben", what="released", why="Volume is as expected."),
    ),
)
_OPEN = msgspec.structs.replace(
    _CLOSED,
    state="waiting",
    limit=10,
    released_by="",
    released_at=None,
    closed_at=None,
    gates=tuple(msgspec.structs.replace(gate, verdict="open") for gate in _CLOSED.gates),
    classes=(),
    cycles=_CLOSED.cycles[:1],
    holds=(HoldLine(code="MINBAL", title="The balance is below the minimum.", count=3, last_count=None),),
    print_files=(),
    questions=("The first batch of this kind: a person must look at it.",),
    clock_basis="The vendor reports no mailing dates. A piece counts as mailed 2 business days after hand-off.",
    still_open=(OpenItem(what="8 documents not handed off yet.", to_do="statements rerun 2026-11-statement"),),
    history=_CLOSED.history[:1],
)
_BROKEN = msgspec.structs.replace(
    _OPEN,
    state="closed",
    limit=None,
    foots=False,
    gates=tuple(msgspec.structs.replace(gate, documents_out=7, verdict="broken") for gate in _CLOSED.gates),
    holds=(),
    exceptions=(),
    questions=(),
    clock_basis="",
)

SHEETS = (
    Sheet("cover-sheet", partial(_cover_sheet, "en")),
    Sheet("cover-sheet-es", partial(_cover_sheet, "es"), language="es"),
    Sheet("copy-of-statement", partial(_copy, "en")),
    Sheet("copy-of-statement-es", partial(_copy, "es"), language="es"),
    Sheet("control-sheet-closed", partial(_control_sheet, _CLOSED)),
    Sheet("control-sheet-waiting", partial(_control_sheet, _OPEN)),
    Sheet("control-sheet-that-does-not-foot", partial(_control_sheet, _BROKEN)),
)
