"""A report's picture as SVG: vector, without scripts, and without a network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pygal
from pygal import PluginImportFixer
from pygal.style import Style

from statement_builder.operations.reports.formats.cells import cell_text
from statement_builder.reports.billing_office import Report, Row

# pygal adds an import hook for maps, which no report has. It lacks `find_spec`, so Python would warn at every import
# that fails anywhere in this process.
sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, PluginImportFixer)]

_BARS_MAX = 30
"""More bars cannot be told apart."""
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


def draw_plot(report: Report, rows: Sequence[Row]) -> str:
    """The SVG of `report.plot`. Empty if there is none or nothing to show."""
    plot = report.plot
    if plot is None or not rows:
        return ""
    places = {column.name: index for index, column in enumerate(report.columns)}
    label = places[plot.label]
    sums: dict[str, list[int]] = {}
    for row in rows:
        mine = sums.setdefault(str(row[label]), [0] * len(plot.parts))
        for part, name in enumerate(plot.parts):
            value = row[places[name]]
            mine[part] += value if isinstance(value, int) else 0
    shown = dict([(name, values) for name, values in sums.items() if any(values)][-_BARS_MAX:])
    if not shown:
        return ""
    unit = report.columns[places[plot.parts[0]]]
    bars = pygal.StackedBar if plot.is_stacked else pygal.Bar
    chart = bars(
        title=plot.title,
        x_labels=list(shown),
        x_label_rotation=30,
        width=1000,
        height=420,
        js=(),
        style=_STYLE,
        legend_at_bottom=True,
        disable_xml_declaration=True,
        value_formatter=lambda value: cell_text(unit, int(value)),
    )
    chart.uuid = report.name  # the same report is the same file
    chart.add_xml_filter(_drop_scripts)
    for part, name in enumerate(plot.parts):
        chart.add(report.columns[places[name]].title, [values[part] for values in shown.values()])
    svg: str = chart.render(is_unicode=True)
    return svg


def _drop_scripts(root: Any) -> Any:
    """pygal adds a script with its configuration for tooltips, which a page without scripts does not need."""
    for parent in root.iter():
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root
