"""Suppressions: no mail to an address with returned mail, no e-mail that cannot arrive, nothing to the deceased."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, select

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.ledger.document_queries import IS_TO_ESTATE
from statement_builder.ledger.records import Document, PieceToDeceased, Suppression
from statement_builder.ledger.states import DeliveryState, SuppressionCode
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of, upsert
from statement_builder.ledger.storage.tables import batch, delivery, document, print_file, suppression
from statement_builder.ledger.storage.transactions import Repository

_MAY_BE_STOPPED = (
    DeliveryState.CLAIMED,
    DeliveryState.COMMITTING,
    DeliveryState.UNCERTAIN,
    DeliveryState.SENT,
    DeliveryState.ACKNOWLEDGED,
)


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

    def pieces_to_deceased(self, facility_id: str) -> list[PieceToDeceased]:
        """Printed pieces to guarantors who have died that the vendor may still stop: claimed, handed off or
        acknowledged, and not reported as mailed. Letters to an estate are none."""
        query = (
            select(
                document.c.document_id,
                document.c.batch_id,
                delivery.c.print_file,
                delivery.c.state,
                print_file.c.reports,
                delivery.c.changed_at,
            )
            .select_from(suppression)
            .join(document, document.c.guarantor_id == suppression.c.guarantor_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .join(delivery, delivery.c.document_id == document.c.document_id)
            .join(print_file, print_file.c.name == delivery.c.print_file)
            .where(
                suppression.c.code == SuppressionCode.DECEASED.value,
                suppression.c.facility_id == facility_id,
                batch.c.facility_id == facility_id,
                ~IS_TO_ESTATE,
                delivery.c.channel == Channel.PRINT.value,
                delivery.c.state.in_([state.value for state in _MAY_BE_STOPPED]),
            )
            .order_by(document.c.document_id)
        )
        with self._read() as connection:
            return [
                PieceToDeceased(
                    **{
                        **row,
                        "state": DeliveryState(row["state"]),
                        "reports": FinalVendorStatus(row["reports"]),
                    }
                )
                for row in connection.execute(query).mappings()
            ]


def is_suppressed(connection: Connection, found: Document, code: SuppressionCode, *, since: date) -> bool:
    """Whether the document's guarantor has this suppression already, from a report of that day or later."""
    key = (
        suppression.c.facility_id == _facility_of(connection, found),
        suppression.c.guarantor_id == found.guarantor_id,
        suppression.c.code == code.value,
    )
    return connection.execute(select(suppression.c.since).where(*key, suppression.c.since >= since)).first() is not None


def _facility_of(connection: Connection, found: Document) -> str:
    query = select(batch.c.facility_id).where(batch.c.batch_id == found.batch_id)
    return str(connection.execute(query).scalar_one())


def suppress(connection: Connection, found: Document, code: SuppressionCode, *, digest: str, since: date) -> None:
    """Record a suppression for the document's guarantor: one per address, kept from the latest report about it."""
    facility_id = _facility_of(connection, found)
    key = {"facility_id": facility_id, "guarantor_id": found.guarantor_id, "code": code.value, "digest": digest}
    new = {"document_id": found.document_id, "since": since}
    statement = upsert(connection, suppression).values(**key, **new)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=new, where=suppression.c.since <= since)
    )
