"""Every column of every result set with everything that a database can return: the others' accounts are not affected.

A count of guarantors that does not use our code is compared with what was pulled and refused.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from statement_builder.archive import read_snapshot, write_snapshot
from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.source.column_types import find_violation
from statement_builder.source.contract import DETAILS, RESULT_SETS, ResultSet
from statement_builder.source.row_validation import BadRow, check_rows
from tests.services.postgres import connect
from tests.source.extract import AS_OF, CYCLE, SQL_ROOT, Extract, only_fault, subjects

EAST, WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
VALUES = [
    pytest.param(value, id=name)
    for name, value in {
        "null": None,
        "empty": "",
        "blank": "  ",
        "text": "x",
        "long-text": "x" * 100_000,
        "nul": "a\0b",
        "escape": "\x1b[2J",
        "two-lines": "a\nb",
        "replacement": "L\ufffdpez",
        "damaged": "L\udcf3pez",
        "lone-surrogate": "\ud83d",
        "last-byte": "\udcff",
        "noncharacter": "\uffff",
        "bytes": b"G1",
        "no-bytes": b"",
        "bytes-not-text": b"\xff\xfe",
        "zero": 0,
        "negative": -1,
        "int64-max": 2**63 - 1,
        "int64-min": -(2**63),
        "more-than-int64": 10**40,
        "true": True,
        "fraction": 0.5,
        "whole-float": 1.0,
        "nan": float("nan"),
        "infinity": float("inf"),
        "decimal": Decimal("12.50"),
        "decimal-nan": Decimal("NaN"),
        "decimal-signaling-nan": Decimal("sNaN"),
        "decimal-infinity": Decimal("-Infinity"),
        "first-day": date.min,
        "last-day": date.max,
        "naive-time": datetime(2026, 11, 1),  # noqa: DTZ001 - what a column without a zone returns
        "first-time-east": datetime.min.replace(tzinfo=EAST),
        "last-time-west": datetime.max.replace(tzinfo=WEST),
        "first-day-text": "0001-01-01",
        "last-day-text": "9999-12-31",
        "year-10000": "10000-01-01",
        "infinite-date": "infinity",
        "before-christ": "0044-03-15 BC",
        "first-time-east-text": "0001-01-01T00:00:00+14:00",
        "last-time-west-text": "9999-12-31T23:59:59-12:00",
        "time-of-day": time.max,
        "interval": timedelta.max,
        "uuid": uuid.UUID(int=0),
        "list": ["x"],
        "mapping": {"x": 1},
    }.items()
]
GOOD = {
    "text": "x", "required text": "x", "secret": "x", "address lines": "x", "key": "x", "id": "x", "language": "en",
    "flag": True, "time": "2026-11-07T06:00:00Z", "past date": "2026-11-07", "date": "2026-11-07", "cents": 1,
    "cents, not negative": 1, "count": 1, "quantity": 1, "level": 1,
    "sha256": "a" * 64,
}  # fmt: skip


def good_row(result_set: ResultSet) -> list[Any]:
    return [
        next(iter(column.type.annotation)).value if column.type.name == "one of" else GOOD[column.type.name]
        for column in result_set.columns
    ]


@pytest.mark.parametrize("value", VALUES)
def test_check_rows__any_value_in_any_column_is_that_rows_fault(value: object) -> None:
    columns = 0
    for result_set in RESULT_SETS.values():
        for at, column in enumerate(result_set.columns):
            row = good_row(result_set)
            row[at] = value
            good = tuple(good_row(result_set))

            before, checked, after = check_rows(result_set, [good, tuple(row), good], 1)

            columns += 1
            assert not isinstance(before, BadRow)
            assert not isinstance(after, BadRow)
            if isinstance(checked, BadRow):
                assert [fault.column for fault in checked.faults] == [column.name]
            elif column.name != "mail_sort":
                assert find_violation(checked[at], column.python_type, column.type) is None
    assert columns > 150


STORED = [  # what SQLite stores in any column, as SQL
    "NULL", "''", "'  '", "'x'", "CAST(x'4cf370' AS text)", "CAST(x'ff' AS text)", "CAST(x'eda080' AS text)",
    "CAST(x'6100' AS text) || 'b'", "x'4731'", "x'ff'", "x''", "0", "-1", "9223372036854775807", "-9223372036854775808",
    "0.5", "9e999", "-9e999", "'0001-01-01'", "'9999-12-31'", "'9999-12-31T23:59:59-12:00'",
    "'0001-01-01T00:00:00+14:00'", "'2026-11-20T24:00:00Z'", "'10000-01-01'", "'\u00e9'", "'\uffff'", "'\U0001f600'",
    "replace(hex(zeroblob(50000)), '0', 'x')", "char(27) || '[2J'", "'a' || char(10) || 'b'",
]  # fmt: skip
TABLES = {
    "guarantor": "guarantor_id", "patient": "patient_id", "coverage": "coverage_id", "encounter": "account_number",
    "contact": "contact_id", "charge": "charge_id", "insurance_transaction": "transaction_id",
    "patient_payment": "payment_id", "patient_share": "account_number", "correspondence": "account_number",
    "payment_plan": "plan_id", "installment": "plan_id", "hold": "hold_id", "assistance": "assistance_id",
    "ob_episode": "episode_id", "ob_deposit": "deposit_id", "refund": "refund_id",
}  # fmt: skip
LINKS = ("guarantor_id", "account_number", "plan_id", "episode_id")
"""Columns that say whose row it is. A row with an unreadable one is an exception of its own."""


@dataclass(frozen=True)
class Case:
    """One guarantor with one changed value."""

    number: int
    table: str
    column: str
    value: str


def fill(extract: Extract, values_of: Any) -> list[Case]:
    """One guarantor per table, column and value, with one row in each table."""
    for table in TABLES:
        extract.add(table)
    with extract.engine.begin() as connection:
        columns = {table: list(connection.execute(text(f"SELECT * FROM {table}")).keys()) for table in TABLES}
        rows = {table: connection.execute(text(f"SELECT * FROM {table}")).one() for table in TABLES}
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table}"))
        cases = [
            Case(number, *case)
            for number, case in enumerate(
                (table, column, value)
                for table in TABLES
                for column in columns[table]
                for value in values_of(table, column)
            )
        ]
        own = {"guarantor_id", "patient_id", "account_number", *TABLES.values(), "episode_id", "plan_id"}
        for table in TABLES:
            listed = ", ".join(columns[table])
            named = ", ".join(f":{column}" for column in columns[table])
            values = [
                {
                    column: f"{value}-{case.number}" if column in own and value is not None else value
                    for column, value in zip(columns[table], rows[table], strict=True)
                }
                for case in cases
            ]
            connection.execute(text(f"INSERT INTO {table} ({listed}) VALUES ({named})"), values)
        for case in cases:
            connection.exec_driver_sql(
                f"UPDATE {case.table} SET {case.column} = {case.value} "
                f"WHERE {TABLES[case.table]} = '{rows[case.table]._mapping[TABLES[case.table]]}-{case.number}'"
            )
    return cases


def count_groups(url: str) -> int:
    """Guarantors, and groups of rows without one, that the queries return: counted on the raw bytes."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.text_factory = bytes
    groups = set()
    for path in sorted((SQL_ROOT / "reference").glob("*.sql")):
        if path.stem not in {result_set.name for result_set in DETAILS}:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        query = "\n".join(line for line in lines if ":guarantor_ids" not in line)
        cursor = connection.execute(query)
        names = [each[0] for each in cursor.description]
        kinds = f"SELECT {', '.join(f'typeof({name}), {name}' for name in names)} FROM ({{}})"
        cursor = connection.execute(kinds.format(query))
        for number, row in enumerate(cursor):
            typed = dict(zip(names, zip(row[::2], row[1::2], strict=True), strict=True))
            account = typed.get("account_number", (b"null", None))
            if typed["guarantor_id"] != (b"text", b""):
                groups.add(typed["guarantor_id"])
            elif account[1] in (None, b"") and account[0] != b"blob":
                groups.add((path.stem, number))
            else:
                groups.add(("account", typed["mail_sort"], account))
    connection.close()
    return len(groups)


