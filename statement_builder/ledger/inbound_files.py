"""Inbound files: each processed once, identified by its bytes whatever its name."""

from __future__ import annotations

from sqlalchemy import select

from statement_builder.ledger.records import InboundFile
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import inbound_file
from statement_builder.ledger.storage.transactions import Repository


class InboundFileRepository(Repository):
    """`ledger.inbound_files`."""

    def find(self, sha256: str) -> InboundFile | None:
        """The file with these bytes, if one was processed before."""
        query = select(inbound_file).where(inbound_file.c.sha256 == sha256)
        with self._read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else InboundFile(**row)

    def record(self, file: InboundFile) -> None:
        """Record a processed file; recording it twice changes nothing."""
        values = {name: getattr(file, name) for name in file.__struct_fields__}
        with self._write() as connection:
            insert_if_new(connection, inbound_file, values)
