"""A deterministic sample hospital: what the demo, the tests and the benchmarks bill. Nobody in it is real."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from statement_builder.billing.model import Record
from statement_builder.errors import SourceError
from statement_builder.source.database import open_database, show_database_error, writing
from statement_builder.source.reference import insert_rows, make_schema
from statement_builder.source.sample.distribution import choose_case
from statement_builder.source.sample.household import Household, Rows

_GUARANTORS_AT_ONCE = 2000
_FEEDS = ("billing", "obstetric")


class SampleSummary(Record, kw_only=True):
    """What was made: rows by table, and what it stands on."""

    guarantors: int
    seed: int
    as_of: date
    rows: dict[str, int]


def make_sample(url: str, *, guarantors: int = 200, seed: int = 1, as_of: date) -> SampleSummary:
    """Fill an empty database with a hospital of so many guarantors, as it stands on `as_of`.

    The same size, seed and date give the same rows on SQLite and PostgreSQL. `SourceError` when the database cannot
    be written or already holds a billing schema: nothing is ever replaced.
    """
    engine = open_database(url, read_only=False)
    try:
        with writing(engine) as connection:
            if inspect(connection).has_table("guarantor"):
                raise SourceError("There is a billing schema in that database already: choose another, or remove it")
            make_schema(connection, "reference")
            counts = _fill(connection, guarantors, seed, as_of)
    except SQLAlchemyError as exc:
        raise SourceError(f"The sample hospital cannot be written: {show_database_error(exc)}") from exc
    finally:
        engine.dispose()
    return SampleSummary(guarantors=guarantors, seed=seed, as_of=as_of, rows=dict(sorted(counts.items())))


def _fill(connection: Connection, guarantors: int, seed: int, as_of: date) -> Counter[str]:
    tables = inspect(connection)
    columns = {
        table: [str(column["name"]) for column in tables.get_columns(table)] for table in tables.get_table_names()
    }
    counts: Counter[str] = Counter()
    for start in range(0, guarantors, _GUARANTORS_AT_ONCE):
        rows: Rows = defaultdict(list)
        for number in range(start, min(start + _GUARANTORS_AT_ONCE, guarantors)):
            home = Household(rows, number=number, seed=seed, as_of=as_of)
            choose_case(number, home.rng)(home)
        for table, added in rows.items():
            counts[table] += insert_rows(connection, table, columns[table], added)
    for feed in _FEEDS:
        # Loaded in the morning of the as-of date, so that a run on that day finds it fresh.
        loaded_at = f"{as_of.isoformat()}T06:00:00Z"
        connection.execute(text("INSERT INTO feed VALUES (:feed, :loaded_at)"), {"feed": feed, "loaded_at": loaded_at})
    return counts
