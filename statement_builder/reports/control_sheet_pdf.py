"""A control sheet on paper: Letter, one or two pages for a batch of ordinary size, from the project's own templates."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from statement_builder.billing.facility import Facility
from statement_builder.rendering import PlainEngine
from statement_builder.rendering.fonts import missing_code_points
from statement_builder.rendering.templating import environment
from statement_builder.reports.control_sheet import ControlSheet

TEMPLATE = "reports/control_sheet.html"
STYLE_SHEET = "reports/report.css"


def print_sheet(sheet: ControlSheet, *, facility: Facility, templates: Path) -> bytes:
    """The sheet as a PDF; the same sheet gives the same bytes. Times are shown as clocks at the facility show them."""
    zone = ZoneInfo(facility.time_zone)

    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    template = environment(templates, "en").get_template(TEMPLATE)
    markup = template.render(sheet=sheet, facility=facility, local=local, count="{:,}".format, change=format_change)
    # A user's name may have letters that the fonts lack: no reason not to close a batch.
    printable = markup.translate(dict.fromkeys(missing_code_points(markup), "?"))
    return _engine(templates).print_markup(printable, identifier=sheet.batch).pdf


def format_change(now: int, before: int) -> str:
    """`+12.5 %`, or a dash where there is nothing to compare with."""
    return f"{(now - before) / before:+.1%}".replace("%", " %") if before else "–"


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates, (STYLE_SHEET,))
