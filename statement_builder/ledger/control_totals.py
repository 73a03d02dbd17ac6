"""Control totals: a batch in counts and cents, calculated from the ledger's own rows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, case, func, select

from statement_builder.billing.selection import Channel
from statement_builder.ledger.records import ControlTotals, Figures, PieceCount, StatusCount
from statement_builder.ledger.states import DeliveryState, DocumentState, Outcome
from statement_builder.ledger.status_counts import figures_of, select_status_counts
from statement_builder.ledger.storage.tables import (
    candidate,
    candidate_hold,
    delivery,
    document,
    event,
    print_file,
    shard,
)
from statement_builder.ledger.storage.transactions import Repository, Transactions

_OUTCOME_FIGURE = {Outcome.SELECTED: "selected", Outcome.HELD: "held", Outcome.EXCEPTION: "exceptions"}


class ControlTotalsRepository(Repository):
    """`ledger.control_totals`."""

    def get(self, batch_id: str) -> ControlTotals:
        """The batch in counts and cents. `pulled` is what the pull itself recorded, independent of later decisions."""
        return self.for_batches([batch_id])[batch_id]

    def for_batches(self, batch_ids: Collection[str]) -> dict[str, ControlTotals]:
        """The totals of each batch, in as many queries as for one."""
        with self._read() as connection:
            return _count(connection, batch_ids)

    def by_status(self, batch_id: str) -> list[StatusCount]:
        """Documents grouped by channel, envelope class, page count and status, without copies and corrections."""
        envelope = case(
            (delivery.c.state == DeliveryState.FAILED.value, ""), else_=func.coalesce(print_file.c.envelope_class, "")
        ).label("envelope_class")
        with self._read() as connection:
            return [
                StatusCount(
                    channel=Channel(row.channel),
                    envelope_class=row.envelope_class,
                    pages=row.pages,
                    figures=tuple(figures_of(row)),
                    documents=row.documents,
                    cents=int(row.cents),
                )
                for row in connection.execute(select_status_counts([batch_id], envelope, document.c.pages))
                if not row.is_reissue
            ]

    def by_level(self, batch_id: str) -> dict[int, int]:
        """Dunning level → number of rendered documents; level 0 is no dunning."""
        query = select(document.c.level, func.count()).where(*_is_rendered(batch_id)).group_by(document.c.level)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def documents_above(self, batch_id: str, cents: int) -> list[str]:
        """Ids of the rendered documents over this amount, the largest first."""
        query = select(document.c.document_id).where(*_is_rendered(batch_id), document.c.amount_cents > cents)
        query = query.order_by(document.c.amount_cents.desc(), document.c.document_id)
        with self._read() as connection:
            return list(connection.execute(query).scalars())

    def pieces(self, batch_id: str) -> list[PieceCount]:
        """The attempts that each envelope class's print files must contain. A failed file contains nothing."""
        query = (
            select(print_file.c.envelope_class, func.count(), func.sum(document.c.amount_cents))
            .select_from(delivery)
            .join(print_file, print_file.c.name == delivery.c.print_file)
            .join(document, document.c.document_id == delivery.c.document_id)
            .where(print_file.c.batch_id == batch_id, delivery.c.state != DeliveryState.FAILED.value)
            .group_by(print_file.c.envelope_class)
            .order_by(print_file.c.envelope_class)
        )
        with self._read() as connection:
            rows = connection.execute(query)
            return [PieceCount(envelope_class=row[0], documents=row[1], cents=int(row[2])) for row in rows]


class RememberedControlTotals(ControlTotalsRepository):
    """Control totals for a process that shows the same batches again and again. Counts a batch again only after one of
    its events: every change of a figure writes one in the same transaction. Threads that ask for the same batches wait
    for one count."""

    def __init__(self, transactions: Transactions) -> None:
        super().__init__(transactions)
        self._remembered: dict[str, tuple[int, ControlTotals]] = {}
        self._counting = threading.Lock()

    def for_batches(self, batch_ids: Collection[str]) -> dict[str, ControlTotals]:
        with self._counting, self._read() as connection:
            last = _read_last_events(connection, batch_ids)
            found = {
                batch_id: remembered[1]
                for batch_id in batch_ids
                if (remembered := self._remembered.get(batch_id)) and remembered[0] == last.get(batch_id)
            }
            counted = _count(connection, [batch_id for batch_id in batch_ids if batch_id not in found])
            for batch_id, totals in counted.items():
                if batch_id in last:
                    self._remembered[batch_id] = (last[batch_id], totals)
        return {batch_id: found.get(batch_id) or counted[batch_id] for batch_id in batch_ids}


