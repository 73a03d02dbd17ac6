"""Measure the console's pages and `statements find` on a ledger of many documents.

    python -m tests.benchmarks.console --documents 1000000
    python -m tests.benchmarks.console --documents 1000000 --postgresql

The ledger has 24 cycles. Each page is read once to fill the memory of its totals, as `statements serve` has it, and
then three times; the best counts. Processor time is of this process: the console, and the client that reads it.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from statement_builder.archive import open_archive
from statement_builder.operations.summaries import summarize_document
from statement_builder.pipeline.context import AppContext
from statement_builder.settings import load_settings
from tests.benchmarks.ledger_sample import CYCLES, SNAPSHOT, SNAPSHOT_KEY, fill_ledger
from tests.hospital import Hospital, build_hospital
from tests.services.postgres import fresh_database, running_cluster
from tests.web.console import Visit, open_console

LAST_BATCH = "2026-12-statement"
PAGES = {
    "Today": "/",
    "Batch": f"/batches/{LAST_BATCH}",
    "Work queue": "/queue",
    "Mail": "/mail",
}
GUARANTOR = "G100017"
_TIMEOUT_S = 600
"""The first look counts half a million documents."""


def fill_hospital(hospital: Hospital, documents: int, *, cycles: int = CYCLES) -> None:
    """Give the hospital a ledger of this many documents."""
    hospital.statements("ledger", "upgrade")
    settings = load_settings(hospital.environment, hospital.home)
    open_archive(settings.archive).put(SNAPSHOT_KEY, SNAPSHOT, sha256=hashlib.sha256(SNAPSHOT).hexdigest())
    fill_ledger(settings.ledger, "maple-valley", documents, cycles=cycles)


def readings(visit: Visit) -> dict[str, Callable[[], object]]:
    """What a person looks at, by name."""
    visit.client.timeout = _TIMEOUT_S
    found: dict[str, Callable[[], object]] = {name: partial(visit.get, path) for name, path in PAGES.items()}
    found["Account"] = lambda: visit.post("/accounts", text=GUARANTOR)
    found["statements find"] = lambda: find(visit.console.context)
    return found


def find(context: AppContext) -> object:
    """What `statements find` reads."""
    return [summarize_document(each) for each in context.ledger.documents.find(GUARANTOR)]


def measure(visit: Visit) -> dict[str, tuple[float, float, float]]:
    """Milliseconds of the first reading, of the best of three later ones, and of its processor time, by name."""
    found = {}
    for name, read in readings(visit).items():
        spent, worked = [], []
        for _ in range(4):
            started, started_work = time.perf_counter(), time.process_time()
            read()
            spent.append(1000 * (time.perf_counter() - started))
            worked.append(1000 * (time.process_time() - started_work))
        found[name] = (spent[0], min(spent[1:]), min(worked[1:]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="console-")))
        hospital = build_hospital(home / "hospital")
        if arguments.postgresql:
            cluster = stack.enter_context(running_cluster())
            url = stack.enter_context(fresh_database(cluster.url))
            hospital = replace(hospital, environ={"STATEMENTS_LEDGER": url})
        started = time.perf_counter()
        fill_hospital(hospital, arguments.documents)
        print(f"{arguments.documents:,} documents in {CYCLES} cycles, filled in {time.perf_counter() - started:.0f} s")
        visit = stack.enter_context(open_console(hospital)).sign_in()
        print(f"{'':16}{'first':>10}{'later':>10}{'processor':>12}   ms")
        for name, (first, later, worked) in measure(visit).items():
            print(f"{name:16}{first:10.0f}{later:10.0f}{worked:12.0f}")


if __name__ == "__main__":
    main()
