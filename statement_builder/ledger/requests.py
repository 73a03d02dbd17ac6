"""Requests for documents: those that an operator recorded, and which requests of any origin are answered.

A request is answered when a document that names it was handed off and did not come back: a returned or rejected one
leaves its request open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select, update

from statement_builder.billing.model import DocumentRequest, Record, RequestFormat, RequestKind
from statement_builder.billing.request_terms import Correction, RequestObstacle
from statement_builder.errors import ConfigError
from statement_builder.ledger.audit.events import write_event
from statement_builder.ledger.row_mapping import make_request, review_columns
from statement_builder.ledger.states import TERMINAL_FAILURES, DocumentState
from statement_builder.ledger.storage.sql_compat import in_chunks, insert_if_new, is_one_of
from statement_builder.ledger.storage.tables import (
    batch,
    delivery,
    document,
    document_account,
    document_request,
    request,
)
from statement_builder.ledger.storage.transactions import Repository

REQUESTS = "requests"
"""What stands for the batch in events about requests."""


class RecordedRequest(Record, kw_only=True):
    """A request that an operator recorded, and that is not answered yet."""

    request_id: str
    kind: RequestKind
    account_number: str
    asked_on: date
    format: RequestFormat
    recorded_by: str
    recorded_at: datetime
    reviewed_on: date | None = None
    corrected: tuple[Correction, ...] = ()
    obstacle: RequestObstacle | None = None
    expected_on: date | None = None

    @property
    def request(self) -> DocumentRequest:
        """As the rules read it."""
        return DocumentRequest(
            request_id=self.request_id,
            kind=self.kind,
            asked_on=self.asked_on,
            format=self.format,
            reviewed_on=self.reviewed_on,
            corrected=self.corrected,
            obstacle=self.obstacle,
            expected_on=self.expected_on,
        )


class RequestRepository(Repository):
    """`ledger.requests`."""

    def record(self, facility_id: str, new: RecordedRequest) -> bool:
        """Record a request, or revive one that was withdrawn. False if there is one with its id that was not."""
        values = {
            "facility_id": facility_id,
            "request_id": new.request_id,
            "kind": new.kind.value,
            "account_number": new.account_number,
            "asked_on": new.asked_on,
            "format": new.format.value,
            "recorded_by": new.recorded_by,
            "recorded_at": new.recorded_at,
            **review_columns(new.request),
        }
        with self._write() as connection:
            own = (request.c.facility_id == facility_id, request.c.request_id == new.request_id)
            again = update(request).where(*own, request.c.withdrawn_at.is_not(None)).values(**values, withdrawn_at=None)
            is_new = insert_if_new(connection, request, values) or connection.execute(again).rowcount > 0
            if is_new:
                write_event(
                    connection,
                    at=new.recorded_at,
                    actor=new.recorded_by,
                    batch_id=REQUESTS,
                    subject=new.request_id,
                    what="requested",
                    why=f"{new.kind.value}, asked on {new.asked_on}",
                )
            return is_new

    def review(self, facility_id: str, request_id: str, reviewed: DocumentRequest, *, actor: str, at: datetime) -> None:
        """Record what a review found about a request. ConfigError if no such request is open."""
        own = (request.c.facility_id == facility_id, request.c.request_id == request_id)
        open_now = update(request).where(*own, request.c.withdrawn_at.is_(None), ~_is_answered(""))
        with self._write() as connection:
            if not connection.execute(open_now.values(**review_columns(reviewed))).rowcount:
                raise ConfigError(f"{request_id} is not an open request. `statements requests` lists all.")
            write_event(
                connection,
                at=at,
                actor=actor,
                batch_id=REQUESTS,
                subject=request_id,
                what="reviewed",
                why=f"{reviewed.obstacle or reviewed.kind.value}, reviewed on {reviewed.reviewed_on}",
            )

    def is_open(self, facility_id: str, request_id: str) -> bool:
        """Whether a recorded request still waits for its answer."""
        own = (request.c.facility_id == facility_id, request.c.request_id == request_id)
        query = select(request.c.request_id).where(*own, request.c.withdrawn_at.is_(None), ~_is_answered(""))
        with self._read() as connection:
            return connection.execute(query).first() is not None

    def withdraw(self, facility_id: str, request_id: str, *, reason: str, actor: str, at: datetime) -> None:
        """End a request without an answer. ConfigError if no such request is open."""
        own = (request.c.facility_id == facility_id, request.c.request_id == request_id)
        open_now = update(request).where(*own, request.c.withdrawn_at.is_(None), ~_is_answered(""))
        with self._write() as connection:
            if not connection.execute(open_now.values(withdrawn_at=at)).rowcount:
                raise ConfigError(f"{request_id} is not an open request. `statements requests` lists all.")
            write_event(
                connection, at=at, actor=actor, batch_id=REQUESTS, subject=request_id, what="withdrawn", why=reason
            )

    def recorded(
        self, facility_id: str, kind: RequestKind | None = None, *, excluding_batch: str = ""
    ) -> list[RecordedRequest]:
        """The open requests that operators recorded, oldest first, as if `excluding_batch` had answered none."""
        query = select(request).where(
            request.c.facility_id == facility_id,
            request.c.withdrawn_at.is_(None),
            ~_is_answered(excluding_batch),
        )
        if kind is not None:
            query = query.where(request.c.kind == kind.value)
        with self._read() as connection:
            rows = connection.execute(query.order_by(request.c.asked_on, request.c.request_id)).mappings()
            return [_to_request(dict(row)) for row in rows]

    def answered(
        self, facility_id: str, request_ids: Sequence[str], *, excluding_batch: str
    ) -> frozenset[tuple[str, str]]:
        """Account number and id of the requests with these ids that are answered, as if `excluding_batch` had answered
        none. A billing system may number the requests of each account from 1."""
        query = select(document_account.c.account_number, document_request.c.request_id).where(
            is_one_of(document_request.c.request_id), batch.c.facility_id == facility_id, *_answers(excluding_batch)
        )
        with self._read() as connection:
            return frozenset(
                (account_number, request_id)
                for ids in in_chunks(request_ids)
                for account_number, request_id in connection.execute(query, {"ids": ids})
            )

    def itemized(self, facility_id: str, account_numbers: Sequence[str], *, excluding_batch: str) -> frozenset[str]:
        """The visits of which an itemized bill was handed off, as if `excluding_batch` had made none."""
        query = select(document_account.c.account_number).where(
            is_one_of(document_account.c.account_number),
            document.c.kind == RequestKind.INVOICE.value,
            document.c.is_copy.is_(False),
            batch.c.facility_id == facility_id,
            *_handed_off(excluding_batch),
        )
        with self._read() as connection:
            return frozenset(
                number for ids in in_chunks(account_numbers) for (number,) in connection.execute(query, {"ids": ids})
            )

    def withdrawn(self, facility_id: str) -> frozenset[tuple[str, str]]:
        """Account number and id of the requests that operators withdrew."""
        query = select(request.c.account_number, request.c.request_id).where(
            request.c.facility_id == facility_id, request.c.withdrawn_at.is_not(None)
        )
        with self._read() as connection:
            return frozenset((account_number, request_id) for account_number, request_id in connection.execute(query))

    def of_batch(self, batch_id: str, kind: RequestKind) -> dict[str, tuple[DocumentRequest, ...]]:
        """Account number → the requests about it that documents of this batch answer, whatever became of these."""
        query = (
            select(document_account.c.account_number, document_request)
            .distinct()
            .select_from(document_request)
            .join(document, document.c.document_id == document_request.c.document_id)
            .join(document_account, document_account.c.document_id == document.c.document_id)
            .where(document.c.batch_id == batch_id)
            .order_by(document_request.c.asked_on, document_request.c.request_id)
        )
        found: defaultdict[str, list[DocumentRequest]] = defaultdict(list)
        with self._read() as connection:
            for row in connection.execute(query).mappings():
                asked = make_request(dict(row), kind)
                if asked not in found[row["account_number"]]:
                    found[row["account_number"]].append(asked)
        return {account_number: tuple(each) for account_number, each in found.items()}


def _is_answered(excluding_batch: str) -> ColumnElement[bool]:
    """Whether the row of `request` is answered."""
    return (
        exists()
        .where(
            batch.c.facility_id == request.c.facility_id,
            document_account.c.account_number == request.c.account_number,
            document_request.c.request_id == request.c.request_id,
            *_answers(excluding_batch),
        )
        .correlate(request)
    )


def _answers(excluding_batch: str) -> tuple[ColumnElement[bool], ...]:
    """A document that names the request was handed off, and an attempt to deliver it is under way or went well."""
    return document_request.c.document_id == document.c.document_id, *_handed_off(excluding_batch)


def _handed_off(excluding_batch: str) -> tuple[ColumnElement[bool], ...]:
    """A document about the account was handed off, and an attempt to deliver it is under way or went well."""
    live = exists().where(
        delivery.c.document_id == document.c.document_id,
        delivery.c.state.not_in([state.value for state in TERMINAL_FAILURES]),
    )
    return (
        document_account.c.document_id == document.c.document_id,
        document.c.state == DocumentState.HANDED_OFF.value,
        document.c.batch_id == batch.c.batch_id,
        document.c.batch_id != excluding_batch,
        live.correlate(document),
    )


def _to_request(row: dict[str, Any]) -> RecordedRequest:
    asked = make_request(row, RequestKind(row["kind"]))
    return RecordedRequest(
        request_id=asked.request_id,
        kind=asked.kind,
        account_number=row["account_number"],
        asked_on=asked.asked_on,
        format=asked.format,
        recorded_by=row["recorded_by"],
        recorded_at=row["recorded_at"],
        reviewed_on=asked.reviewed_on,
        corrected=asked.corrected,
        obstacle=asked.obstacle,
        expected_on=asked.expected_on,
    )
