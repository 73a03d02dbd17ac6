"""The log of billings and collections of one account: bills, letters, returned mail, holds, payments, and the Medicare
dates (42 CFR 413.89(e)(2)(i)(A); CMS Pub. 15-1, 310.B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import GuarantorAccount, MedicareBadDebt
from statement_builder.billing.selection import Kind
from statement_builder.ledger import DeliveryState, Document, DocumentState, FoundDocument
from statement_builder.operations.console.account_history import BATCHES_MAX
from statement_builder.operations.evidence.snapshots import payments_of
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold
from statement_builder.reports.billing_office.visits import LEVEL_TITLES
from statement_builder.reports.evidence import LogEntry

LEDGER, BILLING = "ledger", "billing system"
_DID_NOT_ARRIVE = {
    DeliveryState.RETURNED: "returned by the post office",
    DeliveryState.BOUNCED: "e-mail bounced",
    DeliveryState.REJECTED: "rejected by the vendor",
    DeliveryState.RECALLED: "recalled from the vendor",
    DeliveryState.UNREAD: "e-mail was not opened",
}


@dataclass(frozen=True, kw_only=True)
class AccountRecords:
    """Everything that was read about one account."""

    account: str
    guarantor_id: str
    """Empty: no document is about the account."""
    documents: Sequence[FoundDocument]
    pulled: Sequence[GuarantorAccount]
    """As batches pulled it, the newest last."""
    debt: MedicareBadDebt | None


def list_log(context: AppContext, records: AccountRecords) -> list[LogEntry]:
    """Every line, in the order of the days."""
    return sorted(_list_log(context, records), key=_log_order)


def _list_log(context: AppContext, records: AccountRecords) -> Iterator[LogEntry]:
    debt = records.debt
    for each in records.documents:
        yield from _log_document(context, each)
    for payment in payments_of(records.pulled, records.account):
        what = "payment" if payment.amount_cents > 0 else "refund or returned check"
        detail = "a new 120-day period begins" if debt is not None and payment.amount_cents > 0 else ""
        yield LogEntry(
            on=payment.posted_on, what=what, detail=detail, amount_cents=payment.amount_cents, source=BILLING
        )
    if records.guarantor_id:
        yield from _log_holds(context, records)
    if debt is not None:
        yield from _log_medicare(debt)
    yield from _log_agencies(context, records.account)


def _log_agencies(context: AppContext, account: str) -> Iterator[LogEntry]:
    """The days that the ledger knows: the billing system has those of an earlier system."""
    stay = context.ledger.placements.agency_stays(context.facility.facility_id, [account]).get(account)
    if stay is not None:
        yield LogEntry(on=stay.placed_on, what="sent to a collection agency", source=LEDGER)
        if stay.returned_on is not None:
            yield LogEntry(on=stay.returned_on, what="returned by the agency", source=LEDGER)


def _log_document(context: AppContext, each: FoundDocument) -> Iterator[LogEntry]:
    document = each.document
    title = title_of(document)
    for attempt in each.deliveries:
        day = context.local_date(attempt.claimed_at)
        detail = f"{title}, {attempt.channel.value}, attempt {attempt.attempt}"
        yield LogEntry(on=day, what="handed off", detail=detail, document_id=document.document_id, source=LEDGER)
        if what := _DID_NOT_ARRIVE.get(attempt.state):
            day = context.local_date(attempt.changed_at)
            yield LogEntry(on=day, what=what, detail=title, document_id=document.document_id, source=LEDGER)
    if document.mailed_on is not None and not document.is_copy:
        yield LogEntry(
            on=document.mailed_on,
            what="counts as mailed",
            detail=title,
            document_id=document.document_id,
            source=LEDGER,
        )
    if document.state is DocumentState.WITHHELD:
        yield LogEntry(
            on=document.issued_on,
            what="made, and not mailed",
            detail=title,
            document_id=document.document_id,
            source=LEDGER,
        )


def _log_holds(context: AppContext, records: AccountRecords) -> Iterator[LogEntry]:
    batches = {batch.batch_id: batch for batch in context.ledger.batches.all(limit=BATCHES_MAX)}
    for decision in context.ledger.candidates.decisions(list(batches), guarantor_of(records.guarantor_id)):
        batch = batches[decision.batch_id]
        for hold in (*decision.holds, *decision.late_holds):
            if hold.account_number in {"", records.account}:
                policy = context.settings.policy
                title = describe_hold(hold.code, policy).title if hold.code in HOLD_CODES else hold.code
                yield LogEntry(on=batch.as_of, what="held", detail=f"{title} ({batch.batch_id})", source=LEDGER)


def _log_medicare(debt: MedicareBadDebt) -> Iterator[LogEntry]:
    days = (
        (debt.medicare_remitted_on, "Medicare remittance advice"),
        (debt.secondary_remitted_on, "secondary payer's remittance advice"),
        (debt.medicaid_remitted_on, "Medicaid remittance advice"),
        (debt.first_billed_on, "first bill, by another system"),
        (debt.last_paid_on, "last payment before the write-off"),
        (debt.placed_on, "sent to a collection agency"),
        (debt.returned_on, "returned by the agency"),
        (debt.ceased_on, "collection effort ceased"),
        (debt.written_off_on, "written off from receivables"),
        (debt.medicare_written_off_on, "written off as Medicare bad debt"),
    )
    for day, what in days:
        if day is not None:
            yield LogEntry(on=day, what=what, source=BILLING)


def _log_order(entry: LogEntry) -> tuple[date, str, str, str]:
    return entry.on, entry.document_id, entry.what, entry.detail


def title_of(document: Document) -> str:
    """What the document is, in words: `first statement`, `final notice`, `invoice`."""
    name = document.kind.value.replace("-", " ")
    if document.kind in {Kind.STATEMENT, Kind.DUNNING}:
        name = LEVEL_TITLES.get(document.level, name)
    if document.revision_of and not document.is_copy:
        name = f"{name}, corrected"
    return f"{name}, copy" if document.is_copy else name
