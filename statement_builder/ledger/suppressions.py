"""Suppressions: no mail to an address with returned mail, no e-mail to a guarantor that it cannot reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select

from statement_builder.ledger.records import Document, Suppression
from statement_builder.ledger.sql_compat import in_chunks, is_one_of, upsert
from statement_builder.ledger.states import SuppressionCode
from statement_builder.ledger.tables import batch, suppression
from statement_builder.ledger.transactions import Repository


class SuppressionRepository(Repository):
    """`ledger.suppressions`. Delivery reports write them."""

    def by_guarantor(self, facility_id: str, guarantor_ids: Sequence[str]) -> dict[str, tuple[Suppression, ...]]:
        """Guarantor → suppressions, by code and date. The caller decides whether one applies to the address now on
        file."""
        found: defaultdict[str, list[Suppression]] = defaultdict(list)
        query = select(suppression).where(
            suppression.c.facility_id == facility_id, is_one_of(suppression.c.guarantor_id)
        )
        query = query.order_by(suppression.c.code, suppression.c.since)
        with self._read() as connection:
            for ids in in_chunks(guarantor_ids):
                for row in connection.execute(query, {"ids": ids}).mappings():
                    found[row["guarantor_id"]].append(
                        Suppression(
                            guarantor_id=row["guarantor_id"],
                            code=SuppressionCode(row["code"]),
                            document_id=row["document_id"],
                            digest=row["digest"],
                            since=row["since"],
                        )
                    )
        return {guarantor_id: tuple(suppressions) for guarantor_id, suppressions in found.items()}


def suppress(connection: Connection, found: Document, code: SuppressionCode, *, digest: str, since: date) -> None:
    """Record a suppression for the document's guarantor: one per address, kept from the latest report about it."""
    facility_id = connection.execute(select(batch.c.facility_id).where(batch.c.batch_id == found.batch_id)).scalar_one()
    key = {"facility_id": facility_id, "guarantor_id": found.guarantor_id, "code": code.value, "digest": digest}
    new = {"document_id": found.document_id, "since": since}
    statement = upsert(connection, suppression).values(**key, **new)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=new, where=suppression.c.since <= since)
    )
