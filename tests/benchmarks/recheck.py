"""Memory of the process that reads the source for the recheck, with so many documents that wait for hand-off.

    python -m tests.benchmarks.recheck --documents 1000000
    python -m tests.benchmarks.recheck --documents 1000000 --postgresql

The ledger is real. The billing system is the accounts of a sample hospital over and over, with other ids. The tasks
only return: a worker process has one shard at a time, whatever the size of the batch.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from msgspec.structs import replace

from statement_builder.billing.model import FaultyAccount, GuarantorAccount
from statement_builder.billing.selection import Kind
from statement_builder.kinds import candidate_cents
from statement_builder.pipeline.context import AppContext
from statement_builder.pipeline.recheck.recheck import _Recheck
from statement_builder.pipeline.workers import infrequent_gc
from statement_builder.settings import load_settings
from statement_builder.source import Source
from statement_builder.source.repeated import refuse_repeated
from tests.benchmarks.ledger_sample import fill_waiting, guarantor_of
from tests.hospital import AS_OF, CYCLE, Hospital, build_hospital
from tests.pipeline.shard_worker import open_as_worker
from tests.services.postgres import fresh_database, running_cluster


@dataclass(frozen=True, kw_only=True)
class _ManyAccounts(AppContext):
    """A context whose billing system has an account for each of so many documents, in the order of the shards."""

    documents: int

    def open_source(self, name: str) -> Source:
        with super().open_source(name) as source:
            found = [*source.accounts(as_of=AS_OF, cycle=CYCLE)]
        accounts = [
            each
            for each in found
            if isinstance(each, GuarantorAccount)
            and not each.contacts
            and candidate_cents(each, Kind.STATEMENT, AS_OF) is not None
        ]
        return cast("Source", _Repeated(accounts, self.documents, self.now()))


class _Repeated:
    """A `Source` of the same accounts over and over, with other ids."""

    def __init__(self, accounts: list[GuarantorAccount], documents: int, loaded_at: datetime) -> None:
        self._accounts = accounts
        self._documents = documents
        self._loaded_at = loaded_at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is open."""

    def feeds(self) -> dict[str, datetime]:
        return dict.fromkeys(("billing", "ob"), self._loaded_at)

    def accounts(self, *, refused: frozenset[int], **_: object) -> Iterator[GuarantorAccount | FaultyAccount]:
        return refuse_repeated(self._renamed(), refused)

    def _renamed(self) -> Iterator[GuarantorAccount]:
        for number, account in zip(range(self._documents), cycle(self._accounts), strict=False):
            yield replace(account, guarantor=replace(account.guarantor, guarantor_id=guarantor_of(number)))


def measure(environment: dict[str, str], batch_id: str, documents: int) -> dict[str, float]:
    """Read the source once for the recheck of the batch. Call it in a process of its own."""
    with open_as_worker(environment) as opened:
        values: dict[str, Any] = {each.name: getattr(opened, each.name) for each in fields(AppContext)}
        context = _ManyAccounts(**values, documents=documents)
        batch = context.require_batch(batch_id)
        before, started = _peak_mib(), time.process_time()
        tasks = _Recheck(context, batch, context.ledger.shards.for_batch(batch_id), frozenset())._tasks()
        with infrequent_gc():
            count = sum(len(task.items) for task in tasks)
        spent_s = time.process_time() - started
    return {"documents": count, "before, MiB": before, "at most, MiB": _peak_mib(), "processor time, s": spent_s}


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_hospital(home: Path, ledger: str, documents: int) -> tuple[Hospital, str]:
    """A hospital whose ledger, at this URL or in its folder, has a batch that waits. Returns it and the batch's id."""
    hospital = build_hospital(home, guarantors=200)
    if ledger:
        hospital = Hospital(hospital.home, {"STATEMENTS_LEDGER": ledger})
    hospital.statements("ledger", "upgrade")
    url = load_settings(hospital.environment, hospital.home).ledger
    return hospital, fill_waiting(url, "maple-valley", documents)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="the ledger on PostgreSQL, not on SQLite")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recheck-")))
        ledger = ""
        if arguments.postgresql:
            ledger = stack.enter_context(fresh_database(stack.enter_context(running_cluster()).url))
        hospital, batch_id = make_hospital(home / "hospital", ledger, arguments.documents)
        spawn = multiprocessing.get_context("spawn")
        executor = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        found = executor.submit(measure, dict(hospital.environment), batch_id, arguments.documents).result()
        for name, figure in found.items():
            print(f"{name:20}{figure:12,.0f}")


if __name__ == "__main__":
    main()
