"""Alembic's folder: `env.py` and one file per version. Run by `statement_builder.ledger.storage.schema`."""
