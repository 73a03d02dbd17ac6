"""Work items: what a clerk noted about a row of the work queue, who works on it, and until when it is set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from statement_builder.billing.model import Record
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of, upsert
from statement_builder.ledger.storage.tables import work_item
from statement_builder.ledger.storage.transactions import Repository

WORK_QUEUE = "work-queue"
"""What stands for the batch in events about work items."""


class WorkItem(Record, kw_only=True, omit_defaults=False):
    """What a clerk recorded about a row of the work queue."""

    item_id: str
    assignee: str = ""
    note: str = ""
    """The latest note. The events have all of them."""
    snoozed_until: date | None = None
    """The first day on which the row is listed again."""
    done_at: datetime | None = None
    """A batch opened later lists the row again."""
    changed_by: str = ""
    changed_at: datetime | None = None


class WorkItemRepository(Repository):
    """`ledger.work_items`."""

    def find(self, facility_id: str, item_ids: Sequence[str]) -> dict[str, WorkItem]:
        """Id → what is recorded about it, for those of which anything is."""
        query = select(work_item).where(work_item.c.facility_id == facility_id, is_one_of(work_item.c.item_id))
        with self._read() as connection:
            return {
                row["item_id"]: _to_item(dict(row))
                for ids in in_chunks(item_ids)
                for row in connection.execute(query, {"ids": ids}).mappings()
            }

    def count_set_aside(self, facility_id: str) -> int:
        """The items that were ever snoozed or done: how many rows of the queue can be hidden at most."""
        hidden = or_(work_item.c.snoozed_until.is_not(None), work_item.c.done_at.is_not(None))
        query = select(func.count()).select_from(work_item).where(work_item.c.facility_id == facility_id, hidden)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def save(self, facility_id: str, items: Sequence[WorkItem], *, what: str, why: str) -> None:
        """Record what a person changed about these items, each with an event. `what` is such as `snoozed`."""
        with self._write() as connection:
            for item in items:
                assert item.changed_at is not None
                values = {name: getattr(item, name) for name in item.__struct_fields__ if name != "item_id"}
                statement = upsert(connection, work_item).values(
                    facility_id=facility_id, item_id=item.item_id, **values
                )
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["facility_id", "item_id"], set_=values)
                )
                write_event(
                    connection,
                    at=item.changed_at,
                    actor=item.changed_by,
                    batch_id=WORK_QUEUE,
                    subject=item.item_id,
                    what=what,
                    why=why,
                )


def _to_item(row: dict[str, Any]) -> WorkItem:
    return WorkItem(**{name: row[name] for name in WorkItem.__struct_fields__})
