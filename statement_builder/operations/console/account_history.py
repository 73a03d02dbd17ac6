"""One guarantor's mail over time: what was sent, what was held and why, and what the post office said."""

from __future__ import annotations

from datetime import date, datetime

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Record
from statement_builder.ledger import Batch, CandidateDecision, Event, FoundDocument, Outcome, Suppression
from statement_builder.operations.summaries import DocumentSummary, summarize_document
from statement_builder.pipeline.context import AppContext
from statement_builder.policy.hold_codes import HOLD_CODES, describe_hold

BATCHES_MAX = 4_000
"""The newest batches whose decisions are shown: two years of five daily kinds and the monthly ones."""
SEARCHED_MAX = 60
"""The newest batches that are searched for an account that was held."""


class Reason(Record, kw_only=True):
    """Why a guarantor or one account was held, or is an exception."""

    code: str
    title: str
    why: str
    what_to_do: str
    account_number: str
    until: date | None
    is_late: bool


class DecisionRow(Record, kw_only=True):
    """What one batch decided, with every reason."""

    batch_id: str
    as_of: date
    outcome: Outcome
    balance_cents: int
    amount_cents: int
    reasons: tuple[Reason, ...]


class HistoryRow(Record, kw_only=True):
    """Something that happened to one of the guarantor's documents."""

    at: datetime
    document_id: str
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
        events=tuple(_list_events(context, documents)),
        suppressions=context.ledger.suppressions.by_guarantor(context.facility.facility_id, [guarantor_id]).get(
            guarantor_id, ()
        ),
    )


def _list_events(context: AppContext, documents: list[FoundDocument]) -> list[HistoryRow]:
    found: list[Event] = []
    for each in documents:
        document = each.document
        found += context.ledger.events.for_batch(document.batch_id, subject=document.document_id)
    newest = sorted(found, key=lambda event: event.event_id, reverse=True)
    return [
        HistoryRow(
            at=event.at,
            document_id=event.subject,
            batch_id=event.batch_id,
            what=event.what,
            why=event.why,
            actor=event.actor,
        )
        for event in newest
    ]


def _describe_decision(context: AppContext, batch: Batch, decision: CandidateDecision) -> DecisionRow:
    policy = context.settings.policy
    reasons = []
    for is_late, holds in ((False, decision.holds), (True, decision.late_holds)):
        for hold in holds:
            text = describe_hold(hold.code, policy) if hold.code in HOLD_CODES else None
            reasons.append(
                Reason(
                    code=hold.code,
                    title=text.title if text else hold.code,
                    why=text.why if text else "",
                    what_to_do=text.what_to_do if text else "",
                    account_number=hold.account_number,
                    until=hold.until,
                    is_late=is_late,
                )
            )
    reasons += [
        Reason(
            code=fault.code,
            title="Bad data",
            why=fault.message,
            what_to_do=fault.fix,
            account_number="",
            until=None,
            is_late=False,
        )
        for fault in decision.faults
    ]
    return DecisionRow(
        batch_id=batch.batch_id,
        as_of=batch.as_of,
        outcome=decision.outcome,
        balance_cents=decision.balance_cents,
        amount_cents=decision.amount_cents,
        reasons=tuple(reasons),
    )