def test_accounts__anything_that_sqlite_stores_is_one_guarantors_fault(sqlite_extract: Extract) -> None:
    cases = fill(sqlite_extract, lambda table, column: STORED)
    assert len(cases) > 4_000

    accounts = sqlite_extract.pull()

    shown = [subject.removeprefix("!") for subject in subjects(accounts)]
    assert len(shown) == len(set(shown)) == count_groups(sqlite_extract.url)
    assert {f"G1-{case.number}" for case in cases if case.column != "guarantor_id"} <= set(shown)
    good = {account.guarantor.guarantor_id for account in accounts if isinstance(account, GuarantorAccount)}
    damaged = ("CAST(x'4cf370' AS text)", "x'ff'", "CAST(x'ff' AS text)")
    wrong = {f"G1-{case.number}" for case in cases if case.value in damaged and case.column not in LINKS}
    assert len(wrong) > 300
    assert not good & wrong
    assert sum(1 for _ in read_snapshot(write_snapshot(accounts))) == len(accounts)


POSTGRES = {
    "text": ["NULL", "''", "'  '", "'x'", "repeat('x', 100000)", "'\uffff'", "'\u00e9'", "chr(27) || '[2J'", "chr(10)"],
    "bigint": ["NULL", "0", "-1", "9223372036854775807", "'-9223372036854775808'"],
    "boolean": ["NULL", "true", "false"],
    "date": ["NULL", "'infinity'", "'-infinity'", "'0001-01-01'", "'9999-12-31'", "'12000-01-01'", "'0044-03-15 BC'"],
    "timestamp with time zone": [
        "NULL", "'infinity'", "'-infinity'", "'0001-01-01 00:00+14'", "'9999-12-31 23:59-12'", "'12000-01-01'",
        "'0044-03-15 BC'",
    ],
}  # fmt: skip


