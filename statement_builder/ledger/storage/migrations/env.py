"""Runs Alembic on the connection and in the transaction that `schema.upgrade` passes."""

from alembic import context

from statement_builder.ledger.storage.schema import VERSION_TABLE
from statement_builder.ledger.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
