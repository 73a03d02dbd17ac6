"""The `.sql` files of one billing system: found, read, and bound to their two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.types import NullType

from statement_builder.errors import ConfigError, SourceError
from statement_builder.source.contract import ResultSet


def find_queries(name: str, sql_root: Path) -> Path:
    """The folder of queries called `name`. `ConfigError` lists the ones that there are."""
    known = sorted(path.parent.name for path in sql_root.glob("*/guarantors.sql"))
    if name not in known:
        raise ConfigError(f"source.name: there is no {name!r} below {sql_root}. Known: {', '.join(known) or 'none'}")
    return sql_root / name


def read_query(folder: Path, result_set: ResultSet) -> TextClause | None:
    """One query, ready to run; None where the file is missing and may be. `SourceError` where it may not."""
    path = folder / f"{result_set.name}.sql"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as exc:
        if result_set.may_be_missing:
            return None
        raise SourceError(f"{path} is missing: write the query as sql/contract.md says") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceError(f"{path} cannot be read: {type(exc).__name__}") from exc
    # Comments name the parameters: without them, a name in a comment is not taken for a parameter.
    return text("\n".join(line for line in lines if not line.lstrip().startswith("--")))


def bind(query: TextClause, values: Mapping[str, str]) -> TextClause:
    """The query with those of `values` that it uses.

    They are bound as text of no declared type, which both databases compare with a date column as with a text one.
    """
    used = query.compile().params
    return query.bindparams(*(bindparam(name, value, NullType()) for name, value in values.items() if name in used))
