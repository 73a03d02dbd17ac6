"""Loads Synthea's CSV output into the tables that `sql/synthea/` queries. See `sql/synthea/README.md`."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from statement_builder.billing.model import Record
from statement_builder.errors import SourceError
from statement_builder.source.database import describe_database_error, open_database, write_transaction
from statement_builder.source.reference import create_schema, insert_rows
from statement_builder.source.states import STATE_CODES

WITHHELD_METHODS = frozenset({"CASH", "CHECK", "CC"})
"""Methods of patient payments after the visit. A COPAY is paid at the visit and is never withheld."""
_ACCOUNT_DIGITS = 12

CsvRow = Mapping[str, str]


class LoadSummary(Record, kw_only=True):
    """Rows loaded per table, and the withheld payments, which become the open balances."""

    rows: dict[str, int]
    withheld_payments: int
    withheld_cents: int


@dataclass
class _WithheldPayments:
    since: date | None
    payments: int = 0
    cents: int = 0

    def withholds(self, row: CsvRow) -> bool:
        """Whether to withhold this row; if so, count it."""
        withheld = (
            self.since is not None
            and row["TYPE"] == "PAYMENT"
            and row["METHOD"] in WITHHELD_METHODS
            and _date_text(row["FROMDATE"]) >= self.since.isoformat()
        )
        if withheld:
            self.payments += 1
            self.cents += _parse_cents(row["PAYMENTS"])
        return withheld


def load_synthea(directory: Path, url: str, *, withhold_since: date | None, loaded_at: datetime) -> LoadSummary:
    """Load the CSV files in `directory` into the `synthea_*` tables at `url`, in one transaction, replacing their data.

    With `withhold_since`, patients' own payments from that date on are withheld and become the open balances.
    `loaded_at` (aware) is the load time that the freshness check uses. `SourceError` names the file and row that cannot
    be used, or says that the database cannot be written.
    """
    withheld = _WithheldPayments(withhold_since)
    engine = open_database(url, read_only=False)
    try:
        with write_transaction(engine) as connection:
            create_schema(connection, "synthea")
            rows = {table.name: _load_table(connection, directory, table, withheld) for table in _TABLES}
            _refuse_shared_account_numbers(connection)
            since = withhold_since.isoformat() if withhold_since else ""
            insert_rows(connection, "synthea_load", ("loaded_at", "withheld_since"), [(loaded_at.isoformat(), since)])
    except SQLAlchemyError as exc:
        raise SourceError(f"Cannot write the Synthea tables: {describe_database_error(exc)}") from exc
    finally:
        engine.dispose()
    return LoadSummary(rows=rows, withheld_payments=withheld.payments, withheld_cents=withheld.cents)


@dataclass(frozen=True)
class _TableSpec:
    """One CSV file and its table. `columns`: (column, CSV field, parser)."""

    name: str
    file: str
    columns: tuple[tuple[str, str, Callable[[str], Any]], ...]


def _load_table(connection: Connection, directory: Path, table: _TableSpec, withheld: _WithheldPayments) -> int:
    payment_filter = withheld if table.name == "synthea_transactions" else None
    rows = _read_rows(directory / table.file, table, payment_filter)
    return insert_rows(connection, table.name, [name for name, _, _ in table.columns], rows)


def _read_rows(path: Path, table: _TableSpec, withheld: _WithheldPayments | None) -> Iterator[tuple[Any, ...]]:
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = {field for _, field, _ in table.columns} - set(reader.fieldnames or ())
            if missing:
                raise SourceError(f"{path.name} has no column {', '.join(sorted(missing))}. Use Synthea's CSV output")
            for number, row in enumerate(reader, 2):  # noqa: B007 - used in the error message
                if withheld is None or not withheld.withholds(row):
                    yield tuple(read(row[field]) for _, field, read in table.columns)
    except FileNotFoundError as exc:
        raise SourceError(f"{path.name} is not in {path.parent}. Pass the folder with Synthea's CSV output") from exc
    except (ValueError, csv.Error) as exc:
        reason = "is not UTF-8" if isinstance(exc, UnicodeDecodeError) else f"row {number}: {exc}"
        raise SourceError(f"{path.name}, {reason}") from exc


def _refuse_shared_account_numbers(connection: Connection) -> None:
    query = "SELECT account_number FROM synthea_encounters GROUP BY account_number HAVING count(*) > 1"
    if shared := connection.execute(text(query)).scalars().first():
        raise SourceError(
            f"encounters.csv: two encounters share account number {shared}, the first 12 digits of their ids. "
            "Remove or change one"
        )


def _keep_text(value: str) -> str:
    return value


def _date_text(value: str) -> str:
    """The date part of an ISO timestamp."""
    return value[:10]


def _account_number(value: str) -> str:
    return value.replace("-", "")[:_ACCOUNT_DIGITS].upper()


def _state_code(value: str) -> str:
    return STATE_CODES.get(value, value)


def _parse_units(value: str) -> int:
    if value and not value.isdecimal():
        raise ValueError("a quantity is not a whole number")
    return int(value or "1")


def _parse_cents(value: str) -> int:
    """Dollars as text to cents, exactly; blank is 0. ValueError for anything else, without repeating the value."""
    try:
        cents = Decimal(value or "0") * 100
    except InvalidOperation as exc:
        raise ValueError("an amount is not a number") from exc
    if cents != cents.to_integral_value():
        raise ValueError("an amount has fractions of a cent")
    return int(cents)


_TABLES: tuple[_TableSpec, ...] = (
    _TableSpec(
        "synthea_patients",
        "patients.csv",
        (
            ("id", "Id", _keep_text),
            ("first", "FIRST", _keep_text),
            ("last", "LAST", _keep_text),
            ("suffix", "SUFFIX", _keep_text),
            ("birth_on", "BIRTHDATE", _date_text),
            ("death_on", "DEATHDATE", _date_text),
            ("address", "ADDRESS", _keep_text),
            ("city", "CITY", _keep_text),
            ("state", "STATE", _state_code),
            ("zip", "ZIP", _keep_text),
        ),
    ),
    _TableSpec(
        "synthea_encounters",
        "encounters.csv",
        (
            ("id", "Id", _keep_text),
            ("account_number", "Id", _account_number),
            ("start_on", "START", _date_text),
            ("stop_on", "STOP", _date_text),
            ("patient", "PATIENT", _keep_text),
            ("organization", "ORGANIZATION", _keep_text),
            ("payer", "PAYER", _keep_text),
            ("encounterclass", "ENCOUNTERCLASS", _keep_text),
            ("description", "DESCRIPTION", _keep_text),
        ),
    ),
    _TableSpec(
        "synthea_claims",
        "claims.csv",
        (
            ("id", "Id", _keep_text),
            ("appointment", "APPOINTMENTID", _keep_text),
            ("status1", "STATUS1", _keep_text),
            ("secondary_payer", "SECONDARYPATIENTINSURANCEID", _keep_text),
        ),
    ),
    _TableSpec(
        "synthea_transactions",
        "claims_transactions.csv",
        (
            ("id", "ID", _keep_text),
            ("claim", "CLAIMID", _keep_text),
            ("account_number", "APPOINTMENTID", _account_number),
            ("type", "TYPE", _keep_text),
            ("method", "METHOD", _keep_text),
            ("from_on", "FROMDATE", _date_text),
            ("procedure_code", "PROCEDURECODE", _keep_text),
            ("notes", "NOTES", _keep_text),
            ("units", "UNITS", _parse_units),
            ("amount_cents", "AMOUNT", _parse_cents),
            ("payments_cents", "PAYMENTS", _parse_cents),
            ("adjustments_cents", "ADJUSTMENTS", _parse_cents),
        ),
    ),
    _TableSpec("synthea_payers", "payers.csv", (("id", "Id", _keep_text), ("name", "NAME", _keep_text))),
    _TableSpec("synthea_organizations", "organizations.csv", (("id", "Id", _keep_text), ("name", "NAME", _keep_text))),
)
