"""Finds and reads the `.sql` files of one billing system and binds their parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.types import NullType

from statement_builder.errors import ConfigError, QueryError
from statement_builder.resources import SQL_ROOT
from statement_builder.source.contract import ResultSet


def find_queries(name: str, sql_root: Path) -> Path:
    """The query folder `name` in `sql_root`, or a shipped one. `ConfigError` lists the folders if there is none."""
    folders = {path.parent.name: path.parent for root in (SQL_ROOT, sql_root) for path in root.glob("*/guarantors.sql")}
    if name not in folders:
        known = ", ".join(sorted(folders)) or "none"
        raise ConfigError(f"source.name: no queries for {name!r} in {sql_root}. Known: {known}")
    return folders[name]


def read_query(folder: Path, result_set: ResultSet) -> TextClause | None:
    """One query, ready to run. None if the file is missing and optional; `QueryError` if it is required."""
    path = folder / f"{result_set.name}.sql"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as exc:
        if result_set.may_be_missing:
            return None
        raise QueryError(result_set.name, f"{path} is missing. Write the query described in sql/contract.md") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise QueryError(
            result_set.name, f"Cannot read {path}: {type(exc).__name__}. Check its permissions, and that it is UTF-8"
        ) from exc
    # Drop comments, which mention the parameters: SQLAlchemy would bind a :name in a comment.
    return text("\n".join(line for line in lines if not line.lstrip().startswith("--")))


def bind_parameters(query: TextClause, values: Mapping[str, str]) -> TextClause:
    """Bind the parameters that the query uses.

    They are bound as untyped text, which both databases compare with date columns and with text columns.
    """
    used = query.compile().params
    return query.bindparams(*(bindparam(name, value, NullType()) for name, value in values.items() if name in used))
