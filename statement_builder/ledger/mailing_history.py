"""What has actually been mailed, per encounter and per obstetric episode: the dunning ladder and legal clocks read it.

A document counts when its attempt reaches the final vendor status (`sent` when the vendor reports nothing), in the same
transaction and therefore once. It stops counting when the piece comes back, because it was not delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Date,
    Select,
    Table,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    update,
)

from statement_builder.billing.kind_traits import MailingClock
from statement_builder.billing.model import Correspondence
from statement_builder.billing.selection import Kind, kinds_with
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of, upsert
from statement_builder.ledger.storage.tables import batch, correspondence, document, document_account
from statement_builder.ledger.storage.transactions import Repository

_ENCOUNTER = "encounter"
_EPISODE = "episode"
_KINDS = {
    _ENCOUNTER: kinds_with(MailingClock.STATEMENTS, MailingClock.LETTERS),
    _EPISODE: kinds_with(MailingClock.NOTICES),
}
"""The kinds of document whose mailing counts for an encounter or an episode. A kind in neither moves no clock."""
_COUNTED = kinds_with(MailingClock.STATEMENTS, MailingClock.NOTICES)
"""The kinds that `statements_sent` counts."""
_COLUMNS = (
    "facility_id",
    "subject_type",
    "subject_id",
    "first_on",
    "mailed_count",
    "last_level",
    "last_on",
    "highest_level",
)


class MailingHistoryRepository(Repository):
    """`ledger.mailing_history`. Hand-offs and delivery reports write it."""

    def by_account(
        self, facility_id: str, account_numbers: Sequence[str], *, excluding_batch: str = "", recipient: str = ""
    ) -> dict[str, Correspondence]:
        """Account number → what was mailed about it, as if `excluding_batch` had mailed nothing; if `recipient` is
        given, only what was mailed to that recipient. Accounts without mail are left out."""
        with self._read() as connection:
            if excluding_batch or recipient:
                return _recompute_all(
                    connection, facility_id, _ENCOUNTER, account_numbers, excluding_batch, recipient=recipient
                )
            return {
                row["subject_id"]: Correspondence(
                    first_statement_on=row["first_on"],
                    statements_sent=row["mailed_count"],
                    last_level=row["last_level"],
                    last_mailed_on=row["last_on"],
                    highest_level=row["highest_level"],
                )
                for row in _read(connection, facility_id, _ENCOUNTER, account_numbers)
            }

    def by_episode(
        self, facility_id: str, episode_ids: Sequence[str], *, excluding_batch: str = ""
    ) -> dict[str, tuple[int, date]]:
        """Episode id → obstetric notices mailed and the date of the last, as if `excluding_batch` had mailed nothing.
        Episodes without notices are left out."""
        with self._read() as connection:
            if excluding_batch:
                mailed = _recompute_all(connection, facility_id, _EPISODE, episode_ids, excluding_batch)
                return {episode: (each.statements_sent, each.last_mailed_on) for episode, each in mailed.items()}
            rows = _read(connection, facility_id, _EPISODE, episode_ids)
            return {row["subject_id"]: (row["mailed_count"], row["last_on"]) for row in rows}


def record_mailed(connection: Connection, document_ids: Sequence[str], mailed_on: date) -> None:
    """Count these documents as mailed, except copies and documents that count already."""
    for chunk in in_chunks(document_ids):
        new = select(document.c.document_id).where(
            is_one_of(document.c.document_id), document.c.mailed_on.is_(None), document.c.is_copy.is_(False)
        )
        ids = list(connection.execute(new, {"ids": chunk}).scalars())
        moved = update(document).where(is_one_of(document.c.document_id)).values(mailed_on=mailed_on)
        connection.execute(moved, {"ids": ids})
        corrected = _corrected(connection, ids)
        single = [document_id for document_id in ids if document_id not in corrected]
        _merge(connection, _encounters_mailed(mailed_on), single)
        _merge(connection, _episodes_mailed(mailed_on), single)
        for document_id in sorted(corrected):
            _recompute_document(connection, document_id)


def _corrected(connection: Connection, document_ids: Sequence[str]) -> set[str]:
    """The documents among these that are or have a correction: original and correction are one mailing."""
    other = document.alias()
    has_other = exists().where(
        other.c.batch_id == document.c.batch_id,
        other.c.guarantor_id == document.c.guarantor_id,
        other.c.document_id != document.c.document_id,
        other.c.is_copy.is_(False),
    )
    query = select(document.c.document_id).where(is_one_of(document.c.document_id), has_other)
    return set(connection.execute(query, {"ids": document_ids}).scalars())


def reverse_mailed(connection: Connection, document_id: str) -> None:
    """Reset the clocks of everything on a document because it was not delivered: other mailings still count."""
    counts = (document.c.document_id == document_id) & document.c.mailed_on.is_not(None)
    if connection.execute(update(document).where(counts).values(mailed_on=None)).rowcount:
        _recompute_document(connection, document_id)


def redate_mailed(connection: Connection, document_ids: Sequence[str], mailed_on: date) -> None:
    """Count these documents from another day: the vendor reports the mailing after all. Documents that do not count as
    mailed stay so."""
    for document_id in document_ids:
        counts = document.c.document_id == document_id, document.c.mailed_on.is_not(None)
        moved = update(document).where(*counts, document.c.mailed_on != mailed_on).values(mailed_on=mailed_on)
        if connection.execute(moved).rowcount:
            _recompute_document(connection, document_id)


def _recompute_document(connection: Connection, document_id: str) -> None:
    """Recompute the row of every account or episode on a document."""
    query = (
        select(batch.c.facility_id, document.c.kind, document.c.episode_id)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .where(document.c.document_id == document_id)
    )
    found = connection.execute(query).one()
    clock = Kind(found.kind).traits.clock
    if clock is MailingClock.NONE:
        return
    accounts = select(document_account.c.account_number).where(document_account.c.document_id == document_id)
    subjects = [(_ENCOUNTER, account) for account in connection.execute(accounts.order_by("account_number")).scalars()]
    if clock is MailingClock.NOTICES:
        subjects = [(_EPISODE, found.episode_id)]
    for subject_type, subject_id in subjects:
        recompute(connection, found.facility_id, subject_type, subject_id)


def recompute(connection: Connection, facility_id: str, subject_type: str, subject_id: str) -> None:
    """Rewrite one subject's row from the documents that count."""
    key = {"facility_id": facility_id, "subject_type": subject_type, "subject_id": subject_id}
    mailed = _calculate(connection, facility_id, subject_type, subject_id)
    if mailed is None:
        own = [correspondence.c[name] == value for name, value in key.items()]
        connection.execute(delete(correspondence).where(*own))
        return
    values = {
        "first_on": mailed.first_statement_on,
        "mailed_count": mailed.statements_sent,
        "last_level": mailed.last_level,
        "last_on": mailed.last_mailed_on,
        "highest_level": mailed.highest_level,
    }
    written = upsert(connection, correspondence).values(**key, **values)
    connection.execute(written.on_conflict_do_update(index_elements=list(key), set_=values))


