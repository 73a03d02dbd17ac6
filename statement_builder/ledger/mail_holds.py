"""Mail holds: a person's order to send nothing to a guarantor, besides the holds of the billing system."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, select

from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, is_one_of
from statement_builder.ledger.storage.tables import mail_hold
from statement_builder.ledger.storage.transactions import Repository

MAIL_HOLDS = "mail-holds"
"""What stands for the batch in events about mail holds."""


class MailHold(Record, kw_only=True, omit_defaults=False):
    """A person's order to hold all mail to one guarantor, including other recipients of that guarantor's mail."""

    guarantor_id: str
    reason: str
    placed_on: date
    """In the facility's time zone."""
    ends_on: date | None
    """The first day without the hold. None: until somebody lifts it."""
    placed_by: str
    placed_at: datetime


class MailHoldRepository(Repository):
    """`ledger.mail_holds`."""

    def all(self, facility_id: str) -> list[MailHold]:
        """Every mail hold that was not lifted, by guarantor, also one that has ended."""
        query = select(mail_hold).where(mail_hold.c.facility_id == facility_id).order_by(mail_hold.c.guarantor_id)
        with self._read() as connection:
            return [_to_hold(dict(row)) for row in connection.execute(query).mappings()]

    def by_guarantor(self, facility_id: str, guarantor_ids: Sequence[str]) -> dict[str, MailHold]:
        """Guarantor → mail hold, for those who have one."""
        query = select(mail_hold).where(mail_hold.c.facility_id == facility_id, is_one_of(mail_hold.c.guarantor_id))
        with self._read() as connection:
            return {
                row["guarantor_id"]: _to_hold(dict(row))
                for ids in in_chunks(guarantor_ids)
                for row in connection.execute(query, {"ids": ids}).mappings()
            }

    def place(self, facility_id: str, new: MailHold) -> None:
        """Record a mail hold. ConfigError if the guarantor has one: lift it first, so that no reason is lost."""
        values = {"facility_id": facility_id} | {name: getattr(new, name) for name in new.__struct_fields__}
        until = f", until {new.ends_on}" if new.ends_on else ""
        with self._write() as connection:
            if not insert_if_new(connection, mail_hold, values):
                raise ConfigError(f"guarantor {new.guarantor_id} has a mail hold already. Lift it first.")
            write_event(
                connection,
                at=new.placed_at,
                actor=new.placed_by,
                batch_id=MAIL_HOLDS,
                subject=new.guarantor_id,
                what="mail_hold",
                why=f"{new.reason}{until}",
            )

    def lift(self, facility_id: str, guarantor_id: str, *, reason: str, actor: str, at: datetime) -> None:
        """End a mail hold. ConfigError if there is none."""
        own = (mail_hold.c.facility_id == facility_id) & (mail_hold.c.guarantor_id == guarantor_id)
        with self._write() as connection:
            if not connection.execute(delete(mail_hold).where(own)).rowcount:
                raise ConfigError(f"guarantor {guarantor_id} has no mail hold. `statements mail-hold list` shows all.")
            write_event(
                connection,
                at=at,
                actor=actor,
                batch_id=MAIL_HOLDS,
                subject=guarantor_id,
                what="mail_hold_lifted",
                why=reason,
            )


def _to_hold(row: dict[str, object]) -> MailHold:
    return MailHold(**{name: row[name] for name in MailHold.__struct_fields__})  # type: ignore[arg-type]
