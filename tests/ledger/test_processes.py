"""Several processes on one ledger: one has the lock, the others get an error, and its death releases the batch."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from statement_builder.billing.selection import Channel
from statement_builder.errors import BatchBusy, InvariantError
from statement_builder.ledger import DeliveryState, DocumentState, Ledger
from tests.ledger.world import AT, MAILED_ON, later, make_batch, open_batch, print_file, rendered

_HOLD_LOCK = """
import sys
from datetime import UTC, datetime
from statement_builder.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
with ledger.lock(sys.argv[2], owner="ana", at=datetime(2026, 11, 2, 14, 30, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""
_HOLD_SHARD = """
import sys
from datetime import UTC, datetime
from statement_builder.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
with ledger.share(sys.argv[2], owner="ana", at=datetime(2026, 11, 2, 14, 30, tzinfo=UTC)) as lock_part:
    with lock_part("shard 1"):
        print("held", flush=True)
        sys.stdin.read()
"""

_CLAIM = """
import sys
from datetime import UTC, datetime
from statement_builder.ledger import Ledger
at = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
with Ledger.open(sys.argv[1]) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    new = sum(ledger.emails.claim([document], vendor="smtp", at=at)[0].is_new for document in sys.argv[2:])
print(new, flush=True)
"""

_CLAIM_FILE_AND_DIE = """
import os, signal, sys
from datetime import UTC, datetime
import msgspec
from statement_builder.ledger import DeliveryState, Ledger, NewPrintFile
at = datetime(2026, 11, 2, 14, 30, tzinfo=UTC)
ledger = Ledger.open(sys.argv[1])
new = msgspec.json.decode(sys.argv[2], type=NewPrintFile)
steps = [lambda: ledger.print_files.claim(new, at=at)]
steps += [lambda: ledger.print_files.mark(new.name, DeliveryState.COMMITTING, at=at)]
for step in steps[: int(sys.argv[3])]:
    step()
os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def run(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_lock__error_names_the_owner_and_the_time(ledger: Ledger, ledger_url: str) -> None:
    batch = open_batch(ledger)
    other = open_batch(ledger, cycle="2026-12")
    with run(_HOLD_LOCK, ledger_url, batch.batch_id) as holder:
        assert read_line(holder) == "held"
        message = r"2026-11-statement is locked by ana since 2026-11-02 14:30 UTC"
        with pytest.raises(BatchBusy, match=message), ledger.lock(batch.batch_id, owner="ben", at=later(5)):
            pytest.fail("two at work")
        with ledger.lock(other.batch_id, owner="ben", at=later(5)):
            assert ledger.batches.get(other.batch_id) == other
        assert ledger.batches.get(batch.batch_id) == batch  # reading needs no lock


def test_lock__is_released_when_its_process_dies(ledger: Ledger, ledger_url: str) -> None:
    batch = open_batch(ledger)
    with run(_HOLD_LOCK, ledger_url, batch.batch_id) as holder:
        assert read_line(holder) == "held"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    lock_when_released(ledger, batch.batch_id)


def lock_when_released(ledger: Ledger, batch_id: str, tries: int = 1000) -> None:
    """A server may need a moment to notice that a client is gone."""
    for _ in range(tries):
        try:
            with ledger.lock(batch_id, owner="ben", at=later(5)):
                return
        except BatchBusy:
            continue
    pytest.fail("still locked")


def test_lock__is_released_after_use_and_after_an_error(ledger: Ledger) -> None:
    batch = open_batch(ledger)
    with pytest.raises(ZeroDivisionError), ledger.lock(batch.batch_id, owner="ana", at=AT):
        raise ZeroDivisionError
    with ledger.lock(batch.batch_id, owner="ben", at=AT), pytest.raises(BatchBusy, match="ben"):
        ledger.lock(batch.batch_id, owner="cleo", at=AT).__enter__()


def test_claim_emails__concurrent_processes_claim_each_document_once(ledger: Ledger, ledger_url: str) -> None:
    documents = [rendered(f"G{n}", channel=Channel.EMAIL) for n in range(20)]
    batch = make_batch(ledger, documents)
    ids = [document.document_id for document in documents]
    with run(_CLAIM, ledger_url, *ids) as one, run(_CLAIM, ledger_url, *ids) as two:
        for process in (one, two):
            assert read_line(process) == "ready"
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        won = [int(read_line(process)) for process in (one, two)]
    assert sum(won) == 20
    assert [len(ledger.deliveries.for_document(document)) for document in ids] == [1] * 20
    assert ledger.control_totals.get(batch.batch_id).counts.handed_off == 0


@pytest.mark.parametrize(
    ("steps", "state"), [(0, None), (1, DeliveryState.CLAIMED), (2, DeliveryState.COMMITTING)], ids=str
)
def test_print_file__process_killed_between_claim_and_sent(
    ledger: Ledger, ledger_url: str, steps: int, state: DeliveryState | None
) -> None:
    documents = [rendered("G1"), rendered("G2")]
    batch = make_batch(ledger, documents)
    new = print_file(batch.batch_id, documents)
    with run(_CLAIM_FILE_AND_DIE, ledger_url, msgspec.json.encode(new).decode(), str(steps)) as dying:
        assert dying.wait() == -signal.SIGKILL
    found = ledger.print_files.claim(new, at=later(9))
    assert (found.is_new, found.state) == (state is None, state or DeliveryState.CLAIMED)
    assert [document.state for document in ledger.documents.for_batch(batch.batch_id)] == [DocumentState.RENDERED] * 2
    ledger.print_files.mark(new.name, DeliveryState.SENT, at=later(10), mailed_on=MAILED_ON)
    assert [len(ledger.deliveries.for_document(document.document_id)) for document in documents] == [1, 1]
    assert ledger.control_totals.get(batch.batch_id).counts.handed_off == 2


def test_shared_batch__parts_are_locked_and_the_whole_is_refused(ledger: Ledger, ledger_url: str) -> None:
    batch = open_batch(ledger)
    with run(_HOLD_SHARD, ledger_url, batch.batch_id) as holder:
        assert read_line(holder) == "held"
        with pytest.raises(BatchBusy, match="by ana"), ledger.lock(batch.batch_id, owner="ben", at=later(5)):
            pytest.fail("all of it in one hand, and a part in another")
        with ledger.share(batch.batch_id, owner="ben", at=later(5)) as lock_part:
            with lock_part("shard 2"):
                pass
            with pytest.raises(BatchBusy, match="shard 1, is locked"), lock_part("shard 1"):
                pytest.fail("one part in two hands")
            holder.kill()
            holder.wait()
        lock_when_released(ledger, batch.batch_id)
    with ledger.lock(batch.batch_id, owner="ben", at=later(5)), pytest.raises(BatchBusy, match="by ben"):
        ledger.share(batch.batch_id, owner="ana", at=later(6)).__enter__()


def test_print_file__stale_owner_cannot_mark_it(ledger: Ledger) -> None:
    documents = [rendered("G1")]
    new = print_file(make_batch(ledger, documents).batch_id, documents)
    first = ledger.print_files.claim(new, at=AT)
    ledger.print_files.mark(first.name, DeliveryState.FAILED, attempt=first.attempt, at=AT)
    second = ledger.print_files.claim(new, at=AT)
    with pytest.raises(InvariantError, match="has since been claimed by another process"):
        ledger.print_files.mark(first.name, DeliveryState.COMMITTING, attempt=first.attempt, at=AT)
    ledger.print_files.mark(second.name, DeliveryState.COMMITTING, attempt=second.attempt, at=AT)
