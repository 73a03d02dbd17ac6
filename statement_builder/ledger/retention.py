"""Retention: what a purge may delete, what must stay, and the reduction of a purged shard's rows.

Events are never changed: they name ids and hold codes, and no person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, update

from statement_builder.billing.model import Record
from statement_builder.errors import InvariantError
from statement_builder.ledger.audit.events import PURGED, write_event
from statement_builder.ledger.candidates import find_last_holds
from statement_builder.ledger.states import DeliveryState, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import (
    batch,
    candidate,
    candidate_hold,
    correspondence,
    delivery,
    document,
    document_account,
    print_file,
    redelivery,
    shard,
)
from statement_builder.ledger.storage.transactions import Repository

_UNRESOLVED = (DeliveryState.CLAIMED, DeliveryState.COMMITTING, DeliveryState.UNCERTAIN)


class ShardRetention(Record, kw_only=True):
    """What decides whether a shard may be purged."""

    sequence: int
    snapshot_key: str
    pack_key: str | None
    purged_on: date | None
    last_active_on: date | None
    """The day of the last change of a delivery attempt. None: nothing was handed off."""
    open_documents: int
    """Documents that wait for a hand-off or for a decision."""
    last_mailed_on: date | None
    """The day of the last mailing about any encounter or pregnancy on its documents, in any batch."""
    guarantor_ids: frozenset[str]
    document_ids: frozenset[str]
    account_numbers: frozenset[str]
    originals: frozenset[int]
    """The shards with the documents that this one copies or corrects."""


class PrintFileDocuments(Record, kw_only=True):
    """A print file and the shards that its documents are in."""

    name: str
    sequences: frozenset[int]


class RetentionRepository(Repository):
    """`ledger.retention`."""

    def guarantors_on_hold(self, facility_id: str, codes: Collection[str], today: date) -> dict[str, str]:
        """Recipient → one of these hold codes, if the last decision about it, of any kind, found one that has not
        expired."""
        with self._read() as connection:
            last = find_last_holds(connection, facility_id, codes)
        return {each.subject: each.hold.code for each in last if each.hold.until is None or each.hold.until > today}

    def shards(self, batch_id: str) -> list[ShardRetention]:
        """The facts about every shard of a batch, in order."""
        with self._read() as connection:
            facts = _read_facts(connection, batch_id)
            rows = connection.execute(select(shard).where(shard.c.batch_id == batch_id).order_by(shard.c.sequence))
            return [
                ShardRetention(
                    sequence=row["sequence"],
                    snapshot_key=row["snapshot_key"],
                    pack_key=row["pack_key"],
                    purged_on=row["purged_on"],
                    last_active_on=facts.active[row["sequence"]].date() if row["sequence"] in facts.active else None,
                    open_documents=facts.open[row["sequence"]],
                    last_mailed_on=facts.mailed.get(row["sequence"]),
                    guarantor_ids=frozenset(facts.guarantors[row["sequence"]]),
                    document_ids=frozenset(facts.documents[row["sequence"]]),
                    account_numbers=frozenset(facts.accounts[row["sequence"]]),
                    originals=frozenset(facts.originals[row["sequence"]] - {row["sequence"]}),
                )
                for row in rows.mappings()
            ]

    def print_files(self, batch_id: str) -> list[PrintFileDocuments]:
        """The batch's print files, with the shards of all documents that were ever in them."""
        query = (
            select(print_file.c.name, document.c.sequence)
            .join(delivery, delivery.c.print_file == print_file.c.name)
            .join(document, document.c.document_id == delivery.c.document_id)
            .where(print_file.c.batch_id == batch_id)
            .distinct()
        )
        found: defaultdict[str, set[int]] = defaultdict(set)
        with self._read() as connection:
            for name, sequence in connection.execute(query):
                found[name].add(sequence)
        return [PrintFileDocuments(name=name, sequences=frozenset(each)) for name, each in sorted(found.items())]

    def record_purge(
        self,
        batch_id: str,
        sequence: int,
        *,
        print_files: Sequence[str],
        on: date,
        actor: str,
        at: datetime,
        why: str,
    ) -> None:
        """Reduce the rows of a shard whose files are deleted to what accounting and the clocks need.

        Stay: ids, accounts, amounts, pages, hashes, states, dates. Go: postal codes, languages, hold reasons, data
        errors, receipts. Recording it twice changes nothing.
        """
        own = (document.c.batch_id == batch_id) & (document.c.sequence == sequence)
        ids = select(document.c.document_id).where(own)
        mine = (candidate.c.batch_id == batch_id) & (candidate.c.sequence == sequence)
        subjects = select(candidate.c.subject).where(mine)
        purged = (shard.c.batch_id == batch_id) & (shard.c.sequence == sequence)
        with self._write() as connection:
            first = update(shard).where(purged, shard.c.purged_on.is_(None))
            if not connection.execute(first.values(purged_on=on, postal_first="", postal_last="")).rowcount:
                return
            if connection.execute(select(batch.c.closed_at).where(batch.c.batch_id == batch_id)).scalar() is None:
                raise InvariantError(f"batch {batch_id} is not closed, so shard {sequence} must not be purged")
            blank = {"postal_key": "", "language": "", "error_message": "", "error_fix": ""}
            connection.execute(update(document).where(own).values(blank))
            receipts = update(delivery).where(delivery.c.document_id.in_(ids))
            connection.execute(receipts.values(receipt=None, readdressed_to=""))
            holds = (candidate_hold.c.batch_id == batch_id) & candidate_hold.c.subject.in_(subjects)
            connection.execute(delete(candidate_hold).where(holds))
            connection.execute(update(candidate).where(mine, candidate.c.faults.is_not(None)).values(faults="[]"))
            for names in in_chunks(print_files):
                connection.execute(
                    update(print_file).where(is_one_of(print_file.c.name)).values(receipt=None), {"ids": names}
                )
            subject = f"shard {sequence}"
            write_event(connection, at=at, actor=actor, batch_id=batch_id, subject=subject, what=PURGED, why=why)


