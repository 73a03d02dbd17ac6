"""The command that tracks mail: track."""

from __future__ import annotations

from statement_builder.cli import output
from statement_builder.cli.options import Json, Workers, opened
from statement_builder.errors import GateStop
from statement_builder.operations.access import record_access, subjects_in


def track(workers: Workers = 0, as_json: Json = False) -> None:
    """Process delivery reports, returned mail and bounces; send again what is due; list what needs attention."""
    from statement_builder.operations.track import track as track_mail  # noqa: PLC0415

    with opened(workers=workers) as context:
        result = track_mail(context)
        if subjects := subjects_in(text for alert in result.alerts for text in (alert.subject, alert.message)):
            record_access(context, "track", subjects)
    output.print_json(result) if as_json else output.show_tracking(result)
    if result.alerts:
        count = len(result.alerts)
        raise GateStop(f"{count:,} {'item needs' if count == 1 else 'items need'} attention.")
