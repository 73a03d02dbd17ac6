"""The installation: the ledger and the stores that belong together, and how many hand-offs were begun."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, exists, insert, select, update

from statement_builder.billing.model import Record
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import batch, installation, marked_store
from statement_builder.ledger.storage.transactions import Repository

STORES = "stores"
"""What stands for the batch in events about a store."""
ADOPTED = "adopted"


class NewInstallation(Record, kw_only=True):
    """What a new ledger records about its installation."""

    installation_id: str = ""
    """Empty: a new random id."""
    is_demonstration: bool = False
    """Whether the ledger accepts a clock other than the machine's."""


class Installation(Record, kw_only=True):
    """The installation that a ledger belongs to."""

    installation_id: str
    is_demonstration: bool
    hand_offs: int
    """Hand-offs that were begun."""
    marked_places: frozenset[str]
    """Where the mark of this installation was written."""
    has_batches: bool


class InstallationRepository(Repository):
    """`ledger.installation`."""

    def get(self) -> Installation:
        """The installation of this ledger."""
        with self._read() as connection:
            row = connection.execute(select(installation)).mappings().one_or_none()
            if row is None:
                raise InvariantError("the ledger does not say which installation it belongs to")
            places = connection.execute(select(marked_store.c.place)).scalars().all()
            has_batches = connection.execute(select(exists(select(batch.c.batch_id)))).scalar_one()
        return Installation(**row, marked_places=frozenset(places), has_batches=bool(has_batches))

    def record_mark(self, place: str) -> None:
        """Record that a store carries the mark, so that it must carry it from now on."""
        with self._write() as connection:
            insert_if_new(connection, marked_store, {"place": place})

    def record_adoption(
        self, store: str, *, hand_offs: int | None = None, actor: str, at: datetime, reason: str
    ) -> None:
        """Record that a person takes a store for ours. `hand_offs` replaces the count of an older ledger."""
        with self._write() as connection:
            if hand_offs is not None:
                connection.execute(update(installation).values(hand_offs=hand_offs))
            write_event(connection, at=at, actor=actor, batch_id=STORES, subject=store, what=ADOPTED, why=reason)

    def begin_hand_off(self) -> int:
        """Count another hand-off, and return its number from 1."""
        query = update(installation).values(hand_offs=installation.c.hand_offs + 1).returning(installation.c.hand_offs)
        with self._write() as connection:
            return int(connection.execute(query).scalar_one())


def insert_installation(connection: Connection, new: NewInstallation) -> None:
    """Insert the row, unless there is one."""
    if connection.execute(select(exists(select(installation.c.installation_id)))).scalar_one():
        return
    values = {"installation_id": new.installation_id or str(uuid4()), "is_demonstration": new.is_demonstration}
    connection.execute(insert(installation), values)
