"""Synthea's CSV output → tables that `sql/synthea/` queries. Which rows are money: `sql/synthea/README.md`."""

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
from statement_builder.source.database import open_database, show_database_error, writing
from statement_builder.source.reference import insert_rows, make_schema
from statement_builder.source.states import STATE_CODES

WITHHELD_METHODS = frozenset({"CASH", "CHECK", "CC"})
"""How patients themselves pay after the visit; a COPAY is paid at the desk and stays."""
_ACCOUNT_DIGITS = 12

CsvRow = Mapping[str, str]


class LoadSummary(Record, kw_only=True):
    """What was loaded: rows by table, and the payments left out, which are now the open balances."""

    rows: dict[str, int]
    withheld_payments: int
    withheld_cents: int


@dataclass
class _Withheld:
    since: date | None
    payments: int = 0
    cents: int = 0

    def takes(self, row: CsvRow) -> bool:
        """Whether this payment is left out; counts it."""
        withheld = (
            self.since is not None
            and row["TYPE"] == "PAYMENT"
            and row["METHOD"] in WITHHELD_METHODS
            and _day(row["FROMDATE"]) >= self.since.isoformat()
        )
        if withheld:
            self.payments += 1
            self.cents += _cents(row["PAYMENTS"])
        return withheld


def load_synthea(directory: Path, url: str, *, withhold_since: date | None, loaded_at: datetime) -> LoadSummary:
    """Load the CSV files of `directory` into `synthea_*` tables at `url`, replacing what is there; all or nothing.

    With `withhold_since`, patients' own payments from that date on are left out and become the open balances.
    `loaded_at` (aware) is what the freshness gate will see. `SourceError` names the file, row and column that cannot
    be used, or the database that cannot be written.
    """
    withheld = _Withheld(withhold_since)
    engine = open_database(url, read_only=False)
    try:
        with writing(engine) as connection:
            make_schema(connection, "synthea")
            rows = {table.name: _load_table(connection, directory, table, withheld) for table in _TABLES}
            _refuse_shared_account_numbers(connection)
            since = withhold_since.isoformat() if withhold_since else ""
            insert_rows(connection, "synthea_load", ("loaded_at", "withheld_since"), [(loaded_at.isoformat(), since)])
    except SQLAlchemyError as exc:
        raise SourceError(f"The Synthea tables cannot be written: {show_database_error(exc)}") from exc
    finally:
        engine.dispose()
    return LoadSummary(rows=rows, withheld_payments=withheld.payments, withheld_cents=withheld.cents)


@dataclass(frozen=True)
class _Table:
    """One CSV file and the table it goes to; `columns` says for each column which field and how to read it."""

    name: str
    file: str
    columns: tuple[tuple[str, str, Callable[[str], Any]], ...]


def _load_table(connection: Connection, directory: Path, table: _Table, withheld: _Withheld) -> int:
    wanted = withheld if table.name == "synthea_transactions" else None
    rows = _read_rows(directory / table.file, table, wanted)
    return insert_rows(connection, table.name, [name for name, _, _ in table.columns], rows)


def _read_rows(path: Path, table: _Table, withheld: _Withheld | None) -> Iterator[tuple[Any, ...]]:
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = {field for _, field, _ in table.columns} - set(reader.fieldnames or ())
            if missing:
                raise SourceError(
                    f"{path.name} has no column {', '.join(sorted(missing))}: is it Synthea's CSV output?"
                )
            for number, row in enumerate(reader, 2):  # noqa: B007 - named in the message of a row that fails
                if withheld is None or not withheld.takes(row):
                    yield tuple(read(row[field]) for _, field, read in table.columns)
    except FileNotFoundError as exc:
        raise SourceError(f"{path.name} is not in {path.parent}: point to the folder of Synthea's CSV output") from exc
    except (ValueError, csv.Error) as exc:
        reason = "is not UTF-8" if isinstance(exc, UnicodeDecodeError) else f"row {number}: {exc}"
        raise SourceError(f"{path.name}, {reason}") from exc


def _refuse_shared_account_numbers(connection: Connection) -> None:
    query = "SELECT account_number FROM synthea_encounters GROUP BY account_number HAVING count(*) > 1"
    if shared := connection.execute(text(query)).scalars().first():
        raise SourceError(f"encounters.csv: two encounters would both get the account number {shared}")


def _text(value: str) -> str:
    return value


def _day(value: str) -> str:
    """The date of a timestamp, as ISO text."""
    return value[:10]


def _account(value: str) -> str:
    return value.replace("-", "")[:_ACCOUNT_DIGITS].upper()


def _state(value: str) -> str:
    return STATE_CODES.get(value, value)


def _units(value: str) -> int:
    if value and not value.isdecimal():
        raise ValueError("a quantity is not a whole number")
    return int(value or "1")


def _cents(value: str) -> int:
    """Dollars as text → cents, exactly; blank is nothing. ValueError for anything else, without repeating it."""
    try:
        cents = Decimal(value or "0") * 100
    except InvalidOperation as exc:
        raise ValueError("an amount is not a number") from exc
    if cents != cents.to_integral_value():
        raise ValueError("an amount has fractions of a cent")
    return int(cents)


_TABLES: tuple[_Table, ...] = (
    _Table(
        "synthea_patients",
        "patients.csv",
        (
            ("id", "Id", _text),
            ("first", "FIRST", _text),
            ("last", "LAST", _text),
            ("suffix", "SUFFIX", _text),
            ("birth_on", "BIRTHDATE", _day),
            ("death_on", "DEATHDATE", _day),
            ("address", "ADDRESS", _text),
            ("city", "CITY", _text),
            ("state", "STATE", _state),
            ("zip", "ZIP", _text),
        ),
    ),
    _Table(
        "synthea_encounters",
        "encounters.csv",
        (
            ("id", "Id", _text),
            ("account_number", "Id", _account),
            ("start_on", "START", _day),
            ("stop_on", "STOP", _day),
            ("patient", "PATIENT", _text),
            ("organization", "ORGANIZATION", _text),
            ("payer", "PAYER", _text),
            ("encounterclass", "ENCOUNTERCLASS", _text),
            ("description", "DESCRIPTION", _text),
        ),
    ),
    _Table(
        "synthea_claims",
        "claims.csv",
        (
            ("id", "Id", _text),
            ("appointment", "APPOINTMENTID", _text),
            ("status1", "STATUS1", _text),
            ("secondary_payer", "SECONDARYPATIENTINSURANCEID", _text),
        ),
    ),
    _Table(
        "synthea_transactions",
        "claims_transactions.csv",
        (
            ("id", "ID", _text),
            ("claim", "CLAIMID", _text),
            ("account_number", "APPOINTMENTID", _account),
            ("type", "TYPE", _text),
            ("method", "METHOD", _text),
            ("from_on", "FROMDATE", _day),
            ("procedure_code", "PROCEDURECODE", _text),
            ("notes", "NOTES", _text),
            ("units", "UNITS", _units),
            ("amount_cents", "AMOUNT", _cents),
            ("payments_cents", "PAYMENTS", _cents),
            ("adjustments_cents", "ADJUSTMENTS", _cents),
        ),
    ),
    _Table("synthea_payers", "payers.csv", (("id", "Id", _text), ("name", "NAME", _text))),
    _Table("synthea_organizations", "organizations.csv", (("id", "Id", _text), ("name", "NAME", _text))),
)
