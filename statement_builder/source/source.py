"""Reads a billing system's queries as a stream of guarantor accounts, in mailing order and constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine

from statement_builder.billing.model import (
    Fault,
    FaultyAccount,
    GuarantorAccount,
    MedicareBadDebt,
    Receivable,
    ReceivableAccount,
    WriteOff,
)
from statement_builder.errors import QueryError, RepeatedSubjects, SourceError
from statement_builder.source.accounts import try_build_account
from statement_builder.source.by_guarantor import AccountSample
from statement_builder.source.check import CheckReport, FaultList, count_accounts, faults_of
from statement_builder.source.column_types import FLAG
from statement_builder.source.contract import (
    CONTROL,
    DETAILS,
    FRESHNESS,
    MEDICARE_BAD_DEBTS,
    RECEIVABLE_ACCOUNTS,
    RECEIVABLES,
    RESULT_SETS,
    WRITE_OFFS,
    ResultSet,
)
from statement_builder.source.database import begin_reading, open_database, read_chunks
from statement_builder.source.merge import RowStream, merge_streams
from statement_builder.source.queries import bind_parameters, find_queries, is_limited, read_query
from statement_builder.source.repeated import refuse_repeated
from statement_builder.source.row_validation import BadRow, Row, check_rows

BY_GUARANTOR_MAX = 1000
"""Guarantors in one query by guarantor. For more, reading everybody is no slower."""
_Reported = TypeVar("_Reported", MedicareBadDebt, WriteOff)


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
        self,
        *,
        as_of: date,
        cycle: str,
        includes: Callable[[object], bool] = lambda _: True,
        guarantor_ids: Collection[str] | None = None,
        refused: frozenset[int] = frozenset(),
    ) -> Iterator[GuarantorAccount | FaultyAccount]:
        """Every guarantor's account once, from one consistent snapshot of the database.

        Accounts come in mailing order (postal code, then guarantor id, by bytes). A guarantor with a bad row, and rows
        without a guarantor, come as `FaultyAccount`. `SourceError` if a query is missing, fails or lacks a column, if
        rows are out of order, or, at the end, if a row count differs from `control.sql`.

        `includes` says of a guarantor id whether to build the account; it is asked at each place where the guarantor's
        rows are. All rows are still read and counted.
        `guarantor_ids`: only these guarantors' accounts, the same as among all of them. If they are at most
        `BY_GUARANTOR_MAX` and the queries have a condition for it, only their rows are read; nothing is then counted.
        `refused`: from `RepeatedSubjects`, which is raised at the end if a guarantor's rows have different mail_sorts:
        an account that lacks some of its rows must not be billed, so read to the end before relying on one. Each of
        them comes once, as `FaultyAccount`.
        """
        counts, control = Counter[str](), list[Row | BadRow]()
        values = _parameters(as_of, cycle)
        some = self._can_limit(guarantor_ids)
        if guarantor_ids is not None:
            includes = frozenset(guarantor_ids).__contains__
        found = self._pull(as_of, values, counts, control, includes=includes, some=some)
        yield from refuse_repeated(found, refused)
        if some is not None:
            return
        for fault in faults_of(control):
            raise QueryError(CONTROL.name, f"{fault.message} {fault.fix}")
        for error in _find_count_errors(counts, control):
            raise error

    def feeds(self) -> dict[str, datetime]:
        """When each feed was last loaded, in UTC. Feeds without a readable load time are omitted, so they are never
        fresh."""
        return _load_times([row for rows in self._checked(FRESHNESS, {}) for row in rows])

    def email_secrets(self, guarantor_ids: Collection[str], *, as_of: date, cycle: str) -> dict[str, str]:
        """The passwords that these guarantors chose for e-mail attachments, by guarantor id. Guarantors without one,
        with a bad row or with several rows are omitted."""
        guarantors = RESULT_SETS["guarantors"]
        guarantor_id, secret = guarantors.index("guarantor_id"), guarantors.index("email_secret")
        found: dict[str, str] = {}
        rows_of = Counter[str]()
        with begin_reading(self._engine) as connection:
            values, some = _parameters(as_of, cycle), self._can_limit(guarantor_ids)
            for chunk in self._read(connection, guarantors, values, some):
                for row in check_rows(guarantors, [row for row in chunk if row[guarantor_id] in guarantor_ids], 1):
                    if not isinstance(row, BadRow) and row[secret]:
                        found[row[guarantor_id]] = row[secret]
                rows_of.update(row[guarantor_id] for row in chunk if row[guarantor_id] in guarantor_ids)
        return {each: password for each, password in found.items() if rows_of[each] == 1}

    def receivables(self, *, as_of: date, cycle: str) -> list[Receivable]:
        """What the billing system and the general ledger say is owed. Empty if there is no such query. `QueryError` for
        a bad row: a total without it is wrong."""
        found = []
        for rows in self._checked(RECEIVABLES, _parameters(as_of, cycle)):
            for row in rows:
                if isinstance(row, BadRow):
                    fault = row.faults[0]
                    raise QueryError(RECEIVABLES.name, f"{fault.message} {fault.fix}")
                found.append(Receivable(ledger=row[0], financial_class=row[1], balance_cents=row[2]))
        return found

    def receivable_accounts(self, *, as_of: date, cycle: str) -> Iterator[ReceivableAccount | None]:
        """What the billing system says is owed on each account, as a stream; None for each row that cannot be read.
        Empty if there is no such query."""
        for rows in self._checked(RECEIVABLE_ACCOUNTS, _parameters(as_of, cycle)):
            for row in rows:
                if isinstance(row, BadRow):
                    yield None
                else:
                    yield ReceivableAccount(**dict(zip(RECEIVABLE_ACCOUNTS.names, row, strict=True)))

    def medicare_bad_debts(self, *, as_of: date, cycle: str) -> Iterator[MedicareBadDebt | FaultyAccount]:
        """The Medicare bad debts and the recoveries, as a stream. Empty if there is no such query. A row that cannot
        be read comes as `FaultyAccount`, with its account number where that is readable."""
        return self._records(MEDICARE_BAD_DEBTS, MedicareBadDebt, as_of, cycle)

    def write_offs(self, *, as_of: date, cycle: str) -> Iterator[WriteOff | FaultyAccount]:
        """The accounts written off to charity or bad debt, as a stream, as `medicare_bad_debts`."""
        return self._records(WRITE_OFFS, WriteOff, as_of, cycle)

    def _records(
        self, result_set: ResultSet, record: type[_Reported], as_of: date, cycle: str
    ) -> Iterator[_Reported | FaultyAccount]:
        """The rows as records. What is NULL has the default of the record."""
        flags = {column.name for column in result_set.columns if column.type is FLAG}
        for rows in self._checked(result_set, _parameters(as_of, cycle)):
            for row in rows:
                if isinstance(row, BadRow):
                    yield FaultyAccount(subject=row.account_number, faults=row.faults)
                    continue
                values: dict[str, Any] = {
                    name: bool(value) if name in flags else value
                    for name, value in zip(result_set.names, row, strict=True)
                    if value is not None
                }
                yield record(**values)

    def check(self, *, as_of: date, cycle: str) -> CheckReport:
        """Check the whole source against the contract, to the end. Faults are in the report, not raised.

        A query that cannot be read or merged is checked row by row on its own, and the accounts are checked without it.
        """
        values = _parameters(as_of, cycle)
        errors = {each.name: error for each in RESULT_SETS.values() if (error := self._probe(each, values))}
        refused: frozenset[int] = frozenset()
        sample = AccountSample()
        while True:
            counts, control, of_accounts = Counter[str](), list[Row | BadRow](), FaultList()
            try:
                accounts = self._pull(as_of, values, counts, control, unread=errors.keys())
                count, faulty = count_accounts(sample.watch(refuse_repeated(accounts, refused)), of_accounts)
            except QueryError as exc:
                errors[exc.result_set] = exc
            except RepeatedSubjects as exc:
                refused |= exc.subjects
            else:
                break
        found, feeds = FaultList(), list[Row | BadRow]()
        unfinished = {
            name for name, error in errors.items() if not self._check_alone(name, error, values, counts, found)
        }
        if FRESHNESS.name not in errors:
            feeds = [row for rows in self._checked(FRESHNESS, values) for row in rows]
        found.add(faults_of([*feeds, *control]))
        for mismatch in _find_count_errors(counts, control, unfinished) if CONTROL.name not in errors else ():
            found.add_error("", mismatch)
        if not errors:
            of_accounts.add(self._compare_alone(sample, as_of, values))
        found.join(of_accounts)
        return CheckReport(
            accounts=count,
            faulty=faulty,
            fault_count=found.count,
            faults=tuple(found.shown),
            subjects=tuple(of_accounts.subjects),
            notes=tuple(of_accounts.notes),
            rows={each.name: counts[each.name] for each in DETAILS},
            feeds=_load_times(feeds),
        )

    def _compare_alone(self, sample: AccountSample, as_of: date, values: Mapping[str, str]) -> list[Fault]:
        """Where the queries by guarantor, if there are any, return other accounts than those for everybody."""
        if (some := self._can_limit(sample.guarantor_ids)) is None:
            return []
        try:
            return list(sample.compare(list(self._pull(as_of, values, Counter(), [], some=some))))
        except QueryError as exc:
            found = FaultList()
            found.add_error(exc.result_set, exc)
            return found.shown

    def _check_alone(
        self, name: str, error: QueryError, values: Mapping[str, str], counts: Counter[str], found: FaultList
    ) -> bool:
        """Check the rows of a result set that cannot be merged. Returns whether all of them could be read."""
        found.add_error(name, error)
        counts[name] = 0
        try:
            for rows in self._checked(RESULT_SETS[name], values):
                counts[name] += len(rows)
                found.add(faults_of(rows))
        except QueryError:
            return False
        return True

    def _pull(
        self,
        as_of: date,
        values: Mapping[str, str],
        counts: Counter[str],
        control: list[Row | BadRow],
        *,
        includes: Callable[[object], bool] = lambda _: True,
        some: Sequence[str] | None = None,
        unread: Collection[str] = (),
    ) -> Iterator[GuarantorAccount | FaultyAccount]:
        """Yield the accounts; at the end `counts` has the number of rows per result set, and `control` the rows of
        control.sql. `some`: read by guarantor, without control.sql. `unread`: result sets to leave out."""
        with begin_reading(self._engine) as connection, ExitStack() as cursors:
            nulls_last = connection.dialect.name == "postgresql"
            streams = []
            for result_set in DETAILS:
                chunks = iter(()) if result_set.name in unread else self._read(connection, result_set, values, some)
                cursors.callback(getattr(chunks, "close", list))
                streams.append(RowStream(result_set, chunks, nulls_last=nulls_last))
            for key, rows in merge_streams(streams):
                if includes(key[1]):
                    yield try_build_account(key, rows, as_of=as_of, languages=self._languages, unread=unread)
            counts.update({stream.result_set.name: stream.rows_read for stream in streams})
            if some is None and CONTROL.name not in unread:
                rows_of_control = [row for chunk in self._read(connection, CONTROL, values) for row in chunk]
                control += check_rows(CONTROL, rows_of_control, 1)

    def _read(
        self,
        connection: Connection,
        result_set: ResultSet,
        values: Mapping[str, str],
        some: Sequence[str] | None = None,
    ) -> Generator[list[Row], None, None]:
        query = read_query(self._folder, result_set, by_guarantor=some is not None)
        if query is not None:
            yield from read_chunks(connection, result_set, bind_parameters(query, values, guarantor_ids=some))

    def _can_limit(self, guarantor_ids: Collection[str] | None) -> Sequence[str] | None:
        """These guarantors, if they are few and guarantors.sql has a query by guarantor; None to read everybody."""
        if not guarantor_ids or len(guarantor_ids) > BY_GUARANTOR_MAX:
            return None
        query = read_query(self._folder, RESULT_SETS["guarantors"], by_guarantor=True)
        return sorted(guarantor_ids) if query is not None and is_limited(query) else None

    def _checked(self, result_set: ResultSet, values: Mapping[str, str]) -> Generator[list[Row | BadRow], None, None]:
        """The rows of one result set, checked, a chunk at a time. `QueryError` if the query fails or lacks a column."""
        number = 1
        with begin_reading(self._engine) as connection, closing(self._read(connection, result_set, values)) as chunks:
            for chunk in chunks:
                yield check_rows(result_set, chunk, number)
                number += len(chunk)

    def _probe(self, result_set: ResultSet, values: Mapping[str, str]) -> QueryError | None:
        """Run one query on its own. Returns the error if it fails or lacks a column."""
        try:
            with closing(self._checked(result_set, values)) as chunks:
                next(chunks, None)
        except QueryError as exc:
            return exc
        return None


def open_source(name: str, url: str, sql_root: Path, *, languages: frozenset[str] = frozenset({"en"})) -> Source:
    """Open the billing system with queries in `sql_root/name` and data at `url`.

    `languages` are the language codes that documents exist in; a guarantor with another language is a fault.
    `ConfigError` for an unknown name or driver; `SourceError` on entering the context if the database is unreachable.
    """
    return Source(name, open_database(url, read_only=True), find_queries(name, sql_root), languages)


def _parameters(as_of: date, cycle: str) -> dict[str, str]:
    return {"as_of": as_of.isoformat(), "cycle": cycle}


def _load_times(rows: Iterable[Row | BadRow]) -> dict[str, datetime]:
    return {row[0]: row[1].astimezone(UTC) for row in rows if not isinstance(row, BadRow) and row[1] is not None}


def _find_count_errors(
    counts: Mapping[str, int], control: Iterable[Row | BadRow], unfinished: Container[str] = ()
) -> Iterator[SourceError]:
    """Where the rows read differ from those that `control` counts, except for `unfinished` result sets."""
    expected = {row[0]: row[1] for row in control if not isinstance(row, BadRow)}
    for name in (each.name for each in DETAILS if each.name not in unfinished):
        if name not in expected and counts[name]:
            yield SourceError(f"control.sql has no row for {name}. Add its row count")
        elif counts[name] != expected.get(name, 0):
            yield SourceError(
                f"{name}.sql returned {counts[name]} rows, but control.sql counts {expected.get(name, 0)}. Correct the "
                "query: a join drops or duplicates rows"
            )
