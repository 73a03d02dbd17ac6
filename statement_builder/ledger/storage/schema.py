"""Create the ledger's tables and bring them up to date: Alembic migrations, run by the program itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from statement_builder.errors import LedgerError, LedgerVersionError
from statement_builder.ledger.storage.database import Database

VERSION_TABLE = "statements_version"
_SCRIPTS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_305_801_144_092_713


def newest_version() -> str:
    """The table version that this release requires."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LedgerError("the ledger's migrations are missing from this installation: reinstall statement-builder")
    return head


def read_version(connection: Connection) -> str | None:
    """The version of the existing tables; None for an empty database."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def find_version(database: Database) -> str | None:
    """The version of the ledger's tables; None for a ledger that is not created yet. Changes nothing."""
    if not database.exists():
        return None
    with database.read() as connection:
        return read_version(connection)


def require_known(database: Database, version: str) -> None:
    """LedgerVersionError for a version that this release does not know."""
    try:
        ScriptDirectory.from_config(_config()).get_revision(version)
    except CommandError as exc:
        raise LedgerVersionError(
            f"the ledger {database} was created by a newer release: its tables have version {version}, and this "
            f"release needs {newest_version()}. Install that release or a later one."
        ) from exc


def upgrade(database: Database, found: str | None, *, finish: Callable[[Connection], None]) -> None:
    """Create the tables, or migrate those of version `found`, in one transaction. Concurrent processes wait for each
    other. `finish` is called at the end of the transaction."""
    database.create()
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        version = read_version(connection)
        if version is not None and version != found:
            require_known(database, version)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        finish(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
