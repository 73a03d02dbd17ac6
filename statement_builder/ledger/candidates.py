"""The clerk's work lists of a batch: exceptions and holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, func, or_, select, text

from statement_builder.billing.identifiers import RECIPIENT_SEPARATOR
from statement_builder.billing.model import Fault
from statement_builder.billing.selection import Hold
from statement_builder.ledger.records import CandidateDecision, ExceptionLine, HeldCandidate, LastHold
from statement_builder.ledger.states import Outcome
from statement_builder.ledger.storage.sql_compat import in_chunks, is_one_of
from statement_builder.ledger.storage.tables import IS_ERROR, IS_EXCEPTION, batch, candidate, candidate_hold, document
from statement_builder.ledger.storage.transactions import Repository


class CandidateRepository(Repository):
    """`ledger.candidates`. `ledger.shards.record_built` writes candidates."""

    def exceptions(self, batch_id: str) -> list[ExceptionLine]:
        """Everything that a clerk must fix, in mailing order: first bad data, then documents that failed to render."""
        faulty = (
            select(candidate.c.subject, candidate.c.guarantor_id, candidate.c.faults, candidate.c.balance_cents)
            .where(candidate.c.batch_id == batch_id, text(IS_EXCEPTION))
            .order_by(candidate.c.sequence, candidate.c.subject)
        )
        failed = (
            select(document)
            .where(document.c.batch_id == batch_id, text(IS_ERROR))
            .order_by(document.c.sequence, document.c.position)
        )
        with self._read() as connection:
            lines = [line for row in connection.execute(faulty) for line in _faults_of(row)]
            return lines + [_error_of(row) for row in connection.execute(failed)]

    def sequences_of_faults(self, batch_id: str, codes: Collection[str]) -> list[int]:
        """The shard of each candidate that is an exception with one of these fault codes, in mailing order."""
        query = (
            select(candidate.c.sequence, candidate.c.faults)
            .where(candidate.c.batch_id == batch_id, text(IS_EXCEPTION))
            .order_by(candidate.c.sequence, candidate.c.subject)
        )
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [row.sequence for row in rows if any(fault.code in codes for fault in _decode_faults(row.faults))]

    def held_with(self, batch_id: str, code: str, *, limit: int | None = None) -> list[HeldCandidate]:
        """The candidates held with this code, each with the holds of this code only, the largest amounts first; with
        `limit`, at most so many holds."""
        hold = candidate_hold.c
        backward = (hold.held_cents.desc(), hold.subject.desc(), hold.position.desc())  # as the index can be read
        query = (
            select(candidate, candidate_hold)
            .join(candidate_hold, and_(hold.batch_id == candidate.c.batch_id, hold.subject == candidate.c.subject))
            .where(hold.batch_id == batch_id, hold.code == code)
            .order_by(*backward)
            .limit(limit)
        )
        by_subject: defaultdict[str, list[Any]] = defaultdict(list)
        with self._read() as connection:
            rows = connection.execute(query).all()
        for row in sorted(rows, key=lambda row: (-row.held_cents, row.subject, row.position)):
            by_subject[row.subject].append(row)
        return [_to_held(rows) for rows in by_subject.values()]

    def held(self, batch_id: str) -> list[HeldCandidate]:
        """Every candidate held in full or in part, with all its reasons, in mailing order."""
        query = (
            select(candidate, candidate_hold)
            .join(
                candidate_hold,
                and_(
                    candidate_hold.c.batch_id == candidate.c.batch_id, candidate_hold.c.subject == candidate.c.subject
                ),
            )
            .where(candidate.c.batch_id == batch_id)
            .order_by(candidate.c.sequence, candidate.c.subject, candidate_hold.c.position)
        )
        by_subject: defaultdict[str, list[Any]] = defaultdict(list)
        with self._read() as connection:
            for row in connection.execute(query):
                by_subject[row.subject].append(row)
        return [_to_held(rows) for rows in by_subject.values()]

    def reasons(self, batch_id: str) -> Iterator[tuple[str, str, int]]:
        """Candidate, hold code, and the cents that are held of the candidate with its first reason (0 with every
        other), each pair once. What is held without a reason has an empty code: the part of a plan that is not due."""
        held_cents = candidate.c.balance_cents - candidate.c.amount_cents
        query = (
            select(candidate.c.subject, candidate_hold.c.code, func.min(held_cents))
            .outerjoin(
                candidate_hold,
                and_(
                    candidate_hold.c.batch_id == candidate.c.batch_id, candidate_hold.c.subject == candidate.c.subject
                ),
            )
            .where(candidate.c.batch_id == batch_id, candidate.c.outcome != Outcome.EXCEPTION.value)
            .where(or_(candidate_hold.c.code.is_not(None), held_cents != 0))
            .group_by(candidate.c.subject, candidate_hold.c.code)
            .order_by(candidate.c.subject, func.min(candidate_hold.c.position))
        )
        previous = None
        with self._read() as connection, connection.execution_options(yield_per=5_000).execute(query) as rows:
            for subject, code, cents in rows:
                yield subject, code or "", 0 if subject == previous else int(cents)
                previous = subject

    def decisions(self, batch_ids: Sequence[str], guarantor_id: str) -> list[CandidateDecision]:
        """What these batches decided about the guarantor, or about another recipient of that guarantor's mail."""
        first = f"{guarantor_id}{RECIPIENT_SEPARATOR}"
        recipients = (candidate.c.subject >= first) & (candidate.c.subject < f"{first}\U0010ffff")
        query = (
            select(candidate, candidate_hold)
            .outerjoin(
                candidate_hold,
                and_(
                    candidate_hold.c.batch_id == candidate.c.batch_id, candidate_hold.c.subject == candidate.c.subject
                ),
            )
            .where(candidate.c.batch_id.in_(batch_ids), or_(candidate.c.subject == guarantor_id, recipients))
            .order_by(candidate.c.batch_id, candidate.c.subject, candidate_hold.c.position)
        )
        found: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
        with self._read() as connection:
            for row in connection.execute(query):
                found[row.batch_id, row.subject].append(row)
        return [_to_decision(rows) for rows in found.values()]

    def last_shard(self, batch_ids: Sequence[str], guarantor_id: str) -> tuple[str, int] | None:
        """Batch and shard with the newest data of the guarantor, or of another recipient of that guarantor's mail. None
        if these batches pulled none."""
        first = f"{guarantor_id}{RECIPIENT_SEPARATOR}"
        recipients = (candidate.c.subject >= first) & (candidate.c.subject < f"{first}\U0010ffff")
        query = (
            select(candidate.c.batch_id, candidate.c.sequence)
            .join(batch, batch.c.batch_id == candidate.c.batch_id)
            .where(candidate.c.batch_id.in_(batch_ids), or_(candidate.c.subject == guarantor_id, recipients))
            .order_by(batch.c.as_of.desc(), candidate.c.batch_id, candidate.c.subject)
            .limit(1)
        )
        with self._read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.batch_id, row.sequence)

    def held_with_account(self, batch_ids: Sequence[str], account_number: str) -> list[str]:
        """The guarantors whom these batches held because of this account."""
        query = (
            select(candidate.c.guarantor_id)
            .join(
                candidate_hold,
                and_(
                    candidate_hold.c.batch_id == candidate.c.batch_id, candidate_hold.c.subject == candidate.c.subject
                ),
            )
            .where(candidate_hold.c.batch_id.in_(batch_ids), candidate_hold.c.account_number == account_number)
            .distinct()
        )
        with self._read() as connection:
            return sorted(connection.execute(query).scalars())

    def last_holds(self, facility_id: str, codes: Collection[str]) -> list[LastHold]:
        """The holds with these codes that the last decision about a recipient found, by recipient."""
        with self._read() as connection:
            return find_last_holds(connection, facility_id, codes)


