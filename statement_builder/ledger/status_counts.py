"""Documents grouped by what became of them, and the figures that each group counts in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.ledger.states import DeliveryState, DocumentState, counts_as_mailed
from statement_builder.ledger.storage.tables import delivery, document, print_file, redelivery

_CHANNEL_FIGURE = {Channel.PRINT: "print", Channel.EMAIL: "email"}
_STATE_FIGURE = {DocumentState.HANDED_OFF: "handed_off", DocumentState.WITHHELD: "withheld"}
_REPORT_FIGURES = {
    DeliveryState.ACKNOWLEDGED: ["acknowledged"],
    DeliveryState.MAILED: ["acknowledged", "mailed"],
    DeliveryState.DELIVERED: ["acknowledged", "mailed", "delivered"],
    DeliveryState.REJECTED: ["acknowledged", "rejected"],
    DeliveryState.RETURNED: ["acknowledged", "mailed", "returned"],
    DeliveryState.BOUNCED: ["acknowledged", "bounced"],
    DeliveryState.UNREAD: ["acknowledged", "mailed", "unread"],
}


def select_status_counts(batch_ids: Collection[str], *more_keys: ColumnElement[Any]) -> Select[Any]:
    """The batches' documents grouped by their state, that of their latest attempt, and `more_keys`."""
    later = delivery.alias()
    latest = and_(
        delivery.c.document_id == document.c.document_id,
        ~exists().where(later.c.document_id == delivery.c.document_id, later.c.attempt > delivery.c.attempt),
    )
    is_reissue = (document.c.revision_of != "").label("is_reissue")
    is_redelivery_due = redelivery.c.document_id.is_not(None).label("is_redelivery_due")
    last = delivery.c.state.label("last")
    keys = (document.c.state, document.c.channel, is_reissue, is_redelivery_due, last, print_file.c.reports, *more_keys)
    figures = (
        func.count().label("documents"),
        func.sum(document.c.amount_cents).label("cents"),
        func.max(document.c.amount_cents).label("most_cents"),
    )
    return (
        select(*keys, *figures)
        .select_from(document)
        .outerjoin(delivery, latest)
        .outerjoin(print_file, print_file.c.name == delivery.c.print_file)
        .outerjoin(redelivery, redelivery.c.document_id == document.c.document_id)
        .where(document.c.batch_id.in_(batch_ids))
        .group_by(*keys)
    )


def figures_of(row: Any) -> list[str]:
    """Every field of `Figures` that the documents of a row of `select_status_counts` count in."""
    state, last = DocumentState(row.state), DeliveryState(row.last) if row.last else None
    if state is DocumentState.ERROR:
        return ["errors"]
    names = ["rendered", _CHANNEL_FIGURE[Channel(row.channel)]]
    if row.is_redelivery_due:
        names.append("due_again")
    is_pending = state is DocumentState.RENDERED or row.is_redelivery_due
    if is_pending and last in {DeliveryState.UNCERTAIN, DeliveryState.FAILED}:
        names.append(last.value)
    if state in _STATE_FIGURE:
        names.append(_STATE_FIGURE[state])
    if state is DocumentState.HANDED_OFF and last is not None:
        names += _report_figures(last, FinalVendorStatus(row.reports or FinalVendorStatus.NOTHING))
    return names


def _report_figures(last: DeliveryState, final: FinalVendorStatus) -> list[str]:
    """The figures of the latest attempt's state. The vendor's final status also stands for all that would follow it."""
    if last is not DeliveryState.DELIVERED and counts_as_mailed(last, final):
        return _REPORT_FIGURES[DeliveryState.MAILED]
    return _REPORT_FIGURES.get(last, [])
