"""A command that only reads creates no ledger and migrates none: `statements ledger upgrade` does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from statement_builder.ledger.storage.schema import VERSION_TABLE, newest_version
from tests.commands import BATCH, RUN_TO_GATES, call, error_message
from tests.e2e.test_stores import NEXT_RUN, READS, remove_ledger
from tests.hospital import Hospital
from tests.ledger.test_upgrade_with_data import create_at
from tests.outcomes import assert_nothing_sent

NEEDS_BATCH = {"show", "holds", "report", "rerun"}


def make_older(hospital: Hospital) -> None:
    """As the last release without marks left it: the same rows in the tables of version 0010, and no mark anywhere."""
    newer, older = hospital.home / "ledger.db", hospital.home / "older.db"
    engine = create_engine(f"sqlite:///{older}")
    with engine.begin() as connection:
        create_at(connection, "0010")
    engine.dispose()
    with closing(sqlite3.connect(older)) as database, database:
        database.execute("ATTACH ? AS newer", (str(newer),))
        for (table,) in database.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
            if table != VERSION_TABLE:
                names = ", ".join(
                    f'"{name}"' for name in _columns(database, "main", table) & _columns(database, "newer", table)
                )
                database.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
    for path in (newer, *hospital.home.glob("ledger.db-*")):
        path.unlink()
    older.rename(newer)
    for mark in (*hospital.home.rglob(".statements-installation"), hospital.home / "archive" / "installation.json"):
        mark.unlink()


def _columns(database: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[0] for row in database.execute("SELECT name FROM pragma_table_info(?, ?)", (table, schema))}


def version_of(hospital: Hospital) -> str:
    ((version,),) = hospital.ledger("SELECT version_num FROM statements_version")
    return str(version)


@pytest.mark.parametrize("arguments", READS)
def test_read__creates_nothing_on_an_empty_machine(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    before = set(hospital.home.rglob("*"))
    result = call(hospital, *arguments, code=2 if arguments[0] in NEEDS_BATCH else 0)
    if arguments[0] in NEEDS_BATCH:
        assert f"There is no batch {BATCH}" in error_message(result)
    assert set(hospital.home.rglob("*")) == before


def test_doctor__creates_no_ledger(hospital: Hospital) -> None:
    findings = {each["part"]: each for each in call(hospital, "doctor", "--json").json}
    assert findings["ledger"]["ok"]
    assert "first `statements run` creates it" in findings["ledger"]["message"]
    assert not hospital.ledger_exists()


def test_read_of_an_empty_server__creates_no_table(hospital: Hospital, postgres_url: str) -> None:
    on_server = Hospital(hospital.home, {"STATEMENTS_LEDGER": postgres_url})
    assert call(on_server, "batches", "--json").json == []
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    call(on_server, "ledger", "upgrade")
    assert call(on_server, "batches", "--json").json == []


@pytest.mark.parametrize("arguments", [*READS, pytest.param(NEXT_RUN, id="run"), pytest.param(("track",), id="track")])
@pytest.mark.hospital("waiting")
def test_older_ledger__is_named_and_not_migrated(hospital: Hospital, arguments: tuple[str, ...]) -> None:
    make_older(hospital)
    message = error_message(call(hospital, *arguments, code=2))
    assert "version 0010" in message
    assert f"needs {newest_version()}" in message
    assert "statements ledger upgrade" in message
    assert version_of(hospital) == "0010"


@pytest.mark.hospital("waiting")
def test_older_ledger__doctor_reports_it_and_changes_nothing(hospital: Hospital) -> None:
    make_older(hospital)
    (finding,) = [each for each in call(hospital, "doctor", "--json", code=2).json if not each["ok"]]
    assert finding["part"] == "ledger"
    assert "statements ledger upgrade" in finding["message"]
    assert version_of(hospital) == "0010"


@pytest.mark.hospital("waiting")
def test_newer_ledger__is_refused(hospital: Hospital) -> None:
    connection = sqlite3.connect(hospital.home / "ledger.db")
    with connection:
        connection.execute("UPDATE statements_version SET version_num = '9999'")
    connection.close()
    for arguments in (("batches",), NEXT_RUN, ("ledger", "upgrade")):
        message = error_message(call(hospital, *arguments, code=2))
        assert "newer release" in message
        assert "version 9999" in message
    assert version_of(hospital) == "9999"


@pytest.mark.hospital("waiting")
def test_ledger_upgrade__marks_the_stores_of_an_earlier_release(hospital: Hospital) -> None:
    make_older(hospital)
    real_time = Hospital(hospital.home, {"STATEMENTS_CLOCK": ""})
    said = " ".join(call(real_time, "ledger", "upgrade").out.split())
    assert said.endswith(f"have version {newest_version()} now; before, it was 0010.")
    assert "already" in call(real_time, "ledger", "upgrade").out
    assert call(real_time, "show", BATCH, "--json").json["state"] == "waiting"
    assert len(hospital.ledger("SELECT place FROM marked_store")) == 4
    (hospital.home / "archive").rename(hospital.home / "elsewhere")
    assert "statements adopt archive" in error_message(call(real_time, "batches", code=2))


@pytest.mark.hospital("waiting")
def test_ledger_upgrade__does_not_mark_the_wrong_archive(hospital: Hospital) -> None:
    make_older(hospital)
    (hospital.home / "archive").rename(hospital.home / "elsewhere")
    real_time = Hospital(hospital.home, {"STATEMENTS_CLOCK": ""})
    assert f"does not have the documents of {BATCH}" in error_message(call(real_time, "ledger", "upgrade", code=2))
    assert not (hospital.home / "archive").exists()
    assert "does not have the mark" in error_message(call(real_time, "release", BATCH, code=2))
    assert_nothing_sent(hospital)
    (hospital.home / "elsewhere").rename(hospital.home / "archive")
    call(real_time, "ledger", "upgrade")
    assert call(real_time, "show", BATCH, "--json").json["state"] == "waiting"


@pytest.mark.hospital("waiting")
def test_lost_ledger_of_an_earlier_release__is_noticed_without_marks(hospital: Hospital, tmp_path: Path) -> None:
    make_older(hospital)
    remove_ledger(hospital)
    assert "is new, but these were used before" in error_message(call(hospital, *RUN_TO_GATES, code=2))