def _calculate(
    connection: Connection,
    facility_id: str,
    subject_type: str,
    subject_id: str,
    *,
    excluding_batch: str = "",
    recipient: str = "",
) -> Correspondence | None:
    """One subject's history from the documents that count; None when none do. A document and its correction are one
    mailing: the clocks start at the first of them, and the next interval starts at the last."""
    mine = _has_account(subject_id) if subject_type == _ENCOUNTER else document.c.episode_id == subject_id
    query = (
        select(document.c.kind, document.c.level, document.c.mailed_on, document.c.batch_id, document.c.guarantor_id)
        .join(batch, batch.c.batch_id == document.c.batch_id)
        .where(batch.c.facility_id == facility_id, document.c.mailed_on.is_not(None), mine)
        .where(document.c.kind.in_(_KINDS[subject_type]))
        .where(document.c.batch_id != excluding_batch)
        .order_by(document.c.mailed_on, document.c.level)
    )
    if recipient:
        query = query.where(document.c.guarantor_id == recipient)
    mailed = list(connection.execute(query))
    if not mailed:
        return None
    return Correspondence(
        first_statement_on=mailed[0].mailed_on,
        statements_sent=len({(each.batch_id, each.guarantor_id) for each in mailed if each.kind in _COUNTED}),
        last_level=mailed[-1].level,
        last_mailed_on=mailed[-1].mailed_on,
        highest_level=max(each.level for each in mailed),
    )


