"""A voided document stays void when its shard is built again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from statement_builder.billing.selection import Hold
from statement_builder.ledger.audit.event_data import Withheld, decode_event_data
from statement_builder.ledger.audit.events import SERVICE
from statement_builder.ledger.documents import withhold
from statement_builder.ledger.records import NewDocument
from statement_builder.ledger.states import DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import event


def keep_voids(connection: Connection, batch_id: str, rebuilt: Sequence[NewDocument], *, at: datetime) -> None:
    """Withhold the documents of a rebuilt shard that were withheld before it was reopened. Before a release only an
    operator withholds a document, and the event has the hold codes."""
    ids = [each.document_id for each in rebuilt if each.state is DocumentState.RENDERED]
    query = select(event.c.subject, event.c.data).where(
        event.c.batch_id == batch_id, event.c.what == DocumentState.WITHHELD.value, is_one_of(event.c.subject)
    )
    query = query.order_by(event.c.event_id)
    for some in in_chunks(ids):
        for subject, text in connection.execute(query, {"ids": some}).all():
            data = decode_event_data(text)
            if isinstance(data, Withheld):
                holds = [Hold(code=code) for code in data.codes]
                withhold(connection, subject, holds, actor=SERVICE, at=at, why=data.reason)