def _read_last_events(connection: Connection, batch_ids: Collection[str]) -> dict[str, int]:
    """Batch → its last event; one look-up in the index for each."""
    query = select(func.max(event.c.event_id)).where(event.c.batch_id == bindparam("batch_id"))
    found = {batch_id: connection.execute(query, {"batch_id": batch_id}).scalar() for batch_id in batch_ids}
    return {batch_id: event_id for batch_id, event_id in found.items() if event_id is not None}


def _count(connection: Connection, batch_ids: Collection[str]) -> dict[str, ControlTotals]:
    sums = {batch_id: _Sums() for batch_id in batch_ids}
    if sums:
        _count_shards(connection, sums)
        _count_candidates(connection, sums)
        _count_documents(connection, sums)
        _count_holds(connection, sums)
    return {batch_id: each.totals() for batch_id, each in sums.items()}


class _Sums:
    """What has been counted of one batch."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.cents: Counter[str] = Counter()
        self.holds: dict[str, int] = {}
        self.largest_cents = 0

    def totals(self) -> ControlTotals:
        figures = (Figures(**each) for each in (self.counts, self.cents))
        return ControlTotals(
            counts=next(figures), cents=next(figures), holds=self.holds, largest_cents=self.largest_cents
        )


def _count_shards(connection: Connection, sums: Mapping[str, _Sums]) -> None:
    query = select(shard.c.batch_id, func.sum(shard.c.candidates), func.sum(shard.c.cents))
    for batch_id, candidates, cents in connection.execute(_of_batches(query, shard, sums)):
        sums[batch_id].counts["pulled"], sums[batch_id].cents["pulled"] = int(candidates), int(cents)


def _count_candidates(connection: Connection, sums: Mapping[str, _Sums]) -> None:
    """Held cents include the held part of selected candidates, such as a credit or a visit still with insurance."""
    query = select(
        candidate.c.batch_id,
        candidate.c.outcome,
        func.count(),
        func.sum(candidate.c.balance_cents),
        func.sum(candidate.c.amount_cents),
    )
    query = _of_batches(query, candidate, sums).group_by(candidate.c.outcome)
    for batch_id, word, number, balance_cents, amount_cents in connection.execute(query):
        outcome, counts, cents = Outcome(word), sums[batch_id].counts, sums[batch_id].cents
        counts[_OUTCOME_FIGURE[outcome]] += number
        if outcome is Outcome.EXCEPTION:
            cents["exceptions"] += int(balance_cents)
        else:
            cents["selected"] += int(amount_cents)
            cents["held"] += int(balance_cents) - int(amount_cents)


def _count_documents(connection: Connection, sums: Mapping[str, _Sums]) -> None:
    """Count documents by status, and find the largest amount of a rendered one."""
    for row in connection.execute(select_status_counts(sums, document.c.batch_id)):
        batch = sums[row.batch_id]
        names = ["extra"] if row.is_reissue else figures_of(row)
        if row.state != DocumentState.ERROR.value and not row.is_reissue:
            batch.largest_cents = max(batch.largest_cents, row.most_cents)
        for name in names:
            batch.counts[name] += row.documents
            batch.cents[name] += int(row.cents)


def _count_holds(connection: Connection, sums: Mapping[str, _Sums]) -> None:
    subjects = func.count(candidate_hold.c.subject.distinct())
    query = select(candidate_hold.c.batch_id, candidate_hold.c.code, subjects)
    query = _of_batches(query, candidate_hold, sums).group_by(candidate_hold.c.code).order_by(candidate_hold.c.code)
    for batch_id, code, accounts in connection.execute(query):
        sums[batch_id].holds[code] = accounts


def _of_batches(query: Select[Any], table: Table, batch_ids: Collection[str]) -> Select[Any]:
    return query.where(table.c.batch_id.in_(batch_ids)).group_by(table.c.batch_id)


def _is_rendered(batch_id: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions for the batch's rendered documents, without copies and corrections."""
    return (
        document.c.batch_id == batch_id,
        document.c.state != DocumentState.ERROR.value,
        document.c.revision_of == "",
    )
