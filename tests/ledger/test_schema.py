"""The migrations create exactly the tables in the code, and a ledger of a newer release is never changed."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from statement_builder.errors import ConfigError, LedgerError
from statement_builder.ledger import Ledger
from statement_builder.ledger.storage.schema import VERSION_TABLE
from statement_builder.ledger.storage.tables import metadata
from tests.ledger.world import open_batch
from tests.services.processes import free_port

_SQLITE_DDL = f"SELECT name, sql FROM sqlite_master WHERE tbl_name <> '{VERSION_TABLE}' AND name NOT LIKE 'sqlite_%'"
_POSTGRESQL_DDL = f"""
SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> to_regclass('{VERSION_TABLE}')
UNION ALL SELECT indexname, indexdef FROM pg_indexes
 WHERE schemaname = 'public' AND tablename <> '{VERSION_TABLE}'
UNION ALL SELECT table_name || '.' || column_name, concat_ws(' ', data_type, character_maximum_length, collation_name,
       is_nullable, column_default) FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name <> '{VERSION_TABLE}'
"""


def read_ddl(connection: Connection) -> dict[str, list[str]]:
    """Everything the database knows about the tables: columns, keys, checks and (partial) indexes.

    As words in order of the alphabet, since the order in which a table's constraints are written means nothing.
    """
    query = _SQLITE_DDL if connection.dialect.name == "sqlite" else _POSTGRESQL_DDL
    return {name: sorted(re.findall(r"\w+|[^\w\s,()]+", ddl)) for name, ddl in connection.execute(text(query))}


def test_migrations__create_exactly_the_tables_in_the_code(ledger: Ledger, ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []
        migrated = read_ddl(connection)
        assert len(migrated) > 10
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert read_ddl(connection) == migrated
    engine.dispose()


def test_upgrade__repeated_and_concurrent(ledger_url: str) -> None:
    def upgrade() -> None:
        try:
            with Ledger.open(ledger_url) as opened:
                start.wait()
                opened.upgrade()
                opened.upgrade()
        except BaseException as exc:  # noqa: BLE001 - checked by the test
            failures.append(exc)

    failures: list[BaseException] = []
    start = threading.Barrier(3)
    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Ledger.open(ledger_url) as opened:
        assert opened.batches.all() == []


def test_open__ledger_without_tables_must_be_upgraded(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as opened, pytest.raises(LedgerError, match="upgraded first"):
        opened.batches.all()


def test_open__ledger_of_a_newer_release_is_refused(ledger: Ledger, ledger_url: str) -> None:
    engine = create_engine(ledger_url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(LedgerError, match="newer release"):
        Ledger.open(ledger_url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("/var/ledger.db", id="path"),
        pytest.param("sqlite://", id="memory"),
        pytest.param("sqlite:///:memory:", id="named-memory"),
        pytest.param("mysql://user:secret@host/x", id="other-database"),
    ],
)
def test_open__invalid_url(url: str) -> None:
    with pytest.raises(ConfigError, match="ledger") as caught:
        Ledger.open(url)
    assert "secret" not in str(caught.value)


def test_open__unreachable_server() -> None:
    with pytest.raises(LedgerError, match=r"127\.0\.0\.1") as caught:
        Ledger.open(f"postgresql+psycopg://user:secret@127.0.0.1:{free_port()}/x")
    assert "secret" not in str(caught.value)


def test_open__file_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("this is a letter, not a database; " * 40)
    with pytest.raises(LedgerError, match="not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def test_open__folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LedgerError, match="cannot be created"):
        Ledger.open(f"sqlite:///{tmp_path}/file/deeper/ledger.db")


def test_sqlite__files_are_private_to_the_owner(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.upgrade()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["ledger.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_sqlite__commits_are_durable(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/new/ledger.db") as ledger:
        ledger.upgrade()
        open_batch(ledger)
        with ledger._database.read() as connection:
            pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _PRAGMAS]
    assert dict(zip(_PRAGMAS, pragmas, strict=True)) == _PRAGMAS


_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