def find_last_holds(connection: Connection, facility_id: str, codes: Collection[str]) -> list[LastHold]:
    """As `CandidateRepository.last_holds`. The last decision is that of the last batch of the same kind."""
    holds = (
        select(candidate_hold, batch.c.kind, batch.c.as_of)
        .join(batch, batch.c.batch_id == candidate_hold.c.batch_id)
        .where(batch.c.facility_id == facility_id, candidate_hold.c.code.in_(sorted(codes)))
        .order_by(candidate_hold.c.subject, batch.c.as_of.desc(), batch.c.batch_id, candidate_hold.c.position)
    )
    decided = (
        select(candidate.c.subject, batch.c.kind, func.max(batch.c.as_of).label("as_of"))
        .join(batch, batch.c.batch_id == candidate.c.batch_id)
        .where(batch.c.facility_id == facility_id, is_one_of(candidate.c.subject))
        .group_by(candidate.c.subject, batch.c.kind)
    )
    found = connection.execute(holds).all()
    last: dict[tuple[str, str], date] = {}
    for ids in in_chunks(sorted({row.subject for row in found})):
        last |= {(row.subject, row.kind): row.as_of for row in connection.execute(decided, {"ids": ids})}
    return [
        LastHold(batch_id=row.batch_id, subject=row.subject, hold=_to_hold(row))
        for row in found
        if row.as_of == last[row.subject, row.kind]
    ]


def _faults_of(row: Any) -> list[ExceptionLine]:
    return [
        ExceptionLine(
            subject=row.subject,
            guarantor_id=row.guarantor_id,
            code=fault.code,
            result_set=fault.result_set,
            column=fault.column,
            row_key=fault.row_key,
            message=fault.message,
            fix=fault.fix,
            cents=row.balance_cents,
        )
        for fault in _decode_faults(row.faults)
    ]


def _decode_faults(faults: str) -> tuple[Fault, ...]:
    return msgspec.json.decode(faults, type=tuple[Fault, ...])


def _error_of(row: Any) -> ExceptionLine:
    return ExceptionLine(
        subject=row.guarantor_id,
        guarantor_id=row.guarantor_id,
        document_id=row.document_id,
        code=row.error_code,
        message=row.error_message,
        fix=row.error_fix,
        cents=row.amount_cents,
    )


def _to_held(rows: list[Any]) -> HeldCandidate:
    first = rows[0]
    return HeldCandidate(
        subject=first.subject,
        guarantor_id=first.guarantor_id,
        outcome=Outcome(first.outcome),
        held_cents=first.balance_cents - first.amount_cents,
        holds=tuple(_to_hold(row) for row in rows if not row.late),
        late_holds=tuple(_to_hold(row) for row in rows if row.late),
    )


def _to_decision(rows: list[Any]) -> CandidateDecision:
    first = rows[0]
    held = [row for row in rows if row.code is not None]
    return CandidateDecision(
        batch_id=first.batch_id,
        sequence=first.sequence,
        guarantor_id=first.guarantor_id,
        outcome=Outcome(first.outcome),
        balance_cents=first.balance_cents,
        amount_cents=first.amount_cents,
        holds=tuple(_to_hold(row) for row in held if not row.late),
        late_holds=tuple(_to_hold(row) for row in held if row.late),
        faults=_decode_faults(first.faults) if first.faults else (),
    )


def _to_hold(row: Any) -> Hold:
    return Hold(code=row.code, account_number=row.account_number, until=row.until, since=row.since)
