"""Legal holds: a person's order to keep mail whatever its age."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, literal, select

from statement_builder.billing.identifiers import guarantor_of
from statement_builder.billing.model import Record
from statement_builder.errors import ConfigError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.document_queries import is_other_recipient_of
from statement_builder.ledger.retention import ShardRetention
from statement_builder.ledger.storage.sql_compat import insert_if_new
from statement_builder.ledger.storage.tables import batch, candidate, document, document_account, legal_hold
from statement_builder.ledger.storage.transactions import Repository

RETENTION = "retention"
"""What stands for the batch in events about legal holds and purges."""


class LegalHold(Record, kw_only=True):
    """A person's order to keep the mail of a guarantor, about an account, in a batch, or one document."""

    subject: str
    reason: str
    placed_by: str
    placed_at: datetime


class LegalHoldRepository(Repository):
    """`ledger.legal_holds`."""

    def in_force(self, facility_id: str) -> list[LegalHold]:
        """The legal holds in force, by subject."""
        query = select(legal_hold).where(legal_hold.c.facility_id == facility_id).order_by(legal_hold.c.subject)
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return [LegalHold(**{name: row[name] for name in LegalHold.__struct_fields__}) for row in rows]

    def place(self, facility_id: str, subject: str, *, reason: str, actor: str, at: datetime) -> None:
        """Record a legal hold. ConfigError if the subject is in no batch, or has a legal hold already."""
        values = {"facility_id": facility_id, "subject": subject, "reason": reason, "placed_by": actor, "placed_at": at}
        with self._write() as connection:
            if not _is_known(connection, subject):
                raise ConfigError(
                    f"{subject} is not a batch, document, guarantor or account number in the ledger. `statements find` "
                    "searches for ids."
                )
            if not insert_if_new(connection, legal_hold, values):
                raise ConfigError(f"{subject} has a legal hold already. `statements legal-hold list` shows it.")
            _write_hold_event(connection, subject, "legal_hold", reason, actor=actor, at=at)

    def lift(self, facility_id: str, subject: str, *, reason: str, actor: str, at: datetime) -> None:
        """End a legal hold. ConfigError if there is none."""
        own = (legal_hold.c.facility_id == facility_id) & (legal_hold.c.subject == subject)
        with self._write() as connection:
            if not connection.execute(delete(legal_hold).where(own)).rowcount:
                raise ConfigError(f"{subject} has no legal hold. `statements legal-hold list` shows all.")
            _write_hold_event(connection, subject, "legal_hold_lifted", reason, actor=actor, at=at)


def _is_known(connection: Connection, subject: str) -> bool:
    places = (
        (batch, batch.c.batch_id == subject),
        (document, document.c.document_id == subject),
        (document, document.c.guarantor_id == subject),
        (document, is_other_recipient_of(subject)),
        (candidate, candidate.c.guarantor_id == subject),
        (document_account, document_account.c.account_number == subject),
    )
    return any(
        connection.execute(select(literal(1)).select_from(table).where(condition).limit(1)).first()
        for table, condition in places
    )


def _write_hold_event(connection: Connection, subject: str, what: str, why: str, *, actor: str, at: datetime) -> None:
    write_event(connection, at=at, actor=actor, batch_id=RETENTION, subject=subject, what=what, why=why)


def is_held_by(hold: LegalHold, batch_id: str, facts: ShardRetention) -> bool:
    """Whether a legal hold is about anything in the shard. One on a guarantor covers all recipients of the mail."""
    everyone = facts.guarantor_ids | {guarantor_of(each) for each in facts.guarantor_ids}
    return hold.subject == batch_id or hold.subject in (everyone | facts.document_ids | facts.account_numbers)
