"""A report's picture as SVG: vector, without scripts, and without a network."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pygal
from pygal import PluginImportFixer
from pygal.style import Style

from statement_builder.operations.reports.formats.cells import cell_text
from statement_builder.reports.billing_office import Column, ColumnType, Plot, Report, Row
from statement_builder.reports.billing_office.report import Cell

# pygal adds an import hook for maps, which no report has. It lacks `find_spec`, so Python would warn at every import
# that fails anywhere in this process.
sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, PluginImportFixer)]

_BARS_MAX = 30
"""More bars cannot be told apart."""
ROWS_TITLE = "number"
"""What a part is called that counts rows."""
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])(?=-|$)")
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    font_family="sans-serif",
    opacity="1",
    guide_stroke_color="#ccc",
    major_guide_stroke_color="#ccc",
    colors=("#0b6e6e", "#e3a72f", "#7a4b9a", "#c4472f", "#4f6d8f"),
)
"""Colors that differ in brightness, so that a print in gray can be read."""


class PlotSums:
    """Adds up the rows of a report for one plot, so that a plot of many rows needs none of them in memory."""

    def __init__(self, report: Report, plot: Plot, *, rows_title: str = ROWS_TITLE) -> None:
        places = {column.name: index for index, column in enumerate(report.columns)}
        self._plot, self._name = plot, report.name
        self._label = places[plot.label]
        self._parts = [places[name] for name in plot.parts]
        self._titles = [report.columns[place].title for place in self._parts] or [rows_title]
        self._unit = (
            report.columns[self._parts[0]] if self._parts else Column(name="n", title="", type=ColumnType.COUNT)
        )
        self._sums: dict[str, list[int]] = {}

    def add(self, row: Row) -> None:
        """Count one row."""
        label = row[self._label]
        name = _month_of(label) if self._plot.by_month else str(label)
        if not name:
            return
        mine = self._sums.setdefault(name, [0] * len(self._titles))
        if not self._parts:
            mine[0] += 1
        for part, place in enumerate(self._parts):
            value = row[place]
            mine[part] += value if isinstance(value, int) else 0

    def draw(self) -> str:
        """The plot as SVG. Empty if there is nothing to show."""
        sums = _fill_months(self._sums) if self._plot.by_month else self._sums
        kept = [(name, values) for name, values in sums.items() if self._plot.by_month or any(values)][-_BARS_MAX:]
        shown = dict(kept)
        if not any(any(values) for values in shown.values()):
            return ""
        bars = pygal.StackedBar if self._plot.is_stacked else pygal.Bar
        chart = bars(
            title=self._plot.title,
            x_labels=list(shown),
            x_label_rotation=30,
            width=1000,
            height=420,
            js=(),
            style=_STYLE,
            legend_at_bottom=True,
            disable_xml_declaration=True,
            value_formatter=lambda value: cell_text(self._unit, int(value)),
        )
        chart.uuid = f"{self._name}-months" if self._plot.by_month else self._name  # the same report is the same file
        chart.add_xml_filter(_drop_scripts)
        for part, title in enumerate(self._titles):
            chart.add(title, [values[part] for values in shown.values()])
        svg: str = chart.render(is_unicode=True)
        return svg


def draw_plots(report: Report, rows: Iterable[Row]) -> list[str]:
    """The SVG of each plot of the report that has something to show."""
    plots = [PlotSums(report, plot) for plot in report.plots]
    for row in rows:
        for plot in plots:
            plot.add(row)
    return [svg for plot in plots if (svg := plot.draw())]


def _month_of(value: Cell) -> str:
    """`2026-11` of a date, or of a batch id. Empty for anything else."""
    if isinstance(value, date):
        return f"{value:%Y-%m}"
    found = _MONTH.match(value) if isinstance(value, str) else None
    return found[0] if found else ""


def _fill_months(sums: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """The sums by month without a gap: a month in which nothing happened is a bar of zero, not a missing one."""
    if not sums:
        return {}
    first, last = min(sums), max(sums)
    width = len(next(iter(sums.values())))
    months = range(_number_of(first), _number_of(last) + 1)
    names = [f"{number // 12:04}-{number % 12 + 1:02}" for number in months[-_BARS_MAX:]]
    return {name: sums.get(name, [0] * width) for name in names}


def _number_of(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _drop_scripts(root: Any) -> Any:
    """pygal adds a script with its configuration for tooltips, which a page without scripts does not need."""
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root
