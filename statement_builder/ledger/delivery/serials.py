"""Serial numbers for the Intelligent Mail barcode. Under one mailer id, none repeats within 45 days (USPS).

Numbers are counted up without limit and printed modulo the capacity of the mailer id. A print file reserves its range
before it is built, and gets the same range when it is built again under the same name.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text, update

from statement_builder.errors import ConfigError
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import serial_range
from statement_builder.ledger.storage.transactions import Repository

RESERVED_DAYS = 60
"""The rule is 45 days from the day of mailing; the vendor may take some days to mail."""


class SerialRepository(Repository):
    """`ledger.serials`."""

    def reserve(self, print_file: str, *, mailer_id: str, count: int, capacity: int, at: datetime) -> int:
        """The first of `count` consecutive serial numbers for a print file, to be printed modulo `capacity`.
        ConfigError when the mailer id has too few numbers left."""
        own = serial_range.c.print_file == print_file
        mine = serial_range.c.mailer_id == mailer_id
        with self._write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE serial_range IN EXCLUSIVE MODE"))
            found = connection.execute(select(serial_range).where(own)).mappings().one_or_none()
            if found is not None and found["mailer_id"] == mailer_id and found["count"] >= count:
                return int(found["start"])
            end = select(func.max(serial_range.c.start + serial_range.c.count)).where(mine)
            start = connection.execute(end).scalar() or 0
            recent = mine & (serial_range.c.reserved_at > at - timedelta(days=RESERVED_DAYS))
            oldest = connection.execute(select(func.min(serial_range.c.start)).where(recent)).scalar()
            if start + count - (start if oldest is None else oldest) > capacity:
                raise ConfigError(
                    f"mailer id {mailer_id} has {capacity} serial numbers, and all of them were used within "
                    f"{RESERVED_DAYS} days. Ask the postal service for a six-digit mailer id, or remove it from "
                    "[mail]: then the vendor prints the barcode."
                )
            values = {"mailer_id": mailer_id, "start": start, "count": count, "reserved_at": at}
            if not insert_if_new(connection, serial_range, {"print_file": print_file, **values}):
                connection.execute(update(serial_range).where(own).values(values))
            return int(start)
