"""Commands that print reports: report control, report access."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from statement_builder.cli import output
from statement_builder.cli.options import BatchId, Json, Purpose, opened, parse_day
from statement_builder.operations.access import list_subjects, record_access, report_access

report_app = typer.Typer(help="Print a report about a batch, a guarantor, or the billing office.")


@report_app.callback(invoke_without_command=True)
def list_reports(context: typer.Context) -> None:
    """Print a report. Without a name, list the reports."""
    if context.invoked_subcommand is not None:
        return
    commands = getattr(context.command, "commands", {})
    output.print_fields({name: command.get_short_help_str(limit=200) for name, command in commands.items()})


@report_app.command("control")
def control(
    batch_id: BatchId,
    path: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the PDF to this file; with --json, the JSON.")
    ] = None,
    kept: Annotated[
        bool, typer.Option("--kept", help="The sheet as archived when the batch closed. Default: as of now.")
    ] = False,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """Print the control sheet: every gate, envelope class, hold, exception and print file, and what is open."""
    from statement_builder.operations import control_sheet  # noqa: PLC0415
    from statement_builder.operations.queries import write_private  # noqa: PLC0415

    with opened(reads_only=True) as context:
        batch = context.require_batch(batch_id)
        encoded = control_sheet.read_archived_sheet(context, batch, ".json") if kept else b""
        if kept:
            sheet = control_sheet.decode_control_sheet(encoded)
        else:
            sheet = control_sheet.build_control_sheet(context, batch)
        record_access(context, "report control", list_subjects(sheet), batch_id=batch_id, purpose=purpose)
        if path is None:
            output.print_json(msgspec.to_builtins(sheet)) if as_json else output.show_control_sheet(sheet)
            return
        if as_json:
            data = encoded or control_sheet.encode_control_sheet(sheet)
        elif kept:
            data = control_sheet.read_archived_sheet(context, batch, ".pdf")
        else:
            data = control_sheet.render_control_sheet(context, sheet)
        write_private(path, data)
        output.say(f"{path}")


@report_app.command("access")
def access(
    guarantor_id: Annotated[str, typer.Option("--guarantor", help="The guarantor id.")],
    since: Annotated[
        str | None, typer.Option(help="The first day, such as 2026-01-31. Default: six years ago.")
    ] = None,
    purpose: Purpose = "",
    as_json: Json = False,
) -> None:
    """List who looked at a guarantor's data, and to whom it was given: an accounting of disclosures."""
    with opened(reads_only=True) as context:
        first = parse_day(since, "--since")
        report = report_access(context, guarantor_id, since=first)
        record_access(context, "report access", list_subjects(report), purpose=purpose)
        output.print_json(report) if as_json else output.show_access(report)
