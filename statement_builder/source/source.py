"""Reads a billing system's queries as a stream of guarantor accounts, in mailing order and constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from sqlalchemy import Connection, Engine

from statement_builder.billing.model import Fault, FaultyAccount, GuarantorAccount
from statement_builder.errors import SourceError
from statement_builder.source.accounts import try_build_account
from statement_builder.source.check import CheckReport, count_accounts, source_fault
from statement_builder.source.contract import CONTROL, DETAILS, FRESHNESS, RESULT_SETS, ResultSet
from statement_builder.source.database import begin_reading, open_database, read_chunks
from statement_builder.source.merge import RowStream, merge_streams
from statement_builder.source.queries import bind_parameters, find_queries, read_query
from statement_builder.source.row_validation import BadRow, Row, check_rows


class Source:
    """One billing system: its queries and its database. Use as a context manager. It is never written to."""

    def __init__(self, name: str, engine: Engine, folder: Path, languages: frozenset[str]) -> None:
        self.name = name
        self._engine = engine
        self._folder = folder
        self._languages = languages

    def __enter__(self) -> Self:
        with begin_reading(self._engine):
            return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._engine.dispose()

    def accounts(
        self, *, as_of: date, cycle: str, only: Container[str] | None = None
    ) -> Iterator[GuarantorAccount | FaultyAccount]:
        """Every guarantor's account once, from one consistent snapshot of the database.

        Accounts come in mailing order (postal code, then guarantor id, by bytes). A guarantor with a bad row, and rows
        without a guarantor, come as `FaultyAccount`. `SourceError` if a query is missing, fails or lacks a column, if
        rows are out of order, or, at the end, if a row count differs from `control.sql`.

        `only`: guarantor ids to build accounts for. All rows are still read and counted.
        """
        return self._pull(as_of, cycle, Counter(), only)

    def feeds(self) -> dict[str, datetime]:
        """When each feed was last loaded, in UTC. Feeds without a load time are omitted, so they are never fresh."""
        with begin_reading(self._engine) as connection:
            rows = self._read_all(connection, FRESHNESS, {})
        return {feed: loaded_at.astimezone(UTC) for feed, loaded_at in rows if loaded_at is not None}

    def email_secrets(self, guarantor_ids: Container[str], *, as_of: date, cycle: str) -> dict[str, str]:
        """The passwords that these guarantors chose for e-mail attachments, by guarantor id. Guarantors without one, or
        with a bad row, are omitted."""
        guarantors = RESULT_SETS["guarantors"]
        guarantor_id, secret = guarantors.index("guarantor_id"), guarantors.index("email_secret")
        found: dict[str, str] = {}
        with begin_reading(self._engine) as connection:
            values = {"as_of": as_of.isoformat(), "cycle": cycle}
            for chunk in self._read(connection, guarantors, values):
                for row in check_rows(guarantors, [row for row in chunk if row[guarantor_id] in guarantor_ids], 1):
                    if not isinstance(row, BadRow) and row[secret]:
                        found[row[guarantor_id]] = row[secret]
        return found

    def check(self, *, as_of: date, cycle: str) -> CheckReport:
        """Check the source against the contract. Faults are in the report, not raised."""
        faults = [fault for result_set in RESULT_SETS.values() if (fault := self._probe(result_set, as_of, cycle))]
        if faults:
            return CheckReport(faults=tuple(faults), fault_count=len(faults))
        counts: Counter[str] = Counter()
        report = count_accounts(self._pull(as_of, cycle, counts))
        return msgspec.structs.replace(report, rows=dict(counts), feeds=self.feeds())

    def _pull(
        self, as_of: date, cycle: str, counts: Counter[str], only: Container[str] | None = None
    ) -> Iterator[GuarantorAccount | FaultyAccount]:
        """Yield the accounts; at the end `counts` has the number of rows per result set."""
        values = {"as_of": as_of.isoformat(), "cycle": cycle}
        with begin_reading(self._engine) as connection, ExitStack() as cursors:
            streams = []
            for result_set in DETAILS:
                chunks = cursors.enter_context(closing(self._read(connection, result_set, values)))
                streams.append(RowStream(result_set, chunks))
            for key, rows in merge_streams(streams):
                if only is not None and key[1] not in only:
                    continue
                yield try_build_account(key, rows, as_of=as_of, languages=self._languages)
            counts.update({stream.result_set.name: stream.rows_read for stream in streams})
            _check_row_counts(counts, dict(self._read_all(connection, CONTROL, values)))

    def _read(
        self, connection: Connection, result_set: ResultSet, values: Mapping[str, str]
    ) -> Generator[list[Row], None, None]:
        query = read_query(self._folder, result_set)
        if query is not None:
            yield from read_chunks(connection, result_set, bind_parameters(query, values))

    def _read_all(self, connection: Connection, result_set: ResultSet, values: Mapping[str, str]) -> list[Row]:
        """All rows of a small result set about the whole source. `SourceError` if any row is bad."""
        raw = [row for chunk in self._read(connection, result_set, values) for row in chunk]
        rows: list[Row] = []
        for row in check_rows(result_set, raw, 1):
            if isinstance(row, BadRow):
                raise SourceError(f"{row.faults[0].message} {row.faults[0].fix}")
            rows.append(row)
        return rows

    def _probe(self, result_set: ResultSet, as_of: date, cycle: str) -> Fault | None:
        """Run one query on its own. Returns the fault if it fails or lacks a column."""
        values = {"as_of": as_of.isoformat(), "cycle": cycle}
        try:
            with (
                begin_reading(self._engine) as connection,
                closing(self._read(connection, result_set, values)) as chunks,
            ):
                next(chunks, None)
        except SourceError as exc:
            return source_fault(result_set.name, exc)
        return None


def open_source(name: str, url: str, sql_root: Path, *, languages: frozenset[str] = frozenset({"en"})) -> Source:
    """Open the billing system with queries in `sql_root/name` and data at `url`.

    `languages` are the language codes that documents exist in; a guarantor with another language is a fault.
    `ConfigError` for an unknown name or driver; `SourceError` on entering the context if the database is unreachable.
    """
    return Source(name, open_database(url, read_only=True), find_queries(name, sql_root), languages)


def _check_row_counts(counts: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for result_set in DETAILS:
        name = result_set.name
        if name not in expected and counts[name]:
            raise SourceError(f"control.sql has no row for {name}. Add its row count")
        if counts[name] != expected.get(name, 0):
            raise SourceError(
                f"{name}.sql returned {counts[name]} rows, but control.sql counts {expected.get(name, 0)}. Correct the "
                "query: a join drops or duplicates rows"
            )
