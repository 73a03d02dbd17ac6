"""What a batch is said to have taken at the most."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import pytest

from statement_builder.devtools.peak_memory import PeakMemory

MIB = 1 << 20


def take_and_wait(mib: int, mine: Connection) -> None:
    taken = bytearray(mib * MIB)
    taken[:: 4 << 10] = b"1" * len(taken[:: 4 << 10])  # a page that nobody wrote takes nothing
    mine.send("taken")
    mine.recv()


def test_peak_memory__is_that_of_all_processes_and_stays_when_they_end() -> None:
    with PeakMemory() as alone:
        pass
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=take_and_wait, args=(300, theirs))
    process.start()
    assert ours.recv() == "taken"
    with PeakMemory() as together:
        pass
    with PeakMemory() as since:
        ours.send("end")
        process.join()
    assert alone.bytes > 10 * MIB
    assert together.bytes - alone.bytes >= 300 * MIB
    assert since.bytes >= together.bytes - 10 * MIB


def test_peak_memory__of_what_failed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), PeakMemory() as failed:
        _ = 1 / 0
    assert failed.bytes > 10 * MIB
    assert capfd.readouterr().err == ""
