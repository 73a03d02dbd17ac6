"""Finds and reads the `.sql` files of one billing system and binds their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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


GUARANTOR_IDS = "guarantor_ids"
"""The parameter that limits a query to some guarantors."""
_PLACEHOLDER = re.compile(rf"\(\s*:{GUARANTOR_IDS}\b\s*\)")
_CONDITION = re.compile(r"\s*(WHERE|AND)\s", re.IGNORECASE)


def read_query(folder: Path, result_set: ResultSet, *, by_guarantor: bool = False) -> TextClause | None:
    """One query, ready to run. None if the file is missing and optional; `QueryError` if it is required.

    The lines with `:guarantor_ids` are left out of a query for everybody, so that it costs no more than without them.
    `by_guarantor`: leave them in. A query without such a line returns everybody.
    """
    lines = _read_lines(folder, result_set)
    if lines is None:
        return None
    conditions = [line for line in lines if _PLACEHOLDER.search(line)]
    _require_own_lines(result_set, lines, conditions)
    if by_guarantor:
        # SQLAlchemy puts the parentheses around the values.
        lines = [_PLACEHOLDER.sub(f":{GUARANTOR_IDS}", line) for line in lines]
    else:
        lines = [line for line in lines if line not in conditions]
    return text("\n".join(lines))


def is_limited(query: TextClause) -> bool:
    """Whether the query returns some guarantors only."""
    return GUARANTOR_IDS in query.compile().params


def bind_parameters(
    query: TextClause, values: Mapping[str, str], *, guarantor_ids: Sequence[str] | None = None
) -> TextClause:
    """Bind the parameters that the query uses. `guarantor_ids` is for a query that was read `by_guarantor`.

    They are bound as untyped text, which both databases compare with date columns and with text columns.
    """
    used = query.compile().params
    bound = [bindparam(name, value, NullType()) for name, value in values.items() if name in used]
    if guarantor_ids is not None and GUARANTOR_IDS in used:
        bound.append(bindparam(GUARANTOR_IDS, list(guarantor_ids), NullType(), expanding=True))
    return query.bindparams(*bound)


def _read_lines(folder: Path, result_set: ResultSet) -> list[str] | None:
    """The lines of one query without comments, in which SQLAlchemy would bind a `:name`."""
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
    return [line for line in lines if not line.lstrip().startswith("--")]


def _require_own_lines(result_set: ResultSet, lines: Sequence[str], conditions: Sequence[str]) -> None:
    """`QueryError` where leaving out the lines with `:guarantor_ids` would leave out more than their condition."""
    odd = [line for line in lines if f":{GUARANTOR_IDS}" in line and line not in conditions]
    odd += [line for line in conditions if not _CONDITION.match(line) or line.count("(") != line.count(")")]
    if odd:
        raise QueryError(
            result_set.name,
            f"{result_set.name}.sql uses :{GUARANTOR_IDS} in another way than the contract allows. Put the whole "
            f"condition on a line of its own that begins with WHERE or AND, such as "
            f"AND guarantor_id IN (:{GUARANTOR_IDS})",
        )
