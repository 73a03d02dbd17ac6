"""The letter about a refund: how much comes back, why, how and when, and how the amount of a visit was worked out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from statement_builder.billing.balance import encounter_balances
from statement_builder.billing.model import (
    GuarantorAccount,
    Record,
    Refund,
    RefundMethod,
    RefundReason,
    RefundStatus,
)
from statement_builder.billing.names import full_name
from statement_builder.billing.refunds import refund_cause, visit_credit
from statement_builder.billing.selection import Selection
from statement_builder.documents.errors import CompositionError
from statement_builder.documents.facts import DateAhead, Facts, VisitLine
from statement_builder.documents.printed_terms import PrintedTerms
from statement_builder.documents.visits import visit_lines


class RefundSums(Record, kw_only=True):
    """How the refund of a visit was worked out: `paid - part = credit = refund + left`."""

    paid_cents: int
    part_cents: int
    """The patient's part of the cost of the visit."""
    credit_cents: int
    left_cents: int
    """The credit that this refund leaves. Never negative."""


class RefundFacts(Facts, kw_only=True):
    """A letter about one refund. It asks for nothing: `content.amount_cents` is 0."""

    refund_id: str
    refund_cents: int
    reason: RefundReason
    method: RefundMethod
    visit: VisitLine | None
    """None: the refund is from deposits, and the page says nothing about what they were for."""
    patient_name: str
    sums: RefundSums | None
    """None: of deposits, and of a visit whose account no longer shows the credit, since the refund has left."""
    send_on: date | None
    """When the money will leave. None: it has left."""
    sent_on: date | None
    """When the money left. None: it has not."""
    check_number: str
    """Of a check that was sent. Empty: unknown."""
    due_on: date
    """After this day, the guarantor should call if the money has not come."""

    def dates_ahead(self) -> Iterator[DateAhead]:
        yield "send_on", self.send_on
        yield "due_on", self.due_on

    def figures(self) -> object:
        return self.refund_cents, self.sums, self.visit

    def shown_cents(self, _: int) -> int:
        return self.refund_cents

    def printed_ids(self) -> tuple[str, ...]:
        return (self.refund_id,)


def refund_facts(account: GuarantorAccount, selection: Selection, terms: PrintedTerms, issued_on: date) -> RefundFacts:
    """The letter's data. CompositionError if the refund is not on file or its credit does not cover it."""
    refund = _find_refund(account, selection)
    assert refund.method is not None, "the rules hold a refund without a method"
    is_sent = refund.status is RefundStatus.SENT
    visit = None
    if selection.account_numbers:
        balances = encounter_balances(account, issued_on, selection.account_numbers)
        (visit,) = visit_lines(account, balances, terms, issued_on)
    return RefundFacts(
        refund_id=refund.refund_id,
        refund_cents=refund.amount_cents,
        reason=refund.reason,
        method=refund.method,
        visit=visit,
        patient_name=visit.patient_name if visit is not None else _deposit_patient(account, refund),
        sums=_work_out(account, selection, refund, issued_on) if visit is not None else None,
        send_on=None if is_sent else refund.send_on,
        sent_on=refund.sent_on if is_sent else None,
        check_number=refund.check_number if is_sent and refund.method is RefundMethod.CHECK else "",
        due_on=selection.due_on,
    )


def _find_refund(account: GuarantorAccount, selection: Selection) -> Refund:
    found = [each for each in account.refunds if refund_cause(each) == selection.cause_id]
    if not found:
        raise CompositionError(
            "REFUND",
            f"The refund of guarantor {selection.guarantor_id}'s letter is not on file.",
            "Correct the refund in the billing system.",
        )
    return found[0]


def _work_out(account: GuarantorAccount, selection: Selection, refund: Refund, issued_on: date) -> RefundSums | None:
    (visit,) = [each for each in account.encounters if each.account_number in selection.account_numbers]
    credit = visit_credit(visit, refund, issued_on)
    left_cents = credit.credit_cents - refund.amount_cents
    if left_cents < 0 or credit.part_cents < 0:
        if refund.status is RefundStatus.SENT:
            return None
        raise CompositionError(
            "FOOTING",
            f"The credit of account {visit.account_number} does not cover the refund {refund.refund_id}.",
            "Check the account's transactions and the refund in the billing system. If they are correct, report this "
            "as a bug.",
        )
    return RefundSums(
        paid_cents=credit.paid_cents,
        part_cents=credit.part_cents,
        credit_cents=credit.credit_cents,
        left_cents=left_cents,
    )


def _deposit_patient(account: GuarantorAccount, refund: Refund) -> str:
    patient_ids = {each.patient_id for each in account.episodes if each.episode_id == refund.episode_id}
    patients = [each for each in account.patients if each.patient_id in patient_ids]
    if not patients:
        raise CompositionError(
            "EPISODE",
            f"Pregnancy {refund.episode_id} or its patient is not on file for the guarantor.",
            "Correct the episode in the billing system.",
        )
    return full_name(patients[0])
