"""`statements settings`: the settings in force, and where each comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from rich.text import Text

from statement_builder.cli import output
from statement_builder.cli.options import Json
from statement_builder.cli.output.console import heading, new_table
from statement_builder.settings import read_settings


def settings(as_json: Json = False) -> None:
    """List the settings in force, with the source of each. Secrets are masked."""
    from statement_builder.settings.listing import list_settings  # noqa: PLC0415

    loaded = read_settings(dict(os.environ), Path.cwd())
    rows = list_settings(loaded)
    if as_json:
        output.print_json(rows)
        return
    heading(f"Settings file: {loaded.path or 'none'}")
    table = new_table()
    for title in ("setting", "value", "unit", "from", "citation", "reviewed"):
        table.add_column(title, overflow="fold")
    for row in rows:
        value = row.value if isinstance(row.value, str) else "" if row.value is None else json.dumps(row.value)
        cells = (row.name, value, row.unit, row.origin.value, row.citation, str(row.reviewed or ""))
        table.add_row(*(Text(cell) for cell in cells))
    output.out.print(table)
