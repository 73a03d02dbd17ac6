"""The console's own templates: everything is escaped, and no text from outside can hide or reorder another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from statement_builder.operations.wording import FIGURE_LABELS, format_dollars, format_state
from statement_builder.printable import one_line

TEMPLATES = Path(__file__).parent / "templates"


def open_templates(time_zone: str) -> Environment:
    """The environment of all pages. Times are shown in the facility's zone."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "dollars": format_dollars,
        "state": format_state,
        "count": _format_count,
        "time": _time_format(ZoneInfo(time_zone)),
    }
    environment.globals["FIGURE_LABELS"] = FIGURE_LABELS
    return environment


def _finalize(value: object) -> object:
    """Text as it may be shown: control and direction characters become escapes, as in the terminal."""
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _format_count(number: int) -> str:
    return f"{number:,}"


def _time_format(zone: ZoneInfo) -> Callable[[datetime], Markup]:
    def format_time(moment: datetime) -> Markup:
        local = moment.astimezone(zone)
        return Markup('<time datetime="{}">{}</time>').format(
            moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), local.strftime("%Y-%m-%d %H:%M")
        )

    return format_time
