"""Serial numbers for the Intelligent Mail barcode: of one mailer none is used twice within 45 days.

Numbers are counted up without end and printed modulo what the mailer id leaves room for. A print file gets a run of
them before it is built, and the same run when it is built again under its name.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, text, update

from statement_builder.errors import ConfigError
from statement_builder.ledger.sql_compat import insert_if_new
from statement_builder.ledger.tables import serial_range

RESERVED_DAYS = 60
"""45 are asked for, from the day of mailing; the vendor may take some days until then."""


def reserve_serials(
    connection: Connection, print_file: str, *, mailer_id: str, count: int, capacity: int, at: datetime
) -> int:
    """The first number of the print file's run of `count`; its others follow. To be printed modulo `capacity`.

    ConfigError when the mailer has mailed so much that numbers would come again too early.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE serial_range IN EXCLUSIVE MODE"))
    own = serial_range.c.print_file == print_file
    found = connection.execute(select(serial_range).where(own)).mappings().one_or_none()
    if found is not None and found["mailer_id"] == mailer_id and found["count"] >= count:
        return int(found["start"])
    mine = serial_range.c.mailer_id == mailer_id
    start = connection.execute(select(func.max(serial_range.c.start + serial_range.c.count)).where(mine)).scalar() or 0
    recent = mine & (serial_range.c.reserved_at > at - timedelta(days=RESERVED_DAYS))
    oldest = connection.execute(select(func.min(serial_range.c.start)).where(recent)).scalar()
    if start + count - (start if oldest is None else oldest) > capacity:
        raise ConfigError(
            f"mailer id {mailer_id} has {capacity} serial numbers, and all of them were used within "
            f"{RESERVED_DAYS} days. Ask the postal service for a mailer id of six digits, or leave it out of [mail]: "
            "then the vendor prints the barcode."
        )
    values = {"mailer_id": mailer_id, "start": start, "count": count, "reserved_at": at}
    if not insert_if_new(connection, serial_range, {"print_file": print_file, **values}):
        connection.execute(update(serial_range).where(own).values(values))
    return int(start)
