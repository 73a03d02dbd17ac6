"""The source as a whole: what stops the pull, what it reads in one view, and what the check says."""

from __future__ import annotations

import shutil
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from statement_builder.billing.model import GuarantorAccount
from statement_builder.errors import ConfigError, SourceError
from statement_builder.source import make_sample, open_source
from statement_builder.source.database import begin_reading, open_database
from tests.source.extract import AS_OF, CYCLE, SQL_ROOT, Extract, subjects


@pytest.fixture
def queries(tmp_path: Path) -> Path:
    """A copy of the queries that a test may spoil."""
    root = tmp_path / "sql"
    shutil.copytree(SQL_ROOT / "reference", root / "reference")
    return root


def replace_in(queries: Path, name: str, old: str, new: str) -> None:
    path = queries / "reference" / f"{name}.sql"
    sql = path.read_text(encoding="utf-8")
    assert old in sql
    path.write_text(sql.replace(old, new), encoding="utf-8")


MAIL_SORT = "COALESCE((SELECT min(m.mail_sort) FROM mailing AS m WHERE m.guarantor_id = owned.guarantor_id), '')"
SPOILED = [
    # query, old text, new text, what the message names
    pytest.param(
        "charges", "owned.code", "owned.code AS cpt", "charges.sql does not return column code", id="column-missing"
    ),
    pytest.param("charges", "FROM charge ", "FROM charges ", "charges.sql failed: ", id="query-fails"),
    pytest.param("patients", "ORDER BY 1, 2", "ORDER BY 1 DESC, 2", "patients.sql, row 2: out of order", id="order"),
    pytest.param(
        "charges",
        "AS c\n",
        "AS c WHERE c.account_number <> 'A9'\n",
        "charges.sql gave 2 rows, but control.sql counts 3",
        id="rows-lost",
    ),
    pytest.param("control", "'holds'", "'hold'", "control.sql has no row for holds", id="not-counted"),
    pytest.param("patients", MAIL_SORT, "NULL", "patients.sql, row 1: mail_sort is not text", id="key"),
]


def add_three(extract: Extract) -> None:
    extract.add_account("1", postal_code="01101")
    extract.add_account("2", postal_code="01102")
    extract.add("charge", account_number="A9")
    extract.add("hold")


@pytest.mark.parametrize(("query", "old", "new", "message"), SPOILED)
def test_accounts__a_spoiled_query_stops_the_pull(
    extract: Extract, queries: Path, query: str, old: str, new: str, message: str
) -> None:
    add_three(extract)
    replace_in(queries, query, old, new)

    with pytest.raises(SourceError) as raised:
        extract.pull(queries)

    assert message in str(raised.value)


def test_accounts__a_column_that_may_be_missing_is_null(extract: Extract, queries: Path) -> None:
    extract.add("guarantor", guarantor_id="G1", email_secret="blue heron 47")
    (with_it,) = extract.pull(queries)
    assert isinstance(with_it, GuarantorAccount)
    replace_in(queries, "guarantors", ",\n       owned.email_secret", "")
    (without,) = extract.pull(queries)
    assert isinstance(without, GuarantorAccount)
    assert without.guarantor.email_secret == ""
    assert with_it.guarantor == replace(without.guarantor, email_secret="blue heron 47")


@pytest.mark.parametrize(("query", "old", "new", "message"), SPOILED)
def test_check__reports_what_would_stop_the_pull(
    sqlite_extract: Extract, queries: Path, query: str, old: str, new: str, message: str
) -> None:
    add_three(sqlite_extract)
    replace_in(queries, query, old, new)

    with sqlite_extract.source(queries) as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert any(message in fault.message for fault in report.faults)


def test_accounts__a_failed_query_repeats_no_value(queries: Path, postgres_url: str) -> None:
    extract = Extract(postgres_url)
    extract.add("guarantor", last_name="Secretname")
    extract.engine.dispose()
    replace_in(queries, "guarantors", "owned.city", "CAST(owned.last_name AS integer) AS city")

    with pytest.raises(SourceError, match="does not fit the query") as raised:
        extract.pull(queries)

    assert "Secretname" not in str(raised.value)


