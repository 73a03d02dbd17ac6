"""contract.md, the contract in code and the queries agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

from statement_builder.source.column_types import ColumnType
from statement_builder.source.contract import RESULT_SETS, ResultSet

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
QUERIES = sorted(path for path in SQL_ROOT.glob("*/*.sql") if not path.name.startswith("schema."))
DETAILS = [result_set for name, result_set in RESULT_SETS.items() if name not in ("freshness", "control")]


def read_tables() -> dict[str, list[list[str]]]:
    """The table rows of each section of contract.md, by heading."""
    tables: dict[str, list[list[str]]] = {}
    for section in (SQL_ROOT / "contract.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, body = section.split("\n", 1)
        lines = [line.strip("| ") for line in body.splitlines() if line.startswith("|")]
        tables[heading] = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines[2:]]
    return tables


def name_type(column_type: ColumnType) -> str:
    return column_type.must_be if column_type.name == "one of" else column_type.name


def test_contract__documents_every_result_set() -> None:
    assert list(read_tables()) == ["Types", *RESULT_SETS]


@pytest.mark.parametrize("result_set", RESULT_SETS.values(), ids=lambda result_set: result_set.name)
def test_contract__documents_every_column(result_set: ResultSet) -> None:
    rows = read_tables()[result_set.name]

    assert [row[:3] for row in rows] == [
        [column.name, name_type(column.type), "yes" if column.null else "no"] for column in result_set.columns
    ]
    for column, row in zip(result_set.columns, rows, strict=True):
        assert row[4], f"{column.name} has no example"
        assert (f"`{column.references}`" in row[3]) == bool(column.references)


def test_contract__documents_every_type() -> None:
    types = {column.type for result_set in RESULT_SETS.values() for column in result_set.columns}

    assert {tuple(row) for row in read_tables()["Types"]} == {
        (kind.name, kind.must_be) for kind in types if kind.name != "one of"
    }


@pytest.mark.parametrize("folder", ["reference", "synthea"])
def test_queries__cover_every_result_set(folder: str) -> None:
    present = {path.stem for path in QUERIES if path.parent.name == folder}

    assert present <= set(RESULT_SETS)
    assert set(RESULT_SETS) - present <= {name for name, result_set in RESULT_SETS.items() if result_set.may_be_missing}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_queries__header_matches_the_query(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = dict(line.removeprefix("-- ").split(": ", 1) for line in lines[:4])
    query = "\n".join(line for line in lines if not line.startswith("--"))

    assert list(header) == ["Purpose", "Parameters", "Grain", "Order"]
    used = set(text(query).compile().params)
    assert used == set(re.findall(r":(as_of|cycle|guarantor_ids)", header["Parameters"]))
    result_set = RESULT_SETS[path.stem]
    order = list(result_set.names[:2]) if result_set in DETAILS else []
    order += [name for name in result_set.key if name not in order]
    assert header["Order"].removesuffix(", by bytes").split(", ") == order


def test_queries__are_found() -> None:
    assert len(QUERIES) >= 2 * sum(not each.may_be_missing for each in RESULT_SETS.values())


def test_reference__both_schemas_have_the_same_columns() -> None:
    def columns(database: str) -> list[str]:
        schema = (SQL_ROOT / "reference" / f"schema.{database}.sql").read_text(encoding="utf-8")
        return re.findall(r"^(?:CREATE TABLE|   ) (\w+)", schema, flags=re.MULTILINE)

    assert columns("sqlite") == columns("postgresql")
    assert "amount_cents" in columns("sqlite")


def test_reference__every_postgresql_text_column_sorts_by_bytes() -> None:
    schema = (SQL_ROOT / "reference" / "schema.postgresql.sql").read_text(encoding="utf-8")

    assert re.findall(r"^    \w+ text(?! COLLATE \"C\")", schema, flags=re.MULTILINE) == []
    assert 'text COLLATE "C"' in schema