def _has_account(account_number: str) -> ColumnElement[bool]:
    return document.c.document_id.in_(
        select(document_account.c.document_id).where(document_account.c.account_number == account_number)
    )


def _recompute_all(
    connection: Connection,
    facility_id: str,
    subject_type: str,
    subject_ids: Sequence[str],
    excluding_batch: str,
    *,
    recipient: str = "",
) -> dict[str, Correspondence]:
    found = {
        subject_id: _calculate(
            connection, facility_id, subject_type, subject_id, excluding_batch=excluding_batch, recipient=recipient
        )
        for subject_id in subject_ids
    }
    return {subject_id: mailed for subject_id, mailed in found.items() if mailed is not None}


def _read(connection: Connection, facility_id: str, subject_type: str, subject_ids: Sequence[str]) -> list[Any]:
    query = select(correspondence).where(
        correspondence.c.facility_id == facility_id,
        correspondence.c.subject_type == subject_type,
        is_one_of(correspondence.c.subject_id),
    )
    return [row for ids in in_chunks(subject_ids) for row in connection.execute(query, {"ids": ids}).mappings()]


def _encounters_mailed(mailed_on: date) -> Select[Any]:
    """One row per encounter on the documents bound to `ids`."""
    statements = func.sum(case((document.c.kind.in_(_COUNTED), 1), else_=0))
    return (
        _mailed(document_account.c.account_number, _ENCOUNTER, statements, mailed_on)
        .join(document_account, document_account.c.document_id == document.c.document_id)
        .where(is_one_of(document.c.document_id), document.c.kind.in_(_KINDS[_ENCOUNTER]))
        .group_by(batch.c.facility_id, document_account.c.account_number)
        .order_by(document_account.c.account_number)
    )


def _episodes_mailed(mailed_on: date) -> Select[Any]:
    """One row per episode of the documents bound to `ids`."""
    return (
        _mailed(document.c.episode_id, _EPISODE, func.count(), mailed_on)
        .where(is_one_of(document.c.document_id), document.c.kind.in_(_KINDS[_EPISODE]))
        .group_by(batch.c.facility_id, document.c.episode_id)
        .order_by(document.c.episode_id)
    )


def _mailed(subject_id: Any, subject_type: str, count: Any, mailed_on: date) -> Select[Any]:
    """Callers order by subject, so that two writers of the same rows wait for each other instead of deadlocking."""
    on, level = literal(mailed_on, Date), func.max(document.c.level)
    return (
        select(batch.c.facility_id, literal(subject_type), subject_id, on, count, level, on, level)
        .select_from(document)
        .join(batch, batch.c.batch_id == document.c.batch_id)
    )


def _merge(connection: Connection, mailed: Select[Any], ids: Sequence[str]) -> None:
    """Merge the mailings of these documents into the table; correct in whatever order receipts arrive."""
    table: Table = correspondence
    added = upsert(connection, table).from_select(_COLUMNS, mailed)
    new, old = added.excluded, table.c
    statement = added.on_conflict_do_update(
        index_elements=["facility_id", "subject_type", "subject_id"],
        set_={
            "first_on": case((new.first_on < old.first_on, new.first_on), else_=old.first_on),
            "mailed_count": old.mailed_count + new.mailed_count,
            "last_level": case((new.last_on >= old.last_on, new.last_level), else_=old.last_level),
            "last_on": case((new.last_on > old.last_on, new.last_on), else_=old.last_on),
            "highest_level": case((new.highest_level > old.highest_level, new.highest_level), else_=old.highest_level),
        },
    )
    connection.execute(statement, {"ids": ids})