def test_accounts__a_locked_table_is_reported_and_not_waited_for(postgres_url: str) -> None:
    """A load holds the table. The login's own limit stands in for ours, so that nobody waits half a minute."""
    extract = Extract(postgres_url)
    extract.add_account("1")
    with extract.engine.connect() as load:
        load.exec_driver_sql("LOCK TABLE charge IN ACCESS EXCLUSIVE MODE")
        with (
            open_source("reference", f"{postgres_url}?options=-clock_timeout%3D50", SQL_ROOT) as source,
            pytest.raises(SourceError, match=r"charges\.sql reads a table that another session .* has locked"),
        ):
            list(source.accounts(as_of=AS_OF, cycle=CYCLE))
        load.rollback()
    extract.engine.dispose()
    assert subjects(extract.pull()) == ["G1"]


def test_accounts__wait_for_a_lock_no_longer_than_half_a_minute(postgres_url: str) -> None:
    with begin_reading(open_database(postgres_url, read_only=True)) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
    with begin_reading(open_database(f"{postgres_url}?options=-clock_timeout%3D50", read_only=True)) as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "50ms"


def test_accounts__a_missing_query_stops_the_pull(sqlite_extract: Extract, queries: Path) -> None:
    (queries / "reference" / "holds.sql").unlink()

    with pytest.raises(SourceError, match=r"holds\.sql is missing"):
        sqlite_extract.pull(queries)


def test_accounts__correspondence_may_be_left_out(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    (queries / "reference" / "correspondence.sql").unlink()

    assert subjects(sqlite_extract.pull(queries)) == ["G1"]


def test_accounts__columns_may_come_in_any_order_and_more_of_them(sqlite_extract: Extract, queries: Path) -> None:
    sqlite_extract.add_account("1")
    plain = sqlite_extract.pull()
    replace_in(queries, "charges", "       owned.charge_id,", "       7 AS extra, owned.amount_cents, owned.charge_id,")
    replace_in(queries, "charges", "owned.quantity,\n       owned.amount_cents\n", "owned.quantity\n")

    assert sqlite_extract.pull(queries) == plain


def test_accounts__the_parameters_reach_the_queries(extract: Extract, queries: Path) -> None:
    extract.add_account("1")
    extract.add("hold", hold_id="X-2026-11", expires_on=None)
    extract.add("hold", hold_id="X-2026-12", placed_on="2026-11-20")
    extract.add("hold", hold_id="X-old", placed_on="2026-11-19")
    replace_in(
        queries,
        "holds",
        "FROM hold AS h",
        "FROM (SELECT * FROM hold WHERE hold_id = 'X-' || :cycle OR placed_on = :as_of) AS h",
    )
    replace_in(queries, "control", "count(*) AS row_count FROM hold", "2 AS row_count")

    (account,) = extract.pull(queries)

    assert [hold.hold_id for hold in account.holds] == ["X-2026-11", "X-2026-12"]  # type: ignore[union-attr]


def test_accounts__are_one_consistent_read(extract: Extract) -> None:
    if extract.is_sqlite:
        with extract.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    extract.add("guarantor", guarantor_id="G0000")
    extract.add("guarantor", guarantor_id="G0001")
    with extract.source() as source:
        accounts = source.accounts(as_of=AS_OF, cycle=CYCLE)
        first = next(accounts)
        with extract.engine.begin() as connection:
            connection.execute(text("DELETE FROM guarantor"))
            connection.execute(text("INSERT INTO hold (hold_id, guarantor_id) VALUES ('X9', 'G0001')"))
        rest = list(accounts)

    assert subjects([first, *rest]) == ["G0000", "G0001"]


def test_accounts__can_be_left_half_way(extract: Extract) -> None:
    for number in "123":
        extract.add_account(number)
    with extract.source() as source:
        accounts = source.accounts(as_of=AS_OF, cycle=CYCLE)
        next(accounts)
        accounts.close()  # type: ignore[attr-defined]

        assert len(list(source.accounts(as_of=AS_OF, cycle=CYCLE))) == 3


def test_accounts__of_some(extract: Extract) -> None:
    for number in "123":
        extract.add_account(number)
    extract.add("guarantor", guarantor_id="G4", language="xx")
    with extract.source() as source:
        some = list(source.accounts(as_of=AS_OF, cycle=CYCLE, only={"G2", "G4", "G9"}))
    assert subjects(some) == ["G2", "!G4"]


def test_accounts__of_some_are_not_given_where_rows_of_others_are_missing(extract: Extract, queries: Path) -> None:
    extract.add_account("1")
    extract.add_account("2")
    replace_in(queries, "control", "count(*) AS row_count FROM hold", "2 AS row_count")
    with extract.source(queries) as source, pytest.raises(SourceError, match=r"but control\.sql counts 2"):
        list(source.accounts(as_of=AS_OF, cycle=CYCLE, only={"G1"}))


@pytest.mark.parametrize(
    ("name", "url", "message"),
    [
        pytest.param("epic", "sqlite:///x.db", "Known: reference, synthea", id="name-unknown"),
        pytest.param("../sql", "sqlite:///x.db", "Known: reference, synthea", id="name-is-a-path"),
        pytest.param("reference", "oracle://host/db", "use sqlite or postgresql+psycopg", id="driver-unknown"),
        pytest.param("reference", "not a url", "Use sqlite:///path", id="no-url"),
    ],
)
def test_open_source__refuses_wrong_settings(name: str, url: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        open_source(name, url, SQL_ROOT)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////nowhere/at/all.db", id="no-file"),
        pytest.param("postgresql+psycopg://clerk:hidden@127.0.0.1:1/billing", id="refused"),
    ],
)
def test_open_source__says_that_the_database_cannot_be_reached(url: str) -> None:
    with pytest.raises(SourceError) as raised, open_source("reference", url, SQL_ROOT):
        pass

    assert "hidden" not in str(raised.value)


