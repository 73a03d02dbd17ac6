"""Documents of a batch that show what it contains, so that a person can look at few pages instead of all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, func, select, text

from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel
from statement_builder.ledger.storage.tables import IS_ORIGINAL, access, access_subject, document
from statement_builder.ledger.storage.transactions import Repository


class ProofCandidate(Record, kw_only=True):
    """A document, and what an approver compares it by."""

    document_id: str
    guarantor_id: str
    level: int
    language: str
    channel: Channel
    pages: int
    amount_cents: int


class ProofRepository(Repository):
    """`ledger.proof`."""

    def one_of_each(self, batch_id: str) -> list[ProofCandidate]:
        """The first rendered document, by id, of each level, language and channel."""
        keys = (document.c.level, document.c.language, document.c.channel)
        first = select(func.min(document.c.document_id)).where(*_is_in(batch_id)).group_by(*keys)
        return self._list(select(*_COLUMNS).where(document.c.document_id.in_(first)).order_by(*keys))

    def largest(self, batch_id: str, count: int) -> list[ProofCandidate]:
        """The documents with the largest amounts."""
        return self._first(batch_id, document.c.amount_cents.desc(), count)

    def longest(self, batch_id: str) -> list[ProofCandidate]:
        """The document with the most pages; none in an empty batch."""
        return self._first(batch_id, document.c.pages.desc(), 1)

    def of_guarantors(self, batch_id: str, guarantor_ids: list[str]) -> list[ProofCandidate]:
        """The documents of these guarantors, at most a few."""
        mine = document.c.guarantor_id.in_(guarantor_ids)
        return self._list(select(*_COLUMNS).where(*_is_in(batch_id), mine).order_by(document.c.document_id))

    def opened_by(self, batch_id: str, what: str) -> dict[str, frozenset[str]]:
        """Actor → the batch's documents that they looked at, by the access log. `what` is the kind of look."""
        query = (
            select(access.c.actor, access_subject.c.document_id)
            .join(access_subject, access_subject.c.access_id == access.c.access_id)
            .where(access.c.batch_id == batch_id, access.c.what == what)
            .distinct()
        )
        found: dict[str, set[str]] = {}
        with self._read() as connection:
            for actor, document_id in connection.execute(query):
                found.setdefault(actor, set()).add(document_id)
        return {actor: frozenset(ids) for actor, ids in found.items()}

    def _first(self, batch_id: str, order: ColumnElement[Any], count: int) -> list[ProofCandidate]:
        """The first documents in this order. Their ids come from an index alone, which is a tenth of the documents."""
        ids = select(document.c.document_id).where(*_is_in(batch_id)).order_by(order, document.c.document_id)
        found = select(*_COLUMNS).where(document.c.document_id.in_(ids.limit(count)))
        return self._list(found.order_by(order, document.c.document_id))

    def _list(self, query: Select[Any]) -> list[ProofCandidate]:
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [ProofCandidate(**{**row, "channel": Channel(row["channel"])}) for row in rows]


_COLUMNS = tuple(document.c[name] for name in ProofCandidate.__struct_fields__)


def _is_in(batch_id: str) -> tuple[ColumnElement[bool], TextClause]:
    return document.c.batch_id == batch_id, text(IS_ORIGINAL)
