"""What the console's pages read does not grow with the years in the ledger.

`STATEMENTS_LEDGER_DOCUMENTS` is the size of the larger ledger: 4,800 documents by default, a million at night.
`python -m tests.benchmarks.console` measures the same pages in milliseconds.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.benchmarks.console import fill_hospital, readings
from tests.benchmarks.ledger_sample import CYCLES, SHARD
from tests.hospital import build_hospital
from tests.web.console import open_console

DOCUMENTS = int(os.environ.get("STATEMENTS_LEDGER_DOCUMENTS", "4800"))
FEW_CYCLES = 6
STEPS_AT_ONCE = 100
ALLOWED_STEPS = 400 * (CYCLES - FEW_CYCLES) * max(1, DOCUMENTS // CYCLES // SHARD)
"""For the batches and print files themselves, of which a larger ledger has more."""


class Steps:
    """Steps that SQLite took: the same on every machine, whatever else it does."""

    def __init__(self) -> None:
        self.count = 0

    def count_those_of(self, connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_progress_handler(self._add, STEPS_AT_ONCE)

    def _add(self) -> int:
        self.count += STEPS_AT_ONCE
        return 0


@contextmanager
def counting() -> Iterator[Steps]:
    steps = Steps()
    event.listen(Engine, "connect", steps.count_those_of)
    try:
        yield steps
    finally:
        event.remove(Engine, "connect", steps.count_those_of)


def steps_of_each(home: Path, *, cycles: int) -> dict[str, int]:
    """What is read → steps of reading it again, in a ledger of this many cycles."""
    hospital = build_hospital(home)
    fill_hospital(hospital, DOCUMENTS * cycles // CYCLES, cycles=cycles)
    found = {}
    with counting() as steps, open_console(hospital) as visit:
        visit.sign_in()
        for name, read in readings(visit).items():
            read()
            before = steps.count
            assert read()
            found[name] = steps.count - before
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], dict[str, int]]:
    homes = tmp_path_factory.mktemp("consoles")
    return steps_of_each(homes / "few", cycles=FEW_CYCLES), steps_of_each(homes / "many", cycles=CYCLES)


@pytest.mark.parametrize("name", ["Today", "Batch", "Work queue", "Mail", "Account", "statements find"])
def test_console__four_times_the_cycles_are_read_as_fast(
    both: tuple[dict[str, int], dict[str, int]], name: str
) -> None:
    few, many = both
    assert few[name] > 0, "something is counted"
    # An account has a document in each cycle, and all of them are shown.
    allowed = 4 if name in {"Account", "statements find"} else 1.5
    assert many[name] <= allowed * few[name] + ALLOWED_STEPS
