from __future__ import annotations

from datetime import date

import pytest

from statement_builder.billing.dates import add_business_days, add_months, due_date, next_business_day, whole_months


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        pytest.param(date(2026, 1, 31), 1, date(2026, 2, 28), id="short-month"),
        pytest.param(date(2028, 1, 31), 1, date(2028, 2, 29), id="leap-year"),
        pytest.param(date(2026, 12, 15), 1, date(2027, 1, 15), id="year-end"),
        pytest.param(date(2026, 1, 15), -1, date(2025, 12, 15), id="back-over-the-year-end"),
        pytest.param(date(2026, 3, 31), -1, date(2026, 2, 28), id="back-to-a-short-month"),
    ],
)
def test_add_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        pytest.param(date(2026, 1, 15), date(2026, 2, 14), 0, id="one-day-short"),
        pytest.param(date(2026, 1, 15), date(2026, 2, 15), 1, id="on-the-day"),
        pytest.param(date(2026, 1, 31), date(2026, 2, 28), 1, id="to-the-end-of-a-short-month"),
        pytest.param(date(2026, 11, 20), date(2027, 6, 19), 6, id="over-the-year-end"),
        pytest.param(date(2026, 5, 1), date(2026, 1, 1), 0, id="end-before-start"),
    ],
)
def test_whole_months(start: date, end: date, months: int) -> None:
    assert whole_months(start, end) == months


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param(date(2026, 11, 20), date(2026, 11, 20), id="friday"),
        pytest.param(date(2026, 11, 21), date(2026, 11, 23), id="saturday"),
        pytest.param(date(2026, 11, 26), date(2026, 11, 27), id="thanksgiving"),
        pytest.param(date(2026, 12, 25), date(2026, 12, 28), id="christmas-before-a-weekend"),
        pytest.param(date(2026, 7, 3), date(2026, 7, 6), id="fourth-of-july-observed-on-friday"),
        pytest.param(date(2027, 7, 5), date(2027, 7, 6), id="fourth-of-july-observed-on-monday"),
        pytest.param(date(2021, 12, 31), date(2022, 1, 3), id="new-year-observed-in-the-old-year"),
        pytest.param(date(2026, 5, 25), date(2026, 5, 26), id="memorial-day"),
        pytest.param(date(2026, 1, 19), date(2026, 1, 20), id="martin-luther-king-day"),
        pytest.param(date(2026, 9, 7), date(2026, 9, 8), id="labor-day"),
    ],
)
def test_next_business_day(day: date, expected: date) -> None:
    assert next_business_day(day) == expected


def test_due_date__moves_from_a_weekend_to_monday() -> None:
    assert due_date(date(2026, 11, 17), 25) == date(2026, 12, 14)
    assert due_date(date(2026, 11, 20), 25) == date(2026, 12, 15)


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        pytest.param(date(2026, 11, 6), 0, date(2026, 11, 6), id="none"),
        pytest.param(date(2026, 11, 2), 3, date(2026, 11, 5), id="within-a-week"),
        pytest.param(date(2026, 11, 6), 3, date(2026, 11, 12), id="weekend-and-veterans-day"),
        pytest.param(date(2026, 11, 7), 1, date(2026, 11, 9), id="from-a-saturday"),
        pytest.param(date(2026, 12, 31), 1, date(2027, 1, 4), id="new-year"),
    ],
)
def test_add_business_days(day: date, days: int, expected: date) -> None:
    assert add_business_days(day, days) == expected
