"""Accounts of extreme size, and a process that runs out of memory: each is one exception, and the batch goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from mail_house.profiles import load_profile
from statement_builder.billing.model import Encounter
from statement_builder.billing.selection import Kind
from statement_builder.documents import Content
from statement_builder.pipeline import build
from statement_builder.pipeline.build_worker import items_max
from statement_builder.rendering import PlainEngine
from statement_builder.source import make_sample
from tests.builders import make_encounter
from tests.commands import BATCH, RERUN, call, run_accepting_everything
from tests.contents import BILLED, make_letter, make_statement
from tests.faults.account_rows import account_rows
from tests.hospital import AS_OF, Hospital
from tests.pipeline.task_functions import FATAL, abort_at, exhaust_memory_at, open_fatal_builder
from tests.services.postgres import fresh_database

COMBINING = "a" + "\u0301" * 10_000


@pytest.fixture(params=["sqlite", "postgresql"])
def hospital(request: pytest.FixtureRequest, hospital: Hospital) -> Iterator[Hospital]:
    """Ledger and billing database in SQLite files, or both on a PostgreSQL server."""
    if request.param == "sqlite":
        yield hospital
        return
    server = request.getfixturevalue("postgres_server")
    with fresh_database(server) as ledger_url, fresh_database(server) as source_url:
        make_sample(source_url, guarantors=20, seed=1, as_of=AS_OF)
        yield Hospital(hospital.home, {"STATEMENTS_LEDGER": ledger_url, "STATEMENTS_SOURCE_URL": source_url})


def insert(hospital: Hospital, table: str, rows: Sequence[dict[str, Any]]) -> None:
    url = hospital.environ.get("STATEMENTS_SOURCE_URL", f"sqlite:///{hospital.database}")
    if not url.startswith("sqlite"):  # PostgreSQL converts texts to the column's type
        rows = [{name: str(value) for name, value in row.items()} for row in rows]
    engine = create_engine(url)
    with engine.begin() as connection:
        columns = ", ".join(rows[0])
        values = ", ".join(f":{name}" for name in rows[0])
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), list(rows))
    engine.dispose()


def add(hospital: Hospital, guarantor: str, *, visits: int = 1, charges: int = 1, **facts: Any) -> None:
    """A guarantor who owes $300 per charge."""
    rows = account_rows(guarantor)
    encounter, charge = rows["encounter"], rows["charge"]
    numbers = [f"A{n}-{guarantor}" for n in range(visits)]
    insert(hospital, "guarantor", [rows["guarantor"] | facts])
    insert(hospital, "patient", [rows["patient"]])
    insert(hospital, "encounter", [encounter | {"account_number": number} for number in numbers])
    insert(
        hospital,
        "charge",
        [
            charge | {"account_number": number, "charge_id": f"{number}-{n}"}
            for number in numbers
            for n in range(charges)
        ],
    )


def test_extreme_accounts__are_exceptions_or_documents_and_never_the_batchs_end(hospital: Hospital) -> None:
    """1,500 pages of large print, a name of 10,000 combining marks, and a visit with 20,000 charges."""
    add(hospital, "G-PAGES", visits=3_000, large_print=1)
    add(hospital, "G-MARKS", first_name=COMBINING)
    add(hospital, "G-FEWER-MARKS", first_name=COMBINING[:190])
    add(hospital, "G-CHARGES", charges=20_000)
    summary = run_accepting_everything(hospital).json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    found = {row["guarantor"]: row for row in call(hospital, "exceptions", BATCH, "--json").json}
    assert found["G-PAGES"]["code"] == "TOO_LONG"
    assert "split the account" in found["G-PAGES"]["fix"]
    assert found["G-MARKS"]["code"] == "LONG"
    assert "G-CHARGES" not in found
    for row in found.values():
        assert "\u0301" not in row["message"] + row["fix"]
    assert summary["counts"]["handed_off"] == summary["counts"]["rendered"] > 5
    assert call(hospital, *RERUN).json["counts"] == summary["counts"]


@pytest.mark.parametrize(
    ("at", "code"),
    [pytest.param(exhaust_memory_at, "INTERNAL", id="memory"), pytest.param(abort_at, "WORKER_DIED", id="aborted")],
)
def test_account_that_exhausts_memory__is_an_exception(
    hospital: Hospital, at: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses more memory: Python raises MemoryError, and a C library aborts its process."""
    add(hospital, FATAL)
    monkeypatch.setattr(build, "open_builder", partial(open_fatal_builder, at=at))
    monkeypatch.setattr("statement_builder.ledger.batches.BatchRepository.is_signed", lambda *_: True)
    summary = run_accepting_everything(hospital).json
    assert (summary["state"], summary["foots"]) == ("closed", True)
    found = {row["guarantor"]: row["code"] for row in call(hospital, "exceptions", BATCH, "--json").json}
    assert found[FATAL] == code
    assert summary["counts"]["handed_off"] > 5


def _many(count: int, **changes: Any) -> tuple[Encounter, ...]:
    return tuple(make_encounter(f"A{number:05}", **changes) for number in range(count))


@pytest.mark.parametrize("large_print", [False, True], ids=["standard", "large-print"])
@pytest.mark.parametrize("kind", [Kind.STATEMENT, Kind.DUNNING])
def test_items_max__leaves_room_above_what_fits(engine: PlainEngine, kind: Kind, large_print: bool) -> None:
    content: Content
    if kind is Kind.STATEMENT:
        content = make_statement(*_many(60), large_print=large_print)
    else:
        content = make_letter(4, *_many(60, correspondence=BILLED), large_print=large_print)
    profile = load_profile()
    per_page = 60 / engine.render(content).pages
    assert items_max(content, profile) > 1.3 * per_page * profile.pages_max
