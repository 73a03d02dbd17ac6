"""How long an e-mail may wait to be opened, so that the paper still comes in time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from statement_builder.policy.due_dates import last_day_to_open

SENT_ON = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("days", "due_in", "expected"),
    [
        pytest.param(0, 25, None, id="off"),
        pytest.param(7, 25, 7, id="time-enough"),
        pytest.param(7, None, 7, id="asks-for-no-payment"),
        pytest.param(7, 10, 3, id="released-late"),
        pytest.param(7, 8, 1, id="one-day"),
        pytest.param(7, 7, None, id="no-time-for-paper"),
        pytest.param(7, 5, None, id="reminder-of-an-installment"),
    ],
)
def test_last_day_to_open__leaves_a_week_for_paper(days: int, due_in: int | None, expected: int | None) -> None:
    due_on = None if due_in is None else SENT_ON + timedelta(days=due_in)
    last = last_day_to_open(SENT_ON, days, due_on)
    assert last == (None if expected is None else SENT_ON + timedelta(days=expected))
