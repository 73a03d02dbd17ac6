"""Make tables insert-only in the database itself: no row is changed or removed, whatever program asks.

Triggers on both databases; on PostgreSQL also grants, which a role that does not own the tables cannot give itself. The
one permitted change erases the text or data of an event, which the hash chain allows for (`event_chain`): the check of
the chain reports it unless a redaction is on record.
"""

from __future__ import annotations

_EVENT_FACTS = ("event_id", "at", "actor", "batch_id", "subject", "what", "detail", "hash")
INSERT_ONLY_TABLES = ("event", "access", "access_subject")
_KEYS = {"event": "event_id", "access": "access_id"}
"""The numbers that a row could be replaced by."""


def insert_only_ddl(dialect: str, table: str) -> list[str]:
    """The statements that protect `table`, for `sqlite` or `postgresql`."""
    return _sqlite_ddl(table) if dialect == "sqlite" else _postgresql_ddl(table)


def _sqlite_ddl(table: str) -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, 'the table {table} is insert-only'); END"
    only_erases = f" WHEN NOT ({_only_erases('IS')})" if table == "event" else ""
    ddl = [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW{only_erases} {stop}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {stop}",
    ]
    if key := _KEYS.get(table):  # REPLACE removes a row without a delete trigger
        exists = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - our own names
        ddl.append(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} FOR EACH ROW WHEN {exists} {stop}")
    return ddl


def _postgresql_ddl(table: str) -> list[str]:
    refuse = f"RAISE EXCEPTION 'the table {table} is insert-only' USING ERRCODE = 'integrity_constraint_violation';"
    erase = f" IF TG_OP = 'UPDATE' THEN IF {_only_erases('IS NOT DISTINCT FROM')} THEN RETURN NEW; END IF; END IF;"
    body = f"BEGIN{erase if table == 'event' else ''} {refuse} END"
    function = f"{table}_insert_only()"
    return [
        f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {function}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM PUBLIC, CURRENT_USER",
        *([f"GRANT UPDATE (why, data, salt) ON {table} TO CURRENT_USER"] if table == "event" else []),
    ]


def _only_erases(equals: str) -> str:
    """A condition on an update of `event`; `equals` compares two values that may be null."""
    kept = [f"NEW.{column} {equals} OLD.{column}" for column in _EVENT_FACTS]
    erased = [
        f"(NEW.{column} {equals} {empty} OR NEW.{column} {equals} OLD.{column})"
        for column, empty in (("why", "''"), ("data", "NULL"), ("salt", "''"))
    ]
    return " AND ".join((*kept, *erased))
