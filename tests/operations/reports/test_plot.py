"""Plots of a report: bars by label, trends by month without a gap, and nothing that a browser would run."""

from __future__ import annotations

import re
from datetime import date

import pytest

from statement_builder.operations.reports.formats.plot import draw_plots
from statement_builder.reports.billing_office import Column, ColumnType, Plot, Report, Row

COLUMNS = (
    Column(name="what", title="what"),
    Column(name="on", title="on", type=ColumnType.DATE),
    Column(name="paid_cents", title="paid", type=ColumnType.CENTS),
)


def draw(plot: Plot, *rows: Row) -> list[str]:
    report = Report(
        name="sample", title="S", meaning="", as_of=date(2026, 11, 30), columns=COLUMNS, rows=(), plots=(plot,)
    )
    return draw_plots(report, rows)


def months(svg: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r">(\d{4}-\d\d)<", svg)))


@pytest.mark.parametrize(
    ("label", "rows", "shown"),
    [
        pytest.param(
            "on",
            [("a", date(2025, 11, 30), 1), ("b", date(2026, 2, 1), 1)],
            ["2025-11", "2025-12", "2026-01", "2026-02"],
            id="months-between-are-shown",
        ),
        pytest.param("what", [("2026-10-statement", None, 1), ("2026-11-07-invoice", None, 2)], ["2026-10", "2026-11"],
                     id="month-of-a-batch"),
        pytest.param("on", [("a", None, 1), ("b", date(2026, 2, 1), 1)], ["2026-02"], id="no-date-is-no-bar"),
    ],
)  # fmt: skip
def test_trend__by_month(label: str, rows: list[Row], shown: list[str]) -> None:
    (svg,) = draw(Plot(title="T", label=label, parts=("paid_cents",), by_month=True), *rows)
    assert months(svg) == shown


def test_trend__counts_rows_where_no_column_is_named() -> None:
    rows = [("a", date(2026, 1, 2), 0), ("b", date(2026, 1, 9), 0), ("c", date(2026, 2, 1), 0)]
    (svg,) = draw(Plot(title="T", label="on", parts=(), by_month=True), *rows)
    assert re.findall(r'<desc class="value">(\d+)</desc>', svg) == ["2", "1"]


@pytest.mark.parametrize(
    "rows", [[], [("a", None, 1)], [("a", date(2026, 1, 2), 0)]], ids=["no-row", "no-date", "zero"]
)
def test_trend__of_nothing_is_no_plot(rows: list[Row]) -> None:
    assert draw(Plot(title="T", label="on", parts=("paid_cents",), by_month=True), *rows) == []


def test_plot__has_no_script_and_escapes_labels() -> None:
    (svg,) = draw(Plot(title="T", label="what", parts=("paid_cents",)), ("<script>alert(1)</script>", None, 100))
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
