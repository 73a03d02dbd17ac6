"""Which accounts to read from the source."""

from __future__ import annotations

from datetime import date

from statement_builder.billing.identifiers import batch_id_of
from statement_builder.billing.model import (
    Record,
)
from statement_builder.billing.selection import Kind
from statement_builder.ledger import Batch


class Scope(Record, kw_only=True):
    """Which accounts to read from the source: for the pull, and again for the pre-mail recheck."""

    source: str
    """The folder of queries below `sql/`."""
    kind: Kind
    cycle: str
    as_of: date
    limit: int | None = None

    @property
    def batch_id(self) -> str:
        """The batch that these accounts are for."""
        return batch_id_of(self.cycle, self.kind)


def scope_of(batch: Batch) -> Scope:
    """The accounts that the batch pulls."""
    return Scope(source=batch.source, kind=batch.kind, cycle=batch.cycle, as_of=batch.as_of, limit=batch.limit)
