"""Control totals: a batch in counts and cents, calculated from the ledger's own rows."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import ColumnElement, Connection, case, func, select

from statement_builder.billing.selection import Channel
from statement_builder.ledger.records import ControlTotals, Figures, PieceCount, StatusCount
from statement_builder.ledger.states import DeliveryState, DocumentState, Outcome
from statement_builder.ledger.status_counts import figures_of, select_status_counts
from statement_builder.ledger.storage.tables import candidate, candidate_hold, delivery, document, print_file, shard
from statement_builder.ledger.storage.transactions import Repository

_OUTCOME_FIGURE = {Outcome.SELECTED: "selected", Outcome.HELD: "held", Outcome.EXCEPTION: "exceptions"}


class ControlTotalsRepository(Repository):
    """`ledger.control_totals`."""

    def get(self, batch_id: str) -> ControlTotals:
        """The batch in counts and cents. `pulled` is what the pull itself recorded, independent of later decisions."""
        counts: Counter[str] = Counter()
        cents: Counter[str] = Counter()
        subjects = func.count(candidate_hold.c.subject.distinct())
        query = select(candidate_hold.c.code, subjects).where(candidate_hold.c.batch_id == batch_id)
        query = query.group_by(candidate_hold.c.code).order_by(candidate_hold.c.code)
        with self._read() as connection:
            _count_shards(connection, batch_id, counts, cents)
            _count_candidates(connection, batch_id, counts, cents)
            largest_cents = _count_documents(connection, batch_id, counts, cents)
            holds = {row[0]: row[1] for row in connection.execute(query)}
        return ControlTotals(counts=Figures(**counts), cents=Figures(**cents), holds=holds, largest_cents=largest_cents)

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
                for row in connection.execute(select_status_counts(batch_id, envelope, document.c.pages))
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


def _count_shards(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> None:
    query = select(func.sum(shard.c.candidates), func.sum(shard.c.cents)).where(shard.c.batch_id == batch_id)
    row = connection.execute(query).one()
    counts["pulled"], cents["pulled"] = int(row[0] or 0), int(row[1] or 0)


def _count_candidates(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> None:
    """Held cents include the held part of selected candidates, such as a credit or a visit still with insurance."""
    query = select(
        candidate.c.outcome, func.count(), func.sum(candidate.c.balance_cents), func.sum(candidate.c.amount_cents)
    ).where(candidate.c.batch_id == batch_id)
    for word, number, balance_cents, amount_cents in connection.execute(query.group_by(candidate.c.outcome)):
        outcome = Outcome(word)
        counts[_OUTCOME_FIGURE[outcome]] += number
        if outcome is Outcome.EXCEPTION:
            cents["exceptions"] += int(balance_cents)
        else:
            cents["selected"] += int(amount_cents)
            cents["held"] += int(balance_cents) - int(amount_cents)


def _count_documents(connection: Connection, batch_id: str, counts: Counter[str], cents: Counter[str]) -> int:
    """Count documents by status; returns the largest amount of a rendered one, in cents."""
    largest_cents = 0
    for row in connection.execute(select_status_counts(batch_id)):
        names = ["extra"] if row.is_reissue else figures_of(row)
        if row.state != DocumentState.ERROR.value and not row.is_reissue:
            largest_cents = max(largest_cents, row.most_cents)
        for name in names:
            counts[name] += row.documents
            cents[name] += int(row.cents)
    return largest_cents


def _is_rendered(batch_id: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions for the batch's rendered documents, without copies and corrections."""
    return (
        document.c.batch_id == batch_id,
        document.c.state != DocumentState.ERROR.value,
        document.c.revision_of == "",
    )
