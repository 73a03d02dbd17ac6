"""The peak memory of several processes."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection

import pytest

from statement_builder.devtools.peak_memory import PeakMemory

MIB = 1 << 20


def allocate_and_wait(mib: int, connection: Connection) -> None:
    memory = bytearray(mib * MIB)
    memory[:: 4 << 10] = b"1" * len(memory[:: 4 << 10])  # a page that was never written uses no memory
    connection.send("allocated")
    connection.recv()


def test_peak_memory__includes_children_and_survives_their_end() -> None:
    with PeakMemory() as before:
        pass
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=allocate_and_wait, args=(300, theirs))
    process.start()
    assert ours.recv() == "allocated"
    with PeakMemory() as during:
        pass
    with PeakMemory() as after:
        ours.send("end")
        process.join()
    assert before.bytes > 10 * MIB
    assert during.bytes - before.bytes >= 300 * MIB
    assert after.bytes >= during.bytes - 10 * MIB


def test_peak_memory__block_that_raises(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), PeakMemory() as failed:
        _ = 1 / 0
    assert failed.bytes > 10 * MIB
    assert capfd.readouterr().err == ""
