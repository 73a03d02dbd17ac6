"""Summaries of batches and documents. They are also the `--json` output, so scripts rely on their keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from msgspec import field

from statement_builder.billing.clocks import Clock
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel, Kind
from statement_builder.ledger import (
    Batch,
    BatchState,
    ControlTotals,
    DeliveryState,
    DocumentState,
    Figures,
    FoundDocument,
)
from statement_builder.pipeline.context import AppContext
from statement_builder.reports import check_gates, previous_batches

FIGURES = (
    "pulled",
    "selected",
    "held",
    "exceptions",
    "rendered",
    "errors",
    "print",
    "email",
    "handed_off",
    "withheld",
    "uncertain",
    "acknowledged",
    "mailed",
    "rejected",
    "bounced",
    "unread",
    "returned",
    "due_again",
    "extra",
)
"""The figures of `counts` and `cents`, in the order in which a statement passes through the service."""

_NEXT_STEP = {
    BatchState.OPEN: "statements rerun {batch}",
    BatchState.PULLED: "statements rerun {batch}",
    BatchState.BUILT: "statements rerun {batch}",
    BatchState.WAITING: "statements exceptions {batch}, then statements release {batch}",
    BatchState.RELEASED: "statements rerun {batch}",
    BatchState.HANDING_OFF: "statements rerun {batch}",
    BatchState.CLOSED: "",
}
_NEXT_AFTER_REJECTION = "fix the cause, then statements rerun {batch} and statements release {batch} --accept REJECTED"


class Rejection(Record, kw_only=True):
    """A person's decision that the batch does not leave as it is."""

    by: str
    at: datetime
    why: str


class BatchSummary(Record, kw_only=True):
    """One batch in figures, by the names in `FIGURES`: documents (or accounts) in `counts`, amounts in `cents`."""

    batch_id: str = field(name="batch")
    kind: Kind
    cycle: str
    as_of: date
    limit: int | None
    state: str
    """A `BatchState`, or `dry-run`."""
    counts: dict[str, int]
    cents: dict[str, int]
    holds: dict[str, int]
    """Hold code → held accounts."""
    foots: bool | None
    """Whether the gates foot; None before the batch is built."""
    next_step: str = field(name="next")
    """The command to run next; empty when the batch is closed."""
    seconds: float | None
    """How long the command took; None when it only reads."""
    rejected: Rejection | None = None
    """The last decision, if it was to reject the batch; missing otherwise."""


class DeliverySummary(Record, kw_only=True):
    """One attempt to deliver a document."""

    attempt: int
    channel: Channel
    state: DeliveryState
    at: datetime
    """The last change, UTC."""
    print_file: str
    receipt: dict[str, Any] | None


class DocumentSummary(Record, kw_only=True):
    """One document with every attempt to deliver it."""

    document_id: str = field(name="document")
    batch_id: str = field(name="batch")
    kind: Kind
    level: int
    guarantor_id: str = field(name="guarantor")
    accounts: tuple[str, ...]
    amount_cents: int
    pages: int
    sha256: str
    state: DocumentState
    revision_of: str
    is_copy: bool
    replaced_by: str
    viewed_on: date | None
    """The first day on which the portal showed it; None if it is not known to have done so."""
    deliveries: tuple[DeliverySummary, ...]
    clocks: tuple[Clock, ...]
    """The legal clocks of the account that was searched for, with `--clocks`; empty otherwise."""


def summarize_batch(context: AppContext, batch: Batch, *, seconds: float | None = None) -> BatchSummary:
    """Summarize one batch. `seconds` is how long the command took."""
    return _summarize(batch, context.ledger.control_totals.get(batch.batch_id), seconds)


def summarize_batches(context: AppContext, *, limit: int | None) -> list[BatchSummary]:
    """Summarize the newest `limit` batches, or all, newest first."""
    return summarize_each(context, context.ledger.batches.all(limit=limit))


def summarize_each(context: AppContext, batches: Sequence[Batch]) -> list[BatchSummary]:
    """Summarize these batches, in their order. The number of queries does not grow with them."""
    totals = context.ledger.control_totals.for_batches([batch.batch_id for batch in batches])
    return [_summarize(batch, totals[batch.batch_id], None) for batch in batches]


def summarize_previous(context: AppContext, batch: Batch, *, count: int) -> list[BatchSummary]:
    """Summarize the last `count` batches that this one is compared with, oldest first."""
    earlier = previous_batches(context.ledger, batch)[:count]
    totals = context.ledger.control_totals.for_batches([each.batch_id for each in earlier])
    return [_summarize(each, totals[each.batch_id], None) for each in reversed(earlier)]


def _summarize(batch: Batch, totals: ControlTotals, seconds: float | None) -> BatchSummary:
    return BatchSummary(
        batch_id=batch.batch_id,
        kind=batch.kind,
        cycle=batch.cycle,
        as_of=batch.as_of,
        limit=batch.limit,
        state=batch.state.value,
        counts=_by_name(totals.counts),
        cents=_by_name(totals.cents),
        holds=dict(sorted(totals.holds.items())),
        foots=all(gate.foots for gate in check_gates(totals)) if _is_built(batch) else None,
        next_step=_next_step(batch),
        seconds=None if seconds is None else round(seconds, 3),
        rejected=_describe_rejection(batch),
    )


def summarize_document(found: FoundDocument, clocks: Sequence[Clock] = ()) -> DocumentSummary:
    """Summarize one document, its deliveries, and those of the clocks that are about its accounts."""
    document = found.document
    return DocumentSummary(
        document_id=document.document_id,
        batch_id=document.batch_id,
        kind=document.kind,
        level=document.level,
        guarantor_id=document.guarantor_id,
        accounts=document.accounts,
        amount_cents=document.amount_cents,
        pages=document.pages,
        sha256=document.sha256,
        state=document.state,
        revision_of=document.revision_of,
        is_copy=document.is_copy,
        replaced_by=found.replaced_by,
        viewed_on=document.viewed_on,
        deliveries=tuple(
            DeliverySummary(
                attempt=delivery.attempt,
                channel=delivery.channel,
                state=delivery.state,
                at=delivery.changed_at,
                print_file=delivery.print_file,
                receipt=delivery.receipt,
            )
            for delivery in found.deliveries
        ),
        clocks=tuple(clock for clock in clocks if clock.account in document.accounts),
    )


def _describe_rejection(batch: Batch) -> Rejection | None:
    if not batch.rejected_by or batch.rejected_at is None:
        return None
    return Rejection(by=batch.rejected_by, at=batch.rejected_at, why=batch.rejected_why)


def _next_step(batch: Batch) -> str:
    return (_NEXT_AFTER_REJECTION if batch.rejected_by else _NEXT_STEP[batch.state]).format(batch=batch.batch_id)


def _by_name(figures: Figures) -> dict[str, int]:
    return {name: getattr(figures, name) for name in FIGURES}


def _is_built(batch: Batch) -> bool:
    return batch.state not in {BatchState.OPEN, BatchState.PULLED}
