"""Print files: claimed with an attempt for every document in them, and marked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, exists, func, select, text, update

from statement_builder.billing.selection import Channel, FinalVendorStatus
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import SERVICE
from statement_builder.ledger.delivery.hand_off import (
    claim_documents,
    encode_receipt,
    hand_off,
    record_status_event,
    require_released,
)
from statement_builder.ledger.records import NewPrintFile, PrintFileRow
from statement_builder.ledger.row_mapping import print_file_row, to_print_file
from statement_builder.ledger.states import HAND_OFF_STATES, DeliveryState, require_hand_off_move, states_before_mailed
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import IS_REPORTED, batch, delivery, print_file
from statement_builder.ledger.storage.transactions import Repository


class PrintFileRepository(Repository):
    """`ledger.print_files`."""

    def for_batch(self, batch_id: str) -> list[PrintFileRow]:
        """The batch's print files in order."""
        query = select(print_file).where(print_file.c.batch_id == batch_id)
        with self._read() as connection:
            rows = connection.execute(query.order_by(print_file.c.sequence, print_file.c.name))
            return [to_print_file(dict(row)) for row in rows.mappings()]

    def find(self, name: str) -> PrintFileRow | None:
        """The print file with this name, in any letter case: vendors change it."""
        with self._read() as connection:
            for key, value in ((print_file.c.name, name), (func.lower(print_file.c.name), name.lower())):
                rows = connection.execute(select(print_file).where(key == value)).mappings().all()
                if len(rows) == 1:
                    return to_print_file(dict(rows[0]))
        return None

    def claim(self, new: NewPrintFile, *, readdressed: Mapping[str, str] | None = None, at: datetime) -> PrintFileRow:
        """Claim a print file and one attempt for each document in it. `readdressed` maps the documents that go to a
        different address than the one on their pages to the digest of that address.

        A name that is claimed already returns that file unchanged, with `is_new` false; a failed file is claimed again
        with its new content. DocumentsWithheld, and no claim, when some of the documents have been withheld;
        InvariantError when one is handed off or in another live attempt.
        """
        with self._write() as connection:
            require_released(connection, new.batch_id)
            values = {**print_file_row(new), "attempt": 1, "claimed_at": at, "changed_at": at}
            if not insert_if_new(connection, print_file, values):
                found = lock_print_file(connection, new.name)
                if found.batch_id != new.batch_id:
                    raise InvariantError(f"print file {new.name} belongs to batch {found.batch_id}")
                if found.state is not DeliveryState.FAILED:
                    return found
                again = {**values, "attempt": found.attempt + 1, "receipt": None}
                connection.execute(update(print_file).where(print_file.c.name == new.name).values(again))
            claim_documents(
                connection,
                new.documents,
                new.batch_id,
                Channel.PRINT,
                vendor=new.vendor,
                print_file_name=new.name,
                readdressed=readdressed,
                at=at,
            )
            record_status_event(connection, new.batch_id, new.name, DeliveryState.CLAIMED, at=at)
            return msgspec.structs.replace(lock_print_file(connection, new.name), is_new=True)

    def mark(
        self,
        name: str,
        state: DeliveryState,
        *,
        attempt: int | None = None,
        receipt: Mapping[str, Any] | None = None,
        at: datetime,
        mailed_on: date | None = None,
    ) -> None:
        """Record the outcome of a print file and of every document in it; recording it twice changes nothing. On `sent`
        the documents are handed off, and their clocks start on `mailed_on` (by default the UTC date of `at`), or the
        assumed days later.

        `attempt` restricts the update to the attempt this process claimed: InvariantError when another process has
        claimed the file since.
        """
        with self._write() as connection:
            mark_print_file(connection, name, state, attempt=attempt, receipt=receipt, at=at, mailed_on=mailed_on)

    def is_acknowledged(self, name: str) -> bool:
        """The vendor has reported anything about this print file."""
        unreported = [state.value for state in HAND_OFF_STATES]
        query = select(delivery.c.document_id).where(delivery.c.print_file == name, delivery.c.state.not_in(unreported))
        with self._read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def awaiting_final_status(self, facility_id: str) -> list[PrintFileRow]:
        """Print files with at least one piece whose final vendor status has not arrived, oldest first."""
        rows = []
        with self._read() as connection:
            for reports in (FinalVendorStatus.ACKNOWLEDGED, FinalVendorStatus.MAILED):
                states = [state.value for state in states_before_mailed(reports)]
                is_open = exists().where(delivery.c.print_file == print_file.c.name, delivery.c.state.in_(states))
                query = (
                    select(print_file)
                    .join(batch, batch.c.batch_id == print_file.c.batch_id)
                    .where(batch.c.facility_id == facility_id, print_file.c.reports == reports.value, is_open)
                    .where(text(IS_REPORTED))
                )
                rows += [to_print_file(dict(row)) for row in connection.execute(query).mappings()]
        return sorted(rows, key=lambda row: (row.changed_at, row.name))


def mark_print_file(
    connection: Connection,
    name: str,
    state: DeliveryState,
    *,
    attempt: int | None = None,
    receipt: Mapping[str, Any] | None,
    at: datetime,
    mailed_on: date | None,
    actor: str = SERVICE,
    why: str = "",
) -> None:
    """See `PrintFileRepository.mark`."""
    found = lock_print_file(connection, name)
    if attempt is not None and found.attempt != attempt:
        raise InvariantError(f"print file {name} has since been claimed by another process: run the batch again")
    if found.state is state:
        return
    require_hand_off_move(f"print file {name}", found.state, state)
    own = (delivery.c.print_file == name) & (delivery.c.state == found.state.value)
    moved = list(connection.execute(select(delivery.c.document_id).where(own)).scalars())
    changed = {"state": state.value, "changed_at": at, "receipt": encode_receipt(receipt)}
    connection.execute(update(print_file).where(print_file.c.name == name).values(changed))
    connection.execute(update(delivery).where(own).values(state=state.value, changed_at=at))
    if state is DeliveryState.SENT:
        hand_off(connection, moved, found.counted_on(state, mailed_on or at.date()))
    record_status_event(connection, found.batch_id, name, state, at=at, actor=actor, why=why)


def lock_print_file(connection: Connection, name: str) -> PrintFileRow:
    """One print file, locked until this transaction ends. InvariantError for an unknown name."""
    row = connection.execute(select(print_file).where(print_file.c.name == name).with_for_update())
    found = row.mappings().one_or_none()
    if found is None:
        raise InvariantError(f"print file {name} is not in the ledger")
    return to_print_file(dict(found))