def test_accounts__anything_that_postgresql_stores_is_one_guarantors_fault(postgres_url: str) -> None:
    extract = Extract(postgres_url)
    with extract.engine.connect() as connection:
        types = {
            (table, column): kind
            for table, column, kind in connection.execute(
                text("SELECT table_name, column_name, data_type FROM information_schema.columns")
            )
        }
    cases = fill(extract, lambda table, column: POSTGRES[types[table, column]])
    assert len(cases) > 800

    accounts = extract.pull()
    extract.engine.dispose()

    shown = [subject.removeprefix("!") for subject in subjects(accounts)]
    assert len(shown) == len(set(shown))
    assert {f"G1-{case.number}" for case in cases if case.column != "guarantor_id"} <= set(shown)
    assert sum(1 for _ in read_snapshot(write_snapshot(accounts))) == len(accounts)


def test_accounts__damaged_text_in_an_unencoded_postgresql_is_one_guarantors_fault(postgres_server: URL) -> None:
    name = f"test_{uuid.uuid4().hex}"
    with connect(postgres_server) as admin:
        admin.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        url = postgres_server.set(database=name).render_as_string(hide_password=False)
        extract = Extract(f"{url}?client_encoding=utf8")
        for number in "012":
            extract.add_account(number)
        with extract.engine.begin() as connection:
            connection.execute(text("UPDATE guarantor SET last_name = 'N\u00fa\u00f1ez' WHERE guarantor_id = 'G2'"))
        with connect(make_url(url)) as damage:
            damage.execute(rb"UPDATE guarantor SET last_name = E'L\xf3pez' WHERE guarantor_id = 'G1'")
        extract.url = url
        accounts = extract.pull()
        extract.engine.dispose()
    finally:
        with connect(postgres_server) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    assert subjects(accounts) == ["G0", "!G1", "G2"]
    assert [fault.code for fault in only_fault(accounts).faults] == ["ENCODING"]
    assert isinstance(accounts[2], GuarantorAccount)
    assert accounts[2].guarantor.last_name == "Núñez"


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param("CAST(x'30ff31' AS text)", id="damaged-byte"),
        pytest.param("CAST(x'c3' AS text)", id="half-a-character"),
        pytest.param("x'3031'", id="binary"),
        pytest.param("''", id="empty"),
    ],
)
def test_accounts__unreadable_sort_key_is_in_order(sqlite_extract: Extract, stored: str) -> None:
    for number, postal_code in enumerate(["01101", "01102", "01103", "\ue000", "😀"]):
        sqlite_extract.add_account(str(number), postal_code=postal_code)
    with sqlite_extract.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE guarantor SET postal_code = {stored} WHERE guarantor_id = 'G1'")

    accounts = sqlite_extract.pull()

    shown = subjects(accounts)
    assert sorted(subject.removeprefix("!") for subject in shown) == ["G0", "G1", "G2", "G3", "G4"]
    assert {"G0", "G2"} <= set(shown)
    assert ("!G1" in shown) == (stored != "''")


@pytest.mark.parametrize(
    "stored",
    [pytest.param("x'4731'", id="binary"), pytest.param("CAST(x'47ff' AS text)", id="damaged-text")],
)
def test_accounts__unreadable_guarantor_id_is_an_exception_of_its_own(sqlite_extract: Extract, stored: str) -> None:
    for number in "012":
        sqlite_extract.add_account(number)
    for table in ("guarantor", "patient", "encounter"):
        with sqlite_extract.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE {table} SET guarantor_id = {stored} WHERE guarantor_id = 'G1'")

    accounts = sqlite_extract.pull()

    assert [subject for subject in subjects(accounts) if not subject.startswith("!")] == ["G0", "G2"]
    faulty = only_fault(accounts)
    assert {(fault.column, fault.code) for fault in faulty.faults} <= {
        ("guarantor_id", "TYPE"),
        ("guarantor_id", "ENCODING"),
    }
    assert faulty.cents == 30_000
    assert faulty.subject.isprintable()


def test_accounts__rows_without_a_guarantor_may_come_in_any_order(extract: Extract) -> None:
    extract.add_account("1")
    for contact, account in (("K1", "A9"), ("K2", "A3"), ("K3", "A9"), ("K4", "A1")):
        extract.add("contact", guarantor_id=None, contact_id=contact, account_number=account, patient_id=None)

    accounts = extract.pull()

    shown = subjects(accounts)
    assert len(shown) == len(set(shown))
    assert shown[-1] == "G1"
    faulty = [account for account in accounts if isinstance(account, FaultyAccount)]
    assert sum(len([fault for fault in each.faults if fault.code == "ORPHAN"]) for each in faulty) == 4


@pytest.mark.parametrize("loaded_at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "x"])
def test_feeds__unreadable_load_time_is_not_fresh(sqlite_extract: Extract, loaded_at: str) -> None:
    sqlite_extract.add("feed", feed="obstetric", loaded_at=loaded_at)
    sqlite_extract.add("feed")

    with sqlite_extract.source() as source:
        assert list(source.feeds()) == ["billing"]
        report = source.check(as_of=AS_OF, cycle=CYCLE)

    assert [(fault.result_set, fault.column, fault.code) for fault in report.faults] == [
        ("freshness", "loaded_at", "DATE")
    ]
