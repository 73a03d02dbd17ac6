"""The pull: a billing system's queries → guarantors' accounts, in mailing order and constant memory."""

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
from statement_builder.source.accounts import build_account
from statement_builder.source.check import CheckReport, source_fault, tally_accounts
from statement_builder.source.contract import CONTROL, DETAILS, FRESHNESS, RESULT_SETS, ResultSet
from statement_builder.source.database import begin_reading, open_database, read_chunks
from statement_builder.source.merge import RowStream, merge_streams
from statement_builder.source.queries import bind, find_queries, read_query
from statement_builder.source.row_validation import BadRow, Row, check_rows


class Source:
    """One billing system, by its queries and its database. Use as a context manager; nothing is written to it."""

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
        """Every guarantor once, with all that is owed, from one consistent read of the database.

        In mailing order (postal code, guarantor, by bytes). A guarantor with a bad row, and rows that lead to no
        guarantor, come as `FaultyAccount`. `SourceError` when a query fails, is missing or lacks a column, when rows
        are out of order, and at the end when a result set had not as many rows as `control.sql` says.

        `only` are guarantor ids: all rows are read and counted, and nobody else's are put together.
        """
        return self._pull(as_of, cycle, Counter(), only)

    def feeds(self) -> dict[str, datetime]:
        """When each feed was last loaded, in UTC. A feed whose time is not known is left out: it is never fresh."""
        with begin_reading(self._engine) as connection:
            rows = self._read_all(connection, FRESHNESS, {})
        return {feed: loaded_at.astimezone(UTC) for feed, loaded_at in rows if loaded_at is not None}

    def check(self, *, as_of: date, cycle: str) -> CheckReport:
        """Whether the source is as the contract says; never raises for what is wrong with it, but reports it."""
        faults = [fault for result_set in RESULT_SETS.values() if (fault := self._probe(result_set, as_of, cycle))]
        if faults:
            return CheckReport(faults=tuple(faults), fault_count=len(faults))
        counts: Counter[str] = Counter()
        report = tally_accounts(self._pull(as_of, cycle, counts))
        return msgspec.structs.replace(report, rows=dict(counts), feeds=self.feeds())

    def _pull(
        self, as_of: date, cycle: str, counts: Counter[str], only: Container[str] | None = None
    ) -> Iterator[GuarantorAccount | FaultyAccount]:
        """The accounts; `counts` has the rows of each result set at the end."""
        values = {"as_of": as_of.isoformat(), "cycle": cycle}
        with begin_reading(self._engine) as connection, ExitStack() as cursors:
            streams = []
            for result_set in DETAILS:
                chunks = cursors.enter_context(closing(self._read(connection, result_set, values)))
                streams.append(RowStream(result_set, chunks))
            for key, rows in merge_streams(streams):
                if only is not None and key[1] not in only:
                    continue
                yield build_account(key, rows, as_of=as_of, languages=self._languages)
            counts.update({stream.result_set.name: stream.rows_read for stream in streams})
            _compare_counts(counts, dict(self._read_all(connection, CONTROL, values)))

    def _read(
        self, connection: Connection, result_set: ResultSet, values: Mapping[str, str]
    ) -> Generator[list[Row], None, None]:
        query = read_query(self._folder, result_set)
        if query is not None:
            yield from read_chunks(connection, result_set, bind(query, values))

    def _read_all(self, connection: Connection, result_set: ResultSet, values: Mapping[str, str]) -> list[Row]:
        """A small result set about the source as a whole, every row of which must be right. `SourceError`."""
        raw = [row for chunk in self._read(connection, result_set, values) for row in chunk]
        rows: list[Row] = []
        for row in check_rows(result_set, raw, 1):
            if isinstance(row, BadRow):
                raise SourceError(f"{row.faults[0].message} {row.faults[0].fix}")
            rows.append(row)
        return rows

    def _probe(self, result_set: ResultSet, as_of: date, cycle: str) -> Fault | None:
        """Run one query by itself: what is wrong with it as a whole, if anything."""
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
    """The billing system whose queries are in `sql_root/name` and whose data is at `url`.

    `languages` are those that documents exist in; a reader of another one is a fault. `ConfigError` for a name or
    driver that is not known; `SourceError`, on entering the context, when the database cannot be reached.
    """
    return Source(name, open_database(url, read_only=True), find_queries(name, sql_root), languages)


def _compare_counts(counts: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for result_set in DETAILS:
        name = result_set.name
        if name not in expected and counts[name]:
            raise SourceError(f"control.sql has no row for {name}: add its row count")
        if counts[name] != expected.get(name, 0):
            raise SourceError(
                f"{name}.sql gave {counts[name]} rows, but control.sql counts {expected.get(name, 0)}: a join in the "
                "query loses or doubles rows, or the data changed while it was read"
            )