class _Facts(msgspec.Struct):
    """By shard sequence."""

    active: dict[int, datetime]
    open: defaultdict[int, int]
    mailed: dict[int, date]
    guarantors: defaultdict[int, set[str]]
    documents: defaultdict[int, set[str]]
    accounts: defaultdict[int, set[str]]
    originals: defaultdict[int, set[int]]


def _read_facts(connection: Connection, batch_id: str) -> _Facts:
    own = document.c.batch_id == batch_id
    changed = (
        select(document.c.sequence, func.max(delivery.c.changed_at))
        .join(delivery, delivery.c.document_id == document.c.document_id)
        .where(own)
        .group_by(document.c.sequence)
    )
    facts = _Facts(
        active={row[0]: row[1] for row in connection.execute(changed)},
        open=defaultdict(int, _count_open(connection, batch_id)),
        mailed=_last_mailed(connection, batch_id),
        guarantors=defaultdict(set),
        documents=defaultdict(set),
        accounts=defaultdict(set),
        originals=defaultdict(set),
    )
    people = select(candidate.c.sequence, candidate.c.guarantor_id).where(candidate.c.batch_id == batch_id)
    for sequence, guarantor_id in connection.execute(people):
        facts.guarantors[sequence].add(guarantor_id)
    for row in connection.execute(select(document).where(own)):
        facts.documents[row.sequence].add(row.document_id)
        facts.guarantors[row.sequence].add(row.guarantor_id)
    accounts = select(document.c.sequence, document_account.c.account_number).select_from(document).where(own)
    for sequence, number in connection.execute(
        accounts.join(document_account, document_account.c.document_id == document.c.document_id)
    ):
        facts.accounts[sequence].add(number)
    original = document.alias()
    reissued = select(document.c.sequence, original.c.sequence).select_from(document).where(own)
    for sequence, first in connection.execute(
        reissued.join(original, original.c.document_id == document.c.revision_of)
    ):
        facts.originals[sequence].add(first)
    return facts


def _count_open(connection: Connection, batch_id: str) -> dict[int, int]:
    unresolved = select(delivery.c.document_id).where(
        delivery.c.document_id == document.c.document_id, delivery.c.state.in_([each.value for each in _UNRESOLVED])
    )
    due = select(redelivery.c.document_id).where(redelivery.c.document_id == document.c.document_id)
    query = (
        select(document.c.sequence, func.count())
        .where(
            document.c.batch_id == batch_id,
            or_(document.c.state == DocumentState.RENDERED.value, due.exists(), unresolved.exists()),
        )
        .group_by(document.c.sequence)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _last_mailed(connection: Connection, batch_id: str) -> dict[int, date]:
    """The last mailing about the encounters and pregnancies on each shard's documents."""
    latest = func.max(correspondence.c.last_on)
    facility = select(batch.c.facility_id).where(batch.c.batch_id == batch_id).scalar_subquery()
    base = select(document.c.sequence, latest).select_from(document).where(document.c.batch_id == batch_id)
    encounters = base.join(document_account, document_account.c.document_id == document.c.document_id).join(
        correspondence,
        (correspondence.c.subject_id == document_account.c.account_number)
        & (correspondence.c.subject_type == "encounter")
        & (correspondence.c.facility_id == facility),
    )
    episodes = base.join(
        correspondence,
        (correspondence.c.subject_id == document.c.episode_id)
        & (correspondence.c.subject_type == "episode")
        & (correspondence.c.facility_id == facility),
    )
    found: dict[int, date] = {}
    for query in (encounters, episodes):
        for sequence, on in connection.execute(query.group_by(document.c.sequence)):
            found[sequence] = max(on, found.get(sequence, on))
    return found