def test_open_source__does_not_make_the_database_it_misses(tmp_path: Path) -> None:
    with pytest.raises(SourceError), open_source("reference", f"sqlite:///{tmp_path / 'typo.db'}", SQL_ROOT):
        pass

    assert list(tmp_path.iterdir()) == []


def test_accounts__a_file_that_is_no_database_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database, just notes" * 100)

    with pytest.raises(SourceError), open_source("reference", f"sqlite:///{path}", SQL_ROOT) as source:
        list(source.accounts(as_of=AS_OF, cycle=CYCLE))


def test_source__writes_nothing(extract: Extract, queries: Path) -> None:
    extract.add("feed")
    replace_in(
        queries,
        "freshness",
        "SELECT feed, loaded_at\nFROM feed\nORDER BY feed",
        "DELETE FROM feed RETURNING feed, loaded_at",
    )

    with extract.source(queries) as source, pytest.raises(SourceError, match=r"freshness\.sql failed"):
        source.feeds()

    with extract.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feed")).scalar_one() == 1


def test_feeds__are_in_utc_and_leave_out_what_is_not_known(extract: Extract) -> None:
    extract.add("feed", loaded_at="2026-11-20T01:00:00-05:00")
    extract.add("feed", feed="obstetric", loaded_at=None)

    with extract.source() as source:
        assert source.feeds() == {"billing": datetime(2026, 11, 20, 6, tzinfo=UTC)}


def test_check__counts_rows_and_lists_faults(extract: Extract) -> None:
    extract.add_account("1")
    extract.add_account("2")
    extract.add("charge", charge_id="C9", account_number="A2", amount_cents=-1)
    extract.add("feed")

    with extract.source() as source:
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert (report.accounts, report.faulty, report.fault_count) == (2, 1, 1)
    assert report.faults[0].message == "charges, row A2/C9: amount_cents is negative."
    assert report.rows["charges"] == 3
    assert report.feeds == {"billing": datetime(2026, 11, 20, 6, tzinfo=UTC)}


def test_accounts__memory_does_not_grow_with_the_hospital(tmp_path: Path) -> None:
    def peak_bytes(guarantors: int) -> int:
        url = f"sqlite:///{tmp_path / f'{guarantors}.db'}"
        make_sample(url, guarantors=guarantors, as_of=AS_OF)
        with open_source("reference", url, SQL_ROOT) as source:
            tracemalloc.start()
            try:
                assert sum(1 for _ in source.accounts(as_of=AS_OF, cycle=CYCLE)) >= guarantors
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    # Three times the hospital: what is buffered stays the same once every result set fills its chunk.
    assert peak_bytes(3600) < 1.6 * peak_bytes(1200)
