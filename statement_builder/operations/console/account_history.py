"""One guarantor's mail over time: what was sent, what was held and why, and what the post office said."""

from __future__ import annotations

from datetime import date, datetime

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Kind
from statement_builder.ledger import (
    MAIL_HOLDS,
    Batch,
    CandidateDecision,
    Event,
    FoundDocument,
    MailHold,
    Outcome,
    Suppression,
)
from statement_builder.operations.console.reasons import Reason, describe_fault, describe_reason
from statement_builder.operations.mail_holds import find_mail_hold
from statement_builder.operations.summaries import DocumentSummary, summarize_document
from statement_builder.pipeline.context import AppContext

BATCHES_MAX = 4_000
"""The newest batches whose decisions are shown: two years of five daily kinds and the monthly ones."""
SEARCHED_MAX = 60
"""The newest batches that are searched for an account that was held."""


class DecisionRow(Record, kw_only=True):
    """What one batch decided, with every reason."""

    batch_id: str
    kind: Kind
    as_of: date
    outcome: Outcome
    balance_cents: int
    amount_cents: int
    reasons: tuple[Reason, ...]


class HistoryRow(Record, kw_only=True):
    """Something that happened to one of the guarantor's documents, or to all of the guarantor's mail."""

    at: datetime
    document_id: str
    """Empty: to all mail."""
    batch_id: str
    what: str
    why: str
    actor: str


class AccountHistory(Record, kw_only=True):
    """Everything that the ledger knows of one guarantor. It has no name and no address."""

    guarantor_id: str
    documents: tuple[DocumentSummary, ...]
    decisions: tuple[DecisionRow, ...]
    events: tuple[HistoryRow, ...]
    """Newest first."""
    suppressions: tuple[Suppression, ...]
    mail_hold: MailHold | None
    account_numbers: tuple[str, ...]
    """Of the visits that a document or a reason names."""


def find_guarantors(context: AppContext, text: str) -> list[str]:
    """The guarantors whom an account, guarantor or document id means: mailed or held. A batch id means nobody."""
    batches = context.ledger.batches.all(limit=BATCHES_MAX)
    ids = [batch.batch_id for batch in batches]
    if not text or text in ids:
        return []
    found = [each.document.guarantor_id for each in context.ledger.documents.find(text)]
    found += [each.guarantor_id for each in context.ledger.candidates.decisions(ids, text)]
    found += context.ledger.candidates.held_with_account(ids[:SEARCHED_MAX], text)
    return sorted({guarantor_of(each) for each in found if each})


def read_account(context: AppContext, guarantor_id: str) -> AccountHistory:
    """The guarantor's documents, decisions and events, newest first. All empty for a guarantor whom nobody knows."""
    batches = {batch.batch_id: batch for batch in context.ledger.batches.all(limit=BATCHES_MAX)}
    documents = [
        each
        for each in context.ledger.documents.find(guarantor_id)
        if guarantor_of(each.document.guarantor_id) == guarantor_id  # not the owner of an account with this number
    ]
    decisions = context.ledger.candidates.decisions(list(batches), guarantor_id)
    rows = [_describe_decision(context, batches[each.batch_id], each) for each in decisions]
    return AccountHistory(
        guarantor_id=guarantor_id,
        documents=tuple(map(summarize_document, documents)),
        decisions=tuple(sorted(rows, key=lambda row: (row.as_of, row.batch_id), reverse=True)),
        events=tuple(_list_events(context, guarantor_id, documents)),
        suppressions=context.ledger.suppressions.by_guarantor(context.facility.facility_id, [guarantor_id]).get(
            guarantor_id, ()
        ),
        mail_hold=find_mail_hold(context, guarantor_id),
        account_numbers=tuple(sorted(_list_accounts(documents, rows))),
    )


def _list_accounts(documents: list[FoundDocument], rows: list[DecisionRow]) -> set[str]:
    named = {number for each in documents for number in each.document.accounts}
    return named | {reason.account_number for row in rows for reason in row.reasons if reason.account_number}


def _list_events(context: AppContext, guarantor_id: str, documents: list[FoundDocument]) -> list[HistoryRow]:
    found: list[Event] = context.ledger.events.for_batch(MAIL_HOLDS, subject=guarantor_id)
    for each in documents:
        document = each.document
        found += context.ledger.events.for_batch(document.batch_id, subject=document.document_id)
    newest = sorted(found, key=lambda event: event.event_id, reverse=True)
    return [
        HistoryRow(
            at=event.at,
            document_id="" if event.batch_id == MAIL_HOLDS else event.subject,
            batch_id=event.batch_id,
            what=event.what,
            why=event.why,
            actor=event.actor,
        )
        for event in newest
    ]


def _describe_decision(context: AppContext, batch: Batch, decision: CandidateDecision) -> DecisionRow:
    policy = context.settings.policy
    reasons = [describe_reason(hold, policy) for hold in decision.holds]
    reasons += [describe_reason(hold, policy, is_late=True) for hold in decision.late_holds]
    reasons += map(describe_fault, decision.faults)
    return DecisionRow(
        batch_id=batch.batch_id,
        kind=batch.kind,
        as_of=batch.as_of,
        outcome=decision.outcome,
        balance_cents=decision.balance_cents,
        amount_cents=decision.amount_cents,
        reasons=tuple(reasons),
    )
