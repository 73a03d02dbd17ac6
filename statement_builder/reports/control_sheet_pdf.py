"""Renders a control sheet as a PDF: US Letter, one or two pages for a typical batch."""

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


def render_control_sheet(sheet: ControlSheet, *, facility: Facility, templates: Path) -> bytes:
    """The sheet as a PDF; the same sheet gives the same bytes. Times are in the facility's time zone."""
    zone = ZoneInfo(facility.time_zone)

    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"

    template = environment(templates, "en").get_template(TEMPLATE)
    markup = template.render(sheet=sheet, facility=facility, local=local, count="{:,}".format, change=format_change)
    # A user's name may have characters that the fonts lack. That must not stop a batch from closing.
    printable = markup.translate(dict.fromkeys(missing_code_points(markup), "?"))
    return _engine(templates).print_markup(printable, identifier=sheet.batch).pdf


def format_change(now: int, before: int) -> str:
    """`+12.5%`, or a dash if `before` is 0."""
    return f"{(now - before) / before:+.1%}" if before else "–"


@lru_cache(maxsize=1)
def _engine(templates: Path) -> PlainEngine:
    return PlainEngine(templates, (STYLE_SHEET,))
