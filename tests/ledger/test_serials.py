"""Serial numbers for barcodes: unique within the time limit, and the same when a print file is built again."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from statement_builder.errors import ConfigError
from statement_builder.ledger import Ledger
from tests.ledger.world import AT

MAILER, SMALL = "123456", "912345678"


def reserve(
    ledger: Ledger, name: str, count: int = 10, *, mailer: str = MAILER, capacity: int = 10**9, days: int = 0
) -> int:
    return ledger.serials.reserve(name, mailer_id=mailer, count=count, capacity=capacity, at=AT + timedelta(days=days))


def test_reserve__consecutive_per_mailer_id(ledger: Ledger) -> None:
    assert [reserve(ledger, "A", 10), reserve(ledger, "B", 5), reserve(ledger, "C", 1)] == [0, 10, 15]
    assert reserve(ledger, "D", mailer=SMALL) == 0


def test_reserve__rebuilt_print_file_gets_the_same_range(ledger: Ledger, ledger_url: str) -> None:
    first = reserve(ledger, "A", 10)
    reserve(ledger, "B", 10)
    with Ledger.open(ledger_url) as after_crash:
        assert reserve(after_crash, "A", 10, days=3) == first
        assert reserve(after_crash, "A", 7, days=3) == first, "fewer pieces, since one was withheld"


def test_reserve__larger_print_file_gets_a_new_range(ledger: Ledger) -> None:
    reserve(ledger, "A", 10)
    reserve(ledger, "B", 10)
    assert reserve(ledger, "A", 11) == 20
    assert reserve(ledger, "C", 1) == 31


def test_reserve__no_number_repeats_within_the_time_limit(ledger: Ledger) -> None:
    assert reserve(ledger, "A", 600, mailer=SMALL, capacity=1000) == 0
    with pytest.raises(ConfigError, match="six-digit mailer id"):
        reserve(ledger, "B", 401, mailer=SMALL, capacity=1000, days=45)
    assert reserve(ledger, "B", 400, mailer=SMALL, capacity=1000, days=45) == 600
    with pytest.raises(ConfigError, match="all of them were used"):
        reserve(ledger, "C", 1, mailer=SMALL, capacity=1000, days=59)
    assert reserve(ledger, "C", 600, mailer=SMALL, capacity=1000, days=61) == 1000


def test_reserve__concurrent_reservations_do_not_overlap(ledger: Ledger) -> None:
    starts: dict[str, int] = {}
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            gate.wait()
            starts[name] = reserve(ledger, name, 10)
        except BaseException as exc:  # noqa: BLE001 - checked by the test
            failures.append(exc)

    gate = threading.Barrier(4)
    threads = [threading.Thread(target=work, args=(f"F{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(starts.values()) == [0, 10, 20, 30]
