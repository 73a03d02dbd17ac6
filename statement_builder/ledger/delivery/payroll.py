"""Payroll: what it was told, in which file, and what it answered.

A file is claimed with its rows before it leaves. A change of an authorization has a number, and the key of
`payroll_row` allows each once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, func, insert, select, update

from statement_builder.billing.model import DeductionMiss
from statement_builder.billing.payroll import DeductionRow
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import SERVICE, write_event
from statement_builder.ledger.records import DeductionAnswer, PayrollFileRow
from statement_builder.ledger.states import DeliveryState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, insert_many, is_one_of
from statement_builder.ledger.storage.tables import payroll_answer, payroll_file, payroll_row
from statement_builder.ledger.storage.transactions import Repository

PAYROLL = "payroll"
"""The name of the lock that keeps two runs from overlapping, and the subject of payroll's own events."""
_ROW_COLUMNS = tuple(payroll_row.c[name] for name in DeductionRow.__struct_fields__)


class PayrollRepository(Repository):
    """`ledger.payroll`."""

    def latest_rows(self, facility_id: str) -> dict[str, DeductionRow]:
        """Authorization → the last row about it that was claimed or sent."""
        query = (
            select(*_ROW_COLUMNS)
            .where(payroll_row.c.facility_id == facility_id)
            .order_by(payroll_row.c.authorization_id, payroll_row.c.revision)
        )
        with self._read() as connection:
            return {row["authorization_id"]: DeductionRow(**row) for row in connection.execute(query).mappings()}

    def rows_of_employee(self, facility_id: str, employee_id: str, code: str) -> list[DeductionRow]:
        """All rows about an employee that payroll has, the oldest first."""
        query = (
            select(*_ROW_COLUMNS)
            .join(payroll_file, payroll_file.c.name == payroll_row.c.payroll_file)
            .where(
                payroll_row.c.facility_id == facility_id,
                payroll_row.c.employee_id == employee_id,
                payroll_row.c.code == code,
                payroll_file.c.state == DeliveryState.SENT.value,
            )
            .order_by(payroll_row.c.authorization_id, payroll_row.c.revision)
        )
        with self._read() as connection:
            return [DeductionRow(**row) for row in connection.execute(query).mappings()]

    def claimed_files(self, facility_id: str) -> list[PayrollFileRow]:
        """The files that were claimed and are not recorded as delivered: a run died."""
        with self._read() as connection:
            query = select(payroll_file.c.name).where(
                payroll_file.c.facility_id == facility_id, payroll_file.c.state == DeliveryState.CLAIMED.value
            )
            names = list(connection.execute(query.order_by(payroll_file.c.name)).scalars())
            return [_read_file(connection, name) for name in names]

    def count_files(self, facility_id: str) -> int:
        """How many files were claimed so far, which numbers the next one."""
        query = select(func.count()).select_from(payroll_file).where(payroll_file.c.facility_id == facility_id)
        with self._read() as connection:
            return int(connection.execute(query).scalar_one())

    def claim(self, facility_id: str, name: str, rows: Sequence[DeductionRow], *, at: datetime) -> PayrollFileRow:
        """Claim a file and its rows. InvariantError when the name, or one of the changes, is claimed."""
        if not rows:
            raise InvariantError(f"deduction file {name} has no rows")
        with self._write() as connection:
            revisions = _count_rows(connection, facility_id, [each.authorization_id for each in rows])
            claimed = DeliveryState.CLAIMED.value
            file = {"name": name, "facility_id": facility_id, "state": claimed, "claimed_at": at, "changed_at": at}
            connection.execute(insert(payroll_file).values(file))
            insert_many(
                connection,
                payroll_row,
                [
                    {
                        **{key: getattr(row, key) for key in row.__struct_fields__},
                        "facility_id": facility_id,
                        "revision": revisions.get(row.authorization_id, 0) + 1,
                        "payroll_file": name,
                        "position": position,
                    }
                    for position, row in enumerate(rows)
                ],
            )
            _note(connection, name, DeliveryState.CLAIMED, at)
            return _read_file(connection, name)

    def mark_delivered(self, name: str, *, at: datetime) -> None:
        """Record that payroll has the file; recording it twice changes nothing."""
        mine = (payroll_file.c.name == name) & (payroll_file.c.state == DeliveryState.CLAIMED.value)
        sent = {"state": DeliveryState.SENT.value, "changed_at": at}
        with self._write() as connection:
            if connection.execute(update(payroll_file).where(mine).values(sent)).rowcount:
                _note(connection, name, DeliveryState.SENT, at)

    def answers(self, facility_id: str, authorization_id: str) -> list[DeductionAnswer]:
        """What payroll answered about an authorization, by payday."""
        query = select(payroll_answer).where(
            payroll_answer.c.facility_id == facility_id, payroll_answer.c.authorization_id == authorization_id
        )
        with self._read() as connection:
            rows = connection.execute(query.order_by(payroll_answer.c.pay_on)).mappings()
            return [DeductionAnswer(**{key: row[key] for key in DeductionAnswer.__struct_fields__}) for row in rows]

    def record_answer(self, facility_id: str, answer: DeductionAnswer, *, at: datetime) -> bool:
        """Record what payroll did on a payday. False if there is an answer for that day already, which stays."""
        values = {key: getattr(answer, key) for key in answer.__struct_fields__}
        with self._write() as connection:
            return insert_if_new(connection, payroll_answer, {**values, "facility_id": facility_id, "recorded_at": at})

    def misses(self, facility_id: str, authorization_ids: Sequence[str]) -> dict[str, DeductionMiss]:
        """Authorization → its last payday, if payroll did not take all that was due on it."""
        latest: dict[str, tuple[date, bool]] = {}
        query = (
            select(payroll_answer.c.authorization_id, payroll_answer.c.pay_on, payroll_answer.c.is_missed)
            .where(payroll_answer.c.facility_id == facility_id, is_one_of(payroll_answer.c.authorization_id))
            .order_by(payroll_answer.c.authorization_id, payroll_answer.c.pay_on)
        )
        with self._read() as connection:
            for ids in in_chunks(authorization_ids):
                for authorization_id, pay_on, is_missed in connection.execute(query, {"ids": ids}):
                    latest[authorization_id] = (pay_on, is_missed)
        return {
            key: DeductionMiss(authorization_id=key, pay_on=pay_on)
            for key, (pay_on, is_missed) in latest.items()
            if is_missed
        }


def _count_rows(connection: Connection, facility_id: str, authorization_ids: Sequence[str]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    query = select(payroll_row.c.authorization_id).where(
        payroll_row.c.facility_id == facility_id, is_one_of(payroll_row.c.authorization_id)
    )
    for ids in in_chunks(authorization_ids):
        for authorization_id in connection.execute(query, {"ids": ids}).scalars():
            found[authorization_id] += 1
    return found


def _read_file(connection: Connection, name: str) -> PayrollFileRow:
    state = connection.execute(select(payroll_file.c.state).where(payroll_file.c.name == name)).scalar_one()
    query = select(*_ROW_COLUMNS).where(payroll_row.c.payroll_file == name).order_by(payroll_row.c.position)
    rows = tuple(DeductionRow(**row) for row in connection.execute(query).mappings())
    return PayrollFileRow(name=name, state=DeliveryState(state), rows=rows)


def _note(connection: Connection, name: str, state: DeliveryState, at: datetime) -> None:
    write_event(connection, at=at, actor=SERVICE, batch_id=PAYROLL, subject=name, what=state.value, why="payroll")
