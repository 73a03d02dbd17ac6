"""What was mailed, returned, and used, over many batches: the figures of reports. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, select, text

from statement_builder.billing.kind_traits import MailingClock
from statement_builder.billing.model import Record
from statement_builder.billing.selection import Channel, Kind, kinds_with
from statement_builder.ledger.states import DeliveryState
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import (
    DID_NOT_ARRIVE,
    batch,
    delivery,
    document,
    document_account,
    print_file,
    redelivery,
)
from statement_builder.ledger.storage.transactions import Repository

_FETCH_ROWS = 5_000
_LADDER = kinds_with(MailingClock.STATEMENTS, MailingClock.LETTERS)
"""The kinds that are a level of the dunning ladder."""
_NOT_SENT = (DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.FAILED)
_DID_NOT_ARRIVE = (DeliveryState.RETURNED, DeliveryState.BOUNCED)


class Mailing(Record, kw_only=True):
    """A document that counts as mailed about an account."""

    document_id: str
    level: int
    mailed_on: date


class MailingCount(Record, kw_only=True):
    """Documents of one level that count as mailed on one day."""

    level: int
    mailed_on: date
    documents: int
    cents: int


class ReturnedMail(Record, kw_only=True):
    """An attempt that did not arrive."""

    document_id: str
    guarantor_id: str
    kind: Kind
    channel: Channel
    amount_cents: int
    issued_on: date
    returned_at: datetime
    was_sent_again: bool
    is_due_again: bool


class MailVolume(Record, kw_only=True):
    """What left in one batch."""

    batch_id: str
    letters: int = 0
    flats: int = 0
    """Pieces in every envelope class but `letter`."""
    sheets: int = 0
    emails: int = 0


class MailFiguresRepository(Repository):
    """`ledger.mail_figures`."""

    def mailed_by_level(self, facility_id: str, *, since: date) -> list[MailingCount]:
        """Statements and letters that count as mailed, by level and day. `since`: of batches as of that day or later.
        Without copies and corrections, which are no mailings of their own."""
        keys = (document.c.level, document.c.mailed_on)
        query = (
            select(*keys, func.count(), func.sum(document.c.amount_cents))
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(*_counts_as_mailed(facility_id, since))
            .group_by(*keys)
            .order_by(*keys)
        )
        with self._read() as connection:
            return [
                MailingCount(level=level, mailed_on=day, documents=documents, cents=int(cents))
                for level, day, documents, cents in connection.execute(query)
            ]

    def mailings(self, facility_id: str, account_numbers: Sequence[str], *, since: date) -> dict[str, list[Mailing]]:
        """The documents that `mailed_by_level` counts, by account, in the order of mailing."""
        query = (
            select(document_account.c.account_number, document.c.document_id, document.c.level, document.c.mailed_on)
            .select_from(document_account)
            .join(document, document.c.document_id == document_account.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(is_one_of(document_account.c.account_number), *_counts_as_mailed(facility_id, since))
            .order_by(document_account.c.account_number, document.c.mailed_on, document.c.level)
        )
        found: defaultdict[str, list[Mailing]] = defaultdict(list)
        with self._read() as connection:
            for ids in in_chunks(account_numbers):
                for account, document_id, level, day in connection.execute(query, {"ids": ids}):
                    found[account].append(Mailing(document_id=document_id, level=level, mailed_on=day))
        return found

    def returned(self, facility_id: str, *, since: datetime) -> Iterator[ReturnedMail]:
        """Attempts that were returned or bounced from `since` on, oldest first."""
        later = delivery.alias()
        is_later = exists().where(later.c.document_id == delivery.c.document_id, later.c.attempt > delivery.c.attempt)
        query = (
            select(
                delivery.c.document_id,
                document.c.guarantor_id,
                document.c.kind,
                delivery.c.channel,
                document.c.amount_cents,
                document.c.issued_on,
                delivery.c.changed_at.label("returned_at"),
                is_later.label("was_sent_again"),
                redelivery.c.document_id.is_not(None).label("is_due_again"),
            )
            .select_from(delivery)
            .join(document, document.c.document_id == delivery.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .outerjoin(redelivery, redelivery.c.document_id == delivery.c.document_id)
            .where(
                batch.c.facility_id == facility_id, text(f"delivery.{DID_NOT_ARRIVE}"), delivery.c.changed_at >= since
            )
            .order_by(delivery.c.changed_at, delivery.c.document_id, delivery.c.attempt)
        )
        with self._read() as connection, connection.execution_options(yield_per=_FETCH_ROWS).execute(query) as rows:
            for row in rows.mappings():
                typed = {"kind": Kind(row["kind"]), "channel": Channel(row["channel"])}
                flags = {name: bool(row[name]) for name in ("was_sent_again", "is_due_again")}
                yield ReturnedMail(**{**row, **typed, **flags})

    def count_sent(self, facility_id: str, *, since: datetime) -> tuple[int, int]:
        """Attempts that left from `since` on, and those of them that did not arrive."""
        query = (
            select(func.count(), func.count().filter(delivery.c.state.in_([each.value for each in _DID_NOT_ARRIVE])))
            .select_from(delivery)
            .join(document, document.c.document_id == delivery.c.document_id)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .where(batch.c.facility_id == facility_id, delivery.c.claimed_at >= since, _left())
        )
        with self._read() as connection:
            sent, lost = connection.execute(query).one()
        return int(sent), int(lost)

    def volumes(self, facility_id: str, *, since: date) -> list[MailVolume]:
        """What left in each batch as of `since` or later, oldest first. A failed print file contains nothing."""
        own = (batch.c.facility_id == facility_id, batch.c.as_of >= since)
        kept = print_file.c.state != DeliveryState.FAILED.value
        sheets = (
            select(print_file.c.batch_id, func.sum(print_file.c.sheets))
            .join(batch, batch.c.batch_id == print_file.c.batch_id)
            .where(*own, kept)
            .group_by(print_file.c.batch_id)
        )
        pieces = (
            select(print_file.c.batch_id, print_file.c.envelope_class, func.count())
            .join(batch, batch.c.batch_id == print_file.c.batch_id)
            .join(delivery, delivery.c.print_file == print_file.c.name)
            .where(*own, kept, delivery.c.state != DeliveryState.FAILED.value)
            .group_by(print_file.c.batch_id, print_file.c.envelope_class)
        )
        emails = (
            select(document.c.batch_id, func.count())
            .select_from(document)
            .join(batch, batch.c.batch_id == document.c.batch_id)
            .join(delivery, delivery.c.document_id == document.c.document_id)
            .where(*own, delivery.c.channel == Channel.EMAIL.value, _left())
            .group_by(document.c.batch_id)
        )
        order = select(batch.c.batch_id).where(*own).order_by(batch.c.as_of, batch.c.batch_id)
        found: dict[str, dict[str, int]] = defaultdict(lambda: {"letters": 0, "flats": 0, "sheets": 0, "emails": 0})
        with self._read() as connection:
            for batch_id, count in connection.execute(sheets):
                found[batch_id]["sheets"] = int(count)
            for batch_id, envelope_class, count in connection.execute(pieces):
                found[batch_id]["letters" if envelope_class == "letter" else "flats"] += count
            for batch_id, count in connection.execute(emails):
                found[batch_id]["emails"] = count
            ids = list(connection.execute(order).scalars())
        return [MailVolume(batch_id=each, **found[each]) for each in ids if each in found]


def _counts_as_mailed(facility_id: str, since: date) -> tuple[ColumnElement[bool], ...]:
    return (
        batch.c.facility_id == facility_id,
        batch.c.as_of >= since,
        document.c.mailed_on.is_not(None),
        document.c.kind.in_(_LADDER),
        document.c.revision_of == "",
    )


def _left() -> ColumnElement[bool]:
    return delivery.c.state.not_in([each.value for each in _NOT_SENT])
