"""Files that came in: taken once, known by their bytes whatever they are called."""

from __future__ import annotations

from sqlalchemy import Connection, select

from statement_builder.ledger.records import InboundFile
from statement_builder.ledger.sql_compat import insert_if_new
from statement_builder.ledger.tables import inbound_file


def is_processed(connection: Connection, sha256: str) -> bool:
    query = select(inbound_file.c.sha256).where(inbound_file.c.sha256 == sha256)
    return connection.execute(query).first() is not None


def record_inbound(connection: Connection, taken: InboundFile) -> None:
    values = {name: getattr(taken, name) for name in taken.__struct_fields__}
    insert_if_new(connection, inbound_file, values)
