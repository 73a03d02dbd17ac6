"""A deterministic sample hospital for the demo, the tests and the benchmarks. All people in it are invented."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from statement_builder.billing.model import Record
from statement_builder.errors import SourceError
from statement_builder.source.database import describe_database_error, open_database, write_transaction
from statement_builder.source.reference import create_schema, insert_rows
from statement_builder.source.sample.assistance import add_applications
from statement_builder.source.sample.cost_report import add_write_offs
from statement_builder.source.sample.distribution import ONE_OF_EACH, choose_scenario
from statement_builder.source.sample.household import Household, Rows
from statement_builder.source.sample.payroll import add_deductions
from statement_builder.source.sample.physicians import add_physicians
from statement_builder.source.sample.refunds import add_refunds
from statement_builder.source.sample.requests import add_requests

_CHUNK_GUARANTORS = 2000
_FEEDS = ("billing", "obstetric")


_GENERAL_LEDGER = """
INSERT INTO general_ledger
SELECT e.financial_class, CAST(sum(p.cents) AS bigint)
FROM encounter AS e
JOIN (
    SELECT account_number, amount_cents AS cents FROM charge
    UNION ALL SELECT account_number, -amount_cents FROM insurance_transaction
    UNION ALL SELECT account_number, -amount_cents FROM patient_payment
) AS p ON p.account_number = e.account_number
GROUP BY e.financial_class
"""
"""The sample hospital's general ledger agrees with its postings."""


class SampleSummary(Record, kw_only=True):
    """Rows created per table, with the size, seed and date that determine them."""

    guarantors: int
    seed: int
    as_of: date
    rows: dict[str, int]


def make_sample(url: str, *, guarantors: int = 200, seed: int = 1, as_of: date) -> SampleSummary:
    """Fill an empty database with a sample hospital of `guarantors` guarantors as of `as_of`.

    The same size, seed and date give the same rows on SQLite and PostgreSQL. `SourceError` if the database cannot be
    written or already has a billing schema; existing data is never replaced.
    """
    engine = open_database(url, read_only=False)
    try:
        with write_transaction(engine) as connection:
            if inspect(connection).has_table("guarantor"):
                raise SourceError("The database already has a billing schema. Use another database, or drop the schema")
            create_schema(connection, "reference")
            counts = _insert_guarantors(connection, guarantors, seed, as_of)
    except SQLAlchemyError as exc:
        raise SourceError(f"Cannot write the sample hospital: {describe_database_error(exc)}") from exc
    finally:
        engine.dispose()
    return SampleSummary(guarantors=guarantors, seed=seed, as_of=as_of, rows=dict(sorted(counts.items())))


def _insert_guarantors(connection: Connection, guarantors: int, seed: int, as_of: date) -> Counter[str]:
    tables = inspect(connection)
    columns = {
        table: [str(column["name"]) for column in tables.get_columns(table)] for table in tables.get_table_names()
    }
    counts: Counter[str] = Counter()
    for start in range(0, guarantors, _CHUNK_GUARANTORS):
        rows: Rows = defaultdict(list)
        for number in range(start, min(start + _CHUNK_GUARANTORS, guarantors)):
            household = Household(rows, number=number, seed=seed, as_of=as_of)
            scenario = choose_scenario(number, household.rng)
            scenario(household)
            add_requests(household, scenario)
            if number >= len(ONE_OF_EACH):
                add_applications(household, scenario)
            add_deductions(household, scenario)
            add_refunds(household, scenario)
            add_physicians(household, scenario)
        if start == 0:
            add_write_offs(rows, as_of)
        for table, added in rows.items():
            counts[table] += insert_rows(connection, table, columns[table], added)
    for feed in _FEEDS:
        # Loaded on the morning of the as-of date, so a run on that day passes the freshness check.
        loaded_at = f"{as_of.isoformat()}T06:00:00Z"
        connection.execute(text("INSERT INTO feed VALUES (:feed, :loaded_at)"), {"feed": feed, "loaded_at": loaded_at})
    connection.execute(text(_GENERAL_LEDGER))
    return counts
